"""Numbers in queries: ``number:7``, ``number:5-9`` and ``number:1,4,7-9``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from inspector.reading.query.conditions import Condition
from inspector.reading.query.problems import make_error

_RANGE = re.compile(r"#?(\d{1,18})(?:-#?(\d{1,18}))?\Z", re.ASCII)


def make_number_term(value: str) -> Condition:
    """The requests of these numbers. Raises ``invalid_query``."""
    ranges = []
    for piece in value.split(","):
        found = _RANGE.match(piece)
        if found is None:
            raise make_error(
                f"{value[:40]!r} names no numbers. Write number:7, number:5-9 or number:1,4,7-9."
            )
        ranges.append(range(int(found[1]), int(found[2] or found[1]) + 1))
    return Condition(
        lambda request: any(request.number in each for each in ranges),
        lowest=min(each.start for each in ranges),
        highest=max(each.stop - 1 for each in ranges),
    )


def write_numbers(numbers: Iterable[int]) -> str:
    """The term for these requests, those in a row as a range."""
    ranges: list[list[int]] = []
    for number in sorted(set(numbers)):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    pieces = (f"{first}" if first == last else f"{first}-{last}" for first, last in ranges)
    return f"number:{','.join(pieces)}"
