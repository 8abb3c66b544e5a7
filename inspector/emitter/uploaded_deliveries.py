"""Upload of a delivery that the command line made, for the log of a server, as JSON.

The command writes it, the server reads it. It has the credentials that were sent, so that the
server can send the delivery again; it goes to the server of ``--server`` and nowhere else.
"""

from __future__ import annotations

import math
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from inspector.domain.deliveries import AnswerRecord, Delivery, DeliveryLine, ExchangeRecord
from inspector.domain.pairs import find_pairs
from inspector.emitter.actions import action_from_json
from inspector.emitter.composing import Composition, choice_from_json
from inspector.emitter.http_client.urls import parse_url
from inspector.errors import InspectorError
from inspector.forms import to_json_safe

MAX_HEAD_BYTES = 262_144
MAX_EXCHANGES = 200
MAX_TEXT_CHARS = 10_000
MAX_MS = 1e9
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}\Z")
_RUN = re.compile(r"[A-Za-z0-9_-]{8,32}\Z")
_CODE = re.compile(r"[a-z_]{1,60}\Z")
_NOT_GIVEN = ("id", "in_run", "replay_of", "verdict")


def write_upload(delivery: Delivery) -> dict[str, Any]:
    """The JSON that ``read_upload`` reads."""
    line = {name: each for name, each in asdict(delivery.line).items() if name not in _NOT_GIVEN}
    answer = delivery.answer
    return {
        **{name: to_json_safe(each) for name, each in line.items() if name != "started_at"},
        "started_at": delivery.line.started_at.isoformat(),
        "head_base64": b64encode(delivery.raw_head).decode(),
        "body_base64": b64encode(delivery.body).decode(),
        "left_out": to_json_safe([list(pair) for pair in delivery.left_out]),
        "exchanges": [
            to_json_safe(asdict(each) | {"started_at": each.started_at.isoformat()})
            for each in delivery.exchanges
        ],
        "answer": answer
        and to_json_safe(
            {name: each for name, each in asdict(answer).items() if name not in ("body", "headers")}
            | {"headers": [list(pair) for pair in answer.headers]}
            | {"body_base64": b64encode(answer.body).decode()}
        ),
        "redirect_to": delivery.redirect_to,
        "action": to_json_safe(delivery.definition),
        "ticket": to_json_safe(delivery.ticket),
        "secret_headers": sorted(delivery.secret_headers),
    }


def read_upload(given: Mapping[str, Any]) -> Delivery:
    """The delivery, without an id. Raises ``InspectorError``: it may be anybody's JSON."""
    definition, ticket = _read_composition(given.get("action"), given.get("ticket"))
    answer = given.get("answer")
    exchanges = _list(given, "exchanges", MAX_EXCHANGES)
    if not exchanges:
        raise _refuse("exchanges", "has at least one")
    return Delivery(
        line=DeliveryLine(
            id=0,
            started_at=_instant(given),
            name=_text(given, "name"),
            source=_text(given, "source"),
            method=_matching(given, "method", _METHOD) or "POST",
            url=str(parse_url(_text(given, "url"))),
            status=_status(given),
            failure_code=_matching(given, "failure_code", _CODE),
            failure=_text(given, "failure") or None,
            total_ms=_number(given, "total_ms") or 0.0,
            run=_matching(given, "run", _RUN),
        ),
        raw_head=_bytes(given, "head_base64", MAX_HEAD_BYTES),
        body=_bytes(given, "body_base64"),
        left_out=_pairs(given, "left_out"),
        exchanges=tuple(_read_exchange(_object(each, "exchanges")) for each in exchanges),
        answer=None if answer is None else _read_answer(_object(answer, "answer")),
        redirect_to=_text(given, "redirect_to") or None,
        definition=definition,
        ticket=ticket,
        secret_headers=frozenset(
            name.lower() for name in _list(given, "secret_headers", 100) if isinstance(name, str)
        ),
    )


def _read_composition(action: Any, ticket: Any) -> tuple[Any, Any]:
    """The action and the ticket, each None for a request that was not composed."""
    if action is None:
        return None, None
    chosen = choice_from_json(_object(ticket if ticket is not None else {}, "ticket"))
    return Composition(action_from_json(_object(action, "action")), chosen).to_json()


def _read_exchange(given: Mapping[str, Any]) -> ExchangeRecord:
    attempt = _number(given, "attempt") or 1
    return ExchangeRecord(
        attempt=int(min(max(attempt, 1), MAX_EXCHANGES)),
        started_at=_instant(given),
        method=_matching(given, "method", _METHOD) or "POST",
        url=str(parse_url(_text(given, "url"))),
        status=_status(given),
        failure_code=_matching(given, "failure_code", _CODE),
        failure=_text(given, "failure") or None,
        address=_text(given, "address") or None,
        connect_ms=_number(given, "connect_ms"),
        first_byte_ms=_number(given, "first_byte_ms"),
        total_ms=_number(given, "total_ms") or 0.0,
        pause_s=_number(given, "pause_s") or 0.0,
    )


def _read_answer(given: Mapping[str, Any]) -> AnswerRecord:
    return AnswerRecord(
        http_version=_text(given, "http_version"),
        status=_status(given) or 0,
        reason=_text(given, "reason"),
        headers=_pairs(given, "headers"),
        body=_bytes(given, "body_base64"),
        truncated=given.get("truncated") is True,
    )


def _refuse(name: str, problem: str) -> InspectorError:
    return InspectorError("invalid_deliveries", f"{name} {problem}.", field="deliveries")


def _object(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _refuse(name, "is an object")
    return value


def _list(given: Mapping[str, Any], name: str, most: int) -> list[Any]:
    value = given.get(name) or []
    if not isinstance(value, list) or len(value) > most:
        raise _refuse(name, f"is a list of at most {most}")
    return value


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name) or ""
    if not isinstance(value, str) or len(value) > MAX_TEXT_CHARS:
        raise _refuse(name, f"is a text of at most {MAX_TEXT_CHARS:,} characters")
    return value


def _matching(given: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str | None:
    value = _text(given, name)
    if value and not pattern.match(value):
        raise _refuse(name, "has characters that it cannot have, or too many")
    return value or None


def _number(given: Mapping[str, Any], name: str) -> float | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refuse(name, "is a number")
    if not math.isfinite(value) or not 0 <= value <= MAX_MS:
        raise _refuse(name, f"is a number from 0 to {MAX_MS:,.0f}")
    return float(value)


def _status(given: Mapping[str, Any]) -> int | None:
    value = _number(given, "status")
    if value is not None and not (value.is_integer() and 100 <= value <= 999):
        raise _refuse("status", "is a whole number from 100 to 999")
    return None if value is None else int(value)


def _instant(given: Mapping[str, Any]) -> datetime:
    try:
        instant = datetime.fromisoformat(_text(given, "started_at"))
        known = instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):
        known = None
    if known is None or not 1970 <= known.year <= 9000:
        raise _refuse("started_at", "is a time like 2026-05-01T13:30:00+00:00")
    return known


def _bytes(given: Mapping[str, Any], name: str, most: float = math.inf) -> bytes:
    value = given.get(name) or ""
    try:
        data = b64decode(value, validate=True) if isinstance(value, str) else None
    except ValueError:
        data = None
    if data is None or len(data) > most:
        raise _refuse(name, "is base64, and not too long")
    return data


def _pairs(given: Mapping[str, Any], name: str) -> tuple[tuple[str, str], ...]:
    pairs = find_pairs(given.get(name) or [])
    if pairs is None:
        raise _refuse(name, "is a list of pairs of texts")
    return tuple((first, second) for first, second in pairs)
