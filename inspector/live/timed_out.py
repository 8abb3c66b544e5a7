"""The report of a wait that timed out: its sentence, and the arrivals that did not match."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from inspector.domain import CapturedRequest
from inspector.reading.matching import Difference, RequestMatch
from inspector.reading.paths import MISSING
from inspector.reading.spellings import spell

# Arrivals without a match that are reported, and the characters for each.
MAX_TOLD = 10
MAX_TOLD_CHARS = 200


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The arrivals that a timed-out call reports: the bin's last number, its latest requests."""

    last_number: int = 0
    latest: Sequence[CapturedRequest] = ()


def describe_time_out(
    match: RequestMatch,
    matching: Sequence[CapturedRequest],
    arrivals: Arrivals,
    *,
    after: int,
    count: int,
    timeout_s: float,
) -> dict[str, Any]:
    """The error of a call that wanted ``count`` matching requests with numbers over ``after``."""
    # Numbers count arrivals, including requests deleted since.
    arrived = max(len(matching), arrivals.last_number - after)
    others = arrived - len(matching)
    wanted = (
        "No matching request" if count == 1 else f"{len(matching)} of {count} matching requests"
    )
    came = {0: "nothing else", 1: "1 other"}.get(others, f"{others:,} others")
    message = f"{wanted} arrived within {timeout_s:g} s, and {came}."
    earlier = _list_earlier(match, arrivals.latest, after)
    if earlier:
        message += f" {_count_earlier(len(earlier))} there before: after=0 counts what was."
    later = [each for each in arrivals.latest if each.number > after]
    return {
        "code": "timed_out",
        "message": message,
        "matching": [request.id for request in matching],
        "earlier": earlier,
        "arrived": arrived,
        "others": _list_others(match, later),
    }


def _list_earlier(match: RequestMatch, latest: Sequence[CapturedRequest], after: int) -> list[str]:
    """The latest requests that match but came before the call, the newest first."""
    earlier = (each for each in latest if each.number <= after)
    found = [each for each in earlier if not match.find_differences(each)]
    found.sort(key=lambda each: -each.number)
    return [each.id for each in found[:MAX_TOLD]]


def _count_earlier(count: int) -> str:
    if count == 1:
        return "1 that matches was"
    return f"{count}{' or more' if count == MAX_TOLD else ''} that match were"


def _list_others(match: RequestMatch, requests: Iterable[CapturedRequest]) -> list[dict[str, Any]]:
    """Requests that do not match and in what, those first that differ least, then the latest."""
    found = [(request, match.find_differences(request)) for request in requests]
    others = [(request, differences) for request, differences in found if differences]
    others.sort(key=lambda other: (len(other[1]), -other[0].number))
    return [_tell(request, differences) for request, differences in others[:MAX_TOLD]]


def _tell(request: CapturedRequest, differences: Sequence[Difference]) -> dict[str, Any]:
    return {
        "id": request.id,
        "number": request.number,
        "method": _shorten(request.method),
        "path": _shorten(request.path),
        "differences": [
            {
                "what": _shorten(each.what),
                "expected": _shorten(each.expected),
                "actual": None if each.actual is MISSING else _shorten(each.actual),
                "hint": _shorten(each.hint),
            }
            for each in differences
        ],
    }


def _shorten(value: Any) -> str:
    text = spell(value)
    return text if len(text) <= MAX_TOLD_CHARS else f"{text[: MAX_TOLD_CHARS - 1]}…"
