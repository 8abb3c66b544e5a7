"""Urlencoded forms as PHP reads and writes them, and as other receivers read them.

``parse`` takes bytes and gives values and notes, ``build`` goes the other way.
Needs nothing but the standard library.
"""

from inspector.forms.builder import build
from inspector.forms.dialects import DIALECTS
from inspector.forms.notes import Note
from inspector.forms.pairs import Pair
from inspector.forms.parser import Form, parse
from inspector.forms.text import Value, to_json_safe, visible

__all__ = ["DIALECTS", "Form", "Note", "Pair", "Value", "build", "parse", "to_json_safe", "visible"]
