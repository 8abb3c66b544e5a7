"""Notifications of deleted requests, for pages, streams and other instances."""

from __future__ import annotations

from collections.abc import Iterable
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


def join_removals(removals: Iterable[Removal]) -> list[Removal]:
    """Removals with those of one bin joined: of several in a row, the last one covers all.

    A full bin lets go of some with each capture.
    """
    found: list[Removal] = []
    for each in removals:
        if found and each.kind == found[-1].kind == "let_go" and each.number >= found[-1].number:
            found.pop()
        found.append(each)
    return found
