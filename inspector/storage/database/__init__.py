"""The database itself: URLs, files, connections, the schema, and what goes wrong with them."""
