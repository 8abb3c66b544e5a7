"""Presets: named answers for CORS, echo, and the URL checks of Slack, Meta, Zoom and others.

Some are fixed (``unavailable-then-ok``), some are worked out of the request: an echo, and
the handshakes by which a sender makes sure that an address is wanted. Each handshake
answers as its vendor documents it and says ok to everything else.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from inspector.domain.answers.answer import DEFAULT, Answer
from inspector.domain.messages import Message

RETRY_AFTER_S = 30
SLOW_S = 10.0
# The rate granted to a sender of CloudEvents that names none, in requests a minute.
USUAL_RATE = "120"
_JSON = ("Content-Type", "application/json")
_TEXT = ("Content-Type", "text/plain; charset=utf-8")
_ANY_ORIGIN = ("Access-Control-Allow-Origin", "*")

FIXED: Final[Mapping[str, tuple[Answer, ...]]] = {
    "ok": (DEFAULT,),
    "unavailable-then-ok": (Answer(503, body=b""), Answer(503, body=b""), DEFAULT),
    "rate-limited": (
        Answer(429, headers=(("Retry-After", str(RETRY_AFTER_S)),), body=b"Too many requests.\n"),
    ),
    "slow": (Answer(delay_s=SLOW_S),),
}


def make_echo(request: Message, secret: str) -> Answer:  # noqa: ARG001 - a preset
    """The body back, under its own type."""
    sent = request.find_header("Content-Type") or "application/octet-stream"
    headers: list[tuple[str, str]] = [("Content-Type", sent)]
    coding = request.find_header("Content-Encoding")
    if coding:
        headers.append(("Content-Encoding", coding))
    return Answer(headers=tuple(headers), body=request.body)


def make_cors(request: Message, secret: str) -> Answer:  # noqa: ARG001 - a preset
    """CORS headers for any page; a preflight request is allowed all it asks for.

    Source: WHATWG Fetch, 3.2 (CORS protocol).
    """
    if request.method != "OPTIONS":
        exposed = ("Access-Control-Expose-Headers", "*")
        return DEFAULT._replace(headers=(_ANY_ORIGIN, exposed))
    method = request.find_header("Access-Control-Request-Method") or "*"
    names = request.find_header("Access-Control-Request-Headers") or "*"
    headers = (
        _ANY_ORIGIN,
        ("Access-Control-Allow-Methods", method),
        ("Access-Control-Allow-Headers", names),
        ("Access-Control-Max-Age", "600"),
    )
    return Answer(204, headers=headers, body=b"")


def answer_slack(request: Message, secret: str) -> Answer:  # noqa: ARG001 - a preset
    """The challenge of ``url_verification`` back.

    Source: docs.slack.dev, Events API, "Request URL configuration and verification".
    """
    body = _read_object(request)
    challenge = body.get("challenge")
    if body.get("type") == "url_verification" and isinstance(challenge, str):
        return Answer(headers=(_TEXT,), body=_encode(challenge))
    return DEFAULT


def answer_meta(request: Message, secret: str) -> Answer:
    """``hub.challenge`` back to a ``subscribe``; with a secret only to its ``hub.verify_token``.

    Source: developers.facebook.com, Graph API webhooks, "Verification requests".
    """
    sent = _read_query(request)
    if request.method != "GET" or sent.get("hub.mode") != "subscribe":
        return DEFAULT
    if secret and not hmac.compare_digest(secret.encode(), _encode(sent.get("hub.verify_token"))):
        return Answer(403, headers=(_TEXT,), body=b"hub.verify_token is another one.\n")
    return Answer(headers=(_TEXT,), body=_encode(sent.get("hub.challenge")))


def answer_zoom(request: Message, secret: str) -> Answer:
    """The plain token of ``endpoint.url_validation``, and its HMAC with the secret token.

    Source: developers.zoom.us, Webhooks, "Validate your webhook endpoint".
    """
    body = _read_object(request)
    payload = body.get("payload")
    token = payload.get("plainToken") if isinstance(payload, dict) else None
    if body.get("event") != "endpoint.url_validation" or not isinstance(token, str):
        return DEFAULT
    digest = hmac.new(secret.encode(), _encode(token), hashlib.sha256).hexdigest()
    return Answer(
        headers=(_JSON,), body=json.dumps({"plainToken": token, "encryptedToken": digest}).encode()
    )


def answer_microsoft_graph(request: Message, secret: str) -> Answer:  # noqa: ARG001 - a preset
    """``validationToken`` back, decoded, as plain text; 202 for a notification.

    Source: learn.microsoft.com, Microsoft Graph, "Receive change notifications through
    webhooks", notificationUrl validation.
    """
    token = _read_query(request).get("validationToken")
    if token is None:
        return Answer(202, body=b"")
    return Answer(headers=(_TEXT,), body=_encode(token))


def answer_cloudevents(request: Message, secret: str) -> Answer:  # noqa: ARG001 - a preset
    """The permission that an ``OPTIONS`` request asks for.

    Source: CloudEvents, HTTP 1.1 Web Hooks for Event Delivery 1.0, 4.1 and 4.2.
    """
    origin = request.find_header("WebHook-Request-Origin")
    if request.method != "OPTIONS" or origin is None:
        return DEFAULT
    rate = request.find_header("WebHook-Request-Rate") or USUAL_RATE
    headers = (
        ("Allow", "POST, OPTIONS"),
        ("WebHook-Allowed-Origin", origin),
        ("WebHook-Allowed-Rate", rate),
    )
    return Answer(headers=headers, body=b"")


MADE: Final[Mapping[str, Callable[[Message, str], Answer]]] = {
    "echo": make_echo,
    "cors": make_cors,
    "slack": answer_slack,
    "meta": answer_meta,
    "zoom": answer_zoom,
    "microsoft-graph": answer_microsoft_graph,
    "cloudevents": answer_cloudevents,
}
NAMES: Final = (*FIXED, *MADE)
# Presets that need a secret, and all that take one.
NEED_SECRET: Final = ("zoom",)
TAKE_SECRET: Final = ("zoom", "meta")
MEANINGS: Final[Mapping[str, str]] = {
    "ok": "200 and ok",
    "echo": "the body back, under its own type",
    "cors": "any page may call: preflights are allowed",
    "unavailable-then-ok": "503, 503, then 200",
    "rate-limited": f"429, try again in {RETRY_AFTER_S} s",
    "slow": f"200 after {SLOW_S:g} s",
    "slack": "Slack's url_verification",
    "meta": "Meta's hub.challenge (Facebook, WhatsApp, Instagram)",
    "zoom": "Zoom's endpoint.url_validation, with its secret token",
    "microsoft-graph": "Microsoft Graph's validationToken, and 202",
    "cloudevents": "the CloudEvents handshake (Azure Event Grid)",
}


def _read_object(request: Message) -> Mapping[str, Any]:
    """The body as a JSON object, whatever its type says; empty when it is none."""
    try:
        value = json.loads(request.decoded_body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _read_query(request: Message) -> Mapping[str, str]:
    """The query's first values by their names as sent: PHP would turn dots into underscores."""
    text = request.raw_query.decode("latin-1")
    pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=None)
    return dict(reversed(pairs))


def _encode(text: str | None) -> bytes:
    return (text or "").encode("utf-8", "replace")
