"""An index of the words in requests, in a SQLite file of its own beside the database.

It is derived data and is rebuilt when deleted. It has a file of its own, so that filling it
never takes the lock that storing a capture needs, and so that it need not be crash-safe.
SQLite's FTS5 does the work. Whether it belongs to its database, and what is done when it does
not, is ``file_index``'s.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from inspector.domain import CapturedRequest
from inspector.reading.fields import MAX_FIELDS
from inspector.reading.indexing.readings import READER, Reading
from inspector.reading.marks import find_marks
from inspector.reading.query import AllOf, Lookup, Mark, Query
from inspector.reading.words import WORD, Phrase, SearchedLine, list_searched_lines
from inspector.storage.database.files import COMPANIONS, make_private_file
from inspector.storage.search.blocks import (
    SIZE,
    Block,
    BlockKey,
    add_to_blocks,
    list_keys,
    to_blocks,
)

# Raise it with each change of what ``make_document`` finds, or of the tables here: what is in an
# index was read by an older one, and is read anew.
VERSION = 15
MAX_WORDS_A_REQUEST = 20_000
# The mark of requests that are indexed in part: every search has them as candidates.
PARTLY = "partly"
MOST_GONE = 1000
BUSY_TIMEOUT_S = 1.0
_BY_WORDS = (
    "SELECT known.number FROM words JOIN known ON known.row = words.rowid"
    " WHERE words MATCH ? AND words.rowid < ? ORDER BY words.rowid DESC LIMIT ?"
)
# The earlier requests of a delivery.
_RETRIES = (
    "SELECT number FROM known AS late WHERE bin = ? AND row < ?"
    " AND EXISTS (SELECT 1 FROM known AS early WHERE early.bin = late.bin"
    " AND early.delivery = late.delivery AND early.number < late.number)"
    " ORDER BY number DESC LIMIT ?"
)
_BY_DELIVERY = (
    "SELECT number FROM known WHERE bin = ? AND delivery = ? AND number <= ?"
    " ORDER BY number DESC LIMIT ?"
)
_BLOCK = "SELECT number, covered, summary FROM blocks WHERE bin = ? AND number = ?"
_BLOCKS = (
    "SELECT number, covered, summary FROM blocks WHERE bin = ? AND number BETWEEN ? AND ?"
    " ORDER BY number DESC LIMIT ?"
)
_FORGET_BLOCKS = (
    "DELETE FROM blocks WHERE NOT EXISTS (SELECT 1 FROM known"  # noqa: S608 - a number
    f" WHERE bin = blocks.bin AND number BETWEEN blocks.number - {SIZE - 1} AND blocks.number)"
)


def is_available() -> bool:
    """True when this Python's SQLite has FTS5."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("CREATE VIRTUAL TABLE t USING fts5(w)")
        except sqlite3.OperationalError:
            return False
    return True


