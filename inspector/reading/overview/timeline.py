"""Captures over time as bars: counts a picture can be drawn from, no picture yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from inspector.reading.meaning import say_duration
from inspector.reading.overview.catalogue import Point

COLUMNS = 60
# With fewer columns than this a picture says little.
FEW_COLUMNS = 8
MAX_KINDS = 5
MAX_KINDS_COUNTED = 50
OTHERS = "others"
METHOD, EVENT = "method", "event"

# Widths that people think in, in seconds, each a multiple of the one before; then it doubles.
_WIDTHS = (1, 2, 10, 30, 60, 120, 600, 1800, 3600, 7200, 21600, 43200, 86400, 604_800)
_TO_THE_SECOND = "%Y-%m-%dT%H:%M:%S"
_LAST_SECOND = 253_402_300_799  # of the year 9999, where dates end


@dataclass(frozen=True, slots=True)
class Column:
    """``counts`` are captures by kind, in the order of ``Timeline.kinds``.

    They came from ``start`` on and before ``end``.
    """

    start: datetime
    end: datetime
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)

    @property
    def query(self) -> str:
        """The search for what is in it."""
        return f"after:{self.start:{_TO_THE_SECOND}} before:{self.end:{_TO_THE_SECOND}}"


@dataclass(frozen=True, slots=True)
class Bar:
    """The captures of one kind in one column: top and height in the picture."""

    kind: str
    count: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """``columns`` are ``width_s`` seconds wide and follow one another without a gap.

    ``kinds`` are the most frequent methods or events, with ``others`` last when there are
    more than ``MAX_KINDS``; ``by`` says which of the two. ``highest`` is the tallest total.
    Unless it ``is_whole`` there are older ones that are not counted yet.
    """

    by: str
    kinds: tuple[str, ...]
    totals: tuple[int, ...]
    columns: tuple[Column, ...]
    width_s: int
    highest: int
    is_whole: bool = True

    def stack(self, column: Column, height: float) -> list[Bar]:
        """The column's bars one upon the other, in a picture of this height."""
        bars: list[Bar] = []
        y = height
        for kind, count in zip(self.kinds, column.counts, strict=True):
            if count:
                tall = max(height * count / self.highest, height / 20)
                y -= tall
                bars.append(Bar(kind, count, max(round(y, 2), 0), round(tall, 2)))
        return bars

    @property
    def width(self) -> str:
        """The span of a column, in words."""
        return say_duration(timedelta(seconds=self.width_s))


class Activity:
    """Captures counted by time and kind in at most ``COLUMNS`` columns.

    Neighbouring columns are merged when needed, so counting takes constant time for each
    request and constant memory in all, however many come and whatever their times are.
    """

    def __init__(self) -> None:
        self.width_s = 1
        self.total = 0
        self._columns: dict[int, Counter[str]] = {}
        self._kinds: set[str] = set()

    def add(self, second: int, kind: str, count: int = 1) -> None:
        """Count captures of a kind that came in this second since the epoch."""
        if kind not in self._kinds:
            if len(self._kinds) >= MAX_KINDS_COUNTED:
                kind = OTHERS
            self._kinds.add(kind)
        column = second // self.width_s
        if column not in self._columns:
            self._columns[column] = Counter()
            while max(self._columns) - min(self._columns) >= COLUMNS:
                self._widen()
            column = second // self.width_s
        self._columns[column][kind] += count
        self.total += count

    def _widen(self) -> None:
        wider = (width for width in _WIDTHS if width > self.width_s)
        factor = next(wider, 2 * self.width_s) // self.width_s
        merged: dict[int, Counter[str]] = {}
        for column, counts in self._columns.items():
            merged.setdefault(column // factor, Counter()).update(counts)
        self._columns = merged
        self.width_s *= factor

    def drop_oldest(self, count: int) -> None:
        """Take captures out again, those of the oldest columns first."""
        while count > 0 and self._columns:
            oldest = min(self._columns)
            counts = self._columns[oldest]
            for kind in list(counts):
                gone = min(count, counts[kind])
                counts[kind] -= gone
                count -= gone
                self.total -= gone
            if not counts.total():
                del self._columns[oldest]

    @property
    def is_coarse(self) -> bool:
        """True when what is left would fill more columns if it were counted anew."""
        few = not self._columns or max(self._columns) - min(self._columns) < FEW_COLUMNS
        return few and self.width_s > 1

    def to_timeline(self, by: str) -> Timeline | None:
        """The columns from the first to the last, none left out; None when there are none."""
        if not self._columns:
            return None
        sums: Counter[str] = Counter()
        for counts in self._columns.values():
            sums.update(counts)
        ranked = [kind for kind, count in sums.most_common() if count]
        kinds = ranked if len(ranked) <= MAX_KINDS else [*ranked[: MAX_KINDS - 1], OTHERS]
        if OTHERS in kinds[:-1]:
            kinds = [*(kind for kind in kinds if kind != OTHERS), OTHERS]
        columns = tuple(
            self._make_column(index, kinds)
            for index in range(min(self._columns), max(self._columns) + 1)
        )
        totals = tuple(sum(column.counts[rank] for column in columns) for rank in range(len(kinds)))
        highest = max(column.total for column in columns)
        return Timeline(by, tuple(kinds), totals, columns, self.width_s, highest)

    def _make_column(self, index: int, kinds: list[str]) -> Column:
        counts = self._columns.get(index, Counter())
        shown = [counts[kind] for kind in kinds]
        if kinds[-1] == OTHERS:
            shown[-1] = counts.total() - sum(shown[:-1])
        return Column(_at(index * self.width_s), _at((index + 1) * self.width_s), tuple(shown))


def build_timeline(points: Sequence[Point], by: str = "") -> Timeline | None:
    """Captures over time, by ``method`` or ``event``; None when there are none.

    Otherwise by event where any capture has one.
    """
    if by not in (METHOD, EVENT):
        by = EVENT if any(point.event for point in points) else METHOD
    activity = Activity()
    for point in points:
        kind = point.method if by == METHOD else point.event
        activity.add(point.received_us // 1_000_000, kind or "none")
    return activity.to_timeline(by)


def _at(second: int) -> datetime:
    return datetime.fromtimestamp(min(second, _LAST_SECOND), tz=UTC)
