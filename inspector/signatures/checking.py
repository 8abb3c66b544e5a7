"""Checks the signatures of a message: valid, invalid, absent or unchecked, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from inspector.domain.messages import Message
from inspector.domain.signatures import SignatureCheck, SignatureResult
from inspector.signatures.reasons import Attempt, find_reason, find_urls
from inspector.signatures.schemes import (
    RECOGNISED,
    SCHEMES,
    Claim,
    Scheme,
    make_key,
    parse_timestamp,
    read_claim,
)
from inspector.signatures.secrets import SignatureSecret


def check_signatures(
    message: Message, secrets: Sequence[SignatureSecret] = (), *, with_reasons: bool = True
) -> tuple[SignatureCheck, ...]:
    """The checks of a message against a bin's secrets, those with a secret first.

    A scheme without a secret is ``unchecked`` where the message has its headers. A scheme with
    one is ``absent`` where it has not, unless another secret's scheme signed it. Time is judged
    at ``message.received_us``. Without ``with_reasons`` the reason for a wrong one is not
    looked for. No content raises. Linear in the body.
    """
    by_scheme: dict[Scheme, list[str]] = {}
    for each in secrets:
        by_scheme.setdefault(each.scheme, []).append(each.secret)
    claims = {scheme: read_claim(scheme, message) for scheme in by_scheme}
    known = {scheme.header.lower() for scheme in by_scheme}
    others = [
        (scheme, claim)
        for scheme in _recognise(message)
        if scheme not in by_scheme
        and scheme.header.lower() not in known
        and (claim := read_claim(scheme, message)) is not None
    ]
    checks = [
        _check(scheme, claim, message, by_scheme[scheme], with_reasons)
        for scheme, claim in claims.items()
        if claim is not None
    ]
    if not checks:
        checks = [_absent(scheme, [each for each, _ in others]) for scheme in by_scheme]
    return (*checks, *(_unchecked(scheme, claim, message) for scheme, claim in others))


def _recognise(message: Message) -> Iterable[Scheme]:
    # GitHub also sends its older header, the only one that Zammad sends.
    has_github = message.find_header(SCHEMES["github"].header) is not None
    return (scheme for scheme in RECOGNISED if scheme.name != "zammad" or not has_github)


def _absent(scheme: Scheme, others: list[Scheme]) -> SignatureCheck:
    if scheme.kind == "mailgun":
        reason = "The body has no signature of Mailgun's."
    else:
        reason = f"There is no {scheme.header} header."
    for other in others:
        if other.header:
            reason += f" {other.header} is there, which is how {other.title} signs."
    if scheme.name == "github" and any(other.name == "zammad" for other in others):
        reason += " GitHub sends it too when it signs by SHA-1 only."
    return SignatureCheck(scheme.name, "absent", reason)


def _unchecked(scheme: Scheme, claim: Claim, message: Message) -> SignatureCheck:
    reason = f"Signed as {scheme.title} signs. Give the bin the secret to check it."
    return SignatureCheck(scheme.name, "unchecked", reason, *_time(claim, message))


def _time(claim: Claim, message: Message) -> tuple[float | None, float | None]:
    stamp = parse_timestamp(claim.timestamp)
    age = None if stamp is None else round(message.received_us / 1_000_000 - stamp, 3)
    return stamp, age


def _check(
    scheme: Scheme, claim: Claim, message: Message, secrets: list[str], with_reasons: bool
) -> SignatureCheck:
    stamp, age = _time(claim, message)

    def tell(result: SignatureResult, reason: str) -> SignatureCheck:
        return SignatureCheck(scheme.name, result, reason, stamp, age)

    if message.truncated and "{body}" in scheme.signed:
        return tell("unchecked", "Only the first part of the body was kept.")
    lack = _find_lack(scheme, claim, stamp)
    if lack:
        return tell("invalid", lack)
    attempt = Attempt(scheme, claim, message, _list_urls(scheme, message))
    keys = [make_key(scheme, secret) for secret in secrets]
    # Each key is tried, whichever matches.
    right = [key is not None and attempt.matches(key) for key in keys]
    if not any(right):
        return tell("invalid", find_reason(attempt, secrets) if with_reasons else "")
    if scheme.tolerance_s and age is not None and abs(age) > scheme.tolerance_s:
        return tell("invalid", _describe_age(age, scheme.tolerance_s))
    place = right.index(True)
    if place:
        return tell("valid", f"Signed with an older secret, number {place + 1} of this scheme.")
    if scheme.kind == "token":
        return tell("valid", "The header has the secret.")
    if scheme.kind == "mailgun":
        return tell("valid", "The signature matches its token; Mailgun signs no body.")
    return tell("valid", "The signature matches.")


def _list_urls(scheme: Scheme, message: Message) -> tuple[str, ...]:
    if "{url}" not in scheme.signed:
        return ("",)
    return find_urls(message) or ("",)


def _find_lack(scheme: Scheme, claim: Claim, stamp: float | None) -> str:
    """A sentence on a part that every valid signature needs and that is missing; empty for none."""
    if not any(claim.signatures):
        v1 = " It has no v1." if scheme.kind == "stripe" else ""
        return f"The {scheme.header} header has no signature.{v1}"
    if "{timestamp}" in scheme.signed and not claim.timestamp:
        where = f"{scheme.timestamp_header} header" if scheme.timestamp_header else "timestamp"
        return f"There is no {where}, which is signed with the body."
    if "{id}" in scheme.signed and not claim.id:
        return f"There is no {scheme.id_header} header, which is signed with the body."
    if scheme.tolerance_s and stamp is None:
        return "The timestamp is no number of seconds."
    return ""


def _describe_age(age: float, tolerance_s: int) -> str:
    seconds = f"{abs(age):,.0f} s"
    if age > 0:
        when = f"too old: it was signed {seconds} before it came"
    else:
        when = f"not yet true: it says to be signed {seconds} after it came"
    return f"The signature is right but {when}, and {tolerance_s} s are allowed."
