"""A bound on the bytes of all bins together: the oldest requests go first, pinned ones stay.

Bins carry their stored bytes, so no rows are added up. A step is bounded, and its rows are
deleted before the next one measures; otherwise steps would go on while room is being made. Of
several instances one at a time does it.
"""

from __future__ import annotations

from typing import Any

from inspector.domain.removals import Removal
from inspector.storage.announcements import format_announcement
from inspector.storage.database.connections import Connections, Statement
from inspector.storage.records import STORED_BYTES

STEP_ROWS = 500

_TOTAL = "SELECT sum(stored_bytes) FROM bins"
# Row ids rise with arrival over all bins.
_OLDEST = (
    f"SELECT bins.id, bins.name, number, {STORED_BYTES} FROM requests"  # noqa: S608 - constants
    " JOIN bins ON bins.id = requests.bin_id WHERE number >= kept_from"
    " AND NOT EXISTS (SELECT 1 FROM annotations WHERE annotations.bin_id = requests.bin_id"
    " AND annotations.number = requests.number AND annotations.pinned)"
    " ORDER BY requests.id LIMIT :rows"
)
_LOCK = "UPDATE bins SET held = held WHERE id = :bin RETURNING kept_from, last_number"
_COUNT = (
    "SELECT (SELECT count(*) FROM requests WHERE bin_id = :bin"
    " AND number >= :kept_from AND number < :keep_from),"
    " (SELECT count(*) FROM annotations WHERE bin_id = :bin"
    " AND number >= :kept_from AND number < :keep_from AND pinned)"
)
_LET_GO = (
    "UPDATE bins SET kept_from = :keep_from, held = held - :going, let_go = let_go + :let_go"
    " WHERE id = :bin"
)


class TotalBound:
    """Lets the oldest go while all bins have more than ``max_bytes``; ``is_due`` to look."""

    def __init__(self, connections: Connections, max_bytes: int, instance: str) -> None:
        self._max_bytes = max_bytes
        self._instance = instance
        spell = connections.spell
        self._oldest, self._lock, self._count, self._let_go = map(
            spell, (_OLDEST, _LOCK, _COUNT, _LET_GO)
        )
        self._announce = spell(connections.announce) if connections.announce else None
        self._only_one = connections.only_one
        self._excess = 0
        self.is_due = True

    def is_over(self, cursor: Any) -> bool:
        """True when bins have too much; else nothing is due until the next capture."""
        cursor.execute(_TOTAL)
        self._excess = (cursor.fetchone()[0] or 0) - self._max_bytes
        self.is_due = self._excess > 0
        return self.is_due

    def let_go(self, cursor: Any, last: list[Statement]) -> list[Removal]:
        """Let a step of the oldest go, as much as is too much; rows are deleted later.

        The statements in ``last`` are to be executed with the commit.
        """
        if self._only_one is not None:
            cursor.execute(self._only_one)
            if not cursor.fetchone()[0]:
                self.is_due = False  # another instance is at it
                return []
        cursor.execute(self._oldest, {"rows": STEP_ROWS})
        bounds: dict[tuple[str, int], int] = {}
        for bin_id, name, number, size in cursor.fetchall():
            if self._excess <= 0:
                break
            bounds[name, bin_id] = max(number, bounds.get((name, bin_id), 0))
            self._excess -= size
        self.is_due = bool(bounds)
        removals = []
        for (_, bin_id), number in sorted(bounds.items()):  # one order for all writers
            removals += self._move_on(cursor, bin_id, number + 1)
        if removals and self._announce is not None:
            payload = format_announcement(self._instance, {}, removals)
            last.append((self._announce, {"payload": payload}))
        return removals

    def _move_on(self, cursor: Any, bin_id: int, keep_from: int) -> list[Removal]:
        cursor.execute(self._lock, {"bin": bin_id})
        kept_from, last_number = cursor.fetchone() or (keep_from, 0)
        if not kept_from < keep_from <= last_number + 1:
            return []
        bounds = {"bin": bin_id, "kept_from": kept_from, "keep_from": keep_from}
        cursor.execute(self._count, bounds)
        going, pinned = cursor.fetchone()
        cursor.execute(self._let_go, {**bounds, "going": going, "let_go": going - pinned})
        return [Removal(bin_id, "let_go", keep_from - 1)]
