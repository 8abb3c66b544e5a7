"""PHP's careful pass over a form: every pair with its place, and the notes.

Slower than the quick pass (``values``) and complete: it lists the pairs that PHP loses
in silence. Both store through the same ``Tree``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import TypeAlias

from inspector.forms.notes import NoteList, shorten
from inspector.forms.options import ReadOptions
from inspector.forms.pairs import MAX_UNREAD_PAIRS, PIECE, Pair, Trace, count_pieces
from inspector.forms.php.messages import MESSAGES
from inspector.forms.php.names import (
    CACHE,
    MAX_CACHED_NAME_CHARS,
    MAX_CACHED_NAMES,
    Name,
    Outcome,
    read_name,
)
from inspector.forms.php.tree import Tree
from inspector.forms.text import UTF_8, Value, decode_in, to_transit

_MAX_ORDER_SHOWN = 12

# A place in a tree: the link of its parent, and the last key.
_Link: TypeAlias = "tuple[_Link | None, str]"


def trace(body: bytes, options: ReadOptions) -> Trace:
    """The pairs and notes of a form. Linear in ``len(body)``."""
    return Tracer(options).read(body)


class Tracer:
    """Reads one form pair by pair. Linear in its length; raises for no content."""

    def __init__(self, options: ReadOptions) -> None:
        self.notes: NoteList = NoteList(MESSAGES)
        if not options.is_charset_known:
            self.notes.add("charset_unknown", options.charset_label)
        self._max_variables = options.max_variables
        self._charset = options.charset
        self._tree = Tree(options.max_depth)
        self._sent: list[tuple[bytes, str, str, tuple[str, ...] | None]] = []
        self._owners: dict[tuple[str, ...], int] = {}
        self._has_conflicts = False

    def read(self, body: bytes) -> Trace:
        """The whole form. To be called once."""
        end = body.find(b"\0") if b"\0" in body else len(body)
        whole = end == len(body)
        to_list = self._max_variables + MAX_UNREAD_PAIRS
        for position, match in enumerate(islice(PIECE.finditer(body), to_list)):
            piece = match[0]
            if (whole or match.start() < end) and position < self._max_variables:
                self._store(position, piece, piece if whole else piece[: end - match.start()])
            else:
                name, text, _ = self._decode(piece)
                self._sent.append((piece, name, text, None))
        total, before_nul = count_pieces(body), count_pieces(body[:end])
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
        if self._charset != UTF_8:
            sent_name, value, fits = self._decode(read)
            self._put(position, piece, sent_name, value, read_name(sent_name), fits=fits)
            return
        raw_name, _, raw_value = read.partition(b"=")
        is_short = len(raw_name) <= MAX_CACHED_NAME_CHARS
        sent_name, name_fits, name, path = (_know_name if is_short else _learn_name)(raw_name)
        if b"%" not in raw_value and raw_value.isascii():
            value, value_fits = raw_value.replace(b"+", b" ").decode(), True
        else:
            value, value_fits = decode_in(to_transit(raw_value), UTF_8)
        if path is not None and name_fits and value_fits:
            key, key_path = name
            array = self._tree.arrays.get(key_path)
            if array is not None and key not in array:  # As the quick pass does.
                array[key] = value
                self._owners[path] = position
                self._sent.append((piece, sent_name, value, path))
                return
        self._put(position, piece, sent_name, value, name, fits=name_fits and value_fits)

    def _put(
        self, position: int, piece: bytes, sent_name: str, value: str, name: Name, *, fits: bool
    ) -> None:
        """Put one pair into the tree, and note what is odd about it."""
        key, key_path = name
        path, event = self._tree.put(name, value)
        if path is not None:
            self._owners[path] = position
        self._sent.append((piece, sent_name, value, path))
        self._has_conflicts = self._has_conflicts or bool(event)
        codes = [event] if event == "nesting_exceeded" else [*key_path.notes, event]
        if not fits:
            codes.append("not_decodable")
        keys = (*key_path.parents, key) if key_path.outcome is Outcome.STORED else key_path.parents
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
            kept = path is not None
            if path is not None and self._has_conflicts:
                kept = self._owners[path] == position and self._tree.holds(path)
            yield Pair(position, raw_name, raw_value, name, value, path, kept)

    def _note_orders(self, value: dict[str, Value]) -> None:
        """Note the arrays that are no lists only because their indices came out of order."""
        todo: list[tuple[_Link | None, Value]] = [(None, value)]
        while todo:
            link, array = todo.pop()
            entries: Iterable[tuple[str | int, Value]] = enumerate(array)
            if isinstance(array, dict):
                entries = array.items()
                if link and "0" in array and set(array) == {*map(str, range(len(array)))}:
                    order = ", ".join(islice(array, _MAX_ORDER_SHOWN))
                    more = ", ..." if len(array) > _MAX_ORDER_SHOWN else ""
                    self.notes.add("order_not_list", _join_keys(_unlink(link)), order=order + more)
            todo.extend(
                ((link, str(key)), entry) for key, entry in entries if type(entry) is not str
            )


def _learn_name(raw_name: bytes) -> tuple[str, bool, Name, tuple[str, ...] | None]:
    """A name's text, whether it was UTF-8, its parts, and its path if that is always the same."""
    transit = to_transit(raw_name)
    text, fits = decode_in(transit, UTF_8)
    key, key_path = CACHE.names.get(transit) or CACHE.read(transit)
    parents = tuple(parent for parent in key_path.parents if parent is not None)
    path = (*parents, key) if key_path.is_plain and key is not None else None
    return text, fits, (key, key_path), path


# A webhook sends the same names again and again.
_know_name = lru_cache(maxsize=MAX_CACHED_NAMES)(_learn_name)


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
