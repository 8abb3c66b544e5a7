"""Two captured requests, field by field on decoded names: what changed between them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from inspector.domain import CapturedRequest, Message
from inspector.reading.content import FORM, find_content
from inspector.reading.difference import Parts, split_difference
from inspector.reading.fields import BODY, HEADER, QUERY, Name, by_id, iterate_values
from inspector.reading.meaning import DURATION, Context, Meaning, find_meaning, say_duration
from inspector.reading.paths import ANY_INDEX
from inspector.reading.text import shorten

ADDED, REMOVED, CHANGED, SAME = "added", "removed", "changed", "same"

# The most differences that are shown; the counts include all.
MAX_ENTRIES = 1_000

_STAMP = re.compile(r"(.*)_ts(?:_ms)?\Z", re.DOTALL)
# An item told apart by its id is shown without the quotes that a path would need.
_ITEM_ID = re.compile(r'\["(id=[^"\\]*)"\]')
_ITEM = re.compile(r'\[(?:\d+|id=[^\]]*|"[^"\\]*")\]')
_INTEGER = re.compile(r"-?\d{1,15}\Z", re.ASCII)


Texts = dict[tuple[str, ...], str]


@dataclass(slots=True)
class Entry:
    """One field in both requests.

    ``old`` and ``new`` are its texts in parts, each with whether it changed; None where
    the field is not there. ``by`` says how far a time or number moved; ``also`` names
    the stamps that moved with a date. ``name`` is None for a fact of the request itself.
    """

    label: str
    name: Name | None
    status: str
    old: Parts | None = None
    new: Parts | None = None
    by: str | None = None
    also: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Section:
    """``entries`` differ, ``same`` do not; ``hidden`` of either kind are counted only."""

    title: str
    entries: list[Entry] = field(default_factory=list)
    same: list[Entry] = field(default_factory=list)
    hidden: int = 0


Counted = tuple[Section, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """``counts`` has the number of fields by status; stamps beside their date do not count."""

    sections: tuple[Section, ...]
    counts: dict[str, int]
    apart: str

    @property
    def differs(self) -> bool:
        return any(self.counts[status] for status in (ADDED, REMOVED, CHANGED))


def compare_requests(old: Message, new: Message, ignore: Sequence[str] = ()) -> Comparison:
    """The differences between two requests, field by field. Never raises; linear in both bodies.

    ``ignore`` are names to leave out, with all that is below them: ``ticket.agent``,
    ``items[].id``, ``header:date``, ``query:page``, ``path``; ``*`` stands for any characters.
    """
    left_out = _make_ignored(ignore)

    def count_changes(title: str, read: Callable[[Message], Texts], place: str | None) -> Counted:
        before, after = read(old), read(new)
        if left_out is not None:
            before = {path: text for path, text in before.items() if not left_out(place, path)}
            after = {path: text for path, text in after.items() if not left_out(place, path)}
        return _compare(title, before, after, place, old, new)

    sections = (
        count_changes("Body", _read_body, BODY),
        count_changes("Query", _read_query, QUERY),
        count_changes("Headers", _read_headers, HEADER),
        count_changes("Request", _read_facts, None),
    )
    counts = dict.fromkeys((ADDED, REMOVED, CHANGED, SAME), 0)
    for _, found in sections:
        for status, count in found.items():
            counts[status] += count
    kept = tuple(section for section, found in sections if any(found.values()))
    distance = new.received_at - old.received_at
    side = "later" if distance >= timedelta(0) else "earlier"
    return Comparison(kept, counts, f"{_say_span(distance)} {side}")


def _make_ignored(
    ignore: Sequence[str],
) -> Callable[[str | None, tuple[str, ...]], bool] | None:
    """A test for the names to leave out, None where there are none."""
    if not ignore:
        return None
    wanted = "|".join(re.escape(each.strip().lower()).replace(r"\*", ".*") for each in ignore)
    pattern = re.compile(rf"(?:{wanted})(?:[.\[].*)?", re.DOTALL)

    def is_ignored(place: str | None, path: tuple[str, ...]) -> bool:
        label = _label(place, path)
        names = {label, _ITEM.sub("[]", label)}
        if place in (HEADER, QUERY):
            names = {f"{place}:{each}" for each in names}
        return any(pattern.fullmatch(each.lower()) for each in names)

    return is_ignored


def _read_facts(request: Message) -> Texts:
    facts: Texts = {
        ("method",): request.method,
        ("path",): request.path,
        ("HTTP version",): request.http_version,
    }
    if isinstance(request, CapturedRequest):
        facts["sender",] = request.remote_addr
    return facts


def _read_headers(request: Message) -> Texts:
    """By lower-case name, because a header's case says nothing (RFC 9110, 5.1)."""
    return {(name.lower(),): value for name, value in request.headers.items()}


def _read_query(request: Message) -> Texts:
    return dict(iterate_values(request.query.value)) if request.raw_query else {}


