"""One answer of a bin, as its owner orders it: checked once, written and read as JSON.

Page, API, command and fixture all make their answers here.
"""

from __future__ import annotations

import json as json_module
import math
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import Any, Final

from inspector.domain.answers.answer import MAX_DELAY_S, Answer
from inspector.domain.answers.default import default_body
from inspector.domain.pairs import find_pairs, is_token
from inspector.errors import InspectorError

MAX_BODY_BYTES = 1_000_000
MAX_HEADERS = 50
MAX_HEADER_CHARS = 8_000
MAX_SECRET_CHARS = 1_000
JSON_TYPE = ("Content-Type", "application/json")

_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*\Z")
_NOTHING: Final = object()


def make_answer(
    *,
    status: int = 200,
    headers: Sequence[tuple[str, str]] = (),
    body: str | bytes | None = None,
    json: Any = _NOTHING,
    delay_s: float = 0.0,
    drip_s: float = 0.0,
    cut_after: int | None = None,
    dropped: bool = False,
    insisted: bool = False,
    is_template: bool = False,
    early_hints: Sequence[tuple[str, str]] = (),
    max_body_bytes: int = MAX_BODY_BYTES,
) -> Answer:
    """The answer as ordered, headers in order; a ``body`` of text goes out as UTF-8.

    Without a body a 200 says ``ok`` and any other status nothing; ``json`` is any data
    in its place. Headers that would act beyond the answer (``Set-Cookie`` and its like)
    must be ``insisted`` on. See ``Answer`` for the rest.

    Raises ``InspectorError`` ``invalid_<field>`` or ``header_reaches_further``, which
    name the argument.
    """
    _check_numbers(status, delay_s, drip_s, cut_after)
    pairs = tuple(headers)
    if json is not _NOTHING:
        if body is not None:
            raise _refuse("json", "Give body or json, not both.")
        body = json_module.dumps(json)
        if not any(name.lower() == "content-type" for name, _ in pairs):
            pairs = (JSON_TYPE, *pairs)
    raw_body = _to_bytes(status, body, max_body_bytes)
    for given in (pairs, early_hints):
        _check_headers(given, insisted=insisted)
    return Answer(
        status=status,
        headers=pairs,
        body=raw_body,
        delay_s=delay_s,
        drip_s=drip_s,
        cut_after=cut_after,
        dropped=dropped,
        insisted=insisted,
        is_template=is_template,
        early_hints=tuple(early_hints),
    )


_READ: Final[Mapping[str, str]] = {
    "status": "status",
    "delay": "delay_s",
    "drip": "drip_s",
    "cut_after": "cut_after",
    "drop": "dropped",
    "insisted": "insisted",
    "template": "is_template",
    "json": "json",
}
_FLAGS: Final = ("drop", "insisted", "template")
NAMES: Final = (*_READ, "headers", "early_hints", "body", "body_base64")


def read_answer(data: Mapping[str, Any]) -> Answer:
    """An answer from its JSON object (``NAMES``; headers are pairs or an object).

    Raises as ``make_answer`` does, and ``unknown_field`` for a name that is none.
    """
    for name in data:
        if name not in NAMES:
            known = ", ".join(NAMES)
            raise InspectorError(
                "unknown_field",
                f"{str(name)[:80]!r} is not known here; known: {known}.",
                field=str(name)[:80],
            )
    for name in _FLAGS:
        if not isinstance(data.get(name, False), bool):
            raise _refuse(name, f"{name} is true or false.")
    wanted = {_READ[name]: value for name, value in data.items() if name in _READ}
    for name in ("headers", "early_hints"):
        wanted[name] = find_pairs(data.get(name) or ())
        if wanted[name] is None:
            raise _refuse(name, f"{name} is a list of names and values, each a text.")
    try:
        return make_answer(body=_read_body(data), **wanted)
    except InspectorError as error:
        field = str(error.details["field"])
        name = next((name for name, own in _READ.items() if own == field), field)
        code = f"invalid_{name}" if error.code == f"invalid_{field}" else error.code
        raise InspectorError(code, error.message, field=name) from error


