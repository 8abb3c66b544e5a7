"""Requests as an HTTP Archive, which browsers' tools and API clients import.

Source: HAR 1.2 Spec by Jan Odvarko. A name that begins with an underscore is a
custom field there, which readers must ignore when they do not know it.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from http.cookies import CookieError, SimpleCookie
from importlib.metadata import version
from typing import Any

from inspector.domain import CapturedRequest
from inspector.exports.outgoing import make_outgoing
from inspector.forms import to_json_safe

CREATOR = "Inspector"
# A field of our own: the request's head in base64, where that is not all ASCII.
HEAD_OF_BYTES = "_headBase64"

# An empty response, field by field as the specification has it: exports have no responses.
_NO_ANSWER: dict[str, Any] = {
    "status": 0,
    "statusText": "",
    "httpVersion": "",
    "cookies": [],
    "headers": [],
    "content": {"size": 0, "mimeType": "x-unknown"},
    "redirectURL": "",
    "headersSize": -1,
    "bodySize": -1,
}


def render_har(requests: Iterable[CapturedRequest], base_url: str) -> Iterator[str]:
    """A whole archive, an entry at a time."""
    creator = {"name": CREATOR, "version": version("request-inspector")}
    yield f'{{"log": {{"version": "1.2", "creator": {json.dumps(creator)}, "entries": ['
    lead = "\n"
    for each in requests:
        yield lead + json.dumps(make_entry(each, base_url))
        lead = ",\n"
    yield "\n]}}\n"


def make_entry(request: CapturedRequest, base_url: str) -> dict[str, Any]:
    """One request. A body that is not text goes in as base64, and ``_encoding`` says so."""
    entry = {
        "startedDateTime": request.received_at.isoformat(timespec="microseconds"),
        "time": 0,
        "request": {
            "method": request.method,
            "url": make_outgoing(request, base_url).url,
            "httpVersion": f"HTTP/{request.http_version or '1.1'}",
            "cookies": _list_cookies(request),
            "headers": [{"name": name, "value": value} for name, value in request.raw_headers],
            "queryString": [
                {"name": pair.name, "value": pair.value} for pair in request.query.pairs
            ],
            "headersSize": len(request.raw_head) + 2,
            "bodySize": request.body_size,
        },
        "response": _NO_ANSWER,
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "_number": request.number,
        "_remoteAddress": request.remote_addr,
    }
    if not request.raw_head.isascii():
        # HAR has texts only; the bytes of other heads could not be restored from them.
        entry[HEAD_OF_BYTES] = b64encode(request.raw_head).decode()
    if request.body:
        entry["request"]["postData"] = _post_data(request)  # type: ignore[index]
    return to_json_safe(entry)


def _post_data(request: CapturedRequest) -> dict[str, Any]:
    mime_type = request.find_header("Content-Type") or "application/octet-stream"
    try:
        return {"mimeType": mime_type, "text": request.body.decode("utf-8")}
    except UnicodeDecodeError:
        text = b64encode(request.body).decode()
        return {"mimeType": mime_type, "text": text, "_encoding": "base64"}


def _list_cookies(request: CapturedRequest) -> list[dict[str, str]]:
    try:
        jar = SimpleCookie(request.find_header("Cookie") or "")
    except CookieError:
        return []
    return [{"name": name, "value": morsel.value} for name, morsel in jar.items()]
