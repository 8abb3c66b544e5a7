"""Storing captures in one trip to PostgreSQL.

A bin's row is locked from the statement that takes its numbers to the commit, for all writers.
Where rows are sent only when their numbers are known, the lock is held while they travel, and a
second server waits for it. A procedure of the database's takes the rows along with the
question for numbers, and commits.

What a batch costs by itself weighs more than its rows while few senders are at work. So it is a
single statement, written by hand in PostgreSQL's binary format and sent past the driver's cursor:
that waits without the interpreter's lock and takes it once, when the answer is there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from struct import Struct, pack, unpack
from typing import Any

from inspector.storage.database.connections import StoredAtOnce
from inspector.storage.database.postgresql import CHANNEL
from inspector.storage.records import count_row_bytes

# Another number, and a migration, with each change of the procedure: an older server beside a
# newer one calls its own.
NAME = "inspector_store_2"
# A server of usual settings keeps so many bytes of rows in memory; more go by COPY.
MAX_BYTES = 3_500_000
# PostgreSQL's codes for a procedure that is not there, as where tables alone were restored, for
# one that may not be called, and for one that cannot commit, as in a pooler's transaction.
_NOT_THERE = ("42883", "42501", "2D000")

# An array of bytea would be copied, each body by itself, five times on its way into the table. A
# bytea that holds all heads and bodies is copied once, and so is each piece of it. Arrays of the
# small values are shared by all columns, since each array has its price as well.
#
# An asynchronous commit releases its locks at once; that of the message syncs both, while other
# transactions go on (see ``postgresql.finish``). Values are assigned to ``said`` because
# an expression is evaluated without the planner and PERFORM is not.
_PROCEDURE = """
CREATE OR REPLACE PROCEDURE {NAME}(
    bin text, taken bigint, bytes bigint, instance text, n bigint[], t text[], raw bytea,
    INOUT stored_in bigint, INOUT highest bigint, INOUT is_private boolean, INOUT gone_to bigint
) LANGUAGE plpgsql AS $$
DECLARE
    lowest bigint;
    most bigint;
    gone text = '[]';
    said text;
BEGIN
    said = set_config('synchronous_commit', 'off', true)
        || set_config('plan_cache_mode', 'force_generic_plan', true);
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
    INSERT INTO requests (
        bin_id, number, received_us, chunked, truncated, refused_status, body_size,
        method, peer, fidelity, refused_reason, wire, raw_head, body, answer_set
    ) SELECT
        stored_in, highest - taken + 1 + i, n[8*i+1], n[8*i+2] <> 0, n[8*i+3] <> 0,
        nullif(n[8*i+4], -1), n[8*i+5],
        t[5*i+1], t[5*i+2], t[5*i+3], t[5*i+4], t[5*i+5],
        substr(raw, n[8*i+6]::int, n[8*i+7]::int),
        substr(raw, (n[8*i+6] + n[8*i+7])::int, n[8*i+8]::int), 0
    FROM generate_series(0, taken - 1) AS i;
    INSERT INTO requests_to_index (bin_id, number)
        SELECT stored_in, each FROM generate_series(highest - taken + 1, highest) AS each;
    IF lowest = highest - most + 1 AND lowest > 1 THEN
        gone_to = lowest - 1;
        gone = '[[' || stored_in || ',"let_go",' || gone_to || ']]';
    END IF;
    said = pg_notify('{CHANNEL}',
        '[' || instance || ',[[' || stored_in || ',' || highest || ']],' || gone || ',[]]');
    COMMIT;
    said = pg_logical_emit_message(true, 'inspector', '');
