"""Captured requests as people read them: trees, comparisons, catalogues, series.

Pure functions over domain objects: no I/O, no markup, no clock, nothing that raises on
what was captured.
"""
