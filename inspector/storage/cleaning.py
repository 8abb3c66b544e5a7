"""Background deletion of rows that bins no longer show, in small steps.

A deletion moves a bin's ``kept_from`` on, which hides all rows below at once. The rows
themselves are deleted between captures, on the writer's own thread: a step is bounded in rows
and bytes, so no capture waits long for one or finds the database locked.
"""

from __future__ import annotations

from typing import Any

from inspector.clock import time
from inspector.domain.pace import Pace
from inspector.domain.removals import Removal
from inspector.storage.database.connections import Connections, Statement
from inspector.storage.records import STORED_BYTES
from inspector.storage.total import TotalBound

STEP_ROWS = 500
STEP_BYTES = 8_000_000
# After a step it rests for this many times the step's duration, unless no capture came lately.
REST_FACTOR = 4
CALM_S = 0.05
MAX_REST_S = 5.0
# The interval for finding deletions that another instance, or a crash, left undone.
LOOK_EVERY_S = 60.0
# Free pages from which SQLite gives some back, and how many a step: it finds each one in a list of
# all, which takes 0.3 ms where half a gigabyte is free.
FREE_PAGES = 256
STEP_PAGES = 64
# The name of a deleted bin whose rows are still there; no bin can have this name.
DELETED_PREFIX = "/"

_LEFT_BEHIND = (
    "SELECT id FROM bins WHERE substr(name, 1, 1) = '/' OR kept_from >"
    " (SELECT number FROM requests WHERE requests.bin_id = bins.id AND number NOT IN"
    " (SELECT number FROM annotations WHERE annotations.bin_id = bins.id AND pinned)"
    " ORDER BY number LIMIT 1)"
)
_PINNED = "SELECT number FROM annotations WHERE bin_id = :bin AND pinned"
_BIN = "SELECT kept_from, name FROM bins WHERE id = :bin"
_COUNT_BYTES = "UPDATE bins SET stored_bytes = stored_bytes - :bytes WHERE id = :bin"
_OLDEST = (
    "SELECT number, body_size FROM requests WHERE bin_id = :bin AND number < :kept_from"  # noqa: S608
    f" AND number NOT IN ({_PINNED}) ORDER BY number LIMIT :rows"
)
_DELETE_BIN = "DELETE FROM bins WHERE id = :bin AND substr(name, 1, 1) = '/'"


