"""The event loop of relays: one thread, however many programs are being waited for."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from inspector.answers.relays import load_relay
from inspector.clock import time
from inspector.domain.answers.answer import Answer, GivenAnswer, describe_given
from inspector.domain.content import decode_text
from inspector.domain.credentials import hide_in_url
from inspector.domain.relays.jobs import MAX_QUEUED_S, RelayedRequest, RelayJob, name_relay_run
from inspector.domain.relays.outcomes import (
    INTERRUPTED,
    INTERRUPTED_MESSAGE,
    TOO_MANY,
    RelayOutcome,
)
from inspector.domain.requests import CapturedRequest
from inspector.emitter.delivery_records import make_delivery
from inspector.emitter.exchanges import Exchanges
from inspector.emitter.http_client.destinations import DestinationPolicy
from inspector.emitter.relaying import pass_back, prepare_relay, say_failure
from inspector.emitter.sending import (
    MAX_ANSWER_BYTES,
    Attempt,
    DeliveryResult,
    Exchange,
)
from inspector.errors import InspectorError
from inspector.signatures import load_secrets

log = logging.getLogger("inspector.emitter")

# Requests of one bin that are relayed at once when their senders do not wait, so that a burst does
# not flood the program; and the seconds after which a request without a turn counts as missed.
MAX_BEHIND = 32
STOP_S = 5.0

Record = Callable[[RelayedRequest, Callable[[], None]], None]


class _Loop(asyncio.SelectorEventLoop):
    """asyncio's event loop, by a clock that no test freezes."""

    def time(self) -> float:
        """Seconds, as ``time.monotonic`` has them."""
        return time.monotonic()


