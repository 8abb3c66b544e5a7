"""Event streams: rows for the page, JSON for programs, resumable both.

The view checks and looks up; then the socket is parked and no thread is held.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus

from flask import Blueprint, Response, current_app, request

from inspector.domain import Bin, CapturedRequest
from inspector.errors import InspectorError, RequestNotFoundError
from inspector.live import EventStream, Later, format_event, render_once
from inspector.storage.records import find_number, make_id
from inspector.web.api_calls import JSON
from inspector.web.pages import render_rows
from inspector.web.request_json import render_request
from inspector.web.security import DATA_HEADERS
from inspector.web.services import current_services, find_bin

blueprint = Blueprint("stream", __name__)

# A page shows this many at most; when more came together it fetches its list anew.
MAX_PUSHED_ROWS = 50

Render = Callable[[Sequence[CapturedRequest]], bytes]


@blueprint.get("/bins/<name>/stream")
def rows(name: str) -> Response:
    """``row`` events with the list's markup, or ``reload`` when there was too much of it."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    bin_ = find_bin(name)

    def render(fresh: Sequence[CapturedRequest]) -> bytes:
        last = fresh[-1].id
        if len(fresh) > MAX_PUSHED_ROWS:
            return format_event("reload", str(len(fresh)), last)
        with app.app_context():
            return format_event("row", render_rows(app, bin_, fresh), last)

    return park(_open_stream(bin_, _renderer(f"rows {name}", render)))


def stream_json(bin_: Bin) -> Response:
    """One ``request`` event a capture, with the API's JSON."""
    return park(_open_stream(bin_, _renderer("json", _render_json)))


def _open_stream(bin_: Bin, render: Render) -> EventStream:
    after = _resume_after(bin_)
    return EventStream(bin_.id, after, make_id(bin_.id, after), render)


def can_park() -> bool:
    """Whether this is our own server, which holds a socket without a thread."""
    return "inspector.park" in request.environ


def park(later: Later) -> Response:
    """Hand the socket over. Raises where the server cannot, or has no room for more."""
    services = current_services()
    if not can_park():
        raise InspectorError(
            "events_need_our_server", "Event streams need inspector serve; poll instead."
        )
    if services.parking_is_full():
        raise InspectorError("too_many_streams", "Too many streams are open. Poll instead.")
    request.environ["inspector.park"](later)
    return Response(status=200)


def _render_json(fresh: Sequence[CapturedRequest]) -> bytes:
    return b"".join(format_event("request", render_request(each), each.id) for each in fresh)


def _renderer(key: str, render: Render) -> Render:
    """One for all streams of a kind, so that each batch is rendered once."""
    kept: dict[str, Render] = current_app.extensions.setdefault("inspector.renderers", {})
    if key not in kept:
        while len(kept) >= 1000:
            kept.pop(next(iter(kept)))
        kept[key] = render_once(render)
    return kept[key]


def _resume_after(bin_: Bin) -> int:
    """After what the reader has seen: ``Last-Event-ID``, or ``?after=``; else from now on."""
    seen = request.headers.get("Last-Event-ID") or request.args.get("after")
    if seen is None:
        return bin_.last_number
    if seen == "0":
        return 0
    number = find_number(bin_, seen)
    if number is None and request.args.get("after") == seen:
        raise RequestNotFoundError(seen)
    return bin_.last_number if number is None else number


def render_head(status: int, content_length: int) -> bytes:
    """The head that Flask would have given a JSON answer, which goes around it."""
    headers = {
        **DATA_HEADERS,
        "Content-Type": JSON,
        "Content-Length": str(content_length),
        "Connection": "close",
    }
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")
