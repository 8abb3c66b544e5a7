"""Captures over time as bars: counts a picture can be drawn from, no picture yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from inspector.reading.catalogue import Point
from inspector.reading.meaning import say_duration

COLUMNS = 60
MAX_KINDS = 5
OTHERS = "others"
METHOD, EVENT = "method", "event"

# Widths that people think in, in seconds.
_WIDTHS = (
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    10800,
    21600,
    43200,
    86400,
)


@dataclass(frozen=True, slots=True)
class Column:
    """``counts`` are captures by kind, in the order of ``Timeline.kinds``, from ``start`` on."""

    start: datetime
    counts: tuple[int, ...]
    first_number: int
    last_number: int

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Timeline:
    """``columns`` are ``width_s`` seconds wide and follow one another without a gap.

    ``kinds`` are the most frequent methods or events, with ``others`` last when there are
    more than ``MAX_KINDS``; ``by`` says which of the two. ``highest`` is the tallest total.
    """

    by: str
    kinds: tuple[str, ...]
    totals: tuple[int, ...]
    columns: tuple[Column, ...]
    width_s: int
    highest: int

    @property
    def width(self) -> str:
        """How long a column is, in words."""
        return say_duration(timedelta(seconds=self.width_s))


def build_timeline(points: Sequence[Point], by: str = "") -> Timeline | None:
    """Sum captures up into at most ``COLUMNS`` columns; None when there are none.

    ``by`` is ``method`` or ``event``; otherwise events where any capture has one.
    """
    if not points:
        return None
    if by not in (METHOD, EVENT):
        by = EVENT if any(point.event for point in points) else METHOD
    names = [(point.method if by == METHOD else point.event) or "none" for point in points]
    ranked = [name for name, _ in Counter(names).most_common()]
    kinds = ranked if len(ranked) <= MAX_KINDS else [*ranked[: MAX_KINDS - 1], OTHERS]
    index = {name: min(rank, len(kinds) - 1) for rank, name in enumerate(ranked)}
    start_s, width_s, length = _choose_columns(points)
    sums = [[0] * len(kinds) for _ in range(length)]
    numbers: list[list[int]] = [[] for _ in range(length)]
    for point, name in zip(points, names, strict=True):
        # Clocks may step back: arrival counts, and what is out of range goes to the nearest end.
        column = min(max((point.received_us // 1_000_000 - start_s) // width_s, 0), length - 1)
        sums[column][index[name]] += 1
        numbers[column].append(point.number)
    columns = tuple(
        Column(
            datetime.fromtimestamp(start_s + number * width_s, tz=UTC),
            tuple(counts),
            min(members, default=0),
            max(members, default=0),
        )
        for number, (counts, members) in enumerate(zip(sums, numbers, strict=True))
    )
    totals = tuple(sum(counts) for counts in zip(*sums, strict=True))
    highest = max(column.total for column in columns)
    return Timeline(by, tuple(kinds), totals, columns, width_s, highest)


def _choose_columns(points: Sequence[Point]) -> tuple[int, int, int]:
    """First second, width and number of the columns."""
    seconds = [point.received_us // 1_000_000 for point in points]
    first, last = min(seconds), max(seconds)
    fitting = (width for width in _WIDTHS if (last - first) // width < COLUMNS - 1)
    # Beyond two months a column is as many whole days as it takes.
    width = next(fitting, ((last - first) // (COLUMNS - 1) // 86_400 + 1) * 86_400)
    start = first - first % width
    return start, width, max(1, (last - start) // width + 1)
