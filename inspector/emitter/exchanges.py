"""One request and its answer on an event loop, where nobody's thread waits."""

from __future__ import annotations

import asyncio

from inspector.clock import time
from inspector.emitter.http_client.connections import Deadline
from inspector.emitter.http_client.destinations import DestinationPolicy
from inspector.emitter.http_client.nonblocking import ByteBudget, Lookups, connect, talk
from inspector.emitter.http_client.problems import DeliveryError
from inspector.emitter.http_client.responses import ReceivedAnswer, parse_answer
from inspector.emitter.preparing import PreparedRequest
from inspector.emitter.sending import Exchange, Failure
from inspector.errors import InspectorError

MAX_ANSWER_BYTES = 10_000_000
MAX_HELD_BYTES = 200_000_000


class Exchanges:
    """Sends requests, each over a connection of its own that is closed behind its answer.

    A program may close a kept connection just as the next request goes out, and the sender of
    that request would be told that the program is away.
    """

    def __init__(self) -> None:
        self._budget = ByteBudget(MAX_HELD_BYTES)
        self._lookups = Lookups()

    async def send(
        self, request: PreparedRequest, policy: DestinationPolicy, timeout_s: float
    ) -> Exchange:
        """Send a request and read its answer; what goes wrong is the exchange's ``failure``.

        ``timeout_s`` is for all of it; an answer of more than ``MAX_ANSWER_BYTES`` is a failure.
        """
        times = _Times()
        failure: Failure | None = None
        answer: ReceivedAnswer | None = None
        try:
            async with asyncio.timeout(timeout_s):
                answer = await self._talk(request, policy, times, timeout_s)
            if answer.truncated:
                size = f"{MAX_ANSWER_BYTES:,} bytes"
                failure = Failure("answer_too_large", f"The answer is larger than {size}.")
        except TimeoutError:
            failure = Failure("timed_out", times.explain(request.url.host, timeout_s))
        except (DeliveryError, InspectorError) as error:
            failure = Failure(error.code, error.message)
        first_byte_ms = None
        if answer is not None and times.sent is not None:
            first_byte_ms = (answer.first_byte_at - times.sent) * 1000
        return Exchange(
            request,
            answer,
            failure,
            times.address,
            times.connect_ms,
            first_byte_ms,
            times.elapsed_ms(),
        )

    async def _talk(
        self, request: PreparedRequest, policy: DestinationPolicy, times: _Times, timeout_s: float
    ) -> ReceivedAnswer:
        url = request.url
        policy.check_url(url)
        deadline = Deadline(timeout_s, f"No connection to {url.authority}")
        sock = await connect(url, policy, self._lookups, deadline)
        times.address = str(sock.getpeername()[0])
        parsing = parse_answer(max_body_bytes=MAX_ANSWER_BYTES, to_head=request.method == "HEAD")
        return await talk(sock, url, request.raw, parsing, self._budget, times.note_sent)


class _Times:
    """The times of one exchange, and how far it came."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self.address: str | None = None
        self.connect_ms: float | None = None
        self.sent: float | None = None

    def note_sent(self) -> None:
        self.sent = time.perf_counter()
        self.connect_ms = (self.sent - self._started) * 1000

    def elapsed_ms(self) -> float:
        return (time.perf_counter() - self._started) * 1000

    def explain(self, host: str, timeout_s: float) -> str:
        what = "No connection to" if self.sent is None else "No complete answer from"
        return f"{what} {host} within {timeout_s:g} s."
