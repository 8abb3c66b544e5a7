"""Shapes of forms: the same names in the same order, as a webhook sends them again and again.

Names alone decide how PHP nests a form's values, which of them it drops and what there is to
note. So the careful pass reads a row of names once, with positions in place of the values, and
its result serves every form of that shape: their values are put where the positions stand.

A shape is worked out when its second form comes, for most unknown shapes come once. Of a form
with the shape of the last one only the changed pairs are read. Shapes come from outside: the
memory for them is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import itemgetter, ne
from typing import Any, NamedTuple

from inspector.forms.notes import Note
from inspector.forms.options import ReadOptions
from inspector.forms.pairs import PIECE, Pair, Trace, count_plain_names
from inspector.forms.php.trace import trace
from inspector.forms.php.values import decode_values, split_pieces
from inspector.forms.text import UTF_8, Value, has_undecoded

# Limits on the names of all shapes together, and on the characters of one shape's names.
MAX_KEPT_NAMES = 20_000
MAX_SHAPE_CHARS = 65_536
# The number of shapes that are remembered, by their hash, as met once.
MAX_MET = 4096
# The number of last forms, each of another number of pairs, and the bytes of one of them.
MAX_LAST = 16
MAX_LAST_BYTES = 65_536

_Step = tuple[tuple[str, ...] | None, Callable[[Any], Any]]


@dataclass(frozen=True, slots=True)
class Shape:
    """The reading of a row of names.

    ``names`` are decoded, ``starts`` are they as sent, in transit form, with their ``=``.
    ``steps`` make the arrays, inner ones first: the keys of each, None
    for a list, and a function that picks its entries out of the values and the arrays made
    so far. ``places`` has ``path`` and ``is_kept`` of each ``Pair``. ``is_whole`` when each is
    kept, under a name as plain as it was sent.
    """

    names: tuple[str, ...]
    starts: tuple[str, ...]
    steps: tuple[_Step, ...]
    notes: tuple[Note, ...]
    places: tuple[tuple[tuple[str, ...] | None, bool], ...]
    is_whole: bool


class ShapedForm:
    """The values of a form whose shape is known: all of it without a careful pass."""

    __slots__ = ("shape", "values")

    def __init__(self, shape: Shape, values: Sequence[str]) -> None:
        self.shape: Shape = shape
        self.values: Sequence[str] = values

    def with_positions(self) -> ShapedForm:
        """The form of this shape whose values are their own positions, from 0 in wire order."""
        return ShapedForm(self.shape, [str(place) for place in range(len(self.values))])

    def iterate_fields(self) -> Iterator[tuple[str, str]]:
        """Name and value of each pair."""
        return zip(self.shape.names, self.values, strict=True)

    @property
    def notes(self) -> tuple[Note, ...] | None:
        """The notes; None where values have bytes that were not UTF-8, and notes of their own."""
        return None if has_undecoded("".join(self.values)) else self.shape.notes

    def make_value(self) -> dict[str, Value]:
        """The nested data, made anew."""
        made: list[Any] = [*self.values]
        for keys, pick in self.shape.steps:
            entries = pick(made)
            made.append([*entries] if keys is None else dict(zip(keys, entries, strict=True)))
        value: dict[str, Value] = made[-1]
        return value

    def make_trace(self, body: bytes) -> Trace:
        """The pairs and notes of the form with this body, where ``notes`` are not None."""
        shape, pairs = self.shape, []
        rows = zip(PIECE.finditer(body), shape.names, self.values, shape.places, strict=True)
        for position, (match, name, value, place) in enumerate(rows):
            raw_name, _, raw_value = match[0].partition(b"=")
            pairs.append(Pair(position, raw_name, raw_value, name, value, *place))
        return Trace(self.make_value(), tuple(pairs), 0, shape.notes)


class _Last(NamedTuple):
    """A form that was read: its pairs in transit form and their values."""

    pieces: Sequence[str]
    shape: Shape
    values: Sequence[str]

    def read(self, pieces: Sequence[str]) -> ShapedForm | None:
        """The form of as many other pairs; None where their names are not the same."""
        places = [*compress(range(len(pieces)), map(ne, self.pieces, pieces))]
        starts, sent = self.shape.starts, []
        for place in places:
            piece, start = pieces[place], starts[place]
            if not piece.startswith(start):
                return None
            sent.append(piece[len(start) :])
        values = [*self.values]
        for place, value in zip(places, decode_values(sent), strict=True):
            values[place] = value
        return ShapedForm(self.shape, values)


class ShapeCache:
    """Shapes by their names. Any thread may use it at any time: what is lost is made again."""

    def __init__(self, max_names: int = MAX_KEPT_NAMES) -> None:
        self._max_names = max_names
        self._shapes: dict[tuple[str, int], Shape] = {}
        self._last: dict[tuple[int, int], _Last] = {}
        self._met: set[int] = set()
        self._kept_names = 0

    def clear(self) -> None:
        """Forget all."""
        self._shapes.clear()
        self._last.clear()
        self._met.clear()
        self._kept_names = 0

    def recall(self, body: bytes, options: ReadOptions) -> ShapedForm | None:
        """The form when its shape was met before; None for a new shape and for odd forms.

        Odd forms are those that PHP reads partly, and those in charsets other than UTF-8.
        """
        if not body or options.charset != UTF_8 or not options.is_charset_known or b"\0" in body:
            return None
        pieces = split_pieces(body, options.max_variables + 1)
        if not pieces or len(pieces) > options.max_variables:
            return None
        kind = len(pieces), options.max_depth
        last = self._last.get(kind)
        form = None if last is None else last.read(pieces)
        if form is None:
            names, _, values = zip(*[piece.partition("=") for piece in pieces], strict=True)
            key = "&".join(names), options.max_depth
            shape = self._shapes.get(key) or self._learn(key, names, options)
            if shape is None:
                return None
            form = ShapedForm(shape, decode_values(values))
        if len(body) <= MAX_LAST_BYTES:
            if len(self._last) >= MAX_LAST and kind not in self._last:
                self._last.clear()
            self._last[kind] = _Last(pieces, form.shape, form.values)
        return form

    def _learn(
        self, key: tuple[str, int], names: tuple[str, ...], options: ReadOptions
    ) -> Shape | None:
        if len(key[0]) > MAX_SHAPE_CHARS or len(names) > self._max_names:
            return None
        mark = hash(key)
        if mark not in self._met:
            if len(self._met) >= MAX_MET:
                self._met.clear()
            self._met.add(mark)
            return None
        shape = make_shape(names, options)
        if shape is not None:
            if self._kept_names + len(names) > self._max_names:
                self.clear()
            self._kept_names += len(names)
            self._shapes[key] = shape
        return shape


def make_shape(names: Sequence[str], options: ReadOptions) -> Shape | None:
    """The shape of names in transit form; None when one of them is not UTF-8."""
    text = "&".join(f"{name}={position}" for position, name in enumerate(names))
    body = text.encode("latin-1")
    found = trace(body, options)
    decoded = tuple(pair.name for pair in found.pairs)
    if has_undecoded("".join(decoded)):
        return None
    places = tuple((pair.path, pair.is_kept) for pair in found.pairs)
    is_whole = all(pair.is_kept for pair in found.pairs) and count_plain_names(body) == len(names)
    starts = tuple(f"{name}=" for name in names)
    return Shape(
        decoded, starts, tuple(_plan(found.value, len(names))), found.notes, places, is_whole
    )


def _plan(value: dict[str, Value], count: int) -> list[_Step]:
    """The steps that make this value, whose strings are positions among ``count`` values."""
    order: list[Any] = [value]
    for array in order:  # The list grows during the loop: each array comes before those within it.
        entries = array.values() if isinstance(array, dict) else array
        order.extend(entry for entry in entries if not isinstance(entry, str))
    order.reverse()
    places = {id(array): count + index for index, array in enumerate(order)}
    steps: list[_Step] = []
    for array in order:
        is_dict = isinstance(array, dict)
        entries = array.values() if is_dict else array
        picked = [int(each) if isinstance(each, str) else places[id(each)] for each in entries]
        steps.append((tuple(array) if is_dict else None, _make_picker(picked)))
    return steps


def _make_picker(positions: list[int]) -> Callable[[Any], Any]:
    """A function that gives the items at these positions, quickly."""
    first = positions[0] if positions else 0
    if positions == [*range(first, first + len(positions))]:
        return itemgetter(slice(first, first + len(positions)))
    return itemgetter(*positions)


SHAPES = ShapeCache()