END $$
"""
_CALL = f"CALL {NAME}($1, $2, $3, $4, $5, $6, $7, NULL, NULL, NULL, NULL)".encode()
_BIGINT, _TEXT, _BYTEA = 20, 25, 17
_TYPES = (_TEXT, _BIGINT, _BIGINT, _TEXT, 1016, 1009, _BYTEA)
_BINARY = (1,) * len(_TYPES)
# Of an array: dimensions, whether it may hold NULL, type, length, first index.
_ARRAY = Struct(">iiIii")
_NULL = b"\xff\xff\xff\xff"
_TUPLES_OK = 2


@lru_cache(maxsize=1)
def format_procedure() -> str:
    """The statement that makes the procedure.

    It answers with nulls, and has changed nothing, where the bin has rules or a relay, or would
    let go of requests among which are gaps or pins: that takes more than one question.
    """
    return _PROCEDURE.format(NAME=NAME, CHANNEL=CHANNEL)


class StoringProcedure:
    """The procedure as ``Connections.one_trip``."""

    def store(
        self, connection: Any, bin_name: str, instance: str, rows: Sequence[Mapping[str, Any]]
    ) -> StoredAtOnce | None:
        """See ``OneTrip``; ``rows`` are of ``REQUEST_COLUMNS``."""
        size = sum(map(count_row_bytes, rows))
        raw = b"".join(chain.from_iterable((row["raw_head"], row["body"]) for row in rows))
        if max(size, len(raw)) > MAX_BYTES:
            return None
        driver = connection.driver_connection
        encoding = driver.info.encoding
        given = (
            bin_name.encode(encoding),
            pack(">q", len(rows)),
            pack(">q", size),
            json.dumps(instance).encode(encoding),
            _pack_integers(_list_integers(rows)),
            _pack_texts(_list_texts(rows), encoding),
            raw,
        )
        answer = driver.pgconn.exec_params(_CALL, given, _TYPES, _BINARY, 1)
        if answer.status != _TUPLES_OK:
            raise _make_error(driver.pgconn, answer)
        stored_in, highest, private, gone_to = (answer.get_value(0, at) for at in range(4))
        if stored_in is None:
            return None
        gone = None if gone_to is None else _read_integer(gone_to)
        return StoredAtOnce(
            _read_integer(stored_in), _read_integer(highest), private == b"\1", gone
        )

    def is_missing(self, error: Exception) -> bool:
        """See ``OneTrip``."""
        return getattr(error, "sqlstate", None) in _NOT_THERE


def _list_integers(rows: Iterable[Mapping[str, Any]]) -> list[int]:
    """Eight for each row; the last three are where its head begins, and the lengths."""
    found: list[int] = []
    at = 1
    for row in rows:
        head, body, refused = len(row["raw_head"]), len(row["body"]), row["refused_status"]
        found += (
            row["received_us"],
            row["chunked"],
            row["truncated"],
            -1 if refused is None else refused,
            row["body_size"],
            at,
            head,
            body,
        )
        at += head + body
    return found


def _list_texts(rows: Iterable[Mapping[str, Any]]) -> list[str | None]:
    """Five for each row."""
    found: list[str | None] = []
    for row in rows:
        found += (row["method"], row["peer"], row["fidelity"], row["refused_reason"], row["wire"])
    return found


def _pack_integers(values: Sequence[int]) -> bytes:
    """An array of bigint in PostgreSQL's binary format."""
    with_lengths = [8] * (2 * len(values))
    with_lengths[1::2] = values
    items = pack(">" + "iq" * len(values), *with_lengths)
    return _ARRAY.pack(1, 0, _BIGINT, len(values), 1) + items


def _pack_texts(values: Sequence[str | None], encoding: str) -> bytes:
    """An array of text in PostgreSQL's binary format."""
    parts = [_ARRAY.pack(1, 1, _TEXT, len(values), 1)]
    for value in values:
        if value is None:
            parts.append(_NULL)
        else:
            encoded = value.encode(encoding)
            parts += (len(encoded).to_bytes(4, "big"), encoded)
    return b"".join(parts)


def _read_integer(value: bytes) -> int:
    found: int = unpack(">q", value)[0]
    return found


def _make_error(connection: Any, answer: Any) -> Exception:
    from psycopg import OperationalError
    from psycopg.errors import error_from_result
    from psycopg.pq import ConnStatus, DiagnosticField

    # An error without a code is not PostgreSQL's but the client library's: the connection is lost.
    # Its status may say so a moment later.
    if connection.status != ConnStatus.OK or not answer.error_field(DiagnosticField.SQLSTATE):
        return OperationalError(answer.get_error_message())
    return error_from_result(answer)