class IndexUnusableError(Exception):
    """There can be no index of words in this file."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} cannot be used ({reason})")


class Progress(NamedTuple):
    """The extent of an index: all rows up to ``last_row`` of the database that bears ``token``."""

    last_row: int
    token: str


class WordIndex:
    """Finds the requests that contain phrases, by the rows of theirs.

    ``path`` may be ``":memory:"``. One connection, guarded by a lock: look-ups take
    milliseconds. Raises ``IndexUnusableError`` for a file that cannot be one, and its
    methods ``sqlite3.Error`` for one that was damaged meanwhile.
    """

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        try:
            if path != ":memory:":
                make_private_file(Path(path))  # strangers' words are nobody else's to read
            self._connection = sqlite3.connect(
                path, check_same_thread=False, isolation_level=None, timeout=BUSY_TIMEOUT_S
            )
        except (sqlite3.Error, OSError) as error:
            raise IndexUnusableError(path, str(error)) from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._connection.close()
            raise IndexUnusableError(path, str(error)) from error

    def _prepare(self) -> None:
        execute = self._connection.execute
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = OFF")
        if execute("PRAGMA user_version").fetchone()[0] != VERSION:
            self.start_afresh("")

    def start_afresh(self, token: str) -> None:
        """Empty the index, and bind it to the database with this token."""
        with self._changing() as connection:
            self._make_tables(connection, token)

    @staticmethod
    def _make_tables(connection: sqlite3.Connection, token: str) -> None:
        execute = connection.execute
        for table in ("words", "progress", "known", "blocks"):
            execute(f"DROP TABLE IF EXISTS {table}")
        # The texts themselves are in the database: only where words stand is kept here.
        execute(
            "CREATE VIRTUAL TABLE words USING fts5("
            "marks, said, content = '', tokenize = 'unicode61 remove_diacritics 0')"
        )
        execute(
            "CREATE TABLE known (row INTEGER PRIMARY KEY, number INTEGER NOT NULL,"
            " bin INTEGER NOT NULL, delivery INTEGER)"
        )
        execute(
            "CREATE TABLE blocks (bin INTEGER NOT NULL, number INTEGER NOT NULL,"
            " covered TEXT NOT NULL, summary BLOB NOT NULL, PRIMARY KEY (bin, number))"
        )
        execute("CREATE INDEX known_by_number ON known (bin, number)")
        execute("CREATE INDEX known_by_delivery ON known (bin, delivery, number)")
        execute(
            "CREATE TABLE progress "
            "(last_row INTEGER NOT NULL, gone INTEGER NOT NULL, token TEXT NOT NULL)"
        )
        execute("INSERT INTO progress VALUES (0, 0, ?)", (token,))
        execute(f"PRAGMA user_version = {VERSION}")

    @property
    def progress(self) -> Progress:
        """Its extent, read from the file: another process may fill it."""
        with self._lock:
            return self._read_progress()

    def _read_progress(self) -> Progress:
        found = self._connection.execute("SELECT last_row, token FROM progress").fetchone()
        return Progress(*found)

    @property
    def last_row(self) -> int:
        """The last row taken in."""
        return self.progress.last_row

    def set_token(self, token: str) -> None:
        """Bind the index, as it is, to the database with this token."""
        with self._changing() as connection:
            connection.execute("UPDATE progress SET token = ?", (token,))

    def is_whole(self) -> bool:
        """True when nothing of it is damaged; reads all of it."""
        with self._lock:
            execute = self._connection.execute
            try:
                if execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                    return False
                execute("INSERT INTO words (words) VALUES ('integrity-check')")
            except sqlite3.DatabaseError:
                return False
            return True

    def add(self, requests: Iterable[tuple[int, CapturedRequest]]) -> None:
        """Take in requests with their row ids, lowest first."""
        found, known, summed_up = [], [], []
        for row, each in requests:
            reading = None if is_partly_read(each) else READER.read(each)
            if reading is not None:
                summed_up.append((each, reading))
            document = make_document(each, reading)
            found.append((row, document.marks, document.said))
            key = each.identity.delivery_key
            known.append((row, each.number, each.bin_id, key and key.value))
        if not found:
            return
        with self._changing() as connection:
            connection.executemany("INSERT INTO words (rowid, marks, said) VALUES (?, ?, ?)", found)
            connection.executemany("INSERT INTO known VALUES (?, ?, ?, ?)", known)
            self._add_to_blocks(connection, summed_up)
            connection.execute("UPDATE progress SET last_row = ?", (found[-1][0],))

    @staticmethod
    def _add_to_blocks(
        connection: sqlite3.Connection, requests: list[tuple[CapturedRequest, Reading]]
    ) -> None:
        known: dict[BlockKey, Block] = {}
        for bin_id, last in list_keys(each for each, _ in requests):
            rows = connection.execute(_BLOCK, (bin_id, last))
            known |= {(bin_id, number): block for number, block in to_blocks(rows).items()}
        changed = [
            (bin_id, last, f"{block.covered:x}", block.summary)
            for (bin_id, last), block in add_to_blocks(requests, known).items()
        ]
        connection.executemany("INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?)", changed)

    def load_blocks(
        self, bin_id: int, *, token: str, first: int, last: int, most: int
    ) -> dict[int, Block] | None:
        """The bin's highest blocks that end with one of these numbers, at most ``most``.

        None for an index of another database than the one that bears ``token``.
        """
        with self._lock:
            if self._read_progress().token != token:
                return None
            values = (bin_id, first, last, most)
            return to_blocks(self._connection.execute(_BLOCKS, values))

    def find(
        self, bin_id: int, query: Query, *, token: str, below: int, limit: int
    ) -> list[int] | None:
        """The numbers, highest first, of the bin's requests in rows below ``below`` that may match.

        Requests that are gone may be among them. None when it does not have all rows below, of
        the database that bears ``token``.
        """
        sought = format_match(bin_id, query) if query.has_words else bin_id
        with self._lock:
            progress = self._read_progress()
            if progress.token != token or progress.last_row < below - 1:
                return None
            statement = _BY_WORDS if query.has_words else _RETRIES
            return [row[0] for row in self._connection.execute(statement, (sought, below, limit))]

    def find_deliveries(
        self, bin_id: int, keys: Iterable[int], *, token: str, newest: int, limit: int
    ) -> tuple[dict[int, list[int]], int] | None:
        """The bin's numbers by delivery key, and the last row that was taken in.

        At most ``limit`` numbers up to ``newest`` of each key. None for an index of another
        database than the one that bears ``token``.
        """
        with self._lock:
            progress = self._read_progress()
            if progress.token != token:
                return None
            execute = self._connection.execute
            found = {
                key: [row[0] for row in execute(_BY_DELIVERY, (bin_id, key, newest, limit))]
                for key in keys
            }
            return found, progress.last_row

    def rows(self, after: int, limit: int) -> list[int]:
        """The rows it knows, lowest first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT row FROM known WHERE row > ? ORDER BY row LIMIT ?", (after, limit)
            )
            return [row[0] for row in rows]

    def forget(self, rows: Iterable[int]) -> None:
        """Drop rows whose requests are gone.

        Without the texts the words cannot be removed one by one: when more requests are gone
        than remain, the index starts afresh.
        """
        gone = [(row,) for row in rows]
        with self._changing() as connection:
            execute = connection.execute
            connection.executemany("DELETE FROM known WHERE row = ?", gone)
            execute("UPDATE progress SET gone = gone + ?", (len(gone),))
            execute(_FORGET_BLOCKS)
            known = execute("SELECT count(*) FROM known").fetchone()[0]
            if execute("SELECT gone FROM progress").fetchone()[0] > known + MOST_GONE:
                self._make_tables(connection, self._read_progress().token)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """All of a change or nothing of it, so that the next one can begin after a full disk."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()


def delete_index(path: str) -> None:
    """Delete an index's files; raises ``OSError``."""
    for suffix in COMPANIONS:
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def format_lookup(lookup: Lookup) -> str:
    """A lookup as FTS5 writes it; words have letters and digits only, so nothing to escape."""
    if isinstance(lookup, Mark):
        return f"marks : {lookup.word}"
    if isinstance(lookup, Phrase):
        return f'said : "{" ".join(lookup.words)}"' + (" *" if lookup.begun else "")
    joiner = " AND " if isinstance(lookup, AllOf) else " OR "
    return f"({joiner.join(map(format_lookup, lookup.parts))})"


