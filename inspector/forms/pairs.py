"""A form's pairs as they were sent, whoever reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from inspector.forms.notes import Note
from inspector.forms.text import Value, decode_in, to_transit

# Pairs beyond the limit on variables that are listed; a body may hold millions.
MAX_UNREAD_PAIRS = 1000

PIECE = re.compile(rb"[^&]+")
_SEPARATORS = re.compile(rb"&&+")
_PLAIN_NAME = re.compile(
    rb"(?:\A|(?<=&))[\w-]+(?:(?:\[|%5B)[\w-]*(?:\]|%5D))*(?=[=&]|\Z)", re.IGNORECASE
)


class Pair(NamedTuple):
    """One name and value as sent, and its place in the value.

    ``position`` counts from 0 in wire order. ``raw_name`` and ``raw_value`` are the
    bytes as sent, still percent-encoded; ``name`` and ``value`` the decoded text.
    ``path`` are the keys under which the reader stored the value, None when it dropped
    it; ``is_kept`` is False when it is no longer there at the end.
    """

    position: int
    raw_name: bytes
    raw_value: bytes
    name: str
    value: str
    path: tuple[str, ...] | None
    is_kept: bool


class Trace(NamedTuple):
    """A form's value, its pairs but for the last ``unlisted``, its notes, and its refusal.

    ``refusal`` says in one sentence that the receiver rejects the whole form, and how;
    "" when it takes it.
    """

    value: dict[str, Value]
    pairs: tuple[Pair, ...]
    unlisted: int
    notes: tuple[Note, ...]
    refusal: str = ""


class Refused(Exception):  # noqa: N818 - an answer of the receiver, and no error of ours
    """The receiver rejects the form. ``code`` is a note's, ``facts`` fill its sentence."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


def iterate_fields(body: bytes, max_variables: int, charset: str) -> Iterator[tuple[str, str]]:
    """Name and value of each pair of the list, without its place."""
    end = body.find(b"\0") if b"\0" in body else len(body)
    pieces = islice(PIECE.finditer(body), max_variables + MAX_UNREAD_PAIRS)
    for position, match in enumerate(pieces):
        is_read = match.start() < end and position < max_variables
        piece = match[0][: end - match.start()] if is_read else match[0]
        name, _, value = to_transit(piece).partition("=")
        yield decode_in(name, charset)[0], decode_in(value, charset)[0]


def count_pieces(body: bytes) -> int:
    """Count the pieces between ``&``, without empty ones; quick for millions."""
    pieces = _SEPARATORS.sub(b"&", body).strip(b"&")
    return pieces.count(b"&") + 1 if pieces else 0


def count_plain_names(body: bytes) -> int:
    """Count the pairs whose names every receiver reads as they stand."""
    return len(_PLAIN_NAME.findall(body))
