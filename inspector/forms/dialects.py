"""The receivers whose reading of a form is known, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from inspector.forms.options import ReadOptions
from inspector.forms.pairs import Trace
from inspector.forms.php.shapes import SHAPES, ShapedForm
from inspector.forms.php.trace import trace
from inspector.forms.php.values import read_value
from inspector.forms.text import Value

DIALECTS = ("php", "rack", "qs", "express", "flat")


def _recall_none(_body: bytes, _options: ReadOptions) -> None:
    """A receiver whose forms have no shapes."""


class Dialect(NamedTuple):
    """A receiver's reader: its own limits, its quick pass and its careful one.

    ``read_value`` gives None for what only the careful pass can read. ``reads_parts``
    unless it leaves multipart/form-data alone. ``recall`` gives a form whose shape is known.
    """

    name: str
    max_variables: int
    max_depth: int
    read_value: Callable[[bytes, ReadOptions], dict[str, Value] | None]
    trace: Callable[[bytes, ReadOptions], Trace]
    reads_parts: bool = True
    recall: Callable[[bytes, ReadOptions], ShapedForm | None] = _recall_none


PHP = Dialect("php", 1000, 64, read_value, trace, recall=SHAPES.recall)


def find_dialect(name: str) -> Dialect:
    """The reader of that name. Raises ``ValueError`` with the names there are."""
    # The others are loaded when they are first asked for: most processes read PHP's only.
    if name == "php":
        return PHP
    if name == "rack":
        from inspector.forms import rack

        return Dialect(name, rack.MAX_PARAMETERS, rack.MAX_DEPTH, rack.read_value, rack.trace)
    if name == "qs":
        from inspector.forms import qs

        return Dialect(name, 1000, 5, qs.read_value, qs.trace, reads_parts=False)
    if name == "express":
        from inspector.forms import qs

        return Dialect(name, 1000, 32, qs.read_express_value, qs.trace_express, reads_parts=False)
    if name == "flat":
        from inspector.forms import flat

        return Dialect(name, flat.MAX_LISTED, 1, flat.read_value, flat.trace)
    raise ValueError(f"There is no reader of forms called {name!r}: {', '.join(DIALECTS)}.")
