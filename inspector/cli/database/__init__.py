"""Commands that open a database themselves, and need no server."""
