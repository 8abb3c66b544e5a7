"""Forwarding a capture to a program of the user's, as a relay sends it."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from inspector.capture import Refusal
from inspector.domain import CapturedRequest
from inspector.domain.attempts import Attempt
from inspector.errors import InspectorError
from inspector.reading.text import escape_invisible, shorten

TIMEOUT_S = 30.0
MAX_ANSWER_CHARS = 100
MAX_ANSWER_BYTES = 1_000_000


def read_request(data: dict[str, Any]) -> CapturedRequest:
    """A captured request from its JSON in the API: head and body byte for byte."""
    refused, attempt = data["refused"], data.get("attempt")
    found = None if attempt is None else Attempt(**attempt)
    return CapturedRequest(
        id=data["id"],
        bin_id=0,
        bin_name="",
        number=data["number"],
        received_us=round(data["time"] * 1_000_000),
        raw_head=b64decode(data["head_base64"]),
        body=b64decode(data["body_base64"]),
        body_size=data["body_size"],
        peer=data["remote_addr"],
        chunked=data["chunked"],
        truncated=data["truncated"],
        fidelity=data["fidelity"],
        refusal=Refusal(refused["status"], refused["reason"]) if refused else None,
        find_attempt=lambda _: found,
    )


def forward(request: CapturedRequest, url: str, *, refused_too: bool = False) -> str:
    """Send it below ``url``; the line that says how that went, whatever happens.

    A request that the server refused is left out unless ``refused_too``.
    """
    # Imported here: a tail that forwards nothing does not need them.
    from inspector.emitter import DeliveryOptions, send
    from inspector.emitter.relaying import prepare_relay

    if request.refusal is not None and not refused_too:
        return f"  -> not sent: it was refused with {request.refusal.status}"
    try:
        prepared = prepare_relay(request, url)
    except InspectorError as error:
        return f"  -> not sent: {escape_invisible(error.message)}"
    options = DeliveryOptions(timeout_s=TIMEOUT_S, first_byte_timeout_s=TIMEOUT_S)
    result = send(prepared, options=options, max_answer_bytes=MAX_ANSWER_BYTES)
    place = f"  -> {escape_invisible(str(prepared.url))}"
    if result.answer is None:
        why = result.failure.message if result.failure else "no answer"
        return f"{place}: not delivered, {escape_invisible(why)}"
    reason = escape_invisible(result.answer.reason[:60])
    line = f"{place}: {result.answer.status} {reason} in {result.last.total_ms:.0f} ms"
    body = result.answer.body.decode("utf-8", "replace").strip()
    text = escape_invisible(shorten(body, MAX_ANSWER_CHARS))
    return f"{line}: {text}" if text else line
