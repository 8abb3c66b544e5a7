"""The check of a stored request's signatures with the secrets that its bin has now."""

from __future__ import annotations

import logging
from functools import lru_cache

from inspector.domain.requests import CapturedRequest
from inspector.domain.signatures import SignatureCheck
from inspector.storage.answers import FetchRow

log = logging.getLogger("inspector.storage")

_SECRETS = "SELECT signatures FROM bins WHERE id = :bin_id"


class SignatureChecker:
    """Checks a request's signatures; ``ReadSettings.check_signatures``.

    The secrets are read each time, so that a new one counts at once. Never raises: without
    an answer of the database, signatures are only recognised.
    """

    def __init__(self, fetch: FetchRow) -> None:
        self._fetch = fetch

    def __call__(self, request: CapturedRequest, with_reasons: bool) -> tuple[SignatureCheck, ...]:
        """The checks; nothing where a list has left out the body."""
        if len(request.body) < request.body_size and not request.truncated:
            return ()
        from inspector.signatures import check_signatures  # a test's server starts without it

        try:
            row = self._fetch(_SECRETS, {"bin_id": request.bin_id})
            secrets = _load(row[0] if row else None)
        except Exception:
            log.exception("The secrets of a bin could not be read.")
            secrets = ()
        return check_signatures(request, secrets, with_reasons=with_reasons)


@lru_cache(maxsize=64)
def _load(document: str | None):  # type: ignore[no-untyped-def]  # the package is imported late
    from inspector.signatures import load_secrets

    return load_secrets(document)
