"""The kept state of a container: its texts when it was last read, and the rows made of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from inspector.domain.nested_values import OPENING_SIGNS, open_text
from inspector.reading.kept.spans import ALWAYS, Span, find_span
from inspector.reading.meaning import Context, find_meaning
from inspector.reading.paths import MAX_KEY_CHARS, Path
from inspector.reading.rows import Row
from inspector.reading.text import MAX_SHOWN_CHARS, is_plain

# About the bytes of all that is kept, what is below a container counted with each around it:
# some thirty tickets of 200 fields.
MAX_WEIGHT = 16_000_000
# A row with its strings and its markup; a text that is not plain may take thirtyfold as markup.
_ROW_WEIGHT, _PLAIN_WEIGHT, _ODD_WEIGHT = 600, 7, 40

# A container's path, its keys, whether it is a map, whether maps are grouped, and how many
# lists end with its last row.
StateKey = tuple[Path, tuple[str, ...], bool, bool, int]


class Run(NamedTuple):
    """Entries that follow one another, by their places: leaves, a container, or a group."""

    places: tuple[int, ...]
    name: str = ""
    preview: str = ""


@dataclass(slots=True)
class Layout:
    """The order of a container's entries.

    ``containers`` has the place of each container, how many lists end with its last row, and
    how many levels of lists it is below.
    """

    runs: list[Run]
    containers: list[tuple[int, int, int]]


@dataclass(slots=True)
class Opened:
    """The rows below a text that has a value in it."""

    rows: list[Row]
    fields: int
    span: Span
    weight: int = 0


@dataclass(slots=True)
class State:
    """A container as it was last: ``rows`` are those below it, to any depth.

    ``places`` are those of its entries by key, ``texts`` theirs by place: None for a container
    and a type for an empty one. ``opened`` are the places of texts with a value in them.
    ``leaves`` are the rows by place, None for what has rows below it, ``spans`` the moments of
    capture for which rows of times are right.
    ``needs`` are the places whose meaning may depend on a key's text. ``heads`` has a
    container's row with what is below it, ``groups`` the rows of groups, ``ends`` the rows that
    end lists, each with the leaf's that it was made of. ``span`` is for all rows below. Of one
    state all texts are the same, to any depth; ``needs`` alone may grow.
    """

    places: dict[str, int]
    texts: list[Any]
    opened: frozenset[int]
    layout: Layout
    leaves: list[Row | None]
    spans: dict[int, Span]
    needs: dict[str, set[int]] = field(default_factory=dict)
    heads: dict[int, tuple[State | Opened, Row]] = field(default_factory=dict)
    groups: dict[str, Row] = field(default_factory=dict)
    ends: dict[int, tuple[Row, Row]] = field(default_factory=dict)
    own_weight: int = 0
    rows: list[Row] = field(default_factory=list)
    fields: int = 0
    span: Span = ALWAYS
    weight: int = 0

    def renew(self, texts: list[Any]) -> State:
        """A state of the same names with these texts; what is below it is the same so far."""
        return State(
            self.places,
            texts,
            self.opened,
            self.layout,
            [*self.leaves],
            {**self.spans},
            self.needs,
            self.heads,
            self.groups,
            self.ends,
            self.own_weight,
        )

    def put_leaf(self, place: int, key: str, kind: str, path: str, siblings: Siblings) -> None:
        """Make the row of a value, with what it depends on."""
        text, at = self.texts[place], siblings.received_at
        if type(text) is not str:
            text = ""
        asked = siblings.asked = []
        meaning = find_meaning(Context(key, text, siblings, at))
        shown = text[:MAX_SHOWN_CHARS]
        cut, plain = len(text) - len(shown), is_plain(shown)
        row = Row(kind, key[:MAX_KEY_CHARS], path, shown, cut, meaning, None, plain)
        for name in asked:
            self.needs.setdefault(name, set()).add(place)
        if meaning is not None and meaning.distance is not None and meaning.instant is not None:
            self.spans[place] = find_span(meaning.instant, at)
        elif place in self.spans:
            del self.spans[place]
        before = self.leaves[place]
        self.own_weight += weigh(row) - (weigh(before) if before is not None else 0)
        self.leaves[place] = row

    def sum_up(self) -> None:
        """Set what the state says of all that is below it."""
        since, until = ALWAYS
        for one, other in self.spans.values():
            since, until = max(since, one), min(until, other)
        fields, weight = len(self.leaves) - len(self.heads), self.own_weight
        for child, _ in self.heads.values():
            fields += child.fields
            weight += child.weight + 1_000
            if child.span is not ALWAYS:
                since, until = max(since, child.span[0]), min(until, child.span[1])
        self.fields, self.weight = fields, weight
        self.span = ALWAYS if since is ALWAYS[0] and until is ALWAYS[1] else (since, until)


class Siblings(Mapping[str, str]):
    """A container's texts by key, which note the keys that they are asked for.

    As ``plain_texts`` has them; ``received_at`` is the moment of capture.
    """

    __slots__ = ("_places", "_texts", "asked", "received_at")

    def __init__(self, places: dict[str, int], texts: list[Any], received_at: datetime) -> None:
        self._places = places
        self._texts = texts
        self.received_at = received_at
        self.asked: list[str] = []

    def get(self, key: str, default: Any = None) -> Any:
        """As a mapping's."""
        self.asked.append(key)
        place = self._places.get(key)
        text = None if place is None else self._texts[place]
        return text if type(text) is str else default

    def __getitem__(self, key: str) -> str:
        self.asked.append(key)
        text = self._texts[self._places[key]]
        if type(text) is not str:
            raise KeyError(key)
        return text

    def __iter__(self) -> Iterator[str]:
        self.asked += self._places
        return (key for key, place in self._places.items() if type(self._texts[place]) is str)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def weigh(row: Row) -> int:
    """About the bytes of a row and of its markup."""
    return _ROW_WEIGHT + len(row.text) * (_PLAIN_WEIGHT if row.plain else _ODD_WEIGHT)


def opens(text: str) -> bool:
    """True for a text with a value in it, which is shown as a container."""
    return text[:1] in OPENING_SIGNS and open_text(text) is not None


class StateCache:
    """States by their keys; those of the names that were met first are forgotten first."""

    def __init__(self, max_weight: int = MAX_WEIGHT) -> None:
        self._max_weight = max_weight
        self._states: dict[StateKey, State] = {}
        self.find = self._states.get
        self.weight = 0

    def clear(self) -> None:
        """Forget all."""
        self._states.clear()
        self.weight = 0

    def keep(self, key: StateKey, state: State) -> None:
        """Keep a state in the place of the one before, and forget what is too much."""
        before = self._states.get(key)
        self.weight += state.weight - (before.weight if before is not None else 0)
        self._states[key] = state
        while self.weight > self._max_weight:
            self.weight -= self._states.pop(next(iter(self._states))).weight
