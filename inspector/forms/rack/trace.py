"""Rack's careful pass over a form: every pair with its place, the notes, the refusal."""

from __future__ import annotations

from itertools import islice

from inspector.forms.notes import NoteList, shorten
from inspector.forms.options import ReadOptions
from inspector.forms.pairs import MAX_UNREAD_PAIRS, PIECE, Pair, Refused, Trace, count_pieces
from inspector.forms.rack.messages import MESSAGES
from inspector.forms.rack.names import read_name
from inspector.forms.rack.tree import MAX_KEY_SPACE, Tree
from inspector.forms.rack.values import MAX_BYTES
from inspector.forms.text import UTF_8, decode_text, has_lone_percent, has_undecoded, to_transit

# Rack 3's limit; beyond it a note says that the two differ.
_RACK_3_DEPTH = 32


def trace(body: bytes, options: ReadOptions) -> Trace:
    """The pairs and notes of a form. Linear in ``len(body)``."""
    return _Tracer(options, len(body)).read(body)


class _Tracer:
    def __init__(self, options: ReadOptions, size: int) -> None:
        self._options = options
        self._notes = NoteList(MESSAGES)
        self._refusal = ""
        self._tree = Tree(counts_keys=size > MAX_KEY_SPACE)
        self._owners: dict[tuple[str, ...], int] = {}

    def read(self, body: bytes) -> Trace:
        """The whole form. To be called once."""
        if self._options.charset != UTF_8 or not self._options.is_charset_known:
            self._notes.add("charset_ignored")
        self._check_size(body)
        end = len(body) - body.endswith(b"\0")
        sent: list[tuple[bytes, str, str, tuple[str, ...] | None]] = []
        to_list = self._options.max_variables + MAX_UNREAD_PAIRS
        for position, match in enumerate(islice(PIECE.finditer(body), to_list)):
            read = match[0][: end - match.start()]
            if match.start():
                read = read.lstrip(b" ")
            raw_name, equals, raw_value = read.partition(b"=")
            name, value = decode_text(to_transit(raw_name)), decode_text(to_transit(raw_value))
            path = None
            if read and not self._refusal:
                path = self._store(position, name, value if equals else None, read)
            sent.append((match[0], name, value, path))
        pairs = tuple(self._finish(position, *entry) for position, entry in enumerate(sent))
        unlisted = count_pieces(body) - len(pairs)
        root = {} if self._refusal else self._tree.root
        return Trace(root, pairs, unlisted, self._notes.finish(), self._refusal)

    def _check_size(self, body: bytes) -> None:
        limit, count = self._options.max_variables, body.count(b"&")
        if len(body) - body.endswith(b"\0") > MAX_BYTES:
            self._refuse(Refused("limit_exceeded", reason=f"more than {MAX_BYTES:,} bytes"))
        elif count >= limit:
            reason = f"total number of query parameters ({count + 1}) exceeds limit ({limit})"
            self._refuse(Refused("limit_exceeded", reason=reason))

    def _store(
        self, position: int, name: str, value: str | None, read: bytes
    ) -> tuple[str, ...] | None:
        """Put one pair into the tree; the keys under which it landed."""
        found = read_name(name, self._options.max_depth)
        try:
            if has_lone_percent(to_transit(read)):
                raise Refused("invalid_parameter", reason="invalid %-encoding")
            path, event = self._tree.put(found, value)
        except Refused as refused:
            self._refuse(refused, name, position)
            return None
        if path is not None:
            self._owners[path] = position
        key_path = found[1]
        codes = (
            event,
            "name_changed" if path and key_path.read_as != name else "",
            "nesting_deep" if len(key_path.steps) >= _RACK_3_DEPTH else "",
            "value_nil" if value is None and path else "",
            "not_decodable" if has_undecoded(value or "") else "",
        )
        for code in filter(None, codes):
            self._notes.add(
                code,
                name,
                position,
                read_as=shorten(key_path.read_as),
                limit=self._options.max_depth,
                charset="UTF-8",
            )
        return path

    def _refuse(self, refused: Refused, name: str = "", position: int | None = None) -> None:
        self._notes.add(refused.code, name, position, **refused.facts)
        self._refusal = MESSAGES[refused.code].format(**refused.facts)

    def _finish(
        self, position: int, piece: bytes, name: str, value: str, path: tuple[str, ...] | None
    ) -> Pair:
        raw_name, _, raw_value = piece.partition(b"=")
        kept = (
            path is not None
            and not self._refusal
            and self._owners[path] == position
            and self._tree.holds(path)
        )
        return Pair(position, raw_name, raw_value, name, value, path, kept)
