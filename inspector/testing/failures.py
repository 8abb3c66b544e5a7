"""The message of a failed wait: the expectation, and the arrivals, the closest first."""

from __future__ import annotations

import difflib
import pprint
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from typing import Any

from inspector.reading.json_notes import find_json_notes
from inspector.reading.matching import Difference
from inspector.reading.paths import MISSING
from inspector.reading.text import escape_invisible
from inspector.testing.received import ReceivedRequest

MAX_EXPLAINED = 3
MAX_REQUESTS = 10
MAX_DIFFERENCES = 20
MAX_VALUE_LINES = 40
MAX_NOTES = 3
MAX_LINE_CHARS = 300
SHARED_CHARS = 40
MAX_FINELY_COMPARED_LINES = 100
MAX_COMPARED_LINES = 1000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A request that arrived, and its differences from the expectation."""

    request: ReceivedRequest
    differences: Sequence[Difference]

    @property
    def distance(self) -> tuple[int, int, int]:
        """The distance from the expectation: another value counts less than a missing one."""
        absent = sum(each.actual is MISSING for each in self.differences)
        return len(self.differences), absent, self.request.number


def describe_failure(
    headline: str,
    expectations: Sequence[tuple[str, Any]],
    candidates: Sequence[Candidate],
    place: str,
    earlier: Sequence[Candidate] = (),
) -> str:
    """The whole message: ``headline``, then expectations, then the requests.

    Requests that came ``earlier`` than the wait are only named.
    """
    lines = [headline]
    if expectations:
        lines += ["", "Expected:"]
        width = max(len(what) for what, _ in expectations)
        lines += [f"  {what:<{width}}  {show_expected(value)}" for what, value in expectations]
    lines += ["", _count_arrivals(candidates, place) + (" after that" if earlier else "")]
    ordered = sorted(candidates, key=attrgetter("distance"))
    for candidate in ordered[:MAX_EXPLAINED]:
        lines += ["", *_describe_candidate(candidate)]
    rest = ordered[MAX_EXPLAINED:MAX_REQUESTS]
    lines += ["" for _ in rest[:1]] + [_name_differences(each) for each in rest]
    if len(ordered) > MAX_REQUESTS:
        lines += [f"... and {len(ordered) - MAX_REQUESTS} more"]
    if earlier:
        lines += ["", "Up to then had come:"]
        lines += [
            each.request.summary + "  (would match)" * (not each.differences)
            for each in earlier[-MAX_REQUESTS:]
        ]
    return "\n".join(lines)


def _count_arrivals(candidates: Sequence[Candidate], place: str) -> str:
    if not candidates:
        return f"Nothing arrived at {place}"
    count = f"{len(candidates)} request{'s' * (len(candidates) != 1)}"
    differing = sum(bool(each.differences) for each in candidates)
    order = ", the closest first" if differing and len(candidates) > 1 else ""
    legend = " (- expected, + arrived)" if differing else ""
    return f"Arrived at {place}: {count}{order}{legend}"


def _name_differences(candidate: Candidate) -> str:
    names = ", ".join(each.what for each in candidate.differences[:MAX_DIFFERENCES])
    return candidate.request.summary + (f"  (differs in {names})" if names else "")


def _describe_candidate(candidate: Candidate) -> list[str]:
    lines = [candidate.request.summary]
    notes = find_json_notes(candidate.request.captured)[:MAX_NOTES]
    lines += _bound(
        [f"  {escape_invisible(note.name) or 'body'}: {note.message}" for note in notes]
    )
    for difference in candidate.differences[:MAX_DIFFERENCES]:
        lines += _describe_difference(difference)
    more = len(candidate.differences) - MAX_DIFFERENCES
    return [*lines, f"  ... {more} more differences"] if more > 0 else lines


def _describe_difference(difference: Difference) -> list[str]:
    hint = f"  ({difference.hint})" if difference.hint else ""
    lines = [f"  {difference.what}{hint}"]
    if _deserves_a_diff(difference.expected, difference.actual):
        diff = diff_values(difference.expected, difference.actual)
        return lines + _bound([f"    {line}" for line in _show_where_they_part(diff)])
    return [
        *lines,
        f"    - {show_expected(difference.expected)}",
        f"    + {_show_actual(difference.actual)}",
    ]


def _deserves_a_diff(expected: Any, actual: Any) -> bool:
    """True for two containers, or two texts of several lines."""
    for kind in (dict, list):
        if isinstance(expected, kind) and isinstance(actual, kind):
            return True
    texts = isinstance(expected, str) and isinstance(actual, str)
    return texts and ("\n" in expected + actual or min(len(expected), len(actual)) > 60)


def diff_values(expected: Any, actual: Any) -> list[str]:
    """The lines in which two values differ, each with a neighbour; ``?`` points at characters.

    The larger the part that differs, the simpler the comparison: difflib's cost is cubic, and a
    failure message must not take long.
    """
    before, after = _pretty(expected), _pretty(actual)
    start = _count_same(before, after)
    end = _count_same(before[start:][::-1], after[start:][::-1])
    size = len(before) + len(after) - 2 * (start + end)
    if size > MAX_COMPARED_LINES:
        half = MAX_VALUE_LINES // 2
        return [
            *(f"- {line}" for line in before[start : start + half]),
            *(f"+ {line}" for line in after[start : start + half]),
        ]
    start, end = max(0, start - 1), max(0, end - 1)
    before, after = before[start : len(before) - end], after[start : len(after) - end]
    if size > MAX_FINELY_COMPARED_LINES:
        diff = difflib.unified_diff(before, after, n=1, lineterm="")
        return [line for line in diff if not line.startswith(("---", "+++"))]
    lines = [line.rstrip() for line in difflib.ndiff(before, after)]
    changed = {index for index, line in enumerate(lines) if line[:1] in ("-", "+", "?")}
    kept = {near for index in changed for near in (index - 1, index, index + 1)}
    return [line for index, line in enumerate(lines) if index in kept]


def _show_where_they_part(diff: Sequence[str]) -> list[str]:
    """Long lines from shortly before the first character that differs."""
    lines = [line for line in diff if line[:1] != "?" or len(line) <= MAX_LINE_CHARS]
    for index, (old, new) in enumerate(pairwise(lines)):
        if old[:1] == "-" and new[:1] == "+" and max(len(old), len(new)) > MAX_LINE_CHARS:
            start = _count_same(old[2:], new[2:]) + 2 - SHARED_CHARS
            if start > 2:
                lines[index : index + 2] = [f"- …{old[start:]}", f"+ …{new[start:]}"]
    return lines


def _count_same(one: Sequence[str], other: Sequence[str]) -> int:
    """The number of lines or characters that are the same from the beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    shorter = min(len(one), len(other))
    return next((index for index, (left, right) in pairs if left != right), shorter)


