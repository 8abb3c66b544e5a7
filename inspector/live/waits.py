"""An answer that waits until enough matching requests are there, or its time is up."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from inspector.clock import time
from inspector.domain import CapturedRequest
from inspector.live.deferred import Step
from inspector.live.timed_out import Arrivals, describe_time_out
from inspector.reading.matching import RequestMatch

# The longest delay after its timeout until a call is answered, however busy the server is.
GRACE_S = 5.0


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
            error = describe_time_out(
                self.match,
                self._matching,
                arrivals,
                after=self.first_after,
                count=self._count,
                timeout_s=self._timeout_s,
            )
            self._answer(408, json.dumps({"error": error}).encode() + b"\n")

    def _answer(self, status: int, payload: bytes) -> None:
        self.payload, self.status = payload, status
        self.on_answer()

    def _step(self) -> Step:
        if not self.status:
            return Step()
        return Step(self._render.head(self.status, len(self.payload)) + self.payload, done=True)
