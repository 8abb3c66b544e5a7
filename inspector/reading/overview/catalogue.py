"""The catalogue of a bin: every field seen, how often, with which values.

An aggregate over requests, oldest first (``big_bins`` reads them piece by piece). Its memory is
bounded whatever they hold, so it stays in memory and grows with the bin. Requests with known
names are counted by ``catalogue_layouts``, which is much quicker.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import compress
from operator import ne

from inspector.domain import CapturedRequest
from inspector.reading.fields import BODY, HEADER, QUERY, Name, find_text, iterate_fields
from inspector.reading.grouping import by_importance
from inspector.reading.indexing.row_plans import FieldKey
from inspector.reading.nodes import Word
from inspector.reading.overview.catalogue_layouts import Layout, Layouts
from inspector.reading.overview.series import SUBJECT
from inspector.reading.text import shorten

MAX_FIELDS = 2_000
MAX_NAME_CHARS = 500
MAX_DISTINCT = 50
MAX_EXAMPLES = 3
MAX_SUBJECTS = 500
MAX_POINTS = 5_000

# A field is new when it first came with one of the newest requests, out of a fair number.
NEW_SHARE = 20
MIN_NEW = 3

# Hashes of a request's texts, by field or in the order of a layout's fields.
_Said = Mapping[FieldKey, int] | tuple[Layout, tuple[int, ...]]


@dataclass(slots=True)
class FieldStatistics:
    """One field over all requests seen. Numbers are requests' numbers within the bin.

    ``present`` counts requests, ``empty`` those in which it was sent empty. ``distinct``
    values are told apart up to ``MAX_DISTINCT``, then ``many`` is True. It ``varies`` when
    two requests sent it with different values; a list that is always the same has several
    values and does not vary. ``changes`` counts
    requests in which it differs from the one before about the same ticket;
    ``changed_from`` and ``changed_in`` are the last such pair.
    """

    name: Name
    first_number: int
    first_at: datetime
    changes: int = 0
    changed_from: int = 0
    changed_in: int = 0
    varies: bool = False
    examples: list[str] = field(default_factory=list)
    _present: int = 0
    _empty: int = 0
    _last: tuple[int, datetime | None] = (0, None)
    _values: set[int] = field(default_factory=set)
    _is_seen: bool = False
    _first_said: int = 0
    _together: int = 0
    _counted: list[tuple[Layout, int]] = field(default_factory=list)

    @property
    def present(self) -> int:
        return self._present + sum(layout.count for layout, _ in self._counted)

    @property
    def empty(self) -> int:
        return self._empty + sum(layout.count_empty(column) for layout, column in self._counted)

    @property
    def last_number(self) -> int:
        return self._find_last()[0]

    @property
    def last_at(self) -> datetime | None:
        return self._find_last()[1]

    def _find_last(self) -> tuple[int, datetime | None]:
        seen = [(layout.last_number, layout.last_at) for layout, _ in self._counted]
        return max(self._last, *seen, key=lambda each: each[0]) if seen else self._last

    def count_by(self, layout: Layout, column: int) -> None:
        """Have the layout count its requests, in whose ``column`` the field is."""
        self._counted.append((layout, column))

    def retire(self, layout: Layout) -> None:
        """Keep what the layout has counted, which is let go of."""
        column = next(column for each, column in self._counted if each is layout)
        last = self._find_last()
        present, empty = layout.count, layout.count_empty(column)
        self._counted = [each for each in self._counted if each[0] is not layout]
        self._present += present
        self._empty += empty
        self._last = last

    @property
    def distinct(self) -> int:
        return len(self._values)

    @property
    def many(self) -> bool:
        return len(self._values) >= MAX_DISTINCT

    @property
    def is_settled(self) -> bool:
        """True when further values add nothing: ``look_at`` has nothing left to note."""
        return self.varies and self.many

    def see(self, texts: list[str], number: int, received_at: datetime) -> int:
        """Count a request that has the field, with all values it has there.

        The result stands for these values together. Most requests say what the one
        before said, so nothing of that is looked at again.
        """
        self._present += 1
        self._last = (number, received_at)
        if not any(texts):
            self._empty += 1
        return self.look_at(texts)

    def look_at(self, texts: list[str]) -> int:
        """Take in the values of a request that is counted elsewhere; gives what ``see`` gives."""
        together = hash(tuple(texts))
        if not self._is_seen:
            self._first_said, self._is_seen = together, True
        elif together == self._together:
            return together
        elif together != self._first_said:
            self.varies = True
        self._together = together
        for text in texts:
            self._keep(text)
        return together

    def _keep(self, text: str) -> None:
        digest = hash(text)
        if digest in self._values or len(self._values) >= MAX_DISTINCT:
            return
        self._values.add(digest)
        if text and len(self.examples) < MAX_EXAMPLES:
            example = shorten(text, 80)
            if example not in self.examples:
                self.examples.append(example)


@dataclass(frozen=True, slots=True)
class Point:
    """A capture on the time line."""

    number: int
    received_us: int
    method: str
    event: str


class Catalogue:
    """The fields of the requests added so far; see ``FieldStatistics``.

    ``hidden`` counts each meeting with a field that is not among them: one beyond
    ``MAX_FIELDS``, or with a name beyond ``MAX_NAME_CHARS``. ``points`` are the newest
    ``MAX_POINTS`` captures. ``has_tickets`` when any request was about a ticket: those
    about none are compared among themselves.
    """

    def __init__(self) -> None:
        self.fields: dict[FieldKey, FieldStatistics] = {}
        self.points: deque[Point] = deque(maxlen=MAX_POINTS)
        self.request_count = 0
        self.first_number = 0
        self.last_number = 0
        self.hidden = 0
        self.has_tickets = False
        self._last: OrderedDict[str, tuple[int, _Said]] = OrderedDict()
        self._layouts = Layouts()
        # The fields of each layout, and how many of them are hidden: those stay so.
        self._known: dict[int, tuple[list[FieldStatistics | None], int]] = {}

    def add(self, request: CapturedRequest) -> None:
        """Take in the next request of the bin.

        Requests come in the order of their numbers. Linear in the request; never raises
        on what was captured.
        """
        number = request.number
        self.request_count += 1
        self.first_number = self.first_number or number
        self.last_number = number
        told = self._add_by_layout(request)
        if told is None:
            self._walk(request)
            event = request.event.type if request.event else None
        else:
            event = told
        self.points.append(
            Point(
                number, request.received_us, shorten(request.method, 20), shorten(event or "", 40)
            )
        )

    def _add_by_layout(self, request: CapturedRequest) -> str | None:
        """The request's event, when its layout is known and all of it counted."""
        sighting = self._layouts.find(request)
        if sighting is None:
            return None
        layout = sighting.layout
        changed = layout.take(sighting.texts, request.number, request.received_at)
        if changed is None:
            return None
        found, hidden = self._known[id(layout)]
        for column, texts in changed:
            statistics = found[column]
            if statistics is not None:
                statistics.look_at(texts)
            if statistics is None or statistics.is_settled:
                layout.settle(column)
        self.hidden += hidden
        self._compare_with_last(sighting.subject, request.number, (layout, layout.hashes))
        return sighting.event

    def _walk(self, request: CapturedRequest) -> None:
        number, received_at = request.number, request.received_at
        now: dict[FieldKey, int] = {}
        walked = _collect(request)
        for key, texts in walked.items():
            statistics = self.fields.get(key)
            if statistics is None:
                if len(self.fields) >= MAX_FIELDS or sum(map(len, key[1])) > MAX_NAME_CHARS:
                    self.hidden += 1
                    continue
                statistics = FieldStatistics(Name(*key), number, received_at)
                self.fields[key] = statistics
            now[key] = statistics.see(texts, number, received_at)
        self._compare_with_last(find_text(request, SUBJECT) or "", number, now)
        self._follow(*self._layouts.learn(request, walked))

    def _follow(self, learnt: Layout | None, gone: Layout | None) -> None:
        if learnt is not None:
            found = [self.fields.get(key) for key in learnt.keys]
            for column, statistics in enumerate(found):
                if statistics is not None:
                    statistics.count_by(learnt, column)
            self._known[id(learnt)] = found, sum(each is None for each in found)
        if gone is not None:
            for statistics in self._known.pop(id(gone))[0]:
                if statistics is not None:
                    statistics.retire(gone)

    def _compare_with_last(self, subject: str, number: int, now: _Said) -> None:
        subject = subject[:200]
        self.has_tickets = self.has_tickets or subject != ""
        before = self._last.pop(subject, None)
        self._last[subject] = (number, now)
        if len(self._last) > MAX_SUBJECTS:
            self._last.popitem(last=False)
        if before is None:
            return
        last, said = before
        for statistics in self._list_differing(said, now):
            if statistics is not None:
                statistics.changes += 1
                statistics.changed_from, statistics.changed_in = last, number

    def _list_differing(self, before: _Said, now: _Said) -> Iterable[FieldStatistics | None]:
        if isinstance(before, tuple) and isinstance(now, tuple) and before[0] is now[0]:
            return compress(self._known[id(now[0])][0], map(ne, before[1], now[1]))
        values, others = _by_field(before), _by_field(now)
        if values == others:
            return ()
        keys = values.keys() | others.keys()
        return [self.fields.get(key) for key in keys if values.get(key) != others.get(key)]

    def find_new_since(self, moment: datetime) -> list[FieldStatistics]:
        """The fields that first came after a moment, the newest first.

        None for a bin without earlier requests, where all fields would be new.
        """
        fields = list(self.fields.values())
        if not any(each.first_at <= moment for each in fields):
            return []
        found = [each for each in fields if each.first_at > moment]
        return sorted(found, key=lambda each: -each.first_number)

    def is_new(self, statistics: FieldStatistics) -> bool:
        """True when a field came up only lately, in a bin that has seen enough to say so."""
        window = max(MIN_NEW, self.request_count // NEW_SHARE)
        return (
            self.request_count > window
            and statistics.first_number > self.last_number - window
            and statistics.first_number > self.first_number
        )


def _by_field(said: _Said) -> Mapping[FieldKey, int]:
    return dict(zip(said[0].keys, said[1], strict=True)) if isinstance(said, tuple) else said


def _collect(request: CapturedRequest) -> dict[FieldKey, list[str]]:
    found: dict[FieldKey, list[str]] = {}
    for place, path, text in iterate_fields(request):
        key = (place, path)
        texts = found.get(key)
        if texts is None:
            found[key] = [text]
        else:
            texts.append(text)
    return found


SORTS = ("path", "present", "empty", "distinct", "changes", "first", "last")


def sort_fields(
    fields: Iterable[FieldStatistics], sort: str, *, descending: bool
) -> list[FieldStatistics]:
    """The fields by one of ``SORTS``, otherwise as one thinks of them.

    Equals stay in that order; the body's fields come first, then the query's, then headers.
    """
    places = (BODY, QUERY, HEADER)
    listed = sorted(
        fields, key=lambda each: (places.index(each.name.place), *by_importance(each.name.path))
    )
    match sort:
        case "path":
            listed.sort(key=lambda each: str(each.name).lower(), reverse=descending)
        case "first":
            listed.sort(key=lambda each: each.first_number, reverse=descending)
        case "last":
            listed.sort(key=lambda each: each.last_number, reverse=descending)
        case "present" | "empty" | "distinct" | "changes":
            listed.sort(key=lambda each: getattr(each, sort), reverse=descending)
    return listed


def filter_fields(
    fields: Iterable[FieldStatistics], words: tuple[Word, ...]
) -> list[FieldStatistics]:
    """The fields that have every word in their name or in one of their examples."""
    found = []
    for each in fields:
        name = f"{each.name} {'.'.join(each.name.path)}".lower()
        examples = " ".join(each.examples).lower()
        if all(word.fits(name, examples) for word in words):
            found.append(each)
    return found