def _pretty(value: Any) -> list[str]:
    if isinstance(value, str):
        return [repr(line)[1:-1] for line in value.splitlines()] or [""]
    return pprint.pformat(value, width=80, sort_dicts=True).splitlines()


def _bound(lines: list[str]) -> list[str]:
    shown = [_cut(line) for line in lines[:MAX_VALUE_LINES]]
    more = len(lines) - MAX_VALUE_LINES
    return [*shown, f"    ... {more} more lines"] if more > 0 else shown


def show_expected(value: Any) -> str:
    """A value, or in words what else may be expected."""
    if value is None:
        return "absent"
    if isinstance(value, re.Pattern):
        return _cut(f"matching {value.pattern!r}")
    if callable(value):
        return _cut(describe_function(value))
    return _cut(repr(value))


def _show_actual(value: Any) -> str:
    return "absent" if value is MISSING else _cut(repr(value))


def describe_function(function: Any) -> str:
    """Its name, and where it was written."""
    name = getattr(function, "__qualname__", None) or repr(function)
    name = name.rpartition("<locals>.")[2]
    code = getattr(function, "__code__", None)
    if code is None:
        return str(name)
    file = re.split(r"[/\\]", code.co_filename)[-1]
    return f"{name} ({file}:{code.co_firstlineno})"


def _cut(line: str) -> str:
    return line if len(line) <= MAX_LINE_CHARS else f"{line[: MAX_LINE_CHARS - 1]}…"
