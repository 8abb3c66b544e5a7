"""Rows into domain objects, and a new bin into a row, for whoever speaks SQL in whatever way."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from weakref import ref

from inspector.capture import Capture, Refusal, WireDetails, split_request_line
from inspector.clock import time
from inspector.domain import AnsweredBy, Bin, BodyLimits, CapturedRequest, check_name, generate_name
from inspector.domain.attempts import Attempt
from inspector.domain.bins import MAX_AGE_S, MAX_CAPACITY
from inspector.domain.content import decode_text
from inspector.domain.proxies import NO_PROXIES, TrustedProxies
from inspector.domain.requests import (
    CheckSignatures,
    FindAnswer,
    FindAttempt,
    FindAttempts,
    FindRelay,
)
from inspector.errors import InspectorError

# The order in which rows are written and read; a list may leave out the last two.
REQUEST_COLUMNS = (
    "bin_id",
    "number",
    "received_us",
    "method",
    "peer",
    "fidelity",
    "chunked",
    "truncated",
    "refused_status",
    "refused_reason",
    "answer_set",
    "answer_rule",
    "answer_turn",
    "body_size",
    "raw_head",
    "wire",
    "body",
)
# Columns of the annotation, read behind those; null without one.
ANNOTATION_COLUMNS = ("pinned", "note")
# Columns that a captured request has unchanged.
_AS_STORED = ("bin_id", "number", "received_us", "peer", "fidelity", "body_size")
STORED_BYTES = "body_size + length(raw_head)"
_ID = re.compile(r"(?:(\d{1,18})-)?(\d{1,18})\Z", re.ASCII)


class ReadSettings(NamedTuple):
    """Settings for reading stored requests: limits on bodies, and whose forwarding headers count.

    ``find_answer`` gives the response to a request, ``check_signatures`` its signatures'
    checks, ``find_attempts`` the attempts of requests of one bin, by number, and ``find_relay``
    the outcome of a relay. They are called from any thread; None where they are not needed.
    """

    limits: BodyLimits = BodyLimits()
    proxies: TrustedProxies = NO_PROXIES
    find_answer: FindAnswer | None = None
    check_signatures: CheckSignatures | None = None
    find_attempts: FindAttempts | None = None
    find_relay: FindRelay | None = None


USUAL_SETTINGS = ReadSettings()
USUAL_ANSWER = AnsweredBy(0)


def to_row(
    capture: Capture, bin_id: int, number: int, answered: AnsweredBy = USUAL_ANSWER
) -> dict[str, Any]:
    """A capture as the values of ``REQUEST_COLUMNS``, by name; its body is read into memory."""
    refusal = capture.refusal
    return {
        "bin_id": bin_id,
        "number": number,
        "received_us": capture.received_us,
        "method": decode_text(split_request_line(capture.raw_head)[0]).replace("\0", "\ufffd"),
        "peer": capture.peer,
        "fidelity": capture.fidelity,
        "chunked": capture.chunked,
        "truncated": capture.truncated,
        "refused_status": refusal.status if refusal else None,
        "refused_reason": refusal.reason if refusal else None,
        "answer_set": answered.answer_set,
        "answer_rule": answered.rule,
        "answer_turn": answered.turn,
        "body_size": capture.body_size,
        "raw_head": capture.raw_head,
        "wire": capture.wire.to_json(),
        "body": capture.read_body(),
    }


def count_stored_bytes(capture: Capture) -> int:
    """The bytes that a capture counts of ``--max-total``: ``STORED_BYTES`` of its row."""
    return capture.body_size + len(capture.raw_head)


def count_row_bytes(row: Mapping[str, Any]) -> int:
    """The bytes that a stored row counts of ``--max-total``."""
    return int(row["body_size"]) + len(row["raw_head"])


class AttemptBatch:
    """The attempts of requests that were read together, found together when one is asked for."""

    def __init__(self, find: FindAttempts) -> None:
        self._find = find
        self._requests: list[ref[CapturedRequest]] = []
        self._found: Mapping[int, Attempt] | None = None

    def hold(self, requests: Sequence[CapturedRequest]) -> None:
        """Hold the requests by weak references."""
        self._requests = [ref(each) for each in requests]

    def __call__(self, request: CapturedRequest) -> Attempt | None:
        """The request's attempt, None where nothing tells."""
        if self._found is None:
            alive = [each for one in self._requests if (each := one()) is not None]
            self._found = self._find(alive or [request])
        return self._found.get(request.number)


