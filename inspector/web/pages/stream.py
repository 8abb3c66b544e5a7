"""Event streams: rows for the page, JSON for programs, resumable both.

The view checks and looks up; then the socket is parked and no thread is held.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, current_app, request

from inspector.domain import CapturedRequest
from inspector.live.events import format_event
from inspector.web.current import current_services, find_bin
from inspector.web.pages.request_list import render_rows
from inspector.web.parked import (
    open_stream,
    park,
    share_change_renderer,
    share_renderer,
)
from inspector.web.prefix import add_prefix

blueprint = Blueprint("stream", __name__)

# The most rows in one event; for more the page fetches its list anew.
MAX_PUSHED_ROWS = 50


@blueprint.get("/bins/<name>/stream")
def rows(name: str) -> Response:
    """``row`` events with the list's markup, or ``reload`` when there was too much of it.

    ``changed`` has rows that are there already, as they are now.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    bin_, prefix = find_bin(name), request.script_root

    def render(fresh: Sequence[CapturedRequest]) -> bytes:
        last = fresh[-1].id
        if len(fresh) > MAX_PUSHED_ROWS:
            return format_event("reload", str(len(fresh)), last)
        with app.app_context():
            rows = add_prefix(render_rows(bin_, fresh), prefix)
            return format_event("row", rows, last)

    def render_changed(changed: Sequence[CapturedRequest]) -> bytes:
        with app.app_context():
            return format_event("changed", add_prefix(render_rows(bin_, changed), prefix))

    key = f"rows {name} {bin_.columns} {prefix}"
    changes = share_change_renderer(key, bin_, render_changed)
    rendered, deletions = share_renderer(key, render), current_services().deletions

    def render_shown(fresh: Sequence[CapturedRequest]) -> bytes:
        """Without what a page has deleted, whose list may begin above it."""
        shown = deletions.leave_out(bin_.id, fresh)
        return rendered(shown) if shown else b""

    return park(open_stream(bin_, render_shown, changes))
