"""The careful pass over a form: every pair with what became of it, and the notes.

Slower than ``parser`` and complete: it tells what the quick pass, like PHP, loses
without a word. Both store through the same ``Tree``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, TypeAlias

from inspector.forms.names import Fate, read_name
from inspector.forms.notes import Note, NoteList, shorten
from inspector.forms.text import Value, decode_in, to_transit
from inspector.forms.tree import Tree

# So many pairs are listed beyond the limit on variables; a body may hold millions.
MAX_UNREAD_PAIRS = 1000
_MAX_ORDER_SHOWN = 12

# The way to a place in a tree: the way to its parent, and the last key.
_Link: TypeAlias = "tuple[_Link | None, str]"

_PIECE = re.compile(rb"[^&]+")
_SEPARATORS = re.compile(rb"&&+")


class Pair(NamedTuple):
    """One name and value as sent, and what became of it.

    ``position`` counts from 0 in wire order. ``raw_name`` and ``raw_value`` are the
    bytes as sent, still percent-encoded; ``name`` and ``value`` the decoded text as
    PHP read it. ``path`` are the keys under which the value landed, None when PHP
    dropped it; ``is_kept`` tells whether it is still there at the end.
    """

    position: int
    raw_name: bytes
    raw_value: bytes
    name: str
    value: str
    path: tuple[str, ...] | None
    is_kept: bool


class Trace(NamedTuple):
    """A form's value, its pairs but for the last ``unlisted``, and its notes."""

    value: dict[str, Value]
    pairs: tuple[Pair, ...]
    unlisted: int
    notes: tuple[Note, ...]


class Tracer:
    """Reads one form pair by pair. Linear in its length; raises for no content.

    ``charset`` is one that ``find_charset`` gave.
    """

    def __init__(self, max_variables: int, max_depth: int, charset: str) -> None:
        self.notes: NoteList = NoteList()
        self._max_variables = max_variables
        self._charset = charset
        self._tree = Tree(max_depth)
        self._sent: list[tuple[bytes, str, str, tuple[str, ...] | None]] = []
        self._owners: dict[tuple[str, ...], int] = {}

    def read(self, body: bytes) -> Trace:
        """The whole form. To be called once."""
        end = body.find(b"\0") if b"\0" in body else len(body)
        to_list = self._max_variables + MAX_UNREAD_PAIRS
        for position, match in enumerate(islice(_PIECE.finditer(body), to_list)):
            if match.start() < end and position < self._max_variables:
                self._store(position, match[0], match[0][: end - match.start()])
            else:
                name, text, _ = self._decode(match[0])
                self._sent.append((match[0], name, text, None))
        total, before_nul = _count_pieces(body), _count_pieces(body[:end])
        if before_nul > self._max_variables:
            beyond = before_nul - self._max_variables
            self.notes.add("variables_exceeded", limit=self._max_variables, count=beyond)
        if end < len(body):
            self.notes.add("nul_in_body", count=total - before_nul)
        pairs = tuple(self._finish_pairs())
        value = self._tree.finish()
        self._note_orders(value)
        return Trace(value, pairs, total - len(pairs), self.notes.finish())

    def _decode(self, piece: bytes) -> tuple[str, str, bool]:
        """Name, value, and whether both were in the charset."""
        raw_name, _, raw_value = piece.partition(b"=")
        name, name_fits = decode_in(to_transit(raw_name), self._charset)
        value, value_fits = decode_in(to_transit(raw_value), self._charset)
        return name, value, name_fits and value_fits

    def _store(self, position: int, piece: bytes, read: bytes) -> None:
        """Put one pair into the tree; ``read`` is the part of it that PHP sees."""
        sent_name, value, fits = self._decode(read)
        key, way = name = read_name(sent_name)
        path, event = self._tree.put(name, value)
        if path is not None:
            self._owners[path] = position
        self._sent.append((piece, sent_name, value, path))
        codes = [event] if event == "nesting_exceeded" else [*way.oddities, event]
        if not fits:
            codes.append("not_decodable")
        keys = (*way.parents, key) if way.fate is Fate.STORED else way.parents
        for code in filter(None, codes):
            self.notes.add(
                code,
                sent_name,
                position,
                read_as=_join_keys(keys),
                limit=self._tree.max_depth,
                charset=self._charset.upper(),
            )

    def _finish_pairs(self) -> Iterator[Pair]:
        """The pairs, once nothing more will be stored and before arrays become lists."""
        for position, (piece, name, value, path) in enumerate(self._sent):
            raw_name, _, raw_value = piece.partition(b"=")
            kept = path is not None and self._owners[path] == position and self._tree.holds(path)
            yield Pair(position, raw_name, raw_value, name, value, path, kept)

    def _note_orders(self, value: dict[str, Value]) -> None:
        """Note the arrays that are no lists only because their indices came out of order."""
        todo: list[tuple[_Link | None, Value]] = [(None, value)]
        while todo:
            link, array = todo.pop()
            entries: Iterable[tuple[str | int, Value]] = ()
            if isinstance(array, dict):
                entries = array.items()
                if link and "0" in array and set(array) == {*map(str, range(len(array)))}:
                    order = ", ".join(islice(array, _MAX_ORDER_SHOWN))
                    more = ", ..." if len(array) > _MAX_ORDER_SHOWN else ""
                    self.notes.add("order_not_list", _join_keys(_unlink(link)), order=order + more)
            elif isinstance(array, list):
                entries = enumerate(array)
            todo.extend(((link, str(key)), entry) for key, entry in entries)


def iterate_fields(body: bytes, max_variables: int, charset: str) -> Iterator[tuple[str, str]]:
    """Name and value of each pair that a ``Tracer`` lists, without what became of it."""
    end = body.find(b"\0") if b"\0" in body else len(body)
    pieces = islice(_PIECE.finditer(body), max_variables + MAX_UNREAD_PAIRS)
    for position, match in enumerate(pieces):
        is_read = match.start() < end and position < max_variables
        piece = match[0][: end - match.start()] if is_read else match[0]
        name, _, value = to_transit(piece).partition("=")
        yield decode_in(name, charset)[0], decode_in(value, charset)[0]


def _count_pieces(body: bytes) -> int:
    """How many pieces ``&`` makes of a body, empty ones not counted; quick for millions."""
    pieces = _SEPARATORS.sub(b"&", body).strip(b"&")
    return pieces.count(b"&") + 1 if pieces else 0


def _unlink(link: _Link | None) -> list[str | None]:
    """The keys that lead to a place in a tree, from the top."""
    keys: list[str | None] = []
    while link is not None:
        link, key = link
        keys.append(key)
    return keys[::-1]


def _join_keys(keys: Sequence[str | None]) -> str:
    """``a[b][]`` for a, b, append; cut where it is too long to be read."""
    text = "".join(f"[{key or ''}]" for key in keys[1:])
    return shorten(f"{keys[0] if keys else ''}{text}")
