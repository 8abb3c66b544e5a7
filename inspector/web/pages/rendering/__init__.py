"""Markup that is made in Python, where a template would go over hundreds of rows."""
