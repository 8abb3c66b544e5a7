"""One URL, one resource: the page for a browser, a part of it when htmx asks.

The only module that touches htmx-flask.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Flask, Response, make_response, render_template
from htmx_flask import Htmx, request
from htmx_flask.requests import HtmxAwareRequest

ASCII_CHARACTERS = bytes(range(128))


class AnyQueryRequest(HtmxAwareRequest):  # type: ignore[misc]
    """htmx-flask's request, whose query string may hold any bytes.

    Werkzeug raises ``UnicodeDecodeError`` for bytes that are not UTF-8, wherever ``args``,
    ``full_path`` or ``url`` is read. Percent-encoded, as a browser sends them, it takes them.
    """

    query_string: bytes

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not self.query_string.isascii():
            # ASCII stays as it is, percent signs included: they encode already.
            self.query_string = quote(self.query_string, safe=ASCII_CHARACTERS).encode()


def init_hypermedia(app: Flask) -> None:
    """Give the application's requests their ``htmx`` attribute and any query string."""
    Htmx(app)
    app.request_class = AnyQueryRequest


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


def set_redirect(response: Response, address: str) -> Response:
    """Let htmx load another page."""
    response.headers["HX-Redirect"] = address
    return response


def set_trigger(response: Response, event: str) -> Response:
    """Let htmx tell the page's other parts that something happened."""
    response.headers["HX-Trigger"] = event
    return response
