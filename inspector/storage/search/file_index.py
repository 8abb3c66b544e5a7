"""The index of words beside a SQLite database, made anew unless it proves to belong to it.

Index and database bear the same token. Whoever fills the index gives both a new one at each
start, so that an older copy of the database, put back in its place, bears another; and the
token is given only to an index that was found whole. Of several processes on one file the
first fills it and the others read it; when the first ends, another takes its place.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy import Engine, text

from inspector.domain import Bin
from inspector.domain.attempts import MAX_ATTEMPTS
from inspector.reading.query import Query
from inspector.storage.attempts import KnownDeliveries
from inspector.storage.database.engine import find_path
from inspector.storage.database.files import FileIdentity, identify, make_private_file
from inspector.storage.installation import INDEX_CLOSED, INDEX_TOKEN, find_value, set_value
from inspector.storage.requests import RequestStore
from inspector.storage.rows import find_existing, find_row_below, load_rows_after
from inspector.storage.search.blocks import Block
from inspector.storage.search.search_index import BATCH
from inspector.storage.search.word_index import IndexUnusableError, WordIndex, delete_index

log = logging.getLogger("inspector.storage")

SWEEP_BATCH = 500
_KNOWN_TO = text(
    "SELECT number FROM requests WHERE bin_id = :bin AND number <= :newest AND id <= :row"
    " ORDER BY number DESC LIMIT 1"
)
_HIGHEST_ROW = text("SELECT seq FROM sqlite_sequence WHERE name = 'requests'")


class FileIndex:
    """A ``SearchIndex`` in the file at ``path``, for the database of ``engine``.

    Raises ``IndexUnusableError`` for a path where no index can be.
    """

    def __init__(self, path: str, requests: RequestStore, engine: Engine) -> None:
        self._path = path
        self._requests = requests
        self._engine = engine
        self._database: FileIdentity | None = None
        self._is_damaged = False
        self._added = 0
        self._ownership: sqlite3.Connection | None = None
        self._lock = threading.Lock()
        self._index = self._open()

    def find(self, bin_: Bin, query: Query, *, before: int | None, limit: int) -> list[int] | None:
        """See ``SearchIndex``."""
        row = find_row_below(bin_, 2**62 if before is None else before)
        if row is None:
            return []
        token = find_value(self._engine, INDEX_TOKEN)
        if not token or self._is_damaged or self._is_elsewhere():
            return None
        try:
            return self._index.find(bin_.id, query, token=token, below=row + 1, limit=limit)
        except sqlite3.Error:
            self._is_damaged = True
            return None

    def load_blocks(
        self, bin_: Bin, *, first: int, last: int, most: int
    ) -> Mapping[int, Block] | None:
        """See ``SearchIndex``."""
        token = find_value(self._engine, INDEX_TOKEN)
        if not token or self._is_damaged or self._is_elsewhere():
            return None
        try:
            return self._index.load_blocks(bin_.id, token=token, first=first, last=last, most=most)
        except (sqlite3.Error, ValueError):
            self._is_damaged = True
            return None

    def find_deliveries(
        self, bin_id: int, keys: Sequence[int], newest: int
    ) -> KnownDeliveries | None:
        """See ``DeliveryIndex``."""
        token = find_value(self._engine, INDEX_TOKEN)
        if not token or self._is_damaged or self._is_elsewhere():
            return None
        try:
            found = self._index.find_deliveries(
                bin_id, keys, token=token, newest=newest, limit=MAX_ATTEMPTS
            )
        except sqlite3.Error:
            self._is_damaged = True
            return None
        if found is None:
            return None
        numbers, last_row = found
        values = {"bin": bin_id, "newest": newest, "row": last_row}
        with self._engine.connect() as connection:
            known_to = connection.execute(_KNOWN_TO, values).scalar()
        return KnownDeliveries(numbers, known_to or 0)

    def count_missing(self) -> int:
        """See ``SearchIndex``; by row ids, so those that are gone meanwhile count too."""
        with self._engine.connect() as connection:
            highest = connection.execute(_HIGHEST_ROW).scalar() or 0
        return max(0, int(highest) - self._index.last_row)

    def fill(self) -> bool:
        """See ``SearchIndex``."""
        if not self._own():
            self._follow()
            return False
        try:
            self._prove()
            batch = load_rows_after(self._requests, self._index.last_row, BATCH)
            self._index.add(batch)
            self._added += len(batch)
            if self._added >= SWEEP_BATCH:
                self._added = 0
                self._sweep()
        except sqlite3.Error as error:  # the database's own come as SQLAlchemy's
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                raise  # The index is as whole as before; filling waits for free space.
            self._is_damaged = True
            log.warning("The index of words is damaged and made anew: %s.", error)
            return True
        return len(batch) == BATCH

    def close(self) -> None:
        """Let go of the file; a note says how it was left, which saves a check at the start."""
        self._index.close()
        if self._ownership is None:
            return
        if not self._is_damaged:
            with contextlib.suppress(Exception):
                set_value(self._engine, INDEX_CLOSED, self._describe())
        self._ownership.close()
        self._ownership = None

    def _open(self) -> WordIndex:
        try:
            return WordIndex(self._path)
        except IndexUnusableError:
            if not self._own():
                raise
        try:  # not a database, or damaged beyond opening
            delete_index(self._path)
        except OSError as error:
            raise IndexUnusableError(self._path, str(error)) from error
        return WordIndex(self._path)

    def _own(self) -> bool:
        """Be the one process that fills the file, for as long as it lives."""
        if self._ownership is not None or self._path == ":memory:":
            return True
        lock = Path(f"{self._path}-lock")
        connection = None
        try:
            make_private_file(lock)
            connection = sqlite3.connect(
                lock, timeout=0, isolation_level=None, check_same_thread=False
            )
            connection.execute("BEGIN EXCLUSIVE")
        except (sqlite3.Error, OSError):
            if connection is not None:
                connection.close()
            return False
        self._ownership = connection
        self._database = None
        return True

    def _follow(self) -> None:
        """Read what another process fills; it may have made the file anew."""
        if self._is_damaged or self._index_token() != find_value(self._engine, INDEX_TOKEN):
            self._replace(WordIndex(self._path))

    def _prove(self) -> None:
        """Make the index anew unless it belongs to the database and is whole."""
        database = self._identify_database()
        if self._database is None and not self._is_damaged:
            is_ours = self._belongs()
            is_clean = find_value(self._engine, INDEX_CLOSED) == self._describe()
            set_value(self._engine, INDEX_TOKEN, "")
            if is_ours and (is_clean or self._index.is_whole()):
                self._database = database
                self._give_token()
                return
        elif database == self._database and not self._is_damaged and self._belongs():
            return
        self._make_anew()
        self._database = database

    def _make_anew(self) -> None:
        set_value(self._engine, INDEX_TOKEN, "")
        if self._is_damaged and self._path != ":memory:":
            self._index.close()
            delete_index(self._path)
            self._replace(WordIndex(self._path))
        self._index.start_afresh("")
        self._give_token()

    def _give_token(self) -> None:
        token = secrets.token_hex(16)
        self._index.set_token(token)
        set_value(self._engine, INDEX_TOKEN, token)

    def _belongs(self) -> bool:
        token = find_value(self._engine, INDEX_TOKEN)
        progress = self._index.progress
        with self._engine.connect() as connection:
            highest = connection.execute(_HIGHEST_ROW).scalar() or 0
        return bool(token) and progress.token == token and progress.last_row <= highest

    def _index_token(self) -> str | None:
        try:
            return self._index.progress.token
        except sqlite3.Error:
            return None

    def _replace(self, index: WordIndex) -> None:
        before, self._index = self._index, index
        self._is_damaged = False
        with contextlib.suppress(sqlite3.Error):
            before.close()

    def _identify_database(self) -> FileIdentity | None:
        path = find_path(self._engine)
        return FileIdentity(0, 0) if path is None else identify(path)

    def _is_elsewhere(self) -> bool:
        """True when another file lies in the database's place than the one that was proved."""
        return self._database is not None and self._identify_database() != self._database

    def _describe(self) -> str:
        """The file as it lies there: damage done to it while nobody looks changes this."""
        if self._path == ":memory:":
            return ""
        try:
            found = Path(self._path).stat()
        except OSError:
            return ""
        return f"{found.st_size}:{found.st_mtime_ns}"

    def _sweep(self) -> None:
        """Drop deleted requests, each time as many new ones came as one sweep looks at."""
        row = 0
        while rows := self._index.rows(row, SWEEP_BATCH):
            row = rows[-1]
            gone = set(rows) - find_existing(rows)
            if gone:
                self._index.forget(gone)
