"""A request as Python: with httpx, with requests, and as a test that uses our fixture."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from inspector.domain import CapturedRequest
from inspector.exports.outgoing import Outgoing
from inspector.reading.content import find_content
from inspector.reading.paths import MISSING, Path, find_value, format_path

LINE_BYTES = 76
MAX_ASSERTIONS = 12
MAX_NUMBER_CHARS = 5000
# The fields of a ticket that a generated test checks, as far as they were sent.
_MAIN_FIELDS = (
    *("ticket.id", "ticket.ref", "ticket.subject", "ticket.status"),
    *("ticket.agent.id", "ticket.person.id", "ticket.person.primary_email.email"),
    *("ticket.department.id", "custom_data"),
    *("event_type", "event_method", "event_performer"),
)


def render_httpx(outgoing: Outgoing) -> str:
    """A program that sends the same method, URL, headers and body by httpx.

    httpx adds headers of its own (Accept, User-Agent, ...) where none was sent.
    """
    headers = [
        f"({_literal(name)}, {_literal(value)})," for name, value in _plain_headers(outgoing)
    ]
    return _render_program("httpx", "content", outgoing, _in_brackets("headers=", "[]", headers))


def render_requests(outgoing: Outgoing) -> str:
    """A script that uses requests, which has each header once: repeats are joined by a comma."""
    joined: dict[bytes, tuple[bytes, bytes]] = {}
    for name, value in _plain_headers(outgoing):
        first, before = joined.get(name.lower(), (name, None))
        joined[name.lower()] = (first, value if before is None else before + b", " + value)
    headers = [f"{_literal(name)}: {_literal(value)}," for name, value in joined.values()]
    return _render_program("requests", "data", outgoing, _in_brackets("headers=", "{}", headers))


def _plain_headers(outgoing: Outgoing) -> list[tuple[bytes, bytes]]:
    # urllib and requests send chunks only for a body that is an iterator.
    return [pair for pair in outgoing.headers if pair[0].lower() != b"transfer-encoding"]


def _render_program(
    library: str, body_argument: str, outgoing: Outgoing, headers: list[str]
) -> str:
    lines = [f"import {library}", ""]
    arguments = [f"{_literal(outgoing.method)},", f"{_literal(outgoing.url.encode())},", *headers]
    if outgoing.body:
        lines += _in_brackets("body = ", "()", _body_literals(outgoing), comma="")
        arguments.append(f"{body_argument}=body,")
    call = _in_brackets(f"response = {library}.request", "()", arguments, comma="")
    return "\n".join([*lines, *call, "print(response.status_code, response.text)", ""])


def _in_brackets(lead: str, brackets: str, lines: list[str], comma: str = ",") -> list[str]:
    if not lines:
        return []
    return [f"{lead}{brackets[0]}", *(f"    {line}" for line in lines), f"{brackets[1]}{comma}"]


def _body_literals(outgoing: Outgoing) -> list[str]:
    """The body in literals of readable length: a form's pairs, a text's lines."""
    is_form = any(b"x-www-form-urlencoded" in value.lower() for _, value in outgoing.headers)
    pieces = re.findall(rb"&?[^&]+|&" if is_form else rb"[^\n]*\n|[^\n]+", outgoing.body)
    return [
        repr(piece[start : start + LINE_BYTES])
        for piece in pieces
        for start in range(0, len(piece), LINE_BYTES)
    ]


def _literal(data: bytes) -> str:
    """A literal of printable ASCII: a string where the bytes are ASCII, else of bytes."""
    return repr(data.decode()) if data.isascii() else repr(data)


def render_pytest(request: CapturedRequest, outgoing: Outgoing) -> str:
    """A test that sends the request to a bin of its own and asserts its main fields.

    It passes as it is; the reader puts a call of the program under test into ``send``.
    """
    below = outgoing.url.split("/", 3)[3].partition("?")
    target = below[0].partition("/")[2] + below[1] + below[2]
    literal = _literal(f"/{target}".encode())
    url = f"webhook_bin.url_for({literal})" if target else "webhook_bin.url"
    assertions = [f"assert request.method == {_literal(outgoing.method)}"]
    for path, expected in _list_main_fields(request):
        same = "is" if expected is None or isinstance(expected, bool) else "=="
        value = _value_literal(expected)
        assertions.append(f"assert request.at({format_path(path)!a}) {same} {value}")
    headers = [
        f"{_literal(name)}: {_text_literal(value)},"
        for name, value in _plain_headers(outgoing)
        if name.lower() != b"host"
    ]
    sending = [
        *_in_brackets("headers = ", "{}", headers, comma=""),
        *_in_brackets("body = ", "()", _body_literals(outgoing), comma=""),
    ]
    parts = {
        "NAME": _test_name(request),
        "URL": url,
        "ASSERTIONS": "\n    ".join(assertions),
        "SENDING": "\n    ".join(sending) or "pass",
        "BODY": "body" if outgoing.body else "None",
        "HEADERS": "headers" if headers else "{}",
        "METHOD": _literal(outgoing.method),
    }
    # One pass over the template: what was captured may hold a placeholder's name.
    return re.sub(r"@(\w+)@", lambda found: parts[found[1]], _TEST)


_TEST = '''\
from urllib.request import Request, urlopen


def test_@NAME@(webhook_bin):
    send(@URL@)
    request = webhook_bin.wait(timeout=5)
    @ASSERTIONS@


def send(url):
    """The webhook as it was captured: put here what makes your program send it."""
    @SENDING@
    urlopen(Request(url, data=@BODY@, headers=@HEADERS@, method=@METHOD@), timeout=5).close()
'''


def _value_literal(value: Any) -> str:
    """A literal of a field's value; what no float holds is written as it was sent."""
    if isinstance(value, float) and math.isinf(value):
        return f"float({str(getattr(value, 'text', value))[:MAX_NUMBER_CHARS]!a})"
    return ascii(value)


def _text_literal(value: bytes) -> str:
    # urllib encodes a header's text as Latin-1, which gives these very bytes.
    return ascii(value.decode("latin-1"))


def _test_name(request: CapturedRequest) -> str:
    ticket_id = request.summary.ticket_id
    what = f"ticket_{ticket_id}" if ticket_id else f"request_{request.number}"
    words = re.findall(r"[a-z0-9]+", f"{what} {request.summary.event or ''}".lower())
    return "_".join(words)[:60]


def _list_main_fields(request: CapturedRequest) -> list[tuple[Path, Any]]:
    source, root = find_content(request)
    if source is None:
        return []
    found = []
    for text in _MAIN_FIELDS:
        path = tuple(text.split("."))
        value = find_value(root, path)
        if value is not MISSING and not isinstance(value, dict | list):
            found.append((path, value))
    if not found:
        found = list(islice(_iterate_leaves(root), MAX_ASSERTIONS))
    return found


def _iterate_leaves(root: Any) -> Iterator[tuple[Path, Any]]:
    todo: list[tuple[Path, Any]] = [((), root)]
    while todo:
        path, value = todo.pop()
        if isinstance(value, dict):
            todo += [((*path, key), each) for key, each in reversed(value.items())]
        elif isinstance(value, list):
            todo += [((*path, str(index)), each) for index, each in reversed([*enumerate(value)])]
        elif path:
            yield path, value
