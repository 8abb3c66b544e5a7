"""Headers with a few words on each; of credentials their kind, so that the value stays hidden."""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from typing import NamedTuple

from inspector.domain.credentials import is_secret_header
from inspector.domain.messages import Message
from inspector.domain.nested_values import JWT, open_text
from inspector.reading.headers.standard import FAMILIES, STANDARD
from inspector.reading.headers.vendors import VENDORS

_SCHEMES = {
    "apikey": "API key",
    "aws4-hmac-sha256": "Amazon signature, version 4",
    "bearer": "Bearer token",
    "digest": "Digest of the password",
    "dpop": "Token that is bound to a key (DPoP)",
    "hmac": "HMAC",
    "negotiate": "Kerberos or NTLM",
    "oauth": "OAuth 1.0 signature",
    "token": "Token",
}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9-]*)[ ]+(\S.*)", re.DOTALL)


class ExplainedHeader(NamedTuple):
    """A header as it was sent; ``meaning`` is a sentence or empty.

    ``credential`` describes a value that proves who sends, empty for any other: that one is
    shown only when asked for.
    """

    name: str
    value: str
    meaning: str
    credential: str


def explain_headers(request: Message) -> list[ExplainedHeader]:
    """The headers of a request in order, repeats kept."""
    return [
        ExplainedHeader(name, value, explain_name(name), describe_credential(name, value))
        for name, value in request.raw_headers
    ]


def explain_name(name: str) -> str:
    """A sentence on what a header of this name is for; empty when it is not known."""
    lower = name.lower()
    meaning = VENDORS.get(lower) or STANDARD.get(lower)
    if meaning is not None:
        return meaning
    return next((FAMILIES[lead] for lead in FAMILIES if lower.startswith(lead)), "")


def describe_credential(name: str, value: str) -> str:
    """The kind of a secret value without the secret; empty for a value that is none.

    Cookies have a section of their own and count as none here.
    """
    lower = name.lower()
    if not value or not is_secret_header(name) or lower.startswith("cookie"):
        return ""
    found = _SCHEME.fullmatch(value) if lower.endswith("authorization") else None
    scheme, secret = found.groups() if found else ("", value)
    kind = _SCHEMES.get(scheme.lower(), scheme[:40])
    opened = open_text(secret)
    if opened is not None and opened.kind == JWT:
        kind = f"{kind}, a JWT" if kind else "JWT"
    elif scheme.lower() == "basic":
        kind = f"Basic: {_describe_basic(secret)}"
    size = f"{len(secret):,} character{'' if len(secret) == 1 else 's'}"
    return f"{kind}, {size}" if kind else size


def _describe_basic(secret: str) -> str:
    """The user of a basic credential, without its password or the length of that."""
    try:
        user, colon, password = (
            a2b_base64(secret, strict_mode=True).decode("utf-8", "replace").partition(":")
        )
    except (Base64Error, ValueError):
        return "not base64"
    if not colon:
        return "base64 without a colon between user and password"
    if not user:
        return "a password without a user"
    return "user and password" if password else "a user without a password"
