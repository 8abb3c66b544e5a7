"""One URL, one resource: the page for a browser, a part of it when htmx asks.

The only module that touches htmx-flask.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, make_response, render_template
from htmx_flask import Htmx, request


def init_hypermedia(app: Flask) -> None:
    """Give the application's requests their ``htmx`` attribute."""
    Htmx(app)


def wants_fragment() -> bool:
    """True when htmx asks for a part; boosted and history-restoring requests want the page."""
    htmx = request.htmx
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def render_resource(page: str, fragment: str, **context: Any) -> Response:
    """Render the page, or its fragment when htmx asks; ``Vary`` says that it depends.

    ``page`` and ``fragment`` name templates, and the page includes the fragment;
    ``is_fragment`` tells the fragment which of the two it is.
    """
    is_fragment = wants_fragment()
    template = fragment if is_fragment else page
    response = make_response(render_template(template, is_fragment=is_fragment, **context))
    return set_vary(response)


def set_vary(response: Response) -> Response:
    """Keep caches from giving a fragment for a page."""
    response.vary.add("HX-Request")
    return response


def set_refresh(response: Response) -> Response:
    """Let htmx load the whole page anew in place of a part of it."""
    response.headers["HX-Refresh"] = "true"
    return response


def set_trigger(response: Response, event: str) -> Response:
    """Let htmx tell the page's other parts that something happened."""
    response.headers["HX-Trigger"] = event
    return response
