"""Errors of our own user, each with a code for programs and a sentence for people.

What a *sender* sends is never one of these: it is kept, shown and noted. The
table from code to HTTP status lives in ``inspector/web/errors.py`` alone.
"""

from __future__ import annotations

import math


class InspectorError(Exception):
    """Something the user of the page, the API or the command asked for cannot be done.

    ``code`` is snake_case and stable; ``message`` is one sentence, ready to be
    shown; ``details`` are more facts for programs (``{"field": ...}``).
    """

    def __init__(self, code: str, message: str, **details: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details


class BinNotFoundError(InspectorError):
    """No bin has this name."""

    def __init__(self, name: str) -> None:
        super().__init__("bin_not_found", f"There is no bin named {name}.")


class RequestNotFoundError(InspectorError):
    """The bin holds no request with this id: it never had, or it was deleted or aged out."""

    def __init__(self, request_id: str) -> None:
        super().__init__("request_not_found", f"There is no request {request_id} in this bin.")


class UnauthorizedError(InspectorError):
    """The caller has to show the server's token, or a private bin's secret (``details["bin"]``)."""

    def __init__(self, message: str, **details: object) -> None:
        super().__init__("unauthorized", message, **details)


class TooManyRequestsError(InspectorError):
    """The caller asks too often; it may ask again in ``retry_after_s`` seconds."""

    def __init__(self, what: str, retry_after_s: float) -> None:
        self.retry_after_s = max(1, math.ceil(retry_after_s))
        super().__init__("too_many_requests", f"{what} Try again in {self.retry_after_s} seconds.")


class StorageUnavailableError(InspectorError):
    """The database does not take a write just now: full, locked, read-only or away.

    ``retry_after_s`` is when trying again makes sense.
    """

    def __init__(self, reason: str, retry_after_s: int = 5) -> None:
        super().__init__("storage_unavailable", f"The database cannot store this now: {reason}.")
        self.retry_after_s = retry_after_s


class UnstorableError(StorageUnavailableError):
    """One request that the database does not take, while it takes others."""

    def __init__(self) -> None:
        super().__init__("")
        self.message = "This request cannot be stored as it is; the server's log says why."


class DatabaseTooNewError(InspectorError):
    """The database was written by a newer program than this one."""

    def __init__(self, found: str, known: str) -> None:
        super().__init__(
            "database_too_new",
            f"This database has revision {found}, which this version of Inspector does not know "
            f"(it knows up to {known}). Use a newer Inspector, or another --database.",
        )