def to_requests(
    rows: Iterable[Sequence[Any]], bin_name: str, settings: ReadSettings
) -> list[CapturedRequest]:
    """Rows of one bin that are looked at together; see ``to_request``."""
    batch = None if settings.find_attempts is None else AttemptBatch(settings.find_attempts)
    found = [to_request(row, bin_name, settings, batch) for row in rows]
    if batch is not None:
        batch.hold(found)
    return found


def to_request(
    row: Sequence[Any],
    bin_name: str,
    settings: ReadSettings,
    find_attempt: FindAttempt | None = None,
) -> CapturedRequest:
    """A row that begins with ``REQUEST_COLUMNS`` as a domain object.

    ``ANNOTATION_COLUMNS`` may follow.
    """
    stored: dict[str, Any] = dict(zip((*REQUEST_COLUMNS, *ANNOTATION_COLUMNS), row, strict=False))
    refused_status, answer_set = stored["refused_status"], stored["answer_set"]
    return CapturedRequest(
        id=make_id(stored["bin_id"], stored["number"]),
        bin_name=bin_name,
        raw_head=bytes(stored["raw_head"]),
        body=bytes(stored["body"]),
        chunked=bool(stored["chunked"]),
        truncated=bool(stored["truncated"]),
        refusal=None
        if refused_status is None
        else Refusal(refused_status, stored["refused_reason"] or ""),
        answered=None
        if answer_set is None
        else AnsweredBy(answer_set, stored["answer_rule"], stored["answer_turn"]),
        pinned=bool(stored.get("pinned")),
        note=stored.get("note"),
        wire=WireDetails.from_json(stored["wire"]),
        limits=settings.limits,
        proxies=settings.proxies,
        find_answer=settings.find_answer,
        check_signatures=settings.check_signatures,
        find_attempt=find_attempt,
        find_relay=settings.find_relay,
        **{name: stored[name] for name in _AS_STORED},
    )


def read_capture(
    capture: Capture, bin_id: int, number: int, settings: ReadSettings = USUAL_SETTINGS
) -> CapturedRequest:
    """A capture as it will be read back, once it is stored as this number of this bin."""
    row = to_row(capture, bin_id, number)
    return to_request([row[name] for name in REQUEST_COLUMNS], capture.bin_name, settings)


def make_id(bin_id: int, number: int) -> str:
    """The id that the outside knows a request by."""
    return f"{bin_id}-{number}"


def find_number(bin_: Bin, request_id: str) -> int | None:
    """The number within this bin that an id stands for, or None when it is none of its ids.

    A bare number is one: people read it on the page and type it.
    """
    found = _ID.match(request_id)
    return int(found[2]) if found and int(found[1] or bin_.id) == bin_.id else None


def find_position_in_bins(text: str) -> tuple[int, int] | None:
    """The bin's id and the number that an id names; None for a text that is no id of a request."""
    found = _ID.match(text)
    return (int(found[1]), int(found[2])) if found and found[1] else None


def make_bin_row(
    name: str | None, *, private: bool, capacity: int
) -> tuple[dict[str, Any], str | None]:
    """The row of a new bin, and the secret of a private one, which is stored as a hash.

    Raises ``invalid_name``, ``name_reserved`` or ``invalid_capacity``.
    """
    secret = secrets.token_urlsafe(24) if private else None
    row = {
        "name": generate_name() if name is None else check_name(name),
        "private": private,
        "secret_hash": hash_secret(secret) if secret else None,
        "created_us": time.time_ns() // 1000,
        "capacity": check_capacity(capacity),
        "last_number": 0,
    }
    return row, secret


def name_taken(name: str) -> InspectorError:
    """The error to raise when there is such a bin."""
    return InspectorError("name_taken", f"There is a bin named {name} already.", field="name")


def check_capacity(capacity: int) -> int:
    """Give the capacity back when a bin may have it, else raise ``invalid_capacity``."""
    if not 1 <= capacity <= MAX_CAPACITY:
        raise InspectorError(
            "invalid_capacity", f"A bin keeps 1 to {MAX_CAPACITY:,} requests.", field="capacity"
        )
    return capacity


def check_ttl(ttl_s: float | None) -> int | None:
    """Give an age in whole seconds back when a bin may have it, else raise ``invalid_ttl``."""
    if ttl_s is not None and not 1 <= ttl_s <= MAX_AGE_S:
        raise InspectorError(
            "invalid_ttl", "A bin keeps requests for a second or more.", field="ttl"
        )
    return None if ttl_s is None else int(ttl_s)


def hash_secret(secret: str) -> str:
    """SHA-256 as hex: a secret of 192 random bits needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
