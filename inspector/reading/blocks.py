"""Summaries of blocks of requests, by which a search skips blocks that cannot match.

A summary has the fields that some or all of the requests have, the range of each field's
numbers, and the paths of the requests. For a condition it says that all requests match, or
none, or that each has to be read. A summary may be incomplete, but is never wrong.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from string import ascii_letters
from typing import TypeAlias

from inspector.reading.fields import HEADER, TRANSPORT, Name
from inspector.reading.paths import ANY_INDEX, Path

MAX_NAMES = 2_000
MAX_PATHS_CHARS = 20_000
# Longer names come from senders who have many of them.
MAX_REMEMBERED_CHARS = 500
SEPARATOR = "\0"

# Four facts about a field: all requests have it, all its values are numbers, its lowest and its
# highest number (both None without numbers).
Extent: TypeAlias = "list[float | None]"
_ALWAYS, _NUMERIC, _LOWEST, _HIGHEST = range(4)
# Characters with which no number begins: comparing is cheaper than parsing. nan and inf are
# numbers.
_LETTERS = frozenset(("", *ascii_letters)) - frozenset("iInN")
TEXT: Extent = [1.0, 0.0, None, None]


class UnknownError(Exception):
    """A request, or a block with it, that cannot be summed up: it has to be read."""


@dataclass
class Summary:
    """``names`` is by place and path, with ``ANY_INDEX`` for indices; ``paths`` in small letters.

    Each path is there as sent and, where that is another, decoded.
    """

    names: dict[str, Extent] = field(default_factory=dict)
    paths: list[list[str]] = field(default_factory=list)

    def dump(self) -> bytes:
        """The JSON of a summary. Raises ``UnknownError`` for one too big or no Unicode."""
        import orjson  # a test's server starts without it

        size = sum(len(path) for paths in self.paths for path in paths)
        if len(self.names) > MAX_NAMES or size > MAX_PATHS_CHARS:
            raise UnknownError
        try:
            return orjson.dumps([self.names, self.paths])
        except orjson.JSONEncodeError:  # a lone surrogate
            raise UnknownError from None

    def merged(self, other: Summary) -> Summary:
        """The summary of the requests of both."""
        names = dict(self.names)
        if self.names.keys() == other.names.keys():
            # Requests of one sender: most extents are the very ones that are there.
            for key, theirs in other.names.items():
                if names[key] is not theirs:
                    names[key] = merge_extents(names[key], theirs)
        else:
            for key, theirs in other.names.items():
                ours = names.get(key)
                names[key] = [0.0, *theirs[1:]] if ours is None else merge_extents(ours, theirs)
            for key in self.names.keys() - other.names.keys():
                names[key] = [0.0, *names[key][1:]]
        return Summary(
            names, [*self.paths, *(each for each in other.paths if each not in self.paths)]
        )

    def has_field(self, name: Name) -> bool | None:
        """True when all requests have the field, False when none does."""
        key = _find_key(name)
        if key is None:
            return None
        found = self.names.get(key)
        if found is not None:
            return True if found[_ALWAYS] and ANY_INDEX not in key else None
        return None if self._list_below(key) else False

    def has_number(self, name: Name, operator: str, limit: float) -> bool | None:
        """True when the field has a number above (``>``) or below the limit in all requests."""
        key = _find_key(name)
        if key is None:
            return None
        # A list or a map is compared when it has one value, so those inside count as well.
        below = self._list_below(key)
        found = self.names.get(key)
        extents = below if found is None else [found, *below]
        if not any(_reaches(each, operator, limit) for each in extents):
            return False
        if found is None or below or ANY_INDEX in key or not (found[_ALWAYS] and found[_NUMERIC]):
            return None
        nearest = found[_LOWEST if operator == ">" else _HIGHEST]
        return True if _is_beyond(nearest, operator, limit) else None

    def has_path(self, piece: str) -> bool | None:
        """True when the piece, in small letters, is in the path of all requests."""
        found = {any(piece in path for path in paths) for paths in self.paths}
        return found.pop() if len(found) == 1 else None

    def _list_below(self, key: str) -> list[Extent]:
        inside = key + SEPARATOR
        return [extent for each, extent in self.names.items() if each.startswith(inside)]


def merge_extents(ours: Extent, theirs: Extent) -> Extent:
    """The extent of a field in the requests of both."""
    if ours == theirs:
        return theirs  # The very one that the next request will have.
    low, high = ours[_LOWEST], ours[_HIGHEST]
    other_low, other_high = theirs[_LOWEST], theirs[_HIGHEST]
    return [
        ours[_ALWAYS] and theirs[_ALWAYS],
        ours[_NUMERIC] and theirs[_NUMERIC],
        other_low if low is None or (other_low is not None and other_low < low) else low,
        other_high if high is None or (other_high is not None and other_high > high) else high,
    ]


def _reaches(extent: Extent, operator: str, limit: float) -> bool:
    return _is_beyond(extent[_HIGHEST if operator == ">" else _LOWEST], operator, limit)


def _is_beyond(number: float | None, operator: str, limit: float) -> bool:
    if number is None:
        return False
    return number > limit if operator == ">" else number < limit


def _find_key(name: Name) -> str | None:
    """A field's name in a summary; None for headers that are in none."""
    if name.place == HEADER:
        lower = name.path[0].lower()
        return None if lower in TRANSPORT else make_key(HEADER, (lower,))
    return make_key(name.place, name.path)


@lru_cache(maxsize=10_000)
def make_key(place: str, path: Path) -> str:
    """A field's name in a summary; whether a number is an index or a key is left open."""
    return _join_key(place, path)


def _join_key(place: str, path: Path) -> str:
    keys = (ANY_INDEX if key.isdecimal() else key for key in path)
    return SEPARATOR.join((place, *keys))


def list_keys(place: str, path: Path) -> tuple[str, ...]:
    """The name of a field, and those of all that it stands in; none for one without a name."""
    if any(SEPARATOR in key for key in path):
        return ()
    if sum(map(len, path)) > MAX_REMEMBERED_CHARS:
        return tuple(_join_key(place, path[:end]) for end in range(len(path), 0, -1))
    return tuple(make_key(place, path[:end]) for end in range(len(path), 0, -1)) or (place,)


def load_summary(dumped: bytes) -> Summary:
    """The summary that ``Summary.dump`` wrote."""
    import orjson

    return Summary(*orjson.loads(dumped))


def read_number(text: str) -> float | None:
    """The number that a text is; None for other texts."""
    try:
        return float(text)
    except ValueError:
        return None


def read_extent(text: str) -> Extent | None:
    """The extent of a field with this value; None for a number that cannot be written."""
    number = None if text[:1] in _LETTERS else read_number(text)
    if number is None:
        return TEXT
    return [1.0, 1.0, number, number] if math.isfinite(number) else None
