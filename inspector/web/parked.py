"""Parked responses: the socket is handed to our server, which holds no thread for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus

from flask import Flask, Response, request

from inspector.domain import Bin
from inspector.domain.removals import Removal
from inspector.errors import BinNotFoundError, InspectorError, RequestNotFoundError
from inspector.live.deferred import DeferredAnswer
from inspector.live.events import (
    ChangeRenderer,
    EventStream,
    RemovalRenderer,
    Renderer,
    format_event,
    render_noted_once,
    render_once,
)
from inspector.storage.database.engine import release_connection
from inspector.storage.records import find_number, make_id
from inspector.web.current import current_services
from inspector.web.headers import DATA_HEADERS, JSON
from inspector.web.services import OwnServer, Services

MAX_RENDERERS = 1_000


def register(app: Flask) -> None:
    """Register the hook that releases the database connection of a paused response."""
    app.before_request(_offer_pause)


def _offer_pause() -> None:
    request.environ["inspector.pause"] = release_connection


def open_stream(
    bin_: Bin, render: Renderer, render_changes: ChangeRenderer | None = None
) -> EventStream:
    """A bin's event stream, from where its reader has been (``Last-Event-ID`` or ``?after=``)."""
    after = _resume_after(bin_)
    render_removals = _share_removal_renderer(bin_)
    position = make_id(bin_.id, after)
    if render_changes is None:
        return EventStream(bin_.id, after, position, render, render_removals)
    return EventStream(bin_.id, after, position, render, render_removals, render_changes)


def _share_removal_renderer(bin_: Bin) -> RemovalRenderer:
    """One for all streams of a bin, so that each look for what is left is for all of them."""
    services = current_services()
    kept, key = services.removal_renderers, (bin_.id, bin_.name)
    if key not in kept:
        while len(kept) >= MAX_RENDERERS:
            kept.pop(next(iter(kept)))

        def render_removals(removals: Sequence[Removal]) -> bytes:
            with services.app.app_context():
                return _render_removals(services, bin_.name, removals)

        kept[key] = render_noted_once(render_removals)
    return kept[key]


def _render_removals(services: Services, name: str, removals: Sequence[Removal]) -> bytes:
    """``removed`` events: the kind, the number up to which it goes, and how many are left.

    ``last_number`` is the highest capture counted there: a reader may know of more, or of
    fewer.
    """
    try:
        now = services.bins.get(name)
        left = {"request_count": now.request_count, "last_number": now.last_number}
    except BinNotFoundError:
        left = {"request_count": 0, "last_number": 0}
    return b"".join(
        format_event("removed", json.dumps({"kind": each.kind, "number": each.number, **left}))
        for each in removals
    )


def find_own_server() -> OwnServer | None:
    """Our own server, which parks this request's response; None where another one serves."""
    return current_services().own_server if "inspector.park" in request.environ else None


def park(later: DeferredAnswer) -> Response:
    """Park the response: our server takes the socket over.

    Raises ``InspectorError``: ``events_need_our_server`` where the server cannot,
    ``too_many_streams`` where it has no room for more.
    """
    own = find_own_server()
    if own is None:
        raise InspectorError(
            "events_need_our_server", "Event streams need inspector serve; poll instead."
        )
    if own.is_full():
        raise InspectorError("too_many_streams", "Too many streams are open. Poll instead.")
    request.environ["inspector.park"](later)
    return Response(status=200)


def share_renderer(key: str, render: Renderer) -> Renderer:
    """One renderer for all streams of a kind, so that each batch is rendered once."""
    kept = current_services().renderers
    if key not in kept:
        while len(kept) >= MAX_RENDERERS:
            kept.pop(next(iter(kept)))
        kept[key] = render_once(render)
    return kept[key]


def share_change_renderer(key: str, bin_: Bin, render: Renderer) -> ChangeRenderer:
    """One for all streams of a kind; ``render`` makes events of requests as lists read them."""
    services = current_services()
    kept = services.change_renderers
    if key not in kept:
        while len(kept) >= MAX_RENDERERS:
            kept.pop(next(iter(kept)))

        def load_and_render(numbers: Sequence[int]) -> bytes:
            with services.app.app_context():
                services.relay_records.forget()  # another instance may have passed them on
                now = services.bins.find_by_id(bin_.id)
                keys = [] if now is None else services.requests.find_keys(now, numbers)
                if now is None or not keys:
                    return b""
                return render(list(services.requests.iterate_keys(now, keys, whole_bodies=False)))

        kept[key] = render_noted_once(load_and_render)
    return kept[key]


def _resume_after(bin_: Bin) -> int:
    """The number that the reader has seen: ``Last-Event-ID``, or ``?after=``; else the newest."""
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
    """The head of a JSON response that goes around Flask, with the headers Flask would give."""
    headers = {
        **DATA_HEADERS,
        "Content-Type": JSON,
        "Content-Length": str(content_length),
        "Connection": "close",
    }
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")
