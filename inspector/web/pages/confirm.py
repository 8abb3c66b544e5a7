"""The confirmation page: asked before anything is deleted, with or without scripts."""

from __future__ import annotations

from flask import Response, request

from inspector.domain import Bin
from inspector.web.current import current_services
from inspector.web.htmx import render_resource


def say_loss(bin_: Bin) -> str:
    """A sentence about the requests that go with a bin."""
    count = current_services().deletions.count_shown(bin_)
    if count == 1:
        return "Its one request is deleted for good: a whole bin is not held back."
    if count:
        return f"Its {count:,} requests are deleted for good: a whole bin is not held back."
    return "It holds no requests."


def ask(
    question: str, loss: str, verb: str, *, back: str, action: str = "", sure: bool = False
) -> Response:
    """A question that posts to its own URL, or ``action``: a page, or the inside of a dialog.

    With ``sure`` its form says so.
    """
    return render_resource(
        "confirm.html",
        "_confirm.html",
        question=question,
        loss=loss,
        verb=verb,
        action=action or request.path,
        back=back,
        sure=sure,
    )
