"""The forms one request can be had in, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from inspector.domain import CapturedRequest
from inspector.exports.curl import (
    render_curl,
    render_curl_for_fish,
    render_curl_for_insomnia,
)
from inspector.exports.har import render_har
from inspector.exports.html import HTML
from inspector.exports.html import render_requests as render_requests_page
from inspector.exports.httpie import render_httpie
from inspector.exports.outgoing import make_outgoing
from inspector.exports.python import render_httpx, render_pytest, render_requests

TEXT = "text/plain; charset=utf-8"
HAR = "application/har+json"
_Render = Callable[[CapturedRequest, str], bytes]


@dataclass(frozen=True, slots=True)
class Export:
    """``data`` is of ``media_type``; ``suffix`` is what its file name would end in."""

    data: bytes
    media_type: str
    suffix: str


def export_request(request: CapturedRequest, name: str, base_url: str) -> Export:
    """The request in the form ``name``, one of ``FORMATS``, aimed at the server at ``base_url``.

    Raises ``InspectorError`` ``cannot_express`` where the form has no way to say it.
    """
    render, media_type, suffix = _FORMS[name]
    return Export(render(request, base_url), media_type, suffix)


def render_raw(request: CapturedRequest, base_url: str) -> bytes:  # noqa: ARG001 - a form
    """The request as it came, but that a body that came in chunks is in one."""
    body = request.body
    if request.chunked:
        chunk = b"%x\r\n%s\r\n" % (len(body), body) if body else b""
        body = chunk + b"0\r\n\r\n"
    return request.raw_head + b"\r\n" + body


def name_request(request: CapturedRequest) -> str:
    """A title for one request by itself."""
    return f"{request.bin_name}: request #{request.number}"


def body_name(request: CapturedRequest) -> str:
    """The name under which the request's body is downloaded."""
    return f"{request.bin_name}-{request.number}.bin"


def _text(render: Callable[[CapturedRequest, str], str]) -> _Render:
    return lambda request, base_url: render(request, base_url).encode("utf-8", "replace")


_FORMS: dict[str, tuple[_Render, str, str]] = {
    "curl": (_text(lambda each, url: render_curl(make_outgoing(each, url))), TEXT, "sh"),
    "curl-fish": (
        _text(lambda each, url: render_curl_for_fish(make_outgoing(each, url))),
        TEXT,
        "sh",
    ),
    "curl-insomnia": (
        _text(lambda each, url: render_curl_for_insomnia(make_outgoing(each, url))),
        TEXT,
        "sh",
    ),
    "curl-file": (
        _text(lambda each, url: render_curl(make_outgoing(each, url), file=body_name(each))),
        TEXT,
        "sh",
    ),
    "httpie": (_text(lambda each, url: render_httpie(make_outgoing(each, url))), TEXT, "sh"),
    "python": (_text(lambda each, url: render_httpx(make_outgoing(each, url))), TEXT, "py"),
    "requests": (_text(lambda each, url: render_requests(make_outgoing(each, url))), TEXT, "py"),
    "pytest": (_text(lambda each, url: render_pytest(each, make_outgoing(each, url))), TEXT, "py"),
    "html": (
        _text(lambda each, _: "".join(render_requests_page([each], name_request(each)))),
        HTML,
        "html",
    ),
    "har": (_text(lambda each, url: "".join(render_har([each], url))), HAR, "har"),
    "raw": (render_raw, "message/http", "http"),
}
FORMATS = tuple(_FORMS)