class Cleaner:
    """The deletions that are left to do; used by one thread, a step at a time.

    Steps may raise what ``connections.errors`` says; what was not done is done later.
    """

    def __init__(
        self, connections: Connections, max_total_bytes: int | None = None, instance: str = ""
    ) -> None:
        self._connections = connections
        self._total = (
            None if max_total_bytes is None else TotalBound(connections, max_total_bytes, instance)
        )
        where = f"WHERE bin_id = :bin AND number <= :up_to AND number NOT IN ({_PINNED})"
        self._delete = connections.spell(
            f"DELETE FROM requests {where} RETURNING {STORED_BYTES}"  # noqa: S608 - constants
        )
        self._delete_more = [
            connections.spell(f"DELETE FROM {table} {where}")  # noqa: S608
            for table in connections.tables_by_number
        ]
        self._left_behind, self._bin, self._oldest, self._delete_bin, self._count_bytes = map(
            connections.spell, (_LEFT_BEHIND, _BIN, _OLDEST, _DELETE_BIN, _COUNT_BYTES)
        )
        self._bins: dict[int, None] = {}
        self._look_at = 0.0
        self._pace = Pace(REST_FACTOR, calm_s=CALM_S, max_rest_s=MAX_REST_S)
        self._again_at = 0.0
        self._has_free_pages = connections.is_sqlite

    def add(self, bin_id: int) -> None:
        """Queue a bin for deletion of what it no longer shows."""
        self._bins[bin_id] = None

    def look(self) -> None:
        """Look for what is left behind at the next step."""
        self._look_at = 0.0

    def note_capture(self) -> None:
        """Captures came just now: they go first."""
        self._pace.note_capture()
        if self._total is not None:
            self._total.is_due = True

    @property
    def nap_s(self) -> float:
        """Seconds until the next step is due; 0 for one at once."""
        again_s = self._again_at - time.monotonic()
        if self._bins or (self._total is not None and self._total.is_due):
            return max(0.0, self._pace.rest_s, again_s)
        if self._has_free_pages:
            return max(0.0, self._pace.busy_s, again_s)
        return max(0.0, self._pace.busy_s, again_s, self._look_at - time.monotonic())

    def step(self, connection: Any) -> list[Removal]:
        """Run one step, a transaction of its own; returns the removals it made."""
        began = time.monotonic()
        cursor = connection.cursor()
        removals: list[Removal] = []
        last: list[Statement] = []
        try:
            if began >= self._look_at:
                cursor.execute(self._left_behind)
                self._bins.update((bin_id, None) for (bin_id,) in cursor.fetchall())
                self._look_at = began + LOOK_EVERY_S
            elif self._bins:
                bin_id = next(iter(self._bins))
                if not self._delete_some(cursor, bin_id, last):
                    self._bins.pop(bin_id)
                    self._has_free_pages = self._connections.is_sqlite
            elif self._total is not None and self._total.is_due:
                removals = self._let_oldest_go(cursor, self._total, last)
            elif self._has_free_pages:
                self._has_free_pages = self._give_back(cursor)
            self._connections.finish(connection, cursor, last)
        except BaseException:
            connection.rollback()
            self._again_at = time.monotonic() + 1
            raise
        finally:
            cursor.close()
        self._pace.note_work(time.monotonic() - began)
        return removals

    def _let_oldest_go(
        self, cursor: Any, total: TotalBound, last: list[Statement]
    ) -> list[Removal]:
        """Delete the oldest of all bins while all together have too much."""
        if not total.is_over(cursor):
            return []
        cursor.execute(self._left_behind)  # rows already let go of go first
        self._bins.update((bin_id, None) for (bin_id,) in cursor.fetchall())
        if self._bins:
            return []
        removals = total.let_go(cursor, last)
        self._bins.update((removal.bin_id, None) for removal in removals)
        return removals

    def _delete_some(self, cursor: Any, bin_id: int, last: list[Statement]) -> bool:
        """Delete a bin's oldest that are let go; False when none is left."""
        cursor.execute(self._bin, {"bin": bin_id})
        found = cursor.fetchone()
        if found is None:
            return False
        kept_from, name = found
        cursor.execute(self._oldest, {"bin": bin_id, "kept_from": kept_from, "rows": STEP_ROWS})
        rows = cursor.fetchall()
        size, up_to = 0, None
        for number, body_size in rows:
            if up_to is not None and size + body_size > STEP_BYTES:
                break
            size, up_to = size + body_size, number
        if up_to is not None:
            # The pinned of a bin are few, and none of one that was emptied or deleted.
            bounds = {"bin": bin_id, "up_to": up_to}
            cursor.execute(self._delete, bounds)
            deleted_bytes = sum(deleted for (deleted,) in cursor.fetchall())
            for statement in self._delete_more:
                cursor.execute(statement, bounds)
            last.append((self._count_bytes, {"bin": bin_id, "bytes": deleted_bytes}))
        is_over = len(rows) < STEP_ROWS and (not rows or up_to == rows[-1][0])
        if is_over and name.startswith(DELETED_PREFIX):
            last.append((self._delete_bin, {"bin": bin_id}))
        return not is_over

    @staticmethod
    def _give_back(cursor: Any) -> bool:
        """Give some of SQLite's free pages back to the disk; False when few are left.

        A database made by an earlier version keeps them, and uses them again.
        """
        if cursor.execute("PRAGMA auto_vacuum").fetchone()[0] != 2:
            return False
        if cursor.execute("PRAGMA freelist_count").fetchone()[0] < FREE_PAGES:
            return False
        cursor.execute(f"PRAGMA incremental_vacuum({STEP_PAGES})").fetchall()
        return True
