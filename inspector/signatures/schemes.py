"""The signature schemes of webhooks: headers, hash, and the text that is signed.

Most are an HMAC over a template, so that a row of a table says all about them; Stripe's
header, Twilio's sorted parameters and Mailgun's body have functions of their own.
Sources: the vendors' documentation of their webhooks, and standardwebhooks.com.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import parse_qs, parse_qsl

from inspector.domain.json_bodies import parse_json
from inspector.domain.messages import FORM_TYPE, Message

SECRET_PREFIX = "whsec_"  # noqa: S105  # the beginning of every secret of Stripe, Svix and others
TOLERANCE_S = 300
MAX_SIGNATURES = 16
MAX_PARAMETERS = 2_000

Kind = Literal["hmac", "list", "stripe", "twilio", "mailgun", "token"]
Algorithm = Literal["sha1", "sha256", "sha512"]
Encoding = Literal["hex", "base64"]


@dataclass(frozen=True, slots=True)
class Scheme:
    """The signature scheme of one vendor.

    ``signed`` is a template over ``{body}``, ``{timestamp}``, ``{id}`` and ``{url}``.
    ``tolerance_s`` is how old a timestamp may be, 0 for any age. ``is_base64_key``: the
    secret is base64 behind ``whsec_``.
    """

    name: str
    title: str
    header: str
    signed: str = "{body}"
    algorithm: Algorithm = "sha256"
    encoding: Encoding = "hex"
    prefix: str = ""
    timestamp_header: str = ""
    id_header: str = ""
    tolerance_s: int = 0
    is_base64_key: bool = False
    kind: Kind = "hmac"


class Claim(NamedTuple):
    """The signature that a request has, as sent."""

    signatures: tuple[str, ...]
    timestamp: str = ""
    id: str = ""


def _like_standard(name: str, title: str, lead: str) -> Scheme:
    return Scheme(
        name,
        title,
        f"{lead}-Signature",
        "{id}.{timestamp}.{body}",
        encoding="base64",
        prefix="v1,",
        timestamp_header=f"{lead}-Timestamp",
        id_header=f"{lead}-Id",
        tolerance_s=TOLERANCE_S,
        is_base64_key=True,
        kind="list",
    )


SCHEMES: Final[Mapping[str, Scheme]] = {
    scheme.name: scheme
    for scheme in (
        _like_standard("standard-webhooks", "Standard Webhooks", "Webhook"),
        _like_standard("svix", "Svix", "Svix"),
        Scheme("github", "GitHub", "X-Hub-Signature-256", prefix="sha256="),
        Scheme(
            "stripe",
            "Stripe",
            "Stripe-Signature",
            "{timestamp}.{body}",
            tolerance_s=TOLERANCE_S,
            kind="stripe",
        ),
        Scheme(
            "slack",
            "Slack",
            "X-Slack-Signature",
            "v0:{timestamp}:{body}",
            prefix="v0=",
            timestamp_header="X-Slack-Request-Timestamp",
            tolerance_s=TOLERANCE_S,
        ),
        Scheme("shopify", "Shopify", "X-Shopify-Hmac-Sha256", encoding="base64"),
        Scheme(
            "twilio",
            "Twilio",
            "X-Twilio-Signature",
            "{url}",
            algorithm="sha1",
            encoding="base64",
            kind="twilio",
        ),
        Scheme(
            "zendesk",
            "Zendesk",
            "X-Zendesk-Webhook-Signature",
            "{timestamp}{body}",
            encoding="base64",
            timestamp_header="X-Zendesk-Webhook-Signature-Timestamp",
        ),
        Scheme("zammad", "Zammad", "X-Hub-Signature", algorithm="sha1", prefix="sha1="),
        Scheme("mailgun", "Mailgun", "", "{timestamp}{id}", kind="mailgun"),
        Scheme("token", "a shared secret", "X-Webhook-Token", kind="token"),
        Scheme("hmac", "HMAC", "X-Signature"),
    )
}

# These are recognised by their headers; the others only when a bin has a secret for them.
RECOGNISED: Final = tuple(
    scheme for name, scheme in SCHEMES.items() if name not in ("token", "hmac")
)


def read_claim(scheme: Scheme, message: Message) -> Claim | None:
    """The signature that a request has by this scheme, or None. At most 16 signatures count."""
    if scheme.kind == "mailgun":
        return _read_mailgun(message)
    value = message.find_header(scheme.header)
    if value is None:
        return None
    if scheme.kind == "stripe":
        return _read_stripe(value)
    parts = value.split()[:MAX_SIGNATURES] if scheme.kind == "list" else [value.strip()]
    stamp, own_id = scheme.timestamp_header, scheme.id_header
    return Claim(
        tuple(parts),
        (message.find_header(stamp) or "").strip() if stamp else "",
        (message.find_header(own_id) or "").strip() if own_id else "",
    )


def _read_stripe(value: str) -> Claim:
    pairs = [part.strip().partition("=") for part in value.split(",")[: 2 * MAX_SIGNATURES]]
    stamps = [text for name, _, text in pairs if name == "t"]
    signatures = tuple(text for name, _, text in pairs if name == "v1")
    return Claim(signatures[:MAX_SIGNATURES], stamps[0] if stamps else "")


def _read_mailgun(message: Message) -> Claim | None:
    """Mailgun's are in the body: an object ``signature``, or three fields of a form."""
    body = message.decoded_body
    found: Any = None
    if message.media_type.is_json:
        # Cheap test: other bodies need no parsing.
        found = parse_json(body) if b'"signature"' in body and b'"token"' in body else None
        found = found.get("signature") if isinstance(found, dict) else None
    elif message.is_form and b"signature" in body and message.form is not None:
        found = message.form.value
    if not isinstance(found, dict):
        return None
    texts = [found.get(name) for name in ("signature", "timestamp", "token")]
    if not all(type(text) in (str, int) for text in texts):
        return None
    signature, timestamp, token = map(str, texts)
    return Claim((signature,), timestamp, token)


