"""Delivering a prepared request: attempts, redirects, and what came of it.

Whatever the network does is a result, never an exception.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

from inspector.clock import time
from inspector.emitter.actions import DeliveryOptions
from inspector.emitter.http_client.connections import (
    Connection,
    ConnectionPool,
    Deadline,
)
from inspector.emitter.http_client.destinations import ANYWHERE, DestinationPolicy
from inspector.emitter.http_client.problems import DeliveryError
from inspector.emitter.http_client.responses import ReceivedAnswer, read_answer
from inspector.emitter.http_client.urls import HttpUrl, parse_url
from inspector.emitter.preparing import PreparedRequest
from inspector.errors import InspectorError

MAX_REDIRECTS = 5
MAX_ANSWER_BYTES = 256_000
FIRST_PAUSE_S = 1.0
MAX_PAUSE_S = 60.0

REDIRECT_STATUSES = (301, 302, 303, 307, 308)
RETRIED_STATUSES = (429,)

_NEVER = threading.Event()


@dataclass(frozen=True, slots=True)
class Failure:
    """The reason for a missing response: ``code`` for programs, ``message`` a sentence.

    Codes: ``name_not_found``, ``connection_refused``, ``unreachable``,
    ``timed_out``, ``tls_failed``, ``connection_lost``, ``unreadable_answer``,
    ``destination_refused``, ``bad_redirect``, ``too_many_redirects``.
    """

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and the answer to it, or the failure.

    Times are milliseconds: ``connect_ms`` is 0 when the connection was there
    already, ``first_byte_ms`` counts from the first byte sent, ``total_ms`` from
    the beginning. ``address`` is where the connection went, None when there was none.
    """

    request: PreparedRequest
    answer: ReceivedAnswer | None
    failure: Failure | None
    address: str | None
    connect_ms: float | None
    first_byte_ms: float | None
    total_ms: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to deliver: the first exchange, and one more for each redirect followed.

    ``failure`` is set when the last exchange has no answer, and when a redirect
    could not be followed. ``pause_s`` is how long it waited before it.
    """

    number: int
    started_at: datetime
    exchanges: tuple[Exchange, ...]
    failure: Failure | None
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """The result of a delivery; the last attempt counts."""

    attempts: tuple[Attempt, ...]

    @property
    def last(self) -> Exchange:
        return self.attempts[-1].exchanges[-1]

    @property
    def answer(self) -> ReceivedAnswer | None:
        return self.last.answer

    @property
    def failure(self) -> Failure | None:
        return self.attempts[-1].failure

    @property
    def status(self) -> int | None:
        return self.last.answer.status if self.last.answer else None

    @property
    def delivered(self) -> bool:
        """Answered, with a status of 200 to 299."""
        return self.failure is None and self.status is not None and 200 <= self.status < 300

    @property
    def redirect_to(self) -> str | None:
        """The target of a redirect that was not followed, or None."""
        return find_redirect(self.answer, self.last.request.url) if self.answer else None


def send(
    request: PreparedRequest,
    *,
    options: DeliveryOptions,
    policy: DestinationPolicy = ANYWHERE,
    pool: ConnectionPool | None = None,
    stop: threading.Event | None = None,
    max_answer_bytes: int = MAX_ANSWER_BYTES,
) -> DeliveryResult:
    """Deliver, with as many further attempts as the options allow.

    Tried again: no answer (refused, timed out, broken), 429 and 500 to 599. Not
    tried again: any other answer, a certificate that is not trusted, a destination
    that is refused. Pauses are 1, 2, 4, ... seconds, or what ``Retry-After`` says,
    at most ``MAX_PAUSE_S``; ``stop`` ends a pause and the delivery. ``pool`` keeps
    connections for the next delivery; without one each exchange has its own. Never raises
    for what the network or the receiver does.
    """
    stop = stop or _NEVER
    courier = _Courier(options, policy, pool or ConnectionPool(max_idle=0), max_answer_bytes)
    attempts: list[Attempt] = []
    pause_s = 0.0
    while True:
        attempt = courier.attempt(request, len(attempts) + 1, pause_s)
        attempts.append(attempt)
        if len(attempts) > options.retries or not _worth_another(attempt, courier.retryable):
            break
        pause_s = _pause_before_next(attempt, len(attempts))
        if stop.wait(pause_s):
            break
    return DeliveryResult(tuple(attempts))


def _worth_another(attempt: Attempt, retryable: bool) -> bool:
    if attempt.failure is not None:
        return retryable
    answer = attempt.exchanges[-1].answer
    return answer is not None and (answer.status >= 500 or answer.status in RETRIED_STATUSES)


def _pause_before_next(attempt: Attempt, made: int) -> float:
    answer = attempt.exchanges[-1].answer
    asked_s = parse_retry_after(answer.find_header("retry-after")) if answer else None
    own_s: float = FIRST_PAUSE_S * 2 ** (made - 1)
    return min(MAX_PAUSE_S, own_s if asked_s is None else asked_s)


def parse_retry_after(value: str | None, now: Callable[[], datetime] | None = None) -> float | None:
    """Seconds to wait, 0 or more; None when the header says nothing readable.

    Source: RFC 9110, 10.2.3: a number of seconds, or a date.
    """
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    moment = now() if now else datetime.now(UTC)
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - moment).total_seconds())


class _Courier:
    """Makes attempts; ``retryable`` is True when another may succeed after the last failure."""

    def __init__(
        self,
        options: DeliveryOptions,
        policy: DestinationPolicy,
        pool: ConnectionPool,
        max_answer_bytes: int,
    ) -> None:
        self._options = options
        self._policy = policy
        self._pool = pool
        self._max_answer_bytes = max_answer_bytes
        self.retryable = True

    def attempt(self, request: PreparedRequest, number: int, pause_s: float) -> Attempt:
        started_at = datetime.now(UTC)
        overall = Deadline(self._options.timeout_s, f"No complete answer from {request.url.host}")
        exchanges: list[Exchange] = []
        failure: Failure | None = None
        while True:
            exchange = self._exchange(request, overall)
            exchanges.append(exchange)
            answer, failure = exchange.answer, exchange.failure
            if answer is None or not self._options.follow_redirects:
                break
            target = find_redirect(answer, request.url)
            if target is None:
                break
            if len(exchanges) > MAX_REDIRECTS:
                failure = self._give_up("too_many_redirects", "It redirects more than 5 times.")
                break
            try:
                request = redirect_request(request, answer.status, parse_url(target))
            except InspectorError as error:
                failure = self._give_up("bad_redirect", f"It redirects wrongly: {error.message}")
                break
        return Attempt(number, started_at, tuple(exchanges), failure, pause_s)

    def _give_up(self, code: str, message: str) -> Failure:
        self.retryable = False
        return Failure(code, message)

    def _exchange(self, request: PreparedRequest, overall: Deadline) -> Exchange:
        started = time.perf_counter()
        connect_ms: float | None = None
        address: str | None = None
        try:
            self._policy.check_url(request.url)
            connection, connect_ms = self._pool.take(
                request.url, self._options, self._policy, overall
            )
            address = connection.address
            sent = time.perf_counter()
            answer = self._talk(connection, request, overall)
        except InspectorError as error:
            failure = self._give_up(error.code, error.message)
        except DeliveryError as error:
            self.retryable = error.retryable
            failure = Failure(error.code, error.message)
        else:
            total_ms = (time.perf_counter() - started) * 1000
            first_byte_ms = (answer.first_byte_at - sent) * 1000
            return Exchange(request, answer, None, address, connect_ms, first_byte_ms, total_ms)
        total_ms = (time.perf_counter() - started) * 1000
        return Exchange(request, None, failure, address, connect_ms, None, total_ms)

    def _talk(
        self, connection: Connection, request: PreparedRequest, overall: Deadline
    ) -> ReceivedAnswer:
        reusable = False
        try:
            connection.send(request.raw, overall)
            answer = read_answer(
                connection,
                first_byte=self._first_byte_deadline(request, overall),
                overall=overall,
                max_body_bytes=self._max_answer_bytes,
                to_head=request.method == "HEAD",
            )
            reusable = answer.reusable
            return answer
        finally:
            self._pool.give_back(connection, reusable=reusable)

    def _first_byte_deadline(self, request: PreparedRequest, overall: Deadline) -> Deadline:
        waited_for = f"No answer from {request.url.host}"
        return min(
            Deadline(self._options.first_byte_timeout_s, waited_for),
            overall,
            key=Deadline.remaining_s,
        )


def find_redirect(answer: ReceivedAnswer, url: HttpUrl) -> str | None:
    """The absolute URL that an answer to ``url`` redirects to, without fragment, or None."""
    if answer.status not in REDIRECT_STATUSES:
        return None
    location = answer.find_header("location")
    if not location:
        return None
    try:
        return urljoin(str(url), location).partition("#")[0]
    except ValueError:
        return location


def redirect_request(request: PreparedRequest, status: int, url: HttpUrl) -> PreparedRequest:
    """The request that follows a redirect.

    303 turns every method into GET, 301 and 302 turn POST into GET, as browsers do
    (Fetch standard, 4.4); a GET carries no body and none of its headers. Another origin gets no
    ``Authorization``, no ``Cookie`` and no shared secret; other custom headers go along.
    """
    to_get = status == 303 or (status in (301, 302) and request.method == "POST")
    dropped = {"host"}
    if to_get:
        dropped |= {"content-type", "content-length"}
    if url.origin != request.url.origin:
        dropped |= {"authorization", "cookie", *request.secret_headers}
    kept = [(name, value) for name, value in request.headers if name.lower() not in dropped]
    return replace(
        request,
        method="GET" if to_get else request.method,
        url=url.without_userinfo(),
        headers=(("Host", url.authority), *kept),
        body=b"" if to_get else request.body,
    )
