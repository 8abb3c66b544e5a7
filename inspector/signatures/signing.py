"""Signs a request that is about to be sent, as a vendor would sign it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlencode

from inspector.domain.json_bodies import parse_json
from inspector.domain.messages import FORM_TYPE
from inspector.errors import InspectorError
from inspector.signatures.schemes import Claim, Scheme, compute_signature, encode_text, make_key
from inspector.signatures.secrets import SignatureSecret

Headers = tuple[tuple[str, str], ...]


class Signed(NamedTuple):
    """A request's headers with its signature, and its body, which only Mailgun changes."""

    headers: Headers
    body: bytes


def sign(
    secret: SignatureSecret,
    *,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    url: str,
    now_s: float,
    tampered: bool = False,
) -> Signed:
    """Sign a request, with headers of the scheme put in the place of any that are there.

    ``url`` is absolute, as it is sent. An id in the scheme's header stays, since a retry has
    the id of the first try; otherwise it is made from body and time. ``tampered`` makes a
    signature of the right form that every receiver has to refuse.

    Raises ``invalid_signatures`` for a secret that is no base64 where the scheme wants it, and
    for a body that cannot hold Mailgun's signature.
    """
    scheme, given = secret.scheme, tuple(headers)
    key = make_key(scheme, secret.secret)
    if key is None:
        raise _refuse(f"The secret for {scheme.name} is base64, after whsec_ or not.")
    if tampered:
        key = hashlib.sha256(key).hexdigest().encode()
    content_type = _find(given, "Content-Type")
    claim = _make_claim(scheme, given, body, int(now_s))
    text = compute_signature(scheme, key, claim, url, body, content_type)
    if scheme.kind == "mailgun":
        return Signed(given, _put_into_body(content_type, body, text, claim))
    if scheme.kind == "stripe":
        text = f"t={claim.timestamp},v1={text}"
    added = [(scheme.header, text)]
    if scheme.timestamp_header:
        added.append((scheme.timestamp_header, claim.timestamp))
    if scheme.id_header:
        added.append((scheme.id_header, claim.id))
    return Signed(_put_in_place(given, added), body)


def _make_claim(scheme: Scheme, headers: Headers, body: bytes, now_s: int) -> Claim:
    """The time and the id that are signed, as texts."""
    stamp = str(now_s)
    if scheme.name == "zendesk":
        stamp = datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    made_id = hashlib.sha256(encode_text(stamp) + body).hexdigest()[:24]
    if scheme.kind != "mailgun":
        made_id = f"msg_{made_id}"
    own_id = _find(headers, scheme.id_header) if scheme.id_header else ""
    return Claim((), stamp, own_id or made_id)


def _find(headers: Headers, name: str) -> str:
    return next((value for own, value in headers if own.lower() == name.lower()), "")


def _put_in_place(headers: Headers, added: list[tuple[str, str]]) -> Headers:
    """The headers with new values where they were, in the case they were in; new ones behind."""
    waiting = {name.lower(): (name, value) for name, value in added}
    names = set(waiting)
    placed = []
    for name, value in headers:
        if name.lower() not in names:
            placed.append((name, value))
        elif name.lower() in waiting:
            placed.append((name, waiting.pop(name.lower())[1]))
    return (*placed, *waiting.values())


def _put_into_body(content_type: str, body: bytes, text: str, claim: Claim) -> bytes:
    fields = {"timestamp": claim.timestamp, "token": claim.id, "signature": text}
    if content_type.lower().startswith(FORM_TYPE):
        kept = [part for part in body.split(b"&") if part.partition(b"=")[0] not in _FIELD_NAMES]
        return b"&".join([*filter(None, kept), urlencode(fields).encode()])
    value = parse_json(body)
    if not isinstance(value, dict):
        raise _refuse("Mailgun signs inside a JSON object or a form, and the body is neither.")
    return json.dumps({**value, "signature": fields}, ensure_ascii=False).encode()


_FIELD_NAMES = (b"timestamp", b"token", b"signature")


def _refuse(message: str) -> InspectorError:
    return InspectorError("invalid_signatures", message, field="sign")
