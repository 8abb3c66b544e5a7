"""The parts of a database that only PostgreSQL has.

Bodies compressed by lz4, which is quicker than PostgreSQL's own way by more than a capture
costs otherwise; and the words of requests for searching, which on SQLite lie in a file of
their own. A request waits in ``requests_to_index`` from the transaction that stores it to
the one that adds its words, so whatever order transactions end in, none is left out.
"""

from __future__ import annotations

CHANNEL = "inspector"
# Any number, but the same for all versions: one instance at a time brings the tables up to date.
MIGRATION_LOCK = 0x1_4E5_9EC7
INDEX_LOCK = 0x1_4E5_9EC8
TABLES_BY_NUMBER = ("requests_to_index", "request_words")
QUEUE_FOR_INDEX = "INSERT INTO requests_to_index (bin_id, number) VALUES (:bin_id, :number)"
ANNOUNCE = f"SELECT pg_notify('{CHANNEL}', :payload)"

# Servers built without lz4 keep their own way.
_COMPRESS = """
DO $$ BEGIN
    ALTER TABLE requests ALTER COLUMN body SET COMPRESSION lz4;
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'bodies are not compressed by lz4';
END $$
"""
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
    "CREATE INDEX request_words_by_word ON request_words USING gin (words)",
    "INSERT INTO requests_to_index SELECT bin_id, number FROM requests",
)
