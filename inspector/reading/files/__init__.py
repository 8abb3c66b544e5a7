"""Files in bodies and parts: their kind, size and entries, and small pictures of pictures."""
