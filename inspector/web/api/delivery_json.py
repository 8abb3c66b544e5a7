"""Deliveries and their outcomes, as the API's JSON."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from typing import Annotated, Any, TypedDict

from inspector.capture import split_headers, split_request_line
from inspector.domain.content import decode_text
from inspector.domain.credentials import Definition
from inspector.domain.deliveries import Delivery, DeliveryLine
from inspector.emitter import Composition, PreparedRequest
from inspector.forms import to_json_safe
from inspector.web.api.pairs import MOMENT, SENT_PAIRS
from inspector.web.api.schema import About

_MS = "In milliseconds; null when this step was not reached."


class LeftOutJson(TypedDict):
    """Something of the action that is not in the request."""

    what: str
    why: str


class SentJson(TypedDict):
    """A request, byte for byte."""

    request_line: str
    headers: Annotated[list[list[str]], About("In the order sent.", schema=SENT_PAIRS)]
    body: Annotated[str | None, About("As text; null when it is not UTF-8.")]
    head_base64: Annotated[str, About("Request line and headers, to the empty line.")]
    body_base64: str


class PreviewJson(TypedDict):
    """The request that would be sent."""

    method: str
    url: str
    request: SentJson
    left_out: list[LeftOutJson]
    notes: Annotated[
        list[str], About("Parts of your own ticket that are not taken over, a sentence each.")
    ]


class FailureJson(TypedDict):
    """The reason for which there is no response, or none that counts."""

    code: str
    message: str


class ExchangeJson(TypedDict):
    """One request of an attempt: the first, or one that follows a redirect."""

    attempt: Annotated[int, About("Counts from 1.")]
    started_at: Annotated[str, About("The beginning of the attempt.", schema=MOMENT)]
    method: str
    url: str
    status: int | None
    failure: FailureJson | None
    address: Annotated[str | None, About("The address that was connected to.")]
    connect_ms: Annotated[float | None, About(_MS)]
    first_byte_ms: Annotated[float | None, About(_MS)]
    total_ms: float
    pause_s: Annotated[float, About("The pause before the attempt, in seconds.")]


class AnswerJson(TypedDict):
    """The last response of the receiver."""

    http_version: str
    status: int
    reason: str
    headers: Annotated[list[list[str]], About("Repeats kept.", schema=SENT_PAIRS)]
    body: Annotated[str | None, About("As text; null when it is not UTF-8.")]
    body_base64: str
    truncated: Annotated[bool, About("True when only the first part of the body was kept.")]


class DeliveryLineJson(TypedDict):
    """A delivery in short."""

    id: Annotated[
        str | None,
        About("Opaque; also what before takes. Null for one that could not be stored."),
    ]
    started_at: Annotated[str, About("ISO 8601, UTC.", schema=MOMENT)]
    name: Annotated[str, About("The action's.")]
    source: str
    method: str
    url: str
    status: Annotated[int | None, About("The last answer's; null when there was none.")]
    delivered: Annotated[bool, About("True when it was answered with 200 to 299.")]
    failure: FailureJson | None
    total_ms: Annotated[float, About("All attempts and the pauses between them.")]
    replay_of: Annotated[str | None, About("The captured request that it sent again: BIN/ID.")]
    verdict: Annotated[
        str | None,
        About(
            "A replay beside the last one of this request to this URL: first, same, fixed, "
            "broken or different."
        ),
    ]
    run: Annotated[
        str | None, About("The series, or the replays of many requests, that it belongs to.")
    ]
    in_run: Annotated[
        int | None,
        About(
            "In the list of all: the number of kept deliveries of the run that this one stands for."
        ),
    ]


class DeliveryJson(DeliveryLineJson):
    """A delivery."""

    attempts: int
    request: SentJson
    left_out: list[LeftOutJson]
    exchanges: list[ExchangeJson]
    answer: AnswerJson | None
    redirect_to: Annotated[str | None, About("The target of a redirect that was not followed.")]
    action: Annotated[
        dict[str, Any] | None, About("The action it was made from; null for a replay.")
    ]
    ticket: Annotated[dict[str, Any] | None, About("The choice of a ticket it was made with.")]


def sent_to_json(raw_head: bytes, body: bytes) -> SentJson:
    """A request's bytes, and what they say."""
    headers = split_headers(raw_head)
    return {
        "request_line": b" ".join(split_request_line(raw_head)).decode("utf-8", "replace"),
        "headers": [[decode_text(name), decode_text(value)] for name, value in headers],
        "body": _as_text(body),
        "head_base64": b64encode(raw_head).decode(),
        "body_base64": b64encode(body).decode(),
    }


def preview_to_json(request: PreparedRequest, composition: Composition) -> PreviewJson:
    """The request that a composition sends, credentials included."""
    return {
        "method": request.method,
        "url": str(request.url),
        "request": sent_to_json(request.head, request.body),
        "left_out": left_out_to_json(tuple((each.what, each.why) for each in request.left_out)),
        "notes": [*composition.own_ticket.notes] if composition.own_ticket else [],
    }


def line_to_json(line: DeliveryLine) -> DeliveryLineJson:
    """A line of the list."""
    return {
        "id": str(line.id) if line.id else None,
        "started_at": _moment(line.started_at),
        "name": to_json_safe(line.name),
        "source": line.source,
        "method": line.method,
        "url": line.url,
        "status": line.status,
        "delivered": line.delivered,
        "failure": _failure(line.failure_code, line.failure),
        "total_ms": line.total_ms,
        "replay_of": line.replay_of,
        "verdict": line.verdict,
        "run": line.run,
        "in_run": line.in_run,
    }


def delivery_to_json(delivery: Delivery) -> DeliveryJson:
    """All that is known of a delivery, but for its credentials."""
    delivery = delivery.without_credentials()
    answer = delivery.answer
    return {
        **line_to_json(delivery.line),
        "attempts": delivery.attempts,
        "request": sent_to_json(delivery.raw_head, delivery.body),
        "left_out": left_out_to_json(delivery.left_out),
        "exchanges": [
            {
                "attempt": each.attempt,
                "started_at": _moment(each.started_at),
                "method": each.method,
                "url": each.url,
                "status": each.status,
                "failure": _failure(each.failure_code, each.failure),
                "address": each.address,
                "connect_ms": each.connect_ms,
                "first_byte_ms": each.first_byte_ms,
                "total_ms": each.total_ms,
                "pause_s": each.pause_s,
            }
            for each in delivery.exchanges
        ],
        "answer": None
        if answer is None
        else {
            "http_version": answer.http_version,
            "status": answer.status,
            "reason": to_json_safe(answer.reason),
            "headers": [[to_json_safe(text) for text in pair] for pair in answer.headers],
            "body": _as_text(answer.body),
            "body_base64": b64encode(answer.body).decode(),
            "truncated": answer.truncated,
        },
        "redirect_to": delivery.redirect_to,
        "action": _as_object(delivery.definition),
        "ticket": _as_object(delivery.ticket),
    }


def left_out_to_json(left_out: tuple[tuple[str, str], ...]) -> list[LeftOutJson]:
    """Something that is not in the request, and the reason."""
    return [{"what": to_json_safe(what), "why": to_json_safe(why)} for what, why in left_out]


def _failure(code: str | None, message: str | None) -> FailureJson | None:
    return {"code": code, "message": to_json_safe(message or "")} if code else None


def _as_text(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _moment(instant: datetime) -> str:
    return instant.isoformat(timespec="microseconds")


def _as_object(definition: Definition | None) -> dict[str, Any] | None:
    return None if definition is None else to_json_safe(dict(definition))