class RelayLoop:
    """Passes requests on and records what came of it; ``start`` from any thread.

    ``record`` keeps an outcome and then calls the function it is given, from any thread.
    """

    def __init__(self, policy: Callable[[], DestinationPolicy], record: Record) -> None:
        self._policy = policy
        self._record = record
        self._exchanges = Exchanges()
        self._turns: defaultdict[int, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(MAX_BEHIND)
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = _Loop()
        self._thread = threading.Thread(target=self._run, name="inspector-relays", daemon=True)
        self._thread.start()

    def start(self, job: RelayJob) -> None:
        """Begin with a job; its ``on_done`` is called at the end, whatever happens."""
        self._loop.call_soon_threadsafe(self._begin, job)

    def refuse(self, job: RelayJob) -> None:
        """Record that a job was one too many, then call its ``on_done``."""
        answer = say_failure(TOO_MANY)
        message = "Too many requests were being passed on at that moment."
        self._record(_fail(job, TOO_MANY, message, answer), lambda: job.on_done(answer))

    def stop(self, timeout_s: float = STOP_S) -> None:
        """Break off what is under way, record that, and end the thread."""
        self._loop.call_soon_threadsafe(self._break_off)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            asyncio.set_event_loop(None)
            self._loop.close()

    def _begin(self, job: RelayJob) -> None:
        task = self._loop.create_task(self._see_through(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _break_off(self) -> None:
        async def end() -> None:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._loop.stop()

        self._ending = self._loop.create_task(end())

    async def _see_through(self, job: RelayJob) -> None:
        """One job, from the capture to the record of what came of it."""
        relayed: RelayedRequest | None = None
        answer = say_failure(INTERRUPTED)
        try:
            try:
                relayed, answer = await self._pass_on_in_turn(job)
            except asyncio.CancelledError:
                relayed = _fail(job, INTERRUPTED, INTERRUPTED_MESSAGE, answer)
            except Exception:
                log.exception("Passing a request on met something unexpected.")
                answer = say_failure("internal_error")
                message = "Something went wrong here; the server's log says what."
                relayed = _fail(job, "internal_error", message, answer)
            self._record(relayed, lambda: job.on_done(answer))
        except Exception:
            log.exception("A relayed request could not be recorded.")
            job.on_done(answer)

    async def _pass_on_in_turn(self, job: RelayJob) -> tuple[RelayedRequest, Answer]:
        if load_relay(job.document).waits:
            return await self._pass_on(job)
        turns = self._turns[job.bin_id]
        try:
            async with asyncio.timeout(MAX_QUEUED_S):
                await turns.acquire()
        except TimeoutError:
            answer = say_failure(TOO_MANY)
            message = f"Its turn did not come within {MAX_QUEUED_S:g} s: others were before it."
            return _fail(job, TOO_MANY, message, answer), answer
        try:
            return await self._pass_on(job)
        finally:
            turns.release()

    async def _pass_on(self, job: RelayJob) -> tuple[RelayedRequest, Answer]:
        captured, relay = job.read(), load_relay(job.document)
        secrets = load_secrets(job.secrets)
        try:
            request = prepare_relay(captured, relay.url, secrets, resign=relay.resigns)
        except InspectorError as error:
            answer = say_failure(error.code)
            return _fail(job, error.code, error.message, answer, captured), answer
        started_at = datetime.now(UTC)
        exchange = await self._exchanges.send(request, self._policy(), relay.timeout_s)
        program, failure = exchange.answer, exchange.failure
        if program is not None and failure is None:
            answer = pass_back(program, to_head=captured.method == "HEAD", insisted=relay.insists)
            given = _describe(answer, captured)._replace(outcome="relayed")
        else:
            answer = say_failure(failure.code if failure else "")
            given = _describe(answer, captured)
        attempt = Attempt(1, started_at, (_shorten(exchange),), failure)
        delivery = make_delivery(
            DeliveryResult((attempt,)),
            name=f"{captured.bin_name} #{captured.number}",
            source="relay",
            replay_of=f"{captured.bin_name}/{captured.id}",
            run=name_relay_run(job.bin_id),
        )
        # The first try of this request, so there is no earlier one to compare with.
        delivery = replace(delivery, line=replace(delivery.line, verdict="first"))
        outcome = _describe_outcome(str(request.url), exchange)
        if not relay.waits:
            return RelayedRequest(job.bin_id, job.number, outcome, delivery), answer
        outcome = outcome._replace(withheld=answer.withheld_names())
        return RelayedRequest(job.bin_id, job.number, outcome, delivery, given), answer


def _describe_outcome(url: str, exchange: Exchange) -> RelayOutcome:
    """The outcome of an exchange: the program's status, or the failure."""
    if failure := exchange.failure:
        return RelayOutcome(
            url,
            duration_ms=exchange.total_ms,
            error_code=failure.code,
            error=failure.message,
        )
    status = exchange.answer.status if exchange.answer else None
    return RelayOutcome(url, status, exchange.total_ms)


def _shorten(exchange: Exchange) -> Exchange:
    """The exchange with as much of the answer as a delivery keeps."""
    answer = exchange.answer
    if answer is None or len(answer.body) <= MAX_ANSWER_BYTES:
        return exchange
    kept = replace(answer, body=answer.body[:MAX_ANSWER_BYTES], truncated=True)
    return replace(exchange, answer=kept)


def _describe(answer: Answer, captured: CapturedRequest) -> GivenAnswer:
    """The answer as its record shows it: header values as text, by whatever charset they are."""
    given = describe_given(answer, head_only=captured.method == "HEAD")
    headers = tuple((name, decode_text(value.encode("latin-1"))) for name, value in given.headers)
    return given._replace(headers=headers)


def _fail(
    job: RelayJob, code: str, message: str, answer: Answer, captured: CapturedRequest | None = None
) -> RelayedRequest:
    """The record of a request of which nothing was sent."""
    given, relay = None, load_relay(job.document)
    if relay.waits:
        given = _describe(answer, captured) if captured else describe_given(answer)
    outcome = RelayOutcome(hide_in_url(relay.url), error_code=code, error=message)
    return RelayedRequest(job.bin_id, job.number, outcome, None, given)
