"""Layouts of bodies for reading: indented, in colours, CSV as a table."""
