"""Signatures of requests that are about to be sent, by the emitter, a replay or a relay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from inspector.domain.messages import Message
from inspector.emitter.preparing import LeftOut, PreparedRequest, check_header
from inspector.errors import InspectorError
from inspector.signatures import SignatureSecret, check_signatures, sign


def sign_request(
    request: PreparedRequest, secret: SignatureSecret, now_s: float, *, tampered: bool = False
) -> PreparedRequest:
    """The request with its signature, as of ``now_s``, seconds since 1970.

    Raises ``InspectorError``: ``invalid_signatures``, or ``invalid_header`` for a secret that no
    header can carry.
    """
    signed = sign(
        secret,
        headers=request.headers,
        body=request.body,
        url=str(request.url),
        now_s=now_s,
        tampered=tampered,
    )
    headers = signed.headers
    for pair in headers:
        if pair not in request.headers:
            check_header(*pair)
    if len(signed.body) != len(request.body):
        size = str(len(signed.body))
        headers = tuple(
            (name, size if name.lower() == "content-length" else value) for name, value in headers
        )
    return mark_secret_headers(replace(request, headers=headers, body=signed.body), (secret,))


def mark_secret_headers(
    request: PreparedRequest, secrets: Iterable[SignatureSecret]
) -> PreparedRequest:
    """The request, with the headers marked in which one of the secrets stands as it is."""
    names = {each.scheme.header.lower() for each in secrets if each.scheme.kind == "token"}
    return replace(request, secret_headers=request.secret_headers | names)


def check_can_sign(secrets: Sequence[SignatureSecret]) -> None:
    """Raises ``InspectorError`` ``cannot_sign`` for a bin without secrets."""
    if not secrets:
        message = "The bin has no secret to sign with. Give it one on its page of signatures."
        raise InspectorError("cannot_sign", message, field="resign")


def resign_request(
    request: PreparedRequest, came: Message, secrets: Sequence[SignatureSecret], now_s: float
) -> PreparedRequest:
    """A replayed request, signed anew with its bin's current secret, at this time.

    The scheme is the one that ``came`` was signed by, else the bin's first. Raises
    ``InspectorError`` ``cannot_sign`` for a bin without secrets, and as ``sign_request``.
    """
    check_can_sign(secrets)
    checks = check_signatures(came, secrets, with_reasons=False)
    used = [check.scheme for check in checks if check.result in ("valid", "invalid")]
    found = next((each for each in secrets if each.scheme.name in used), secrets[0])
    signed = sign_request(request, found, now_s)
    note = LeftOut("signature", f"made anew as {found.scheme.title} signs")
    return replace(signed, left_out=(*signed.left_out, note))
