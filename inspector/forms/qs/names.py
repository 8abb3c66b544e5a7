"""A field's name, cut into segments as qs cuts it: ``a[b][]`` is a, [b], []."""

from __future__ import annotations

import re
from typing import NamedTuple

from inspector.forms.qs.javascript import Index, read_index

_SIGN = re.compile(r"[\[\]]")

# Names that every object has from its prototype.
PROTOTYPE_NAMES = frozenset(
    "__defineGetter__ __defineSetter__ __lookupGetter__ __lookupSetter__ __proto__ constructor"
    " hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString toString valueOf".split()
)


class Settings(NamedTuple):
    """qs' options: how many levels, how many pairs, the largest list, names of a prototype."""

    depth: int
    max_pairs: int
    max_list: int = 20
    allows_prototypes: bool = False
    is_strict: bool = False


class Segment(NamedTuple):
    """One key of a name. ``is_append`` for ``[]``; ``number`` when it may be a list's index."""

    key: str
    is_append: bool = False
    number: Index | None = None


class Name(NamedTuple):
    """A name's segments, none when qs drops it, and codes of notes."""

    segments: tuple[Segment, ...]
    notes: tuple[str, ...] = ()


class TooDeep(Exception):  # noqa: N818 - an answer of the receiver, and no error of ours
    """The name has more levels than strict settings allow."""


def read_name(text: str, settings: Settings) -> Name:
    """Cut a decoded name. Linear in ``len(text)``. Raises ``TooDeep``."""
    if not text:
        return Name((), ("name_empty",))
    first = text.find("[")
    parent = text if first < 0 else text[:first]
    segments: list[Segment] = []
    if parent:
        if _is_barred(parent, settings):
            return Name((), ("name_barred",))
        segments.append(Segment(parent))
    notes: list[str] = []
    opened = first
    while opened >= 0 and len(segments) - bool(parent) < settings.depth:
        closed = _find_end(text, opened)
        if closed < 0:
            # An unclosed bracket makes the rest one key, wrapped in brackets that qs takes off
            # again.
            segments.append(Segment(text[opened:]))
            return Name(tuple(segments), (*notes, "bracket_unclosed"))
        content = text[opened + 1 : closed]
        if _is_barred(content, settings):
            return Name((), ("name_barred",))
        segments.append(Segment(content, content == "", read_index(content)))
        opened = text.find("[", closed + 1)
        if text[closed + 1 : opened if opened >= 0 else None]:
            notes.append("name_changed")
    if opened >= 0:
        if settings.is_strict:
            raise TooDeep
        segments.append(Segment(text[opened:]))
        notes.append("nesting_cut")
    return Name(tuple(segments), tuple(dict.fromkeys(notes)))


def write_name(name: Name) -> str:
    """The name as qs reads it: ``a[b][]``."""
    if not name.segments:
        return ""
    return name.segments[0].key + "".join(f"[{segment.key}]" for segment in name.segments[1:])


def _is_barred(key: str, settings: Settings) -> bool:
    return key in PROTOTYPE_NAMES and not settings.allows_prototypes


def _find_end(text: str, opened: int) -> int:
    """The index of the bracket that closes the one at ``opened``; -1 when there is none."""
    level = 0
    for sign in _SIGN.finditer(text, opened):
        level += 1 if sign[0] == "[" else -1
        if not level:
            return sign.start()
    return -1
