"""The careful pass of qs and Express over a form: every pair with its place, and the notes."""

from __future__ import annotations

from typing import Any

from inspector.forms.notes import NoteList, shorten
from inspector.forms.options import ReadOptions
from inspector.forms.pairs import MAX_UNREAD_PAIRS, Pair, Refused, Trace, count_pieces
from inspector.forms.qs.javascript import sort_keys
from inspector.forms.qs.merging import Merger, finish
from inspector.forms.qs.messages import EXPRESS_MESSAGES, MESSAGES
from inspector.forms.qs.names import Settings, TooDeep, read_name, write_name
from inspector.forms.qs.text import LATIN_1, decode, split_pair
from inspector.forms.qs.values import EXPRESS_MIN_LIST, find_refusal
from inspector.forms.text import UTF_8

_BOM = b"\xef\xbb\xbf"


class _Sent(str):
    """A value with its pair's position, to be found again wherever it was merged into."""

    __slots__ = ("position",)
    position: int


def trace(body: bytes, options: ReadOptions) -> Trace:
    """The pairs and notes of a form as qs reads it. Linear in ``len(body)``."""
    tracer = _Tracer(Settings(options.max_depth, options.max_variables), NoteList(MESSAGES))
    if options.charset != UTF_8 or not options.is_charset_known:
        tracer.notes.add("charset_ignored")
    return tracer.read(body)


def trace_express(body: bytes, options: ReadOptions) -> Trace:
    """The pairs and notes of a form as Express reads it. Linear in ``len(body)``."""
    settings = Settings(
        options.max_depth,
        options.max_variables,
        max(EXPRESS_MIN_LIST, body.count(b"&") + 1),
        allows_prototypes=True,
        is_strict=True,
    )
    tracer = _Tracer(settings, NoteList(EXPRESS_MESSAGES))
    charset = options.charset_label.strip().lower() or UTF_8
    refused = find_refusal(body, settings)
    if charset not in (UTF_8, LATIN_1):
        refused = Refused("charset_refused", name=shorten(charset.upper()))
    elif charset == LATIN_1:
        tracer.charset = LATIN_1
    if refused is not None:
        tracer.refuse(refused)
    return tracer.read(body)


class _Tracer:
    """Reads one form. ``notes`` and ``charset`` may be set before ``read`` is called."""

    def __init__(self, settings: Settings, notes: NoteList) -> None:
        self.notes = notes
        self.charset = UTF_8
        self._settings = settings
        self._refusal = ""
        self._merger = Merger(settings)
        self._sent: list[tuple[bytes, bytes, str, str]] = []
        self._values: dict[str, Any] = {}
        self._first: dict[str, int] = {}
        self._merged: set[int] = set()

    def refuse(self, refused: Refused, name: str = "", position: int | None = None) -> None:
        """The receiver rejects the form."""
        facts = {key: fact for key, fact in refused.facts.items() if key != "name"}
        label = str(refused.facts.get("name", name))
        self.notes.add(refused.code, label, position, **facts)
        self._refusal = EXPRESS_MESSAGES[refused.code].format(name=label, **facts)

    def read(self, body: bytes) -> Trace:
        """The whole form. To be called once."""
        limit = self._settings.max_pairs
        self._list_pairs(body.split(b"&", limit + MAX_UNREAD_PAIRS)[: limit + MAX_UNREAD_PAIRS])
        total = count_pieces(body)
        unread = total - sum(map(bool, body.split(b"&", limit)[:limit]))
        if unread and not self._refusal:
            self.notes.add("variables_exceeded", limit=limit, count=unread)
        keys = sort_keys(self._values)
        if keys != list(self._values):
            self.notes.add("order_changed")
        for key in keys:
            if not self._refusal:
                self._merge(key, self._values[key])
        value, closed_up, sorted_anew = finish(self._merger.root)
        if self._refusal:
            value, closed_up, sorted_anew = {}, [], []
        for path in closed_up:
            self.notes.add("list_closed_up", _join(path))
        for path in sorted_anew:
            self.notes.add("order_changed", _join(path))
        paths = _find_places(value)
        for position in [] if self._refusal else sorted(self._merged - paths.keys()):
            self.notes.add("value_lost", self._sent[position][2], position)
        pairs = tuple(self._finish(position, paths) for position in range(len(self._sent)))
        return Trace(value, pairs, total - len(pairs), self.notes.finish(), self._refusal)

    def _list_pairs(self, pieces: list[bytes]) -> None:
        """Decode the pairs, and combine those that have one name."""
        for count, piece in enumerate(pieces):
            if not piece:
                continue
            raw_name, raw_value = split_pair(piece)
            position = len(self._sent)
            read_as = (
                raw_name.removeprefix(_BOM) if self._settings.is_strict and not count else raw_name
            )
            name, name_fits = decode(read_as, self.charset)
            text, value_fits = decode(raw_value, self.charset)
            self._sent.append((raw_name, raw_value, name, text))
            if count >= self._settings.max_pairs or self._refusal:
                continue
            value = _Sent(text)
            value.position = position
            if not (name_fits and value_fits):
                self.notes.add("not_decodable", name, position)
            if name not in self._values:
                self._values[name], self._first[name] = value, position
                continue
            self._merger.events.clear()
            self._values[name] = self._merger.combine(self._values[name], value)
            if not name.endswith("[]"):
                self.notes.add("name_repeated", name, position)
            self._note_events(name, position, "")

    def _merge(self, key: str, value: Any) -> None:
        position = self._first[key]
        try:
            name = read_name(key, self._settings)
        except TooDeep:
            limit = self._settings.depth
            self.refuse(Refused("nesting_refused", limit=limit), key, position)
            return
        self._merger.events.clear()
        if name.segments:
            values = value.values() if isinstance(value, dict) else (value,)
            self._merged.update(each.position for each in values)
            self._merger.put(name, value)
        self._merger.events.update(name.notes)
        self._note_events(key, position, shorten(write_name(name)))

    def _note_events(self, name: str, position: int, read_as: str) -> None:
        for code in sorted(self._merger.events):
            limit = self._settings.depth if code == "nesting_cut" else self._settings.max_list
            self.notes.add(code, name, position, read_as=read_as, limit=limit)

    def _finish(self, position: int, paths: dict[int, tuple[str, ...]]) -> Pair:
        raw_name, raw_value, name, value = self._sent[position]
        path = paths.get(position)
        return Pair(position, raw_name, raw_value, name, value, path, path is not None)


def _join(path: tuple[str, ...]) -> str:
    return shorten("".join([*path[:1], *(f"[{key}]" for key in path[1:])]))


def _find_places(value: dict[str, Any]) -> dict[int, tuple[str, ...]]:
    """The keys under which each pair's value stands, by its position; values become plain text."""
    places: dict[int, tuple[str, ...]] = {}
    todo: list[tuple[Any, tuple[str, ...]]] = [(value, ())]
    while todo:
        container, path = todo.pop()
        entries = container.items() if isinstance(container, dict) else enumerate(container)
        for key, entry in [*entries]:
            if isinstance(entry, _Sent):
                places[entry.position] = (*path, str(key))
                container[key] = str(entry)
            else:
                todo.append((entry, (*path, str(key))))
    return places
