"""Requests that are gone: what pages, streams and other instances are told of it."""

from __future__ import annotations

from typing import Literal, NamedTuple

# One request by hand; all that a bin held; the oldest, by capacity or age; the bin itself.
RemovalKind = Literal["deleted", "emptied", "let_go", "bin_deleted"]


class Removal(NamedTuple):
    """Requests of a bin that are gone.

    ``number`` is the one of a ``deleted`` request; else the highest number that is gone,
    with all below it.
    """

    bin_id: int
    kind: RemovalKind
    number: int

    def covers(self, number: int) -> bool:
        """True when the request of this number is gone by it."""
        return number == self.number if self.kind == "deleted" else number <= self.number
