"""The result of checking a request's signature, as pages, API and search show it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple, TypeAlias

SignatureResult: TypeAlias = Literal["valid", "invalid", "absent", "unchecked"]

RESULTS: Final = ("valid", "invalid", "absent", "unchecked")


class SignatureCheck(NamedTuple):
    """One scheme's signature of a request: its result, and a sentence that gives the reason.

    ``unchecked`` is a signature that was recognised but cannot be checked, mostly because the
    bin has no secret for its scheme. ``timestamp`` is when the sender says to have signed,
    in seconds since 1970 UTC, and ``age_s`` how long before the capture that was; None where
    the scheme signs no time.
    """

    scheme: str
    result: SignatureResult
    reason: str
    timestamp: float | None = None
    age_s: float | None = None


def has_result(checks: Iterable[SignatureCheck], result: str) -> bool:
    """True when one of the checks came out so."""
    return any(check.result == result for check in checks)
