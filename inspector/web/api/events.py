"""The API's calls that wait: event streams, and the call that waits for requests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from flask import Response
from flask.typing import ResponseReturnValue

from inspector.domain import Bin, CapturedRequest
from inspector.live.events import format_event
from inspector.web.api.calls import Api, CallResponse
from inspector.web.api.relay_json import outcome_to_json
from inspector.web.api.request_json import render_request
from inspector.web.api.requests import AFTER
from inspector.web.current import find_bin
from inspector.web.parked import (
    open_stream,
    park,
    share_change_renderer,
    share_renderer,
)

api = Api()

EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True)
class EventsQuery:
    """The beginning of a stream; the header ``Last-Event-ID`` goes before it."""

    after: Annotated[str | None, AFTER] = None


@api.call(
    "GET",
    "/bins/<name>/events",
    CallResponse(
        others=(EVENT_STREAM,), meaning="Events called request, until the client disconnects."
    ),
    query=EventsQuery,
    errors=("request_not_found", "too_many_streams", "events_need_our_server"),
)
def stream_events(name: str, query: EventsQuery) -> ResponseReturnValue:  # noqa: ARG001 - checked
    """Follow a bin by Server-Sent Events: one request event a capture, from now on.

    A request that is passed on has a relayed event, too, once its program has answered, or has
    not: its id, number and relay. A removed event tells of requests that are gone.

    An event's data is the request's JSON, its id the request's, so that a client that
    comes back with Last-Event-ID goes on where it was.
    """
    return stream_json(find_bin(name))


def stream_json(bin_: Bin) -> Response:
    """One ``request`` event a capture, with the API's JSON."""
    changes = share_change_renderer(f"json {bin_.id}", bin_, _render_relayed)
    return park(open_stream(bin_, share_renderer("json", _render_json), changes))


def _render_json(fresh: Sequence[CapturedRequest]) -> bytes:
    return b"".join(
        format_event("request", render_request(each).decode(), each.id) for each in fresh
    )


def _render_relayed(changed: Sequence[CapturedRequest]) -> bytes:
    return b"".join(
        format_event(
            "relayed",
            json.dumps(
                {"id": each.id, "number": each.number, "relay": outcome_to_json(each.relay)}
            ),
        )
        for each in changed
        if each.relay is not None
    )