def _read_body(data: Mapping[str, Any]) -> str | bytes | None:
    body, encoded = data.get("body"), data.get("body_base64")
    if body is not None and encoded is not None:
        raise _refuse("body_base64", "Give body or body_base64, not both.")
    if encoded is not None:
        try:
            return b64decode(encoded, validate=True)
        except (ValueError, TypeError) as error:
            raise _refuse("body_base64", "body_base64 is not base64.") from error
    if body is not None and not isinstance(body, str):
        raise _refuse("body", "body is a text; json takes any data.")
    return body


def answer_to_json(answer: Answer) -> dict[str, Any]:
    """The JSON object that ``read_answer`` reads back; what is usual is left out."""
    written: dict[str, Any] = {"status": answer.status}
    if answer.headers:
        written["headers"] = [list(pair) for pair in answer.headers]
    if answer.early_hints:
        written["early_hints"] = [list(pair) for pair in answer.early_hints]
    if answer.body != default_body(answer.status):
        try:
            written["body"] = answer.body.decode()
        except UnicodeDecodeError:
            written["body_base64"] = b64encode(answer.body).decode()
    extra = {
        "delay": answer.delay_s,
        "drip": answer.drip_s,
        "drop": answer.dropped,
        "insisted": answer.insisted,
        "template": answer.is_template,
    }
    written |= {name: value for name, value in extra.items() if value}
    if answer.cut_after is not None:
        written["cut_after"] = answer.cut_after
    return written


def parse_header_lines(text: str) -> tuple[tuple[str, str], ...]:
    """Names and values from lines of ``Name: value``; blank lines are nothing.

    Raises ``InspectorError`` ``invalid_headers`` for a line without a colon.
    """
    pairs = []
    for line in filter(None, map(str.strip, text.splitlines())):
        name, colon, value = line.partition(":")
        if not colon:
            raise _refuse("headers", f"{line[:60]!r} is no header: write it as Name: value.")
        pairs.append((name.strip(), value.strip()))
    return tuple(pairs)


def _check_numbers(status: int, delay_s: float, drip_s: float, cut_after: int | None) -> None:
    if not _is_whole(status) or not 200 <= status <= 599:
        raise _refuse("status", "A bin answers with a status from 200 to 599.")
    for name, seconds in (("delay_s", delay_s), ("drip_s", drip_s)):
        if not _is_number(seconds) or not 0 <= seconds <= MAX_DELAY_S:
            what = name.removesuffix("_s")
            raise _refuse(name, f"The {what} of an answer is 0 to {MAX_DELAY_S:g} seconds.")
    if cut_after is not None and (not _is_whole(cut_after) or cut_after < 0):
        raise _refuse("cut_after", "cut_after counts bytes of the body, 0 or more.")


def _to_bytes(status: int, body: str | bytes | None, most: int) -> bytes:
    if body is None:
        return default_body(status)
    raw = body.encode("utf-8", "replace") if isinstance(body, str) else body
    if len(raw) > most:
        raise _refuse("body", f"A bin answers with a body of at most {most:,} bytes.")
    return raw


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_headers(headers: Sequence[tuple[str, str]], *, insisted: bool) -> None:
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
    _check_reach(headers, insisted=insisted)


def _check_reach(headers: Sequence[tuple[str, str]], *, insisted: bool) -> None:
    """Nothing is left out in silence: a header that would not be sent is refused at once."""
    kept = Answer(headers=tuple(headers), insisted=insisted).sendable_headers()
    for pair in headers:
        if pair in kept:
            continue
        if Answer(headers=(pair,), insisted=True).sendable_headers():
            raise InspectorError(
                "header_reaches_further",
                f"{pair[0]} acts beyond this one answer, on the pages of this server too. "
                "Allow it if that is what you want.",
                field="headers",
            )
        raise _refuse("headers", f"{pair[0]} is set by the server itself.")


def _refuse(field: str, message: str) -> InspectorError:
    return InspectorError(f"invalid_{field}", message, field=field)