_PLACE = re.compile(r"\{(body|timestamp|id|url)\}")


def fill_signed(template: str, claim: Claim, url: str, body: bytes) -> bytes:
    """The bytes that are signed; a template's other braces stand for themselves."""
    values = {
        "body": body,
        "timestamp": encode_text(claim.timestamp),
        "id": encode_text(claim.id),
        "url": encode_text(url),
    }
    parts = _PLACE.split(template)
    return b"".join(
        values[part] if place % 2 else encode_text(part) for place, part in enumerate(parts)
    )


def compute_signature(
    scheme: Scheme, key: bytes, claim: Claim, url: str, body: bytes, content_type: str = ""
) -> str:
    """The signature that is right, as it stands in the header with its prefix."""
    if scheme.kind == "token":
        return scheme.prefix + key.decode("utf-8", "surrogateescape")
    signed = fill_signed(scheme.signed, claim, url, body)
    if scheme.kind == "twilio" and content_type.lower().startswith(FORM_TYPE):
        signed += _join_parameters(body)
    return scheme.prefix + encode_digest(
        hmac.new(key, signed, scheme.algorithm).digest(), scheme.encoding
    )


def _join_parameters(body: bytes) -> bytes:
    """A form's names and values, sorted, one behind the other, each pair once."""
    pairs = body.split(b"&")[:MAX_PARAMETERS]
    text = b"&".join(pairs).decode("utf-8", "surrogateescape")
    fields = sorted(set(parse_qsl(text, keep_blank_values=True)))
    return b"".join(encode_text(name + value) for name, value in fields)


def has_body_hash(scheme: Scheme, url: str, body: bytes) -> bool:
    """False when Twilio's URL names the SHA-256 of another body than this one."""
    if scheme.kind != "twilio":
        return True
    try:
        named = parse_qs(url.partition("?")[2], max_num_fields=100).get("bodySHA256")
    except ValueError:
        return False
    return not named or is_same(named[0], hashlib.sha256(body).hexdigest())


def encode_digest(digest: bytes, encoding: str) -> str:
    """A hash in hexadecimal digits or in base64."""
    return digest.hex() if encoding == "hex" else b64encode(digest).decode()


def encode_text(text: str) -> bytes:
    """UTF-8, and the very bytes of a captured text that was none."""
    return text.encode("utf-8", "surrogateescape" if not _has_half(text) else "replace")


def _has_half(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" and not "\udc80" <= char <= "\udcff" for char in text)


def is_same(given: str, right: str) -> bool:
    """True when two texts are equal; in constant time."""
    return hmac.compare_digest(encode_text(given), encode_text(right))


def make_key(scheme: Scheme, secret: str) -> bytes | None:
    """The key of the HMAC; None when the scheme wants base64 and the secret is none."""
    if not scheme.is_base64_key:
        return encode_text(secret)
    return decode_base64(secret.removeprefix(SECRET_PREFIX))


def decode_base64(text: str) -> bytes | None:
    """The bytes that a base64 text stands for, None when it is none."""
    try:
        return b64decode(text, validate=True) or None
    except (Base64Error, ValueError):
        return None


def parse_timestamp(text: str) -> float | None:
    """Seconds since 1970 of digits or of ISO 8601, else None."""
    if text.isascii() and text.isdigit() and len(text) <= 11:
        return float(text)
    try:
        moment = datetime.fromisoformat(text[:40])
        return moment.timestamp() if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
