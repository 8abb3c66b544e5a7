"""A request as an HTTPie command for bash or fish.

Source: HTTPie's documentation, Request items; behaviour tried with HTTPie 3.2.
"""

from __future__ import annotations

import re

from inspector.errors import InspectorError
from inspector.exports.outgoing import Outgoing
from inspector.exports.shell import quote_word, render_printf

# HTTPie reads "Name:=x" as JSON and "Name:@x" as a file, so such a value's beginning is escaped.
_SEPARATORS = (b"=", b"@", b":", b";")
_DEFAULTS = (b"user-agent", b"accept", b"accept-encoding", b"connection")
# The methods that HTTPie sends; it takes any other word for a host name.
_METHOD = re.compile(rb"[A-Za-z]+\Z")
# HTTPie takes a backslash before one of these for its own escape, wherever it stands.
_EATEN = re.compile(rb"\\[:=@;]")


def render_httpie(outgoing: Outgoing) -> str:
    """One command, over several lines. Only HTTPie runs.

    Raises ``InspectorError`` ``cannot_express`` for a method or a header that HTTPie
    has no way to be told.
    """
    if not _METHOD.match(outgoing.method):
        raise InspectorError("cannot_express", "HTTPie sends only methods made of letters.")
    items = [
        _render_item(name, value)
        for name, value in outgoing.headers
        # HTTPie sends chunks only by an option of its own, which writes this header.
        if name.lower() != b"transfer-encoding"
    ]
    items += [name.title() + b":" for name in _DEFAULTS if not outgoing.has_header(name)]
    if outgoing.body and not outgoing.has_header(b"content-type"):
        items.append(b"Content-Type:")
    source = f"{render_printf(outgoing.body)} | " if outgoing.body else ""
    # The URL comes from what was captured: it is no option, and no other argument is.
    flags = "" if outgoing.body else "--ignore-stdin "
    words = [quote_word(outgoing.method), quote_word(outgoing.url.encode())]
    lines = [f"{source}http {flags}--path-as-is {' '.join(words)}", *map(quote_word, items)]
    return " \\\n  ".join(lines) + "\n"


def _render_item(name: bytes, value: bytes) -> bytes:
    if not value:
        return name + b";"
    if name.startswith(b"-") or _EATEN.search(value) or not _is_utf_8(value):
        shown = name.decode("ascii", "replace")
        raise InspectorError(
            "cannot_express", f"HTTPie has no way to write the header {shown}. Take curl instead."
        )
    escape = b"\\" if value.startswith(_SEPARATORS) else b""
    return name + b":" + escape + value


def _is_utf_8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
