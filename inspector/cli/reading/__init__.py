"""Commands that read captured requests."""
