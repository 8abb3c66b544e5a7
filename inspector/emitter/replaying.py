"""Requests that exist already, sent once more: as they were captured, or as they were sent.

Nothing is rendered: method, headers and body are taken byte for byte. No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import unquote

from inspector.capture import find_sub_path, split_headers, split_request_line, split_target
from inspector.domain import CapturedRequest
from inspector.domain.deliveries import Delivery
from inspector.domain.messages import Message
from inspector.domain.pairs import is_token
from inspector.emitter.http_client.urls import HttpUrl, parse_url
from inspector.emitter.preparing import LeftOut, PreparedRequest, check_header, make_basic_auth
from inspector.errors import InspectorError

# RFC 9110, 7.6.1, and other headers that by custom concern one connection.
HOP_BY_HOP = frozenset(
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
# %25252e is a dot to a receiver that decodes three times; none is known to decode more often.
MAX_DECODINGS = 5


@dataclass(frozen=True, slots=True)
class ReplayChanges:
    """Changes to a captured request before it is replayed; None keeps the captured value.

    ``headers`` take the place of all that were captured, in their order.
    """

    method: str | None = None
    headers: tuple[tuple[str, str], ...] | None = None
    body: bytes | None = None


UNCHANGED = ReplayChanges()


def replay(captured: Message, url: str, changes: ReplayChanges = UNCHANGED) -> PreparedRequest:
    """The captured request, to be sent to another place.

    What followed the bin's name in its path is put behind the path of ``url``, never
    above it, and its query behind the query. Headers go as they came, in their order, but
    for ``Host``, the body's length, and those that concerned the connection only. A user
    and password in ``url`` are sent.

    ``changes`` are sent byte for byte. A header of theirs that says where the body ends, or
    names another host, is left out.

    Raises ``InspectorError``: ``cannot_replay``, ``invalid_url``, ``unsupported_scheme``, or
    for one of the changes what ``check_changes`` raises.
    """
    check_changes(changes)
    method = captured.method if changes.method is None else changes.method
    if not _can_send(method):
        raise InspectorError("cannot_replay", f"{method[:40]} requests cannot be sent.")
    if captured.truncated and changes.body is None:
        message = "Only the first part of its body was kept, so it cannot be sent again as it was."
        raise InspectorError("cannot_replay", message)
    target = parse_url(url)
    moved = _move(captured, target)
    given = read_headers(captured.raw_head)
    if changes.headers is not None:
        given = [(name.strip(), value) for name, value in changes.headers]
    body = captured.body if changes.body is None else changes.body
    kept, left_out = choose_headers(given, moved.authority, target.userinfo)
    if body or captured.find_header("content-length") is not None:
        kept.append(("Content-Length", str(len(body))))
    left_out += _list_changes(captured, method, given, body)
    return PreparedRequest(method, moved, tuple(kept), body, tuple(left_out))


def check_changes(changes: ReplayChanges) -> None:
    """Raises ``InspectorError`` ``invalid_method`` or ``invalid_header``, which name the field."""
    if changes.method is not None and not _can_send(changes.method):
        message = f"{changes.method[:40]!r} is no method that can be sent."
        raise InspectorError("invalid_method", message, field="method")
    for name, value in changes.headers or ():
        if name.strip().lower() in _OWN | HOP_BY_HOP:
            continue
        try:
            check_header(name.strip(), value)
        except InspectorError as error:
            given = {**error.details, "field": "headers"}
            raise InspectorError(error.code, error.message, **given) from None


def _can_send(method: str) -> bool:
    # CONNECT would make a tunnel of the connection.
    return method != "CONNECT" and is_token(method) and len(method) <= _MAX_METHOD_CHARS


def _list_changes(
    captured: Message, method: str, given: list[tuple[str, str]], body: bytes
) -> list[LeftOut]:
    """Notes on the changes to a replayed request."""
    notes: list[LeftOut] = []
    if method != captured.method:
        notes.append(LeftOut("method", f"sent as {method}, captured as {captured.method[:40]}"))
    came = read_headers(captured.raw_head)
    notes += [
        LeftOut(pair[0], "not sent as it came: changed or taken out")
        for pair in came
        if pair not in given
    ]
    notes += [
        LeftOut(pair[0], "sent as it was written, it did not come so")
        for pair in given
        if pair not in came
    ]
    if body != captured.body:
        sizes = f"{len(body):,} bytes instead of {len(captured.body):,}"
        if len(body) == len(captured.body):
            sizes = f"{len(body):,} bytes as before"
        notes.append(LeftOut("body", f"sent changed, {sizes}"))
    return notes


def _move(captured: Message, target: HttpUrl) -> HttpUrl:
    """The URL it goes to: its path below that of ``target``, its query behind.

    A path that climbs above its beginning is refused, not normalised: its meaning is not known.
    Raises ``InspectorError``.
    """
    raw_path, raw_query = split_target(split_request_line(captured.raw_head)[1])
    sent = raw_path.partition(b"#")[0].decode("utf-8", "surrogateescape")
    if isinstance(captured, CapturedRequest):
        below = captured.find_below(sent)
    else:
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
    """True for a path that some receiver may take for one above its beginning.

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


def choose_headers(
    given: list[tuple[str, str]], authority: str, auth: tuple[str, str] | None
) -> tuple[list[tuple[str, str]], list[LeftOut]]:
    """The headers that go to another place, ``Host`` and credentials first, and those that do not.

    ``authority`` is the new place's, ``auth`` user and password of its URL.
    """
    named = list_connection_options(given)
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
    return kept, left_out


def list_connection_options(headers: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The headers, in small letters, that ``Connection`` says concern that connection only."""
    return frozenset(
        option.strip().lower()
        for name, value in headers
        if name.lower() == "connection"
        for option in value.split(",")
    )


def _why_not(name: str, value: str, named_by_connection: frozenset[str]) -> str:
    lower = name.lower()
    if lower in _OWN:
        return "the receiver would wait to be asked" if lower == "expect" else ""
    if lower in HOP_BY_HOP or lower in named_by_connection:
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
        tuple(read_headers(head)),
        delivery.body,
        tuple(LeftOut(what, why) for what, why in delivery.left_out),
        delivery.secret_headers,
    )


def read_headers(raw_head: bytes) -> list[tuple[str, str]]:
    """The headers of a head, bytes that are no UTF-8 as ``surrogateescape`` has them."""
    return [
        (name.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape"))
        for name, value in split_headers(raw_head)
    ]