def _read_body(request: Message) -> Texts:
    source, value = find_content(request)
    if source is not None:
        return dict(iterate_values(value, by_id)) if value or source != FORM else {}
    if not request.body:
        return {}
    text = request.body_text
    if text is not None:
        return {(): text}
    digest = hashlib.sha256(request.decoded_body).hexdigest()
    return {(): f"{len(request.decoded_body)} bytes, SHA-256 {digest}"}


def _compare(
    title: str,
    before: Texts,
    after: Texts,
    place: str | None,
    old: Message,
    new: Message,
) -> tuple[Section, dict[str, int]]:
    section = Section(title)
    counts = dict.fromkeys((ADDED, REMOVED, CHANGED, SAME), 0)
    dates: dict[tuple[str, ...], Entry] = {}
    for path in _merge_order(before, after):
        left, right = before.get(path), after.get(path)
        status = _status(left, right)
        date = dates.get(_family(path)) if status != SAME else None
        # A stamp adds nothing to its date, or to the first stamp of its family.
        if date is not None and date.status == status:
            date.also.append(path[-1])
            continue
        counts[status] += 1
        target = section.same if status == SAME else section.entries
        if len(target) >= MAX_ENTRIES:
            section.hidden += 1
            continue
        entry = _make_entry(_label(place, path), status, left, right)
        entry.name = _name(place, path) if place and path else None
        target.append(entry)
        if status == CHANGED and path:
            entry.by = _say_move(path[-1], _Side(left, old), _Side(right, new))
        if status != SAME and path:
            dates[_family(path)] = entry
    return section, counts


def _status(before: str | None, after: str | None) -> str:
    if before is None:
        return ADDED
    if after is None:
        return REMOVED
    return SAME if before == after else CHANGED


def _merge_order(before: Texts, after: Texts) -> list[tuple[str, ...]]:
    """The new order, each removed field behind the one that it followed, dates first."""
    gone: dict[tuple[str, ...] | None, list[tuple[str, ...]]] = {}
    last = None
    for path in before:
        if path in after:
            last = path
        else:
            gone.setdefault(last, []).append(path)
    merged = gone.get(None, [])
    for path in after:
        merged.append(path)
        merged += gone.get(path, ())
    return _dates_before_stamps(merged)


def _dates_before_stamps(paths: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Each family of a date together where its first member stands, the date leading."""
    families: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for path in paths:
        families.setdefault(_family(path), []).append(path)
    return [path for members in families.values() for path in sorted(members, key=_last_length)]


def _last_length(path: tuple[str, ...]) -> int:
    return len(path[-1]) if path else 0


def _family(path: tuple[str, ...]) -> tuple[str, ...]:
    match = _STAMP.match(path[-1]) if path else None
    return (*path[:-1], match[1]) if match else path


def _name(place: str, path: tuple[str, ...]) -> Name:
    """The field's name for its history, where items are not told apart by their ids."""
    return Name(place, tuple(ANY_INDEX if key.startswith("id=") else key for key in path))


def _label(place: str | None, path: tuple[str, ...]) -> str:
    if place is None:
        return path[0]
    if not path:
        return "body"
    if place == HEADER:
        return path[0]
    return _ITEM_ID.sub(r"[\1]", str(Name(BODY, path)))


def _make_entry(label: str, status: str, left: str | None, right: str | None) -> Entry:
    if left is not None and right is not None and status == CHANGED:
        old, new = split_difference(left, right)
        return Entry(label, None, status, old, new)
    changed = status != SAME
    return Entry(
        label,
        None,
        status,
        None if left is None or not changed else ((shorten(left, 300), True),),
        None if right is None else ((shorten(right, 300), changed),),
    )


class _Side:
    """A field's text on one side, with what it means there."""

    def __init__(self, text: str | None, request: Message) -> None:
        self.text = text or ""
        self.received_at = request.received_at

    def mean(self, key: str) -> Meaning | None:
        return find_meaning(Context(key, self.text, {}, self.received_at))


def _say_move(key: str, old: _Side, new: _Side) -> str | None:
    """The distance that a time, a duration or a size moved; None where that makes no sense."""
    before, after = old.mean(key), new.mean(key)
    if before and after and before.instant and after.instant:
        moved = after.instant - before.instant
        return f"{_say_span(moved)} {'later' if moved > timedelta(0) else 'earlier'}"
    if before and after and before.kind == after.kind == DURATION and _both_count(old, new):
        moved = timedelta(seconds=int(new.text) - int(old.text))
        return f"{_say_span(moved)} {'more' if moved > timedelta(0) else 'less'}"
    return None


def _both_count(old: _Side, new: _Side) -> bool:
    return bool(_INTEGER.match(old.text) and _INTEGER.match(new.text))


def _say_span(span: timedelta) -> str:
    size = abs(span)
    if size < timedelta(seconds=1):
        return f"{size / timedelta(milliseconds=1):.0f} ms"
    return say_duration(size)
