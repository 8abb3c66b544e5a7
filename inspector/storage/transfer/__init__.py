"""Copies of a database: into another database, or as a backup file."""
