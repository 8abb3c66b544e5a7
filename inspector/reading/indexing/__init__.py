"""Requests as indexes take them in: those with known names are read by what differs."""
