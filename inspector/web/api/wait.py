"""The call that waits for requests: parked, it holds a socket and no thread.

Conditions are compared as texts, since a query string has nothing else.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from flask import Response
from flask.typing import ResponseReturnValue

from inspector.clock import time
from inspector.domain import Bin, CapturedRequest
from inspector.errors import InspectorError
from inspector.live.timed_out import Arrivals
from inspector.live.waits import Wait, WaitRendering
from inspector.reading.matching import RequestMatch
from inspector.reading.spellings import Spelled
from inspector.web.api.calls import Api, CallResponse
from inspector.web.api.request_json import RequestJson, render_array
from inspector.web.api.requests import METHOD, QUERY
from inspector.web.api.schema import About
from inspector.web.current import current_services, find_bin, find_position
from inspector.web.headers import JSON
from inspector.web.parked import find_own_server, park, render_head
from inspector.web.services import OwnServer

api = Api()

MAX_COUNT = 100
MAX_TIMEOUT_S = 300.0
MAX_CONDITIONS = 50
# The least time for looking at stored requests, also with a timeout of 0.
LOOK_BACK_S = 5.0

_AT_EQUALS = re.compile(r'((?:"(?:[^"\\]|\\.)*"|[^="])*)=(.*)\Z', re.DOTALL)


@dataclass(frozen=True)
class WaitQuery:
    """Conditions on the requests to wait for, and the time."""

    after: Annotated[
        str | None,
        About("The id of a request: only later ones; 0 for all; else from now on.", max_length=100),
    ] = None
    count: Annotated[int, About("The number of matches to wait for.", least=1, most=MAX_COUNT)] = 1
    timeout: Annotated[float, About("Seconds to wait.", least=0, most=MAX_TIMEOUT_S)] = 10.0
    method: Annotated[
        str | None, replace(METHOD, meaning="Only requests of this method, in any case.")
    ] = None
    path: Annotated[
        str | None,
        About("The path behind the bin's name, or the whole path, as sent.", max_length=2000),
    ] = None
    header: Annotated[
        tuple[str, ...],
        About("NAME=VALUE, or NAME for a header with any value; may be repeated."),
    ] = ()
    where: Annotated[
        tuple[str, ...],
        About(
            "PATH=VALUE: a field of the form or the JSON, like ticket.agent.id=3; may be repeated."
        ),
    ] = ()
    q: Annotated[str | None, QUERY] = None


@api.call(
    "GET",
    "/bins/<name>/requests/wait",
    CallResponse(list[RequestJson], meaning="The requests that match, in the order of arrival."),
    query=WaitQuery,
    errors=("timed_out", "request_not_found", "too_many_streams"),
)
def wait_for_requests(name: str, query: WaitQuery) -> ResponseReturnValue:
    """Wait until enough matching requests are there.

    Answers 408 when they are not in time, and tells which others arrived and in what
    each was different, the closest first. Those of the latest that match but were there
    before are its ``earlier``; with ``after=0`` they count.
    """
    bin_ = find_bin(name)
    after = find_position(bin_, query.after)
    wait = Wait(
        bin_.id,
        bin_.last_number if after is None else after,
        make_match(query),
        RENDERING,
        count=query.count,
        timeout_s=query.timeout,
    )
    seen = _look_back(bin_, wait)
    if wait.status:
        return Response(wait.payload, wait.status, mimetype=JSON)
    own = find_own_server()
    return _wait_here(wait, seen) if own is None else _wait_parked(own, wait, seen)


def _render_requests(requests: Sequence[CapturedRequest]) -> bytes:
    return b"".join(render_array(requests))


RENDERING = WaitRendering(render_head, _render_requests)


def make_match(query: WaitQuery) -> RequestMatch:
    """The match that the call asks for. Raises ``invalid_header`` or ``invalid_where``."""
    if len(query.header) + len(query.where) > MAX_CONDITIONS:
        raise _wrong("where", f"and header are given at most {MAX_CONDITIONS} times")
    wanted: dict[str, Any] = {}
    if query.method is not None:
        wanted["method"] = query.method
    if query.path is not None:
        wanted["path"] = query.path
    if query.q is not None:
        wanted["q"] = query.q
    headers: dict[str, Any] = {}
    for text in query.header:
        name, equals, value = text.partition("=")
        headers[name] = value if equals else re.compile("")
    where: dict[str, Any] = {}
    for text in query.where:
        found = _AT_EQUALS.match(text)
        if found is None or not found[1] or found[1] in where:
            raise _wrong("where", "is PATH=VALUE, and each path once, like ticket.agent.id=3")
        where[found[1]] = Spelled(found[2])
    try:
        return RequestMatch(headers=headers, where=where, **wanted)
    except ValueError as error:
        raise _wrong("where", f"begins with a path: {error}".rstrip(".")) from error


def _wrong(field: str, problem: str) -> InspectorError:
    return InspectorError(f"invalid_{field}", f"{field} {problem}.", field=field)


def _look_back(bin_: Bin, wait: Wait) -> int:
    """Offer the requests that are there already; returns the highest number looked at."""
    services = current_services()
    deadline = max(wait.due_at, time.monotonic() + LOOK_BACK_S)
    seen = wait.first_after
    for request in services.requests.iterate(bin_, after=seen):
        seen = request.number
        wait.offer(request)
        if wait.status:
            return seen
        if time.monotonic() > deadline:
            break
    if time.monotonic() >= wait.due_at:
        wait.give_up(Arrivals(*services.load_latest(bin_.id)))
    return seen


def _wait_parked(own: OwnServer, wait: Wait, seen: int) -> Response:
    wait.on_answer = lambda: own.wake(wait)
    response = park(wait)
    current_services().waiters.enter(wait, seen)
    return response


def _wait_here(wait: Wait, seen: int) -> Response:
    """Another server cannot park: this thread waits."""
    answered = threading.Event()
    wait.on_answer = answered.set
    current_services().waiters.enter(wait, seen)
    if not answered.wait(wait.wake_at - time.monotonic()):
        wait.give_up(Arrivals())
    return Response(wait.payload, wait.status, mimetype=JSON)
