"""A bin in a test: its URL, its requests, waiting for them, and its answers."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Unpack, overload

from inspector.clock import time
from inspector.reading.paths import MISSING
from inspector.testing.answering import (
    AnswerLike,
    BinScript,
    HeaderPairs,
    PathLike,
)
from inspector.testing.arguments import Seconds, read_number, read_seconds, read_text
from inspector.testing.bin_settings import BinSettings
from inspector.testing.expectations import Expectation, MatchFields, make_match
from inspector.testing.received import ReceivedRequest
from inspector.testing.replaying import ReplayOptions, replay_request
from inspector.testing.sources import RequestSource

if TYPE_CHECKING:
    from inspector.emitter import DeliveryResult

DEFAULT_TIMEOUT_S = 5.0
# The longest single wait within a long one.
MAX_WAIT_S = 60.0


def _count_requests(count: int, wanted: Expectation) -> str:
    matching = "matching " if wanted.list_expectations() else ""
    return f"{count or 'no'} {matching}request{'s' * (count > 1)}"


def _list_answers(answers: tuple[Any, ...]) -> Sequence[Any]:
    is_list = len(answers) == 1 and isinstance(answers[0], list | tuple)
    return answers[0] if is_list else answers


class WebhookBin(BinSettings):
    """One bin of a running server, for one test."""

    def __init__(self, server: RequestSource, bin_id: int, name: str, secret: str | None) -> None:
        super().__init__(server, bin_id, name)
        self.secret = secret
        self._lock = threading.Lock()
        self._loaded = 0
        self._cleared = 0
        self.script: BinScript = BinScript(server.handler_threads, self._load_one, self.url)

    def __repr__(self) -> str:
        return f"<WebhookBin {self.url}>"

    @property
    def inspect_url(self) -> str:
        """The bin's page, while the server runs."""
        return f"{self._server.url}/bins/{self.name}"

    def url_for(self, path: str) -> str:
        """The bin's URL with a path below it, which may have a query: ``url_for("/a?b=1")``."""
        below = read_text("path", path).removeprefix("/")
        return f"{self.url}/{below}" if path else self.url

    @property
    def requests(self) -> list[ReceivedRequest]:
        """The requests so far (since ``clear``), in the order of arrival."""
        return self.list_arrivals(self._cleared)

    @property
    def last(self) -> ReceivedRequest | None:
        """The newest request, None when there is none."""
        return next(reversed(self.requests), None)

    def clear(self) -> None:
        """Forget what has come so far. The server's pages still have it."""
        self._cleared = self.script.latest

    @overload
    def wait(  # type: ignore[overload-overlap]  # one is a request, any other number a list
        self,
        count: Literal[1] = 1,
        timeout: Seconds = DEFAULT_TIMEOUT_S,
        *,
        after: ReceivedRequest | None = None,
        **match: Unpack[MatchFields],
    ) -> ReceivedRequest: ...

    @overload
    def wait(
        self,
        count: int,
        timeout: Seconds = DEFAULT_TIMEOUT_S,
        *,
        after: ReceivedRequest | None = None,
        **match: Unpack[MatchFields],
    ) -> list[ReceivedRequest]: ...

    def wait(
        self,
        count: int = 1,
        timeout: Seconds = DEFAULT_TIMEOUT_S,
        *,
        after: ReceivedRequest | None = None,
        **match: Unpack[MatchFields],
    ) -> ReceivedRequest | list[ReceivedRequest]:
        """The first matching request, there already or arriving within ``timeout`` seconds.

        With a ``count`` above 1 the list of the first so many; where the count is not
        written down but computed, ``wait_all`` always gives a list. ``after`` leaves out what
        came up to that request. For what can be matched see ``RequestMatch``:
        ``wait(method="PUT", path="/a", headers={"X-Id": "5"}, where={"ticket.id": "5"})``.

        Raises ``AssertionError`` that shows what did arrive and what differed.
        """
        __tracebackhide__ = True
        if read_number("count", count) < 1:
            raise ValueError("count is at least 1; assert_none() waits for nothing")
        found = self._wait(Expectation(make_match("wait", match)), count, timeout, after)
        return found[0] if count == 1 else found

    def wait_all(
        self,
        count: int,
        timeout: Seconds = DEFAULT_TIMEOUT_S,
        *,
        after: ReceivedRequest | None = None,
        **match: Unpack[MatchFields],
    ) -> list[ReceivedRequest]:
        """The first ``count`` matching requests, as a list whatever the count; else as ``wait``.

        A count of 0 gives an empty list at once.
        """
        __tracebackhide__ = True
        if read_number("count", count) < 0:
            raise ValueError(f"count is at least 0, not {count}")
        wanted = Expectation(make_match("wait_all", match))
        return self._wait(wanted, count, timeout, after) if count else []

    def wait_for(
        self,
        predicate: Callable[[ReceivedRequest], Any],
        timeout: Seconds = DEFAULT_TIMEOUT_S,
        *,
        after: ReceivedRequest | None = None,
        **match: Unpack[MatchFields],
    ) -> ReceivedRequest:
        """The first request for which ``predicate(request)`` is true; otherwise as ``wait``.

        An exception of the predicate counts as false, and is reported when the time is up.
        """
        __tracebackhide__ = True
        wanted = Expectation(make_match("wait_for", match), predicate)
        return self._wait(wanted, 1, timeout, after)[0]

    def wait_in_order(
        self, *matches: MatchFields, timeout: Seconds = DEFAULT_TIMEOUT_S
    ) -> list[ReceivedRequest]:
        """One request for each match, in this order; others may come in between.

        ``wait_in_order({"method": "POST"}, {"method": "PUT"})``.
        """
        __tracebackhide__ = True
        timeout = read_seconds("timeout", timeout)
        deadline = time.monotonic() + timeout
        found: list[ReceivedRequest] = []
        for position, each in enumerate(matches, 1):
            wanted = Expectation(make_match("wait_in_order", each))
            arrived = self._wait_until(wanted, 1, deadline, found[-1] if found else None)
            if not arrived:
                before = f", after {found[-1].summary}" if found else ""
                headline = f"Number {position} of {len(matches)} did not come within {timeout:g} s"
                self._fail(headline + before, wanted, found[-1] if found else None)
            found += arrived
        return found

    def find_all(self, **match: Unpack[MatchFields]) -> list[ReceivedRequest]:
        """The matching requests so far."""
        wanted = Expectation(make_match("find_all", match))
        return [each for each in self.requests if not wanted.find_differences(each)]

    def assert_count(
        self, count: int, within: Seconds = 0.2, **match: Unpack[MatchFields]
    ) -> list[ReceivedRequest]:
        """Assert that exactly so many requests match, and no more come ``within`` seconds."""
        __tracebackhide__ = True
        wanted = Expectation(make_match("assert_count", match))
        count, within = read_number("count", count), read_seconds("within", within)
        found = self._wait_until(wanted, count + 1, time.monotonic() + within, None)
        if len(found) != count:
            came = f"{len(found)} came" if len(found) <= count else "more came"
            what = _count_requests(count, wanted)
            self._fail(f"Expected {what}, {came} within {within:g} s", wanted, None)
        return found

    def assert_none(self, within: Seconds = 0.2, **match: Unpack[MatchFields]) -> None:
        """Assert that no matching request has come, or comes ``within`` seconds."""
        __tracebackhide__ = True
        wanted, within = (
            Expectation(make_match("assert_none", match)),
            read_seconds("within", within),
        )
        if self._wait_until(wanted, 1, time.monotonic() + within, None):
            self._fail(f"Expected {_count_requests(0, wanted)}", wanted, None)

    def respond_with(
        self,
        *answers: AnswerLike | Sequence[AnswerLike],
        status: int | None = None,
        headers: HeaderPairs | None = None,
        body: str | bytes | bytearray | None = None,
        json: Any = MISSING,
        delay: Seconds | None = None,
        drip: Seconds | None = None,
        cut_after: int | None = None,
        drop: bool | None = None,
        template: bool | None = None,
        early_hints: HeaderPairs | None = None,
        method: str | None = None,
        path: PathLike | None = None,
    ) -> None:
        """Answer so from now on; the capture is stored before, whatever the answer.

        Either one answer by keywords: ``status``, ``headers`` (a mapping or pairs),
        ``body`` or ``json``; ``delay`` seconds before the first byte; the body spread
        over ``drip`` seconds; the connection cut ``cut_after`` bytes of the body, or
        ``drop``-ped without an answer; ``early_hints``, headers that go out before all
        that as a 103; body and header values as a ``template`` over the
        request. Or ``answers`` in turn, the last for ever, also as one list: each a
        status, a body, a mapping with those keywords, or a function
        from the request to one of these, ``async`` or not (it runs in a thread; what it
        raises fails the test). ``respond_with([503, 503, 200])``.

        With ``method`` or ``path`` (what follows the bin's name, or a compiled
        pattern) only requests with that are answered so. Raises ``ValueError`` or
        ``TypeError`` for what cannot be answered.
        """
        given = {
            "status": status,
            "headers": headers,
            "body": body,
            "delay": delay,
            "drip": drip,
            "cut_after": cut_after,
            "drop": drop,
            "template": template,
            "early_hints": early_hints,
        }
        keywords: dict[str, Any] = {
            name: value for name, value in given.items() if value is not None
        }
        if json is not MISSING:
            keywords["json"] = json
        if answers and keywords:
            raise TypeError(f"give answers or keywords ({', '.join(keywords)}), not both")
        self.script.set_answers(_list_answers(answers) if answers else [keywords], method, path)

    def reset_answers(self, *, method: str | None = None, path: PathLike | None = None) -> None:
        """Take back what ``respond_with`` said for this method and path, or all of it.

        Answers for wider conditions count again; at last ``200`` and ``ok``.
        """
        self.script.reset_answers(method, path)

    def replay(
        self,
        request: ReceivedRequest | None = None,
        *,
        to: str,
        **options: Unpack[ReplayOptions],
    ) -> DeliveryResult:
        """Send a request again, the last one without any, to the program at the URL ``to``.

        Method, headers in order and body go byte for byte, but for what ``options`` change (see
        ``ReplayOptions``); what followed the bin's URL is put behind ``to``. ``result.status``
        is the answer's, None when there was none and ``result.failure`` says why.
        """
        __tracebackhide__ = True
        found = self.last if request is None else request
        if found is None:
            raise AssertionError(f"No request has come to {self.url}, so none is sent again.")
        return replay_request(found.captured, to, self._secrets, options)

    def replay_all(
        self, *, to: str, options: ReplayOptions | None = None, **match: Unpack[MatchFields]
    ) -> list[DeliveryResult]:
        """Send all matching requests again, the oldest first, one after the other."""
        given = options or {}
        return [self.replay(each, to=to, **given) for each in self.find_all(**match)]

    def schema(
        self,
        format: str = "json-schema",  # noqa: A002 - as in the API
        event: str | None = None,
    ) -> str:
        """The schema of the forms and JSON so far, those of one ``event`` or of all, as text.

        ``format`` is ``json-schema`` (2020-12), ``typescript``, ``python`` (TypedDict classes)
        or ``pydantic``. What each body of an event had is required, all else is optional.
        Raises ``ValueError`` for another format, ``InspectorError`` for an event that never came.
        """
        from inspector.reading.schema import FORMATS, write_schema_of

        if format not in FORMATS:
            raise ValueError(f"format is one of {', '.join(FORMATS)}, not {format!r}")
        captured = (each.captured for each in self.requests)
        return write_schema_of(self.name, captured, format, event)

    def take_handler_errors(self) -> list[BaseException]:
        """The errors that functions which answer have raised since the last call."""
        errors, self.script.errors = self.script.errors, []
        return errors

    def _wait(
        self, wanted: Expectation, count: int, timeout: Seconds, after: ReceivedRequest | None
    ) -> list[ReceivedRequest]:
        __tracebackhide__ = True
        timeout = read_seconds("timeout", timeout)
        if after is not None and not isinstance(after, ReceivedRequest):
            raise TypeError(f"after is a request of this bin, not {after!r}")
        found = self._wait_until(wanted, count, time.monotonic() + timeout, after)
        if len(found) < count:
            what = f"{len(found)} of {_count_requests(count, wanted)}"
            if count == 1:
                what = _count_requests(0, wanted).capitalize()
            self._fail(f"{what} came within {timeout:g} s", wanted, after)
        return found

    def _wait_until(
        self, wanted: Expectation, count: int, deadline: float, after: ReceivedRequest | None
    ) -> list[ReceivedRequest]:
        """The first ``count`` that match, or as many as there are at the deadline."""
        found: list[ReceivedRequest] = []
        looked_at = max(self._cleared, after.number if after else 0)
        while True:
            seen = self._server.news_count
            for request in self.list_arrivals(looked_at):
                looked_at = request.number
                if not wanted.find_differences(request):
                    found.append(request)
                if len(found) >= count:
                    return found
            left = deadline - time.monotonic()
            if left <= 0:
                return found
            self._server.wait_for_news(seen, min(left, MAX_WAIT_S))

    def list_arrivals(self, after: int = 0) -> list[ReceivedRequest]:
        """The requests with a number above ``after``, cleared or not."""
        self._catch_up()
        return self._requests[bisect_right(self._requests, after, key=attrgetter("number")) :]

    def _fail(self, headline: str, wanted: Expectation, after: ReceivedRequest | None) -> NoReturn:
        __tracebackhide__ = True
        from inspector.testing.failures import Candidate, describe_failure

        begin = after.number if after else 0
        candidates = [Candidate(each, wanted.find_differences(each)) for each in self.requests]
        arrived = [each for each in candidates if each.request.number > begin]
        raised = [f"{type(error).__name__}: {error}" for error in self.script.errors]
        if raised:
            headline += f"\nA function that answers raised {raised[0]}"
        raise AssertionError(
            describe_failure(
                headline,
                wanted.list_expectations(),
                arrived,
                self.url,
                earlier=candidates[: len(candidates) - len(arrived)],
            )
        )

    def _catch_up(self) -> None:
        with self._lock:
            while self._loaded < self.script.latest and self._server.is_running:
                fresh = self._server.load_after(self.id, self._loaded)
                self._requests += [ReceivedRequest(each, self.script.find_answer) for each in fresh]
                # None although there were some: they were deleted, or the bin was.
                self._loaded = fresh[-1].number if fresh else self.script.latest

    def _load_one(self, number: int) -> ReceivedRequest:
        fresh = self._server.load_after(self.id, number - 1, limit=1)
        return ReceivedRequest(fresh[0])
