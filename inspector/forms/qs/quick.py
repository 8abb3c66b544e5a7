"""A quick pass over ordinary forms, in which no names conflict.

In a form without conflicts between names, in which each list is spelled in one manner and
nothing is too long, qs only stores each value at its place. Every other form is left to the
careful pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from inspector.forms.qs.javascript import is_array_index
from inspector.forms.qs.names import Segment, Settings, TooDeep, read_name
from inspector.forms.text import decode_escapes

MAX_CACHED_NAMES = 2048
MAX_CACHED_NAME_CHARS = 256


class Spelling(Enum):
    """The manner in which the entries of a container are named."""

    KEYS = "keys"
    INDICES = "indices"
    APPENDS = "appends"
    OTHER = "other"


@dataclass(slots=True, eq=False)
class Place:
    """A container: ``key`` of the container at ``parent``, its entries named in one spelling."""

    parent: Place | None
    key: str
    spelling: Spelling


class QuickName(NamedTuple):
    """The last key, "" for an append, and the container it belongs to."""

    key: str
    place: Place


TOP = Place(None, "", Spelling.KEYS)
# The container of names that qs drops, and that of names which only the careful pass can read.
DROPPED = Place(None, "", Spelling.OTHER)
UNREAD = Place(None, "", Spelling.OTHER)


class NameCache:
    """Names seen before, by what was sent; see ``php.names.NameCache``."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.names: dict[str, QuickName] = {}
        self._places: dict[tuple[Place, str, Spelling], Place] = {}

    def clear(self) -> None:
        """Forget every name."""
        self.names.clear()
        self._places.clear()

    def read(self, transit: str) -> QuickName:
        """Take a name in transit form apart and remember it, if it is of ordinary length."""
        if len(transit) > MAX_CACHED_NAME_CHARS:
            return QuickName("", UNREAD)
        if len(self.names) >= MAX_CACHED_NAMES:
            self.clear()
        self.names[transit] = name = self._read(transit)
        return name

    def _read(self, transit: str) -> QuickName:
        try:
            text = decode_escapes(transit).decode()
            name = read_name(text, self.settings)
        except (UnicodeDecodeError, TooDeep):
            return QuickName("", UNREAD)
        if "%5b" in text.lower() or "%5d" in text.lower():
            return QuickName("", UNREAD)
        if not name.segments:
            return QuickName("", DROPPED)
        first, *others = name.segments
        if any(segment.key == "__proto__" for segment in name.segments):
            return QuickName("", UNREAD)
        if first.is_append or first.number is not None or is_array_index(first.key):
            return QuickName("", UNREAD)
        place, key = TOP, first.key
        for segment in others:
            spelling = self._find_spelling(segment)
            if spelling is Spelling.OTHER or place.spelling is Spelling.APPENDS:
                return QuickName("", UNREAD)
            known = place, key, spelling
            place = self._places.setdefault(known, Place(*known))
            key = segment.key
        return QuickName(key, place)

    def _find_spelling(self, segment: Segment) -> Spelling:
        if segment.is_append:
            return Spelling.APPENDS
        if segment.number is None:
            return Spelling.OTHER if is_array_index(segment.key) else Spelling.KEYS
        fits = segment.number < self.settings.max_list
        return Spelling.INDICES if fits else Spelling.OTHER


def read_quickly(text: str, cache: NameCache) -> dict[str, Any] | None:
    """The value of a form in transit form, all of whose % begin an escape; None if in doubt."""
    form = _QuickForm()
    find_name, find_container = cache.names.get, form.containers.get
    max_list = cache.settings.max_list
    for piece in text.split("&", cache.settings.max_pairs)[: cache.settings.max_pairs]:
        raw_name, _, value = piece.partition("=")
        if "=" in value:  # It is not sure where the name ends.
            return None
        if "%" in value:
            try:
                value = decode_escapes(value).decode()
            except UnicodeDecodeError:
                return None
        key, place = find_name(raw_name) or cache.read(raw_name)
        container = find_container(place)
        if container is None or not key:
            if place is DROPPED:
                continue
            container = container if container is not None else form.open(place)
            if container is None or (not key and len(container) >= max_list):
                return None
            key = key or str(len(container))
        if key in container:
            return None
        container[key] = value
    return form.finish()


class _QuickForm:
    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self.containers: dict[Place, dict[str, Any]] = {TOP: self.root}
        self._lists: list[tuple[dict[str, Any], str, dict[str, Any]]] = []

    def open(self, place: Place) -> dict[str, Any] | None:
        """The container at ``place``, made with those that lead there; None if one is in use."""
        missing: list[Place] = []
        above: Place | None = place
        while above is not None and above not in self.containers:
            missing.append(above)
            above = above.parent
        if above is None:
            return None
        holder = self.containers[above]
        for each in reversed(missing):
            if each.key in holder:
                return None
            made: dict[str, Any] = {}
            holder[each.key] = made
            if each.spelling is not Spelling.KEYS:
                self._lists.append((holder, each.key, made))
            self.containers[each] = holder = made
        return holder

    def finish(self) -> dict[str, Any]:
        for holder, key, entries in reversed(self._lists):  # Children before their parents.
            indices = list(entries)
            if indices != [*map(str, range(len(indices)))]:
                indices.sort(key=int)
            holder[key] = [entries[index] for index in indices]
        return self.root
