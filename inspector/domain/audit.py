"""The audit log: who deleted, emptied or changed a bin, and when."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

# How the caller was let in: the token itself, a browser's login, a private bin's secret,
# or nothing, from an address that needs none.
CallerKind = Literal["token", "login", "secret", "address"]


class AuditEntry(NamedTuple):
    """A change to a bin that was made by a person or a program, not by capacity or age.

    ``details`` is what the change was about, where one word does not say it: the id of a
    request, the search whose matches were deleted.
    """

    id: int
    at: datetime
    action: str
    bin_name: str
    details: str
    by: CallerKind
    address: str
