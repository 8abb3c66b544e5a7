"""Storing captures in one trip to PostgreSQL.

A bin's row is locked from the statement that takes its numbers to the commit, for all writers.
Where rows are sent only when their numbers are known, the lock is held while they travel, and a
second server waits for it. A function of the database's takes the rows along with the
question for numbers; its plans are made once a connection, behind a pooler as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import lru_cache, partial
from typing import Any

from inspector.storage.database.connections import StoredAtOnce
from inspector.storage.database.postgresql import CHANNEL, find_types, finish
from inspector.storage.records import REQUEST_COLUMNS, count_row_bytes

# Another number, and a migration, with each change of the function: an older server beside a
# newer one calls its own.
NAME = "inspector_store_1"
# A server of usual settings keeps so many bytes of rows in memory; more go by COPY.
MAX_BYTES = 3_500_000
# PostgreSQL's codes for a function that is not there, as where tables alone were restored, and
# for one that may not be called.
_NOT_THERE = ("42883", "42501")
_COLUMNS = tuple(name for name in REQUEST_COLUMNS if name not in ("bin_id", "number"))


_FUNCTION = """
CREATE OR REPLACE FUNCTION {NAME}(
    bin text, taken bigint, bytes bigint, instance text, {given},
    OUT stored_in bigint, OUT highest bigint, OUT is_private boolean, OUT gone_to bigint
) RETURNS SETOF record LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    lowest bigint;
    most bigint;
    gone text = '[]';
BEGIN
    UPDATE bins SET
        last_number = last_number + taken,
        stored_bytes = stored_bytes + bytes,
        held = CASE WHEN last_number + taken - capacity >= kept_from
            THEN capacity ELSE held + taken END,
        let_go = let_go + greatest(0, last_number + taken - capacity + 1 - kept_from),
        kept_from = greatest(kept_from, last_number + taken - capacity + 1)
    WHERE name = bin AND answers IS NULL AND relay IS NULL AND (
        last_number + taken - capacity < kept_from
        OR pinned = 0 AND held > last_number - kept_from
    )
    RETURNING id, last_number, private, kept_from, capacity
    INTO stored_in, highest, is_private, lowest, most;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    INSERT INTO requests (bin_id, number, {columns})
        SELECT stored_in, highest - taken + place, {columns}
        FROM unnest({arrays}) WITH ORDINALITY AS given ({columns}, place);
    INSERT INTO requests_to_index (bin_id, number)
        SELECT stored_in, each FROM generate_series(highest - taken + 1, highest) AS each;
    IF lowest = highest - most + 1 AND lowest > 1 THEN
        gone_to = lowest - 1;
        gone = '[[' || stored_in || ',"let_go",' || gone_to || ']]';
    END IF;
    PERFORM pg_notify('{CHANNEL}',
        '[' || instance || ',[[' || stored_in || ',' || highest || ']],' || gone || ',[]]');
    RETURN NEXT;
END $$
"""


@lru_cache(maxsize=1)
def format_function() -> str:
    """The statement that makes the function.

    It answers with no row, and has changed nothing, where the bin has rules or a relay, or would
    let go of requests among which are gaps or pins: that takes more than one question.
    """
    return _FUNCTION.format(
        NAME=NAME,
        CHANNEL=CHANNEL,
        given=", ".join(f"given_{name} {kind}[]" for name, kind in _list_types()),
        arrays=", ".join(f"given_{name}" for name in _COLUMNS),
        columns=", ".join(_COLUMNS),
    )


@lru_cache(maxsize=1)
def _format_call() -> str:
    arrays = ", ".join(f"%({name})b::{kind}[]" for name, kind in _list_types())
    return f"SELECT * FROM {NAME}(%(bin)s, %(taken)s, %(bytes)s, %(instance)s, {arrays})"  # noqa: S608


def _list_types() -> list[tuple[str, str]]:
    return list(zip(_COLUMNS, find_types("requests", _COLUMNS), strict=True))


class StoringFunction:
    """The function as ``Connections.one_trip``."""

    def store(
        self,
        connection: Any,
        cursor: Any,
        bin_name: str,
        instance: str,
        rows: Sequence[Mapping[str, Any]],
    ) -> StoredAtOnce | None:
        """See ``OneTrip``; ``rows`` are of ``REQUEST_COLUMNS``."""
        size = sum(map(count_row_bytes, rows))
        if size > MAX_BYTES:
            return None
        with closing(connection.cursor()) as asked:
            call = partial(_call_function, asked, bin_name, size, instance, rows)
            finish(connection.driver_connection, cursor, (), call)
            row = asked.fetchone()
        return row and StoredAtOnce(*row)

    def is_missing(self, error: Exception) -> bool:
        """See ``OneTrip``."""
        return getattr(error, "sqlstate", None) in _NOT_THERE


def _call_function(
    cursor: Any, bin_name: str, size: int, instance: str, rows: Sequence[Mapping[str, Any]]
) -> None:
    values = {name: [row[name] for row in rows] for name in _COLUMNS}
    said = {"bin": bin_name, "taken": len(rows), "bytes": size, "instance": json.dumps(instance)}
    cursor.execute(_format_call(), {**values, **said})
