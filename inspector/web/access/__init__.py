"""Access: the token and the secrets that callers show, the page to log in, the gate before all."""
