"""Captured requests in forms that other programs take: pure functions, no I/O.

What was captured is hostile: each form quotes it for whoever will read it.
"""

from inspector.exports.formats import FORMATS, Export, export_request

__all__ = ["FORMATS", "Export", "export_request"]
