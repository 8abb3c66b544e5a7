"""One field over a bin's requests: the values it had, and where it changed.

A fold: requests are added oldest first, one at a time, and only values are kept.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from inspector.domain import CapturedRequest
from inspector.reading.fields import BODY, Name, find_text
from inspector.reading.text import shorten

MAX_RUNS = 500
MAX_SUBJECTS = 10_000
MAX_VALUE_CHARS = 300

SUBJECT = Name(BODY, ("ticket", "id"))


@dataclass(frozen=True, slots=True)
class Moment:
    """Which request, without its content."""

    id: str
    number: int
    received_at: datetime


@dataclass(slots=True)
class Run:
    """Requests one after the other in which the field had the same value.

    ``value`` is None where they do not have the field. ``last`` is the newest of the
    ``count`` requests, ``first`` the oldest.
    """

    value: str | None
    first: Moment
    last: Moment
    count: int = 1


@dataclass(frozen=True, slots=True)
class Change:
    """Between two requests about the same ``subject``, the field's value changed."""

    subject: str
    old: str | None
    new: str | None
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
        self._last: OrderedDict[str, tuple[str | None, Moment]] = OrderedDict()

    def add(self, request: CapturedRequest) -> None:
        """Follow the field into the next request. Never raises on what was captured."""
        text = find_text(request, self.name)
        moment = Moment(request.id, request.number, request.received_at)
        self.request_count += 1
        self._extend_runs(text, moment)
        subject = find_text(request, SUBJECT)
        if subject is not None:
            self._follow(subject, text, moment)

    def _extend_runs(self, text: str | None, moment: Moment) -> None:
        shown = _bound(text)
        if self._runs and self._runs[-1].value == shown:
            self._runs[-1].last = moment
            self._runs[-1].count += 1
            return
        self.run_count += 1
        self._runs.append(Run(shown, moment, moment))
        if len(self._runs) > MAX_RUNS:
            del self._runs[0]

    def _follow(self, subject: str, text: str | None, moment: Moment) -> None:
        shown = _bound(text)
        before = self._last.pop(subject, None)
        self._last[subject] = (shown, moment)
        if before is None:
            self.subjects += 1
            if len(self._last) > MAX_SUBJECTS:
                self._last.popitem(last=False)
        elif before[0] != shown:
            self.change_count += 1
            self._changes.append(Change(shorten(subject, 60), before[0], shown, before[1], moment))
            if len(self._changes) > MAX_RUNS:
                del self._changes[0]

    @property
    def runs(self) -> list[Run]:
        return self._runs[::-1]

    @property
    def changes(self) -> list[Change]:
        return self._changes[::-1]


def _bound(text: str | None) -> str | None:
    """A value short enough to keep, still different from others that begin alike."""
    if text is None or len(text) <= MAX_VALUE_CHARS:
        return text
    digest = zlib.crc32(text.encode("utf-8", "surrogatepass"))
    return f"{text[:MAX_VALUE_CHARS]}… ({len(text):,} characters, {digest:08x})"
