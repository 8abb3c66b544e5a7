"""Requests that exist already, sent once more: as they were captured, or as they were sent.

Nothing is rendered: method, headers and body are taken byte for byte. No I/O.
"""

from __future__ import annotations

from dataclasses import replace

from inspector.capture import split_headers, split_request_line
from inspector.domain.deliveries import Delivery
from inspector.domain.messages import Message
from inspector.domain.pairs import is_token
from inspector.emitter.http_client.urls import parse_url
from inspector.emitter.preparing import LeftOut, PreparedRequest, check_header
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


def replay(captured: Message, url: str) -> PreparedRequest:
    """The captured request, to be sent to another place.

    What followed the bin's name in its path is put behind the path of ``url``, and
    its query behind the query. Headers go as they came, in their order, but for
    ``Host``, the body's length, and those that concerned the connection only.

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
    path, _, query = target.target.partition("?")
    path = path.rstrip("/") + captured.sub_path if captured.sub_path else path
    query = "&".join(filter(None, (query, captured.raw_query.decode("utf-8", "surrogateescape"))))
    moved = parse_url(f"{replace(target, target=path)}{'?' if query else ''}{query}")
    headers, left_out = _choose_headers(captured, moved.authority)
    return PreparedRequest(method, moved, headers, captured.body, left_out)


def _choose_headers(
    captured: Message, authority: str
) -> tuple[tuple[tuple[str, str], ...], tuple[LeftOut, ...]]:
    given = _read_headers(captured.raw_head)
    named = {
        option.strip().lower()
        for name, value in given
        if name.lower() == "connection"
        for option in value.split(",")
    }
    kept = [("Host", authority)]
    left_out: list[LeftOut] = []
    for name, value in given:
        reason = _why_not(name, value, named)
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
