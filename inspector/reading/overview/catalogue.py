"""The catalogue of a bin: every field seen, how often, with which values.

A fold over requests, oldest first; what it keeps is bounded whatever they hold, so that
it can stay in memory and grow with the bin.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from inspector.domain import CapturedRequest
from inspector.reading.fields import BODY, HEADER, QUERY, Name, find_text, iterate_fields
from inspector.reading.grouping import by_importance
from inspector.reading.nodes import Word
from inspector.reading.overview.series import SUBJECT
from inspector.reading.paths import Path
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

_Key = tuple[str, Path]


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
    last_number: int = 0
    last_at: datetime | None = None
    present: int = 0
    empty: int = 0
    changes: int = 0
    changed_from: int = 0
    changed_in: int = 0
    varies: bool = False
    examples: list[str] = field(default_factory=list)
    _values: set[int] = field(default_factory=set)
    _together: int = 0

    @property
    def distinct(self) -> int:
        return len(self._values)

    @property
    def many(self) -> bool:
        return len(self._values) >= MAX_DISTINCT

    def see(self, texts: list[str], number: int, received_at: datetime) -> int:
        """Count a request that has the field, with all values it has there.

        The result stands for these values together. Most requests say what the one
        before said, so nothing of that is looked at again.
        """
        together = hash(tuple(texts))
        is_known = self.present > 0 and together == self._together
        self.present += 1
        self.last_number, self.last_at = number, received_at
        if not any(texts):
            self.empty += 1
        if not is_known:
            self.varies = self.present > 1
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
        self.fields: dict[_Key, FieldStatistics] = {}
        self.points: deque[Point] = deque(maxlen=MAX_POINTS)
        self.request_count = 0
        self.first_number = 0
        self.last_number = 0
        self.hidden = 0
        self.has_tickets = False
        self._last: OrderedDict[str, tuple[int, dict[_Key, int]]] = OrderedDict()

    def add(self, request: CapturedRequest) -> None:
        """Take in the next request of the bin.

        Requests come in the order of their numbers. Linear in the request; never raises
        on what was captured.
        """
        number, received_at = request.number, request.received_at
        self.request_count += 1
        self.first_number = self.first_number or number
        self.last_number = number
        now: dict[_Key, int] = {}
        for key, texts in _collect(request).items():
            statistics = self.fields.get(key)
            if statistics is None:
                if len(self.fields) >= MAX_FIELDS or sum(map(len, key[1])) > MAX_NAME_CHARS:
                    self.hidden += 1
                    continue
                statistics = FieldStatistics(Name(*key), number, received_at)
                self.fields[key] = statistics
            now[key] = statistics.see(texts, number, received_at)
        self._compare_with_last(request, now)
        event = request.event.type if request.event else None
        self.points.append(
            Point(
                number, request.received_us, shorten(request.method, 20), shorten(event or "", 40)
            )
        )

    def _compare_with_last(self, request: CapturedRequest, now: dict[_Key, int]) -> None:
        subject = (find_text(request, SUBJECT) or "")[:200]
        self.has_tickets = self.has_tickets or subject != ""
        before = self._last.pop(subject, None)
        self._last[subject] = (request.number, now)
        if len(self._last) > MAX_SUBJECTS:
            self._last.popitem(last=False)
        if before is None:
            return
        number, values = before
        if values == now:
            return
        for key in values.keys() | now.keys():
            if values.get(key) != now.get(key):
                statistics = self.fields[key]
                statistics.changes += 1
                statistics.changed_from, statistics.changed_in = number, request.number

    def find_new_since(self, moment: datetime) -> list[FieldStatistics]:
        """The fields that first came after a moment, the newest first.

        None of a bin that had nothing before: there all are new.
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


def _collect(request: CapturedRequest) -> dict[_Key, list[str]]:
    found: dict[_Key, list[str]] = {}
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
