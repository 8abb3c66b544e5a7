"""What a bin's owner tells it to answer: checked once, then kept as JSON."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Sequence

from inspector.domain.answers import DEFAULT, MAX_DELAY_S, Answer, usual_body
from inspector.domain.pairs import is_token
from inspector.errors import InspectorError

MAX_BODY_BYTES = 1_000_000
MAX_HEADERS = 50
MAX_HEADER_CHARS = 8_000

_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*\Z")


def make_bin_answer(
    *,
    status: int = 200,
    headers: Sequence[tuple[str, str]] = (),
    body: str | None = None,
    delay_s: float = 0.0,
    insisted: bool = False,
) -> Answer:
    """The answer as ordered, headers in order; ``body`` goes out as UTF-8.

    Without a body a 200 says ``ok`` and any other status nothing. Headers that would act
    beyond the answer (``Set-Cookie`` and its like) must be ``insisted`` on.

    Raises ``InspectorError`` ``invalid_status``, ``invalid_headers``, ``invalid_body``,
    ``invalid_delay_s`` or ``header_reaches_further``, which name the field.
    """
    if not 200 <= status <= 599:
        raise _refuse("status", "A bin answers with a status from 200 to 599.")
    if not 0 <= delay_s <= MAX_DELAY_S:
        raise _refuse("delay_s", f"A bin answers after 0 to {MAX_DELAY_S:g} seconds.")
    raw_body = usual_body(status) if body is None else body.encode("utf-8", "replace")
    if len(raw_body) > MAX_BODY_BYTES:
        raise _refuse("body", f"A bin answers with a body of at most {MAX_BODY_BYTES:,} bytes.")
    _check_headers(headers)
    answer = Answer(
        status=status,
        headers=tuple(headers),
        body=raw_body,
        delay_s=delay_s,
        insisted=insisted,
    )
    _check_reach(answer)
    return answer


def dump_answer(answer: Answer) -> str | None:
    """The answer as ``choose_answer`` reads it; None for the one every bin gives by itself."""
    if answer == DEFAULT:
        return None
    return json.dumps(
        {
            "status": answer.status,
            "headers": [list(pair) for pair in answer.headers],
            "body_base64": b64encode(answer.body).decode(),
            "delay_s": answer.delay_s,
            "insisted": answer.insisted,
        }
    )


def parse_header_lines(text: str) -> tuple[tuple[str, str], ...]:
    """Names and values from lines of ``Name: value``; blank lines are nothing.

    Raises ``InspectorError`` ``invalid_headers`` for a line without a colon.
    """
    pairs = []
    for line in filter(None, map(str.strip, text.splitlines())):
        name, colon, value = line.partition(":")
        if not colon:
            raise _refuse("headers", f"A header is written Name: value, unlike {line[:60]!r}.")
        pairs.append((name.strip(), value.strip()))
    return tuple(pairs)


def _check_headers(headers: Sequence[tuple[str, str]]) -> None:
    if len(headers) > MAX_HEADERS:
        raise _refuse("headers", f"A bin answers with at most {MAX_HEADERS} headers.")
    for name, value in headers:
        if not is_token(name):
            raise _refuse("headers", f"{name[:60]!r} cannot be the name of a header.")
        if not _VALUE.match(value):
            message = f"The value of {name[:60]} has characters that no header can carry."
            raise _refuse("headers", message)
        if len(name) + len(value) > MAX_HEADER_CHARS:
            raise _refuse("headers", f"A header has at most {MAX_HEADER_CHARS:,} characters.")


def _check_reach(answer: Answer) -> None:
    """Nothing is left out in silence: what would not be sent is refused when it is ordered."""
    kept = answer.sendable_headers()
    for pair in answer.headers:
        if pair in kept:
            continue
        if Answer(headers=(pair,), insisted=True).sendable_headers():
            raise InspectorError(
                "header_reaches_further",
                f"{pair[0]} acts beyond this one answer, on the pages of this server too. "
                "Insist on it if that is what you want.",
                field="headers",
            )
        raise _refuse("headers", f"{pair[0]} is set by the server itself.")


def _refuse(field: str, message: str) -> InspectorError:
    return InspectorError(f"invalid_{field}", message, field=field)
