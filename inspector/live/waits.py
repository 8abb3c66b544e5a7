"""An answer that waits until enough matching requests are there, or its time is up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from inspector.clock import time
from inspector.domain import CapturedRequest
from inspector.live.deferred import Step
from inspector.reading.matching import Difference, RequestMatch
from inspector.reading.paths import MISSING
from inspector.reading.spellings import spell

# Arrivals without a match that are reported, and the characters for each.
MAX_TOLD = 10
MAX_TOLD_CHARS = 200
# The longest delay after its timeout until a call is answered, however busy the server is.
GRACE_S = 5.0


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The arrivals that a timed-out call reports: the bin's last number, its latest requests."""

    last_number: int = 0
    latest: Sequence[CapturedRequest] = ()


@dataclass(frozen=True, slots=True)
class WaitRendering:
    """The rendering of a waiting call's response: the head of a JSON body, and a body of requests.

    ``head`` takes the status and the length of the body in bytes.
    """

    head: Callable[[int, int], bytes]
    requests: Callable[[Sequence[CapturedRequest]], bytes]


class Wait:
    """A deferred answer to ``/wait``; ``Waiters`` pass it the requests that arrive.

    ``first_after`` is the number after which requests count, ``seen`` the highest that matched
    so far. ``on_answer`` is called once, from any thread, when the answer is there: ``status``
    and ``payload``, its JSON.
    """

    kind = "wait"
    bin_id: int | None = None
    after = 0

    def __init__(
        self,
        in_bin: int,
        after: int,
        match: RequestMatch,
        render: WaitRendering,
        *,
        count: int,
        timeout_s: float,
    ) -> None:
        self.in_bin = in_bin
        self.first_after = self.seen = after
        self.match = match
        self._render = render
        self.due_at = time.monotonic() + timeout_s
        self.wake_at = self.due_at + GRACE_S
        self.status = 0
        self.payload = b""
        self.is_wanted = True
        self.on_answer: Callable[[], None] = lambda: None
        self._count = count
        self._timeout_s = timeout_s
        self._matching: list[CapturedRequest] = []

    def start(self) -> Step:
        """The answer when it is known already, else nothing: not even the status is known."""
        return self._step()

    def advance(self, fresh: Sequence[CapturedRequest]) -> Step:  # noqa: ARG002 - a DeferredAnswer
        """The whole answer, when it is there."""
        if not self.status and time.monotonic() >= self.wake_at:
            self.give_up(Arrivals())
        return self._step()

    def end(self) -> None:
        """The caller has gone: nothing is answered."""
        self.is_wanted = False

    def offer(self, request: CapturedRequest) -> None:
        """Look at a request; earlier ones must have been offered before, none again matters."""
        if self.status or request.number <= self.seen or self.match.find_differences(request):
            return
        self.seen = request.number
        self._matching.append(request)
        if len(self._matching) >= self._count:
            self._answer(200, self._render.requests(self._matching))

    def give_up(self, arrivals: Arrivals) -> None:
        """The time is up: answer what came instead."""
        if not self.status:
            error = {"error": self._describe_time_out(arrivals)}
            self._answer(408, json.dumps(error).encode() + b"\n")

    def _answer(self, status: int, payload: bytes) -> None:
        self.payload, self.status = payload, status
        self.on_answer()

    def _step(self) -> Step:
        if not self.status:
            return Step()
        return Step(self._render.head(self.status, len(self.payload)) + self.payload, done=True)

    def _describe_time_out(self, arrivals: Arrivals) -> dict[str, Any]:
        count, matching = self._count, len(self._matching)
        # Numbers count arrivals, including requests deleted since.
        arrived = max(matching, arrivals.last_number - self.first_after)
        others = arrived - matching
        wanted = "No matching request" if count == 1 else f"{matching} of {count} matching requests"
        came = {0: "nothing else", 1: "1 other"}.get(others, f"{others:,} others")
        message = f"{wanted} arrived within {self._timeout_s:g} s, and {came}."
        earlier = self._list_earlier(arrivals.latest)
        if earlier:
            message += f" {_count_earlier(len(earlier))} there before: after=0 counts what was."
        return {
            "code": "timed_out",
            "message": message,
            "matching": [request.id for request in self._matching],
            "earlier": earlier,
            "arrived": arrived,
            "others": list_others(
                self.match, [each for each in arrivals.latest if each.number > self.first_after]
            ),
        }

    def _list_earlier(self, latest: Sequence[CapturedRequest]) -> list[str]:
        """The latest requests that match but came before the call, the newest first."""
        earlier = (each for each in latest if each.number <= self.first_after)
        found = [each for each in earlier if not self.match.find_differences(each)]
        found.sort(key=lambda each: -each.number)
        return [each.id for each in found[:MAX_TOLD]]


def _count_earlier(count: int) -> str:
    if count == 1:
        return "1 that matches was"
    return f"{count}{' or more' if count == MAX_TOLD else ''} that match were"


def list_others(match: RequestMatch, requests: Iterable[CapturedRequest]) -> list[dict[str, Any]]:
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
