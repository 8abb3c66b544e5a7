"""The parts of a database that only PostgreSQL has.

Bodies are compressed by lz4, which is quicker than PostgreSQL's own way by more than all else
that a capture costs. The words of requests for searching are tables here; on SQLite they lie in
a file of their own. A request waits in ``requests_to_index`` from the transaction that stores
it to the one that adds its words, so whatever order transactions end in, none is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Boolean, Float, Integer, LargeBinary, String

from inspector.storage.database.connections import Statement
from inspector.storage.models import Base

CHANNEL = "inspector"
# Any number, but the same for all versions: one instance at a time brings the tables up to date.
MIGRATION_LOCK = 0x1_4E5_9EC7
INDEX_LOCK = 0x1_4E5_9EC8
ONLY_ONE = f"SELECT pg_try_advisory_xact_lock({0x1_4E5_9EC9})"
# In the order in which they are locked: the first is locked by whoever indexes, too.
TABLES_BY_NUMBER = ("requests_to_index", "request_words", "request_blocks")
ENQUEUE = (
    "INSERT INTO requests_to_index (bin_id, number)"
    " SELECT :bin, number FROM generate_series(CAST(:first AS bigint), :last) AS number"
)
ANNOUNCE = f"SELECT pg_notify('{CHANNEL}', :payload)"


def _compress_by_lz4(table: str, column: str) -> str:
    """The statement for it; servers built without lz4 keep their own way."""
    return f"""
DO $$ BEGIN
    ALTER TABLE {table} ALTER COLUMN {column} SET COMPRESSION lz4;
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE '{table}.{column} is not compressed by lz4';
END $$
"""


_COMPRESS = _compress_by_lz4("requests", "body")
# PostgreSQL's own way finds nothing in the first kilobyte of a ticket's words, and gives up.
COMPRESS_WORDS = _compress_by_lz4("request_words", "words")
# The requests of one delivery (``domain.attempts``) are found by its key.
DELIVERY_KEYS = (
    "ALTER TABLE request_words ADD COLUMN IF NOT EXISTS delivery BIGINT",
    """
    CREATE INDEX IF NOT EXISTS request_words_by_delivery
    ON request_words (bin_id, delivery, number)
    """,
)
# Requests that came after another of their delivery, known when their words are indexed.
RETRIES = (
    "ALTER TABLE request_words ADD COLUMN IF NOT EXISTS retry BOOLEAN NOT NULL DEFAULT false",
    """
    CREATE INDEX IF NOT EXISTS request_words_retries
    ON request_words (bin_id, number) WHERE retry
    """,
)
# What blocks of requests have in common, each by its last number (``search.blocks``).
BLOCKS = """
    CREATE TABLE IF NOT EXISTS request_blocks (
        bin_id BIGINT NOT NULL, number BIGINT NOT NULL, covered TEXT NOT NULL,
        summary BYTEA NOT NULL, PRIMARY KEY (bin_id, number)
    )
"""
# Read by instances that no notification reaches (``told_news``).
TOLD_NEWS = """
    CREATE TABLE IF NOT EXISTS told_news (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        told_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(), payload TEXT NOT NULL
    )
"""
ENQUEUE_ALL = (
    "INSERT INTO requests_to_index SELECT bin_id, number FROM requests ON CONFLICT DO NOTHING"
)
EXTRAS = (
    _COMPRESS,
    """
    CREATE TABLE requests_to_index (
        bin_id BIGINT NOT NULL, number BIGINT NOT NULL, PRIMARY KEY (bin_id, number)
    )
    """,
    """
    CREATE TABLE request_words (
        bin_id BIGINT NOT NULL, number BIGINT NOT NULL, words TSVECTOR NOT NULL,
        PRIMARY KEY (bin_id, number)
    )
    """,
    COMPRESS_WORDS,
    "CREATE INDEX request_words_by_word ON request_words USING gin (words)",
    *DELIVERY_KEYS,
    *RETRIES,
    BLOCKS,
    TOLD_NEWS,
    ENQUEUE_ALL,
)

# An asynchronous commit releases its locks at once; the second commit then syncs both, while other
# transactions go on. It has an empty logical message, because an empty transaction syncs nothing.
_ASYNCHRONOUS = "SET LOCAL synchronous_commit = off"
_SYNC = "SELECT pg_logical_emit_message(true, 'inspector', '')"


def finish(connection: Any, cursor: Any, last: Sequence[Statement]) -> None:
    """Execute the last statements, commit and sync: on its way without waiting for the client.

    A bin's row is locked from the first statement to the commit, for all writers. With the
    locks gone before the sync, several servers share the disk's syncs.
    """
    with connection.pipeline():
        cursor.execute(_ASYNCHRONOUS)
        for statement, values in last:
            cursor.execute(statement, values)
        cursor.execute("COMMIT")
        cursor.execute(_SYNC)


# COPY's names for the types of columns; the first class that fits counts.
_TYPES = (
    (BigInteger, "int8"),
    (Integer, "int4"),
    (Float, "float8"),
    (Boolean, "bool"),
    (LargeBinary, "bytea"),
    (String, "text"),
)


def copy_rows(
    cursor: Any, table: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert rows by COPY: a third of what INSERT costs driver and server, which parses each."""
    names = ", ".join(columns)
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(find_types(table, tuple(columns)))
        for row in rows:
            copy.write_row([row[name] for name in columns])


@lru_cache(maxsize=64)
def find_types(table: str, columns: tuple[str, ...]) -> list[str]:
    """PostgreSQL's names for the types of columns."""
    found = Base.metadata.tables[table].columns
    return [
        next(name for kind, name in _TYPES if isinstance(found[column].type, kind))
        for column in columns
    ]
