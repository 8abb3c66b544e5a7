"""One field over a bin's requests: the values it had, and where it changed.

An aggregate: requests are added oldest first, one at a time, and only values are kept.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inspector.domain import CapturedRequest
from inspector.reading.fields import BODY, Name, find_text, find_values, iterate_values
from inspector.reading.grouping import preview_value
from inspector.reading.text import shorten

MAX_RUNS = 500
MAX_SUBJECTS = 10_000
MAX_VALUE_CHARS = 300
MAX_PREVIEWS = 3

SUBJECT = Name(BODY, ("ticket", "id"))


@dataclass(frozen=True, slots=True)
class Moment:
    """A reference to a request, without its content."""

    id: str
    number: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the field: compared by ``key``, shown as ``text``.

    ``text`` is bounded, a few telling words of a map or a list, and None where the
    request does not have the field.
    """

    text: str | None
    key: Hashable


@dataclass(slots=True)
class Run:
    """Requests one after the other in which the field had the same value.

    ``last`` is the newest of the
    ``count`` requests, ``first`` the oldest.
    """

    value: Value
    first: Moment
    last: Moment
    count: int = 1


@dataclass(frozen=True, slots=True)
class Change:
    """Between two requests about the same ``subject``, the field's value changed."""

    subject: str
    old: Value
    new: Value
    before: Moment
    after: Moment


class Series:
    """``runs`` and ``changes`` newest first, each at most ``MAX_RUNS``; the counts are exact.

    ``subjects`` counts the different tickets that came by (up to ``MAX_SUBJECTS`` are
    told apart at a time). A change is one against the previous request about the
    same ticket, because in between others come by.
    """

    def __init__(self, name: Name) -> None:
        self.name = name
        self.request_count = 0
        self.run_count = 0
        self.change_count = 0
        self.subjects = 0
        self._runs: list[Run] = []
        self._changes: list[Change] = []
        self._last: OrderedDict[str, tuple[Value, Moment]] = OrderedDict()

    def add(self, request: CapturedRequest) -> None:
        """Follow the field into the next request. Never raises on what was captured."""
        value = _read_value(request, self.name)
        moment = Moment(request.id, request.number, request.received_at)
        self.request_count += 1
        self._extend_runs(value, moment)
        subject = find_text(request, SUBJECT)
        if subject is not None:
            self._follow(subject, value, moment)

    def _extend_runs(self, value: Value, moment: Moment) -> None:
        if self._runs and self._runs[-1].value == value:
            self._runs[-1].last = moment
            self._runs[-1].count += 1
            return
        self.run_count += 1
        self._runs.append(Run(value, moment, moment))
        if len(self._runs) > MAX_RUNS:
            del self._runs[0]

    def _follow(self, subject: str, value: Value, moment: Moment) -> None:
        before = self._last.pop(subject, None)
        self._last[subject] = (value, moment)
        if before is None:
            self.subjects += 1
            if len(self._last) > MAX_SUBJECTS:
                self._last.popitem(last=False)
        elif before[0] != value:
            self.change_count += 1
            self._changes.append(Change(shorten(subject, 60), before[0], value, before[1], moment))
            if len(self._changes) > MAX_RUNS:
                del self._changes[0]

    @property
    def runs(self) -> list[Run]:
        return self._runs[::-1]

    @property
    def changes(self) -> list[Change]:
        return self._changes[::-1]


def _read_value(request: CapturedRequest, name: Name) -> Value:
    values = find_values(request, name)
    if any(isinstance(each, (dict, list)) and each for each in values):
        shown = ", ".join(filter(None, map(preview_value, values[:MAX_PREVIEWS])))
        fields = tuple(field for each in values for field in iterate_values(each))
        return Value(shorten(shown, MAX_VALUE_CHARS) or _count(fields), hash(fields))
    text = find_text(request, name)
    if text is None or len(text) <= MAX_VALUE_CHARS:
        return Value(text, None)
    return Value(f"{text[:MAX_VALUE_CHARS]}… ({len(text):,} characters)", hash(text))


def _count(fields: tuple[Any, ...]) -> str:
    return f"{len(fields):,} field{'' if len(fields) == 1 else 's'}"
