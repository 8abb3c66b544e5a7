"""Requests that exist already, sent once more: as they were captured, or as they were sent.

Nothing is rendered: method, headers and body are taken byte for byte. No I/O.
"""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import unquote

from inspector.capture import split_headers, split_request_line, split_target
from inspector.domain.deliveries import Delivery
from inspector.domain.messages import Message, find_sub_path
from inspector.domain.pairs import is_token
from inspector.emitter.http_client.urls import HttpUrl, parse_url
from inspector.emitter.preparing import LeftOut, PreparedRequest, check_header, make_basic_auth
from inspector.errors import InspectorError

# RFC 9110, 7.6.1, and what belongs to one connection by habit.
_HOP_BY_HOP = frozenset(
    (
        "connection",
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
_OWN = frozenset(("host", "content-length", "expect"))
_MAX_METHOD_CHARS = 100
# %25252e is a dot to who decodes three times; nobody is known to do so more often.
MAX_DECODINGS = 5


def replay(captured: Message, url: str) -> PreparedRequest:
    """The captured request, to be sent to another place.

    What followed the bin's name in its path is put behind the path of ``url``, never
    above it, and its query behind the query. Headers go as they came, in their order, but
    for ``Host``, the body's length, and those that concerned the connection only. A user
    and password in ``url`` are sent.

    Raises ``InspectorError``: ``cannot_replay``, ``invalid_url`` or
    ``unsupported_scheme``.
    """
    method = captured.method
    # CONNECT would make a tunnel of the connection.
    if method == "CONNECT" or not is_token(method) or len(method) > _MAX_METHOD_CHARS:
        raise InspectorError("cannot_replay", f"{method[:40]} requests cannot be sent.")
    if captured.truncated:
        message = "Only the first part of its body was kept, so it cannot be sent again as it was."
        raise InspectorError("cannot_replay", message)
    target = parse_url(url)
    moved = _move(captured, target)
    headers, left_out = _choose_headers(captured, moved.authority, target.userinfo)
    return PreparedRequest(method, moved, headers, captured.body, left_out)


def _move(captured: Message, target: HttpUrl) -> HttpUrl:
    """The URL it goes to: its path below that of ``target``, its query behind.

    A path that climbs is refused, not straightened: what was meant by it is not known.
    Raises ``InspectorError``.
    """
    raw_path, raw_query = split_target(split_request_line(captured.raw_head)[1])
    sent = raw_path.partition(b"#")[0].decode("utf-8", "surrogateescape")
    below = find_sub_path(sent)
    base, _, query = target.target.partition("?")
    if _climbs(below):
        raise InspectorError(
            "cannot_replay", f"Its path has .. in it, which would lead out of {base[:200]}."
        )
    path = base.rstrip("/") + below if below else base
    sent_query = raw_query.partition(b"#")[0].decode("utf-8", "surrogateescape")
    queries = "&".join(filter(None, (query, sent_query)))
    return parse_url(f"{replace(target, target=path)}{'?' if queries else ''}{queries}")


def _climbs(path: str) -> bool:
    """Whether some receiver may take the path for one above where it begins.

    Receivers differ in what they decode first, how often, and what they take for a slash.
    """
    for _ in range(MAX_DECODINGS):
        depth = 0
        for segment in re.split(r"[/\\]", path):
            name = segment.partition(";")[0].strip(" \t\0")
            depth += -1 if name == ".." else 0 if name in ("", ".") else 1
            if depth < 0:
                return True
        if "%" not in path:
            return False
        path = unquote(path, errors="replace")
    return ".." in path


def _choose_headers(
    captured: Message, authority: str, auth: tuple[str, str] | None
) -> tuple[tuple[tuple[str, str], ...], tuple[LeftOut, ...]]:
    given = _read_headers(captured.raw_head)
    named = {
        option.strip().lower()
        for name, value in given
        if name.lower() == "connection"
        for option in value.split(",")
    }
    kept = [("Host", authority)]
    if auth:
        kept.append(make_basic_auth(auth))
    left_out: list[LeftOut] = []
    for name, value in given:
        reason = _why_not(name, value, named)
        if auth and name.lower() == "authorization":
            reason = "the URL has a user and a password"
        if reason:
            left_out.append(LeftOut(name.strip(), f"not sent, {reason}"))
        elif name.lower() not in _OWN:
            kept.append((name, value))
    if captured.body or captured.find_header("content-length") is not None:
        kept.append(("Content-Length", str(len(captured.body))))
    return tuple(kept), tuple(left_out)


def _why_not(name: str, value: str, named_by_connection: set[str]) -> str:
    lower = name.lower()
    if lower in _OWN:
        return "the receiver would wait to be asked" if lower == "expect" else ""
    if lower in _HOP_BY_HOP or lower in named_by_connection:
        return "it concerned that connection only"
    try:
        check_header(name, value)
    except InspectorError as error:
        return f"it is no header that may be sent: {error.message}"
    return ""


def repeat(delivery: Delivery) -> PreparedRequest:
    """The request of a delivery, byte for byte."""
    head = delivery.raw_head
    return PreparedRequest(
        split_request_line(head)[0].decode("ascii"),
        parse_url(delivery.line.url),
        tuple(_read_headers(head)),
        delivery.body,
        tuple(LeftOut(what, why) for what, why in delivery.left_out),
    )


def _read_headers(raw_head: bytes) -> list[tuple[str, str]]:
    """As ``PreparedRequest`` writes them: bytes that are no UTF-8 stay what they are."""
    return [
        (name.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape"))
        for name, value in split_headers(raw_head)
    ]
