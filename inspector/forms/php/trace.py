"""PHP's careful pass over a form: every pair with its place, and the notes.

Slower than the quick pass (``values``) and complete: it lists the pairs that PHP loses
in silence. Both store through the same ``Tree``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeAlias

from inspector.forms.notes import NoteList, shorten
from inspector.forms.options import ReadOptions
from inspector.forms.pairs import MAX_UNREAD_PAIRS, PIECE, Pair, Trace, count_pieces
from inspector.forms.php.messages import MESSAGES
from inspector.forms.php.names import Outcome, read_name
from inspector.forms.php.tree import Tree
from inspector.forms.text import Value, decode_in, to_transit

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

    def read(self, body: bytes) -> Trace:
        """The whole form. To be called once."""
        end = body.find(b"\0") if b"\0" in body else len(body)
        to_list = self._max_variables + MAX_UNREAD_PAIRS
        for position, match in enumerate(islice(PIECE.finditer(body), to_list)):
            if match.start() < end and position < self._max_variables:
                self._store(position, match[0], match[0][: end - match.start()])
            else:
                name, text, _ = self._decode(match[0])
                self._sent.append((match[0], name, text, None))
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
        sent_name, value, fits = self._decode(read)
        key, key_path = name = read_name(sent_name)
        path, event = self._tree.put(name, value)
        if path is not None:
            self._owners[path] = position
        self._sent.append((piece, sent_name, value, path))
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
