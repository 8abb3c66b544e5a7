"""Passing a capture on to a program of the user's: same method, headers and bytes."""

from __future__ import annotations

import time
from base64 import b64decode
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from inspector.reading.text import escape_invisible, shorten

TIMEOUT_S = 30.0
MAX_ANSWER_CHARS = 100
# RFC 9110, 7.6.1: for one connection only; Host and the length are the new connection's.
_NOT_PASSED_ON = frozenset(
    (
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)


def forward(request: dict[str, Any], url: str, bin_name: str) -> str:
    """Send it on; answers a line that says how that went, whatever happens."""
    parts = urlsplit(url)
    target = find_target(request, parts.path, parts.query, bin_name)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    began = time.monotonic()
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
        try:
            status, reason, body = _exchange(connection, request, target)
        finally:
            connection.close()
    except (OSError, HTTPException, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return f"  -> {url}: not delivered, {escape_invisible(said)}"
    took_ms = (time.monotonic() - began) * 1000
    answer = f"  -> {url}: {status} {escape_invisible(reason[:60])} in {took_ms:.0f} ms"
    text = escape_invisible(shorten(body.decode("utf-8", "replace").strip(), MAX_ANSWER_CHARS))
    return f"{answer}: {text}" if text else answer


def _exchange(
    connection: HTTPConnection, request: dict[str, Any], target: str
) -> tuple[int, str, bytes]:
    body = b64decode(request["body_base64"])
    connection.putrequest(request["method"], target, skip_accept_encoding=True)
    for name, value in request["raw_headers"]:
        if name.lower() not in _NOT_PASSED_ON:
            connection.putheader(name, value.encode("utf-8", "replace"))
    if body or request["method"] not in ("GET", "HEAD", "OPTIONS", "TRACE"):
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body or None)
    answer = connection.getresponse()
    return answer.status, answer.reason, answer.read(1_000_000)


def find_target(request: dict[str, Any], path: str, query: str, bin_name: str) -> str:
    """The URL's path with what followed the bin's name, and both queries."""
    parts = request["request_line"].split(" ")
    sent = parts[1] if len(parts) > 1 else "/"
    sent_path, _, sent_query = sent.partition("?")
    rest = sent_path.partition(f"/{bin_name}")[2]
    joined = (path.rstrip("/") + rest) or "/"
    queries = "&".join(each for each in (query, sent_query) if each)
    return f"{joined}?{queries}" if queries else joined
