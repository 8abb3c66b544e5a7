"""The check of a stored request's signatures with the secrets that its bin has now."""

from __future__ import annotations

import logging
from functools import lru_cache

from inspector.clock import time
from inspector.domain.requests import CapturedRequest
from inspector.domain.signatures import SignatureCheck
from inspector.storage.answers import FetchRow
from inspector.storage.database.faults import log_failed

log = logging.getLogger("inspector.storage")

MEMORY_S = 0.05

_SECRETS = "SELECT signatures FROM bins WHERE id = :bin_id"


class SignatureChecker:
    """Checks a request's signatures; ``ReadSettings.check_signatures``.

    The secrets of a bin are remembered for ``MEMORY_S``, so that a long export does not ask for
    them at each request, or until ``forget``, so that a new one counts at once. Never raises:
    without an answer of the database, signatures are only recognised.
    """

    def __init__(self, fetch: FetchRow) -> None:
        self._fetch = fetch
        self._last: tuple[int, float, str | None] | None = None

    def forget(self) -> None:
        """Read the secrets anew: they were changed."""
        self._last = None

    def __call__(self, request: CapturedRequest, with_reasons: bool) -> tuple[SignatureCheck, ...]:
        """The checks; nothing where a list has left out the body."""
        if len(request.body) < request.body_size and not request.truncated:
            return ()
        from inspector.signatures import check_signatures  # a test's server starts without it

        try:
            secrets = _load(self._find_document(request.bin_id))
        except Exception as error:
            log_failed(log, "The secrets of a bin could not be read", error)
            secrets = ()
        return check_signatures(request, secrets, with_reasons=with_reasons)

    def _find_document(self, bin_id: int) -> str | None:
        last, now = self._last, time.monotonic()
        if last is not None and last[0] == bin_id and now - last[1] < MEMORY_S:
            return last[2]
        row = self._fetch(_SECRETS, {"bin_id": bin_id})
        document = row[0] if row else None
        self._last = (bin_id, now, document)
        return document


@lru_cache(maxsize=64)
def _load(document: str | None):  # type: ignore[no-untyped-def]  # the package is imported late
    from inspector.signatures import load_secrets

    return load_secrets(document)