def format_match(bin_id: int, query: Query) -> str:
    """A query as FTS5 writes it; a request that was not read whole may match any."""
    match = f"marks : b{bin_id}"
    if query.lookup is not None:
        match += f" AND (marks : {PARTLY} OR ({format_lookup(query.lookup)}))"
    return "".join([f"({match})", *(f" NOT marks : {mark}" for mark in query.excluded)])


class Document(NamedTuple):
    """A request's marks, its bin before all, a text with its words, and its searched lines.

    The index cuts the text where ``split_words`` does.
    """

    marks: str
    said: str
    lines: Sequence[SearchedLine]


def make_document(request: CapturedRequest, reading: Reading | None = None) -> Document:
    """The document of a request for an index; ``reading`` where it was read before."""
    bin_mark = f"b{request.bin_id}"
    if is_partly_read(request):
        return Document(f"{bin_mark} {PARTLY}", "", [])
    if reading is None:
        reading = READER.read(request)
    lines = list_searched_lines(request, [each.line for each in reading.fields])
    if len(lines) > MAX_FIELDS:  # There may be fields that no walk comes to.
        return Document(f"{bin_mark} {PARTLY}", "", [])
    text = "\n".join(line for line, _ in lines)
    # In ASCII both agree on what a word is; a word and its separator take two characters at least.
    if not text.isascii() or "\0" in text or len(text) > 2 * MAX_WORDS_A_REQUEST:
        words = [word[0] for word in islice(WORD.finditer(text), MAX_WORDS_A_REQUEST + 1)]
        if len(words) > MAX_WORDS_A_REQUEST:
            return Document(f"{bin_mark} {PARTLY}", "", [])
        text = " ".join(words)
    return Document(" ".join([bin_mark, *find_marks(request), *reading.containers]), text, lines)


def is_partly_read(request: CapturedRequest) -> bool:
    """True when its body was too big for a list, as it came or decoded."""
    if request.body_size and not request.body:
        return True
    return bool(request.content.problem) and request.content.data is not request.body
