"""Recognition of a request's sender, and a title for what it is about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from inspector.domain.json_bodies import SentNumber, parse_sent_json
from inspector.domain.senders.shapes import FoundSender, Sender
from inspector.domain.senders.table import SENDERS

MAX_CHARS = 200
_HEADER = "header:"
# Retries of anything bear it (draft-ietf-httpapi-idempotency-key-header).
_IDEMPOTENCY_KEY = "header:idempotency-key"
# The names that titles go by in webhooks of any sender.
_TITLES = ("subject", "title", "summary", "name", "message", "text", "description")
_KINDS = ("type", "object", "event", "kind")
_WRAPPERS = ("", "data.object.", "data.", "payload.", "object.", "event.")

# The values in a gist, and the characters of each; the keys that come first.
MAX_GIST = 3
MAX_GIST_CHARS = 30
_OPERATION = re.compile(r"(?:query|mutation|subscription)\s+\w+", re.ASCII)
TELLING = ("id", "type", "event", "action", "status", "state", "name", "number")


def find_sender(headers: Mapping[str, str], content: Any) -> FoundSender | None:
    """The sender of a request by its headers and its form's or JSON's value; None for any other.

    Bounded by the table, whatever was sent.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    sender = _recognize(lower, content)
    if sender is None:
        return None
    return FoundSender(
        sender.name,
        _first(sender.event, lower, content),
        _first((*sender.delivery, _IDEMPOTENCY_KEY), lower, content),
    )


def find_title(sender: FoundSender | None, content: Any) -> str | None:
    """The title of a request, at most ``MAX_CHARS`` long; None when it has none.

    The sender's own places come first, then the names that titles go by.
    """
    if sender is not None:
        title = _first(_by_name()[sender.name].title, {}, content)
        if title is not None:
            return title
    if isinstance(content, list) and len(content) == 1:
        content = content[0]
    titles = tuple(f"{wrapper}{name}" for wrapper in _WRAPPERS for name in _TITLES)
    return _first(titles, {}, content) or _name_by_id(content)


def _name_by_id(content: Any) -> str | None:
    """``order 59``: a bare number would tell nobody what it is of."""
    for wrapper in _WRAPPERS:
        found = _read(f"{wrapper}id", {}, content)
        if found:
            kind = _first(tuple(f"{wrapper}{name}" for name in _KINDS), {}, content)
            return f"{kind if kind and len(kind) <= MAX_GIST_CHARS else 'id'} {found}"[:MAX_CHARS]
    return None


def open_payload(content: Any) -> Any:
    """The JSON in a form's field ``payload``, as GitHub and Slack send it; else the content."""
    payload = content.get("payload") if isinstance(content, dict) else None
    if isinstance(payload, str) and payload.lstrip()[:1] == "{":
        opened = parse_sent_json(payload.encode("utf-8", "replace"))
        return content if opened is None else opened
    return content


def _recognize(headers: Mapping[str, str], content: Any) -> Sender | None:
    by_header = _by_header()
    known = [by_header[name] for name in headers if name in by_header]
    if known:
        return SENDERS[min(known)]
    return next(filter(lambda each: _fits_body(each, content), SENDERS), None)


@cache
def _by_header() -> dict[str, int]:
    """The place in the table by a header's name in lower case: the first that claims it."""
    found: dict[str, int] = {}
    for index, sender in enumerate(SENDERS):
        for name in sender.headers:
            found.setdefault(name.lower(), index)
    return found


@cache
def _by_name() -> dict[str, Sender]:
    return {sender.name: sender for sender in SENDERS}


def _fits_body(sender: Sender, content: Any) -> bool:
    return any(
        all(_holds(condition, content) for condition in body.split()) for body in sender.bodies
    )


def _holds(condition: str, content: Any) -> bool:
    path, sign, wanted = condition.partition("=")
    found = _look_up(path, content)
    return found is not None and (not sign or found == wanted)


def _first(places: tuple[str, ...], headers: Mapping[str, str], content: Any) -> str | None:
    for place in places:
        begin, _, end = place.partition("+")
        found = _read(begin, headers, content)
        if found:
            rest = _read(end, headers, content) if end else None
            return f"{found}.{rest}" if rest else found
    return None


def _read(place: str, headers: Mapping[str, str], content: Any) -> str | None:
    """The first line of a text or a number at a place; None for anything else."""
    if place.startswith(_HEADER):
        value: Any = headers.get(place.removeprefix(_HEADER).lower())
    else:
        value = _look_up(place, content)
    if isinstance(value, SentNumber):
        value = value.text
    elif type(value) is int:
        value = str(value) if value.bit_length() < 500 else None
    if not isinstance(value, str):
        return None
    line = next(_lines(value[: 4 * MAX_CHARS]), "")
    return line if len(line) <= MAX_CHARS else f"{line[: MAX_CHARS - 1]}…"


def _lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if line.strip())


def _look_up(path: str, content: Any) -> Any:
    """The value at a path with dots, a list's first element by ``0``; None when absent."""
    for key in path.split("."):
        if isinstance(content, dict):
            content = content.get(key)
        elif isinstance(content, list) and key == "0" and content:
            content = content[0]
        else:
            return None
    return content


def name_ticket(content: Any) -> tuple[str | None, str | None, str | None]:
    """Subject, id and event of a ticket's webhook, each None where it has none."""
    value = content if isinstance(content, dict) else {}
    ticket = value.get("ticket")
    ticket = ticket if isinstance(ticket, dict) else {}
    subject, ticket_id, event = ticket.get("subject"), ticket.get("id"), value.get("event_type")
    return (
        subject if isinstance(subject, str) else None,
        str(ticket_id) if type(ticket_id) in (str, int) else None,
        event if isinstance(event, str) else None,
    )


def find_gist(value: object) -> str | None:
    """``order 59 · state open``: what tells a body from others of its kind, in a few words."""
    if isinstance(value, list):
        return f"list of {len(value):,}"
    if not isinstance(value, dict):
        return None
    query = value.get("query")
    if isinstance(query, str) and (operation := _OPERATION.match(query[:MAX_CHARS])):
        return f"GraphQL {operation[0]}"
    ticket = value.get("ticket")
    if isinstance(ticket, dict):
        agent = ticket.get("agent")
        names = agent if isinstance(agent, dict) else {}
        told = [ticket.get("status"), *(names.get(key) for key in ("name", "display_name"))]
        parts = [_short(each).replace("_", " ") for each in told[:2] if _short(each)]
        return " · ".join(parts or [_short(told[2])]) or None
    keys = sorted(value, key=lambda key: key.lstrip("@") not in TELLING)
    # ``@`` marks an attribute of XML; namespaces say nothing about the content.
    found = [
        f"{key.lstrip('@')[:20]} {_short(value[key])}"
        for key in keys
        if not key.startswith("@xmlns") and _short(value[key])
    ]
    return " · ".join(found[:MAX_GIST]) or None


def describe_body(essence: str, text: str | None) -> str | None:
    """``text/csv · id,name``: a body without fields, by its media type and its first line."""
    line = next(_lines(text[: 4 * MAX_CHARS]), "") if text else ""
    shown = line if len(line) <= MAX_GIST_CHARS else f"{line[: MAX_GIST_CHARS - 1]}…"
    return " · ".join(filter(None, (essence[: 2 * MAX_GIST_CHARS], shown))) or None


def _short(value: object) -> str:
    """A text of one line, a number or a truth; empty for all else."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    is_plain = isinstance(value, (str, int, float)) and text.isprintable()
    return text if is_plain and len(text) <= MAX_GIST_CHARS else ""
