"""An index of the words in requests, in a file of its own beside the database.

It is derived and may be deleted: it is filled again. It has a file of its own so
that filling it never takes the lock that storing a capture needs, and so that it
need not be safe: a crash costs a rebuild. SQLite's FTS5 does the work, whatever
the database of the requests is.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from inspector.domain import CapturedRequest
from inspector.reading.marks import find_marks
from inspector.reading.query import WORD, Phrase, Query, searched_lines

log = logging.getLogger("inspector.storage")

SCHEMA = 6
BATCH = 50
MAX_WORDS_A_REQUEST = 20_000
# The mark of requests that have more than is indexed: any search may be for them.
PARTLY = "partly"
# It waits for a moment without many captures, but not for ever, and rests between batches.
CALM_S = 0.25
CALM_CAPTURES = 10
PATIENCE_S = 30.0
REST = 0.5
SWEEP_BATCH = 500
MOST_GONE = 1000

LoadRows = Callable[[int, int], Sequence[tuple[int, CapturedRequest]]]
FindRows = Callable[[Sequence[int]], set[int]]


def is_available() -> bool:
    """Whether this Python's SQLite has FTS5."""
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


class WordIndex:
    """Finds the rows of requests that contain phrases.

    ``path`` may be ``":memory:"``. One connection, guarded by a lock: look-ups take
    milliseconds. Raises ``IndexUnusableError`` for a file that cannot be one.
    """

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        try:
            if path != ":memory:":
                Path(path).touch(mode=0o600)  # strangers' words are nobody else's to read
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        except (sqlite3.Error, OSError) as error:
            raise IndexUnusableError(path, str(error)) from error
        try:
            self.last_row: int = self._prepare()
        except sqlite3.Error as error:
            self._connection.close()
            raise IndexUnusableError(path, str(error)) from error

    def _prepare(self) -> int:
        """Make it ready; gives the last row taken in."""
        execute = self._connection.execute
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = OFF")
        if execute("PRAGMA user_version").fetchone()[0] != SCHEMA:
            self._start_afresh()
        row: int = execute("SELECT last_row FROM progress").fetchone()[0]
        return row

    def _start_afresh(self) -> None:
        execute = self._connection.execute
        for table in ("words", "progress", "known"):
            execute(f"DROP TABLE IF EXISTS {table}")
        # The texts themselves are in the database: only where words stand is kept here.
        execute(
            "CREATE VIRTUAL TABLE words USING fts5("
            "marks, said, content = '', tokenize = 'unicode61 remove_diacritics 0')"
        )
        execute("CREATE TABLE known (row INTEGER PRIMARY KEY)")
        execute("CREATE TABLE progress (last_row INTEGER NOT NULL, gone INTEGER NOT NULL)")
        execute("INSERT INTO progress VALUES (0, 0)")
        execute(f"PRAGMA user_version = {SCHEMA}")

    def add(self, requests: Iterable[tuple[int, CapturedRequest]]) -> None:
        """Take in requests with their row ids, lowest first."""
        documents = [(row, *make_document(each)) for row, each in requests]
        if not documents:
            return
        with self._changing() as connection:
            execute_many = connection.executemany
            execute_many("INSERT INTO words (rowid, marks, said) VALUES (?, ?, ?)", documents)
            execute_many("INSERT INTO known VALUES (?)", [(row,) for row, _, _ in documents])
            connection.execute("UPDATE progress SET last_row = ?", (documents[-1][0],))
        self.last_row = documents[-1][0]

    def find(self, bin_id: int, query: Query, *, below: int, limit: int) -> list[int]:
        """The row ids below ``below``, highest first, of the bin's requests that may match.

        Rows of requests that are gone may be among them.
        """
        match = format_match(bin_id, query)
        with self._lock:
            rows = self._connection.execute(
                "SELECT rowid FROM words WHERE words MATCH ? AND rowid < ? "
                "ORDER BY rowid DESC LIMIT ?",
                (match, below, limit),
            )
            return [row[0] for row in rows]

    def rows(self, after: int, limit: int) -> list[int]:
        """The rows it knows, lowest first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT row FROM known WHERE row > ? ORDER BY row LIMIT ?", (after, limit)
            )
            return [row[0] for row in rows]

    def forget(self, rows: Iterable[int]) -> None:
        """Drop rows whose requests are gone.

        Without their texts the words cannot be taken out one by one: when more is
        gone than there is, the index starts afresh.
        """
        gone = [(row,) for row in rows]
        afresh = False
        with self._changing() as connection:
            execute = connection.execute
            connection.executemany("DELETE FROM known WHERE row = ?", gone)
            execute("UPDATE progress SET gone = gone + ?", (len(gone),))
            known = execute("SELECT count(*) FROM known").fetchone()[0]
            if execute("SELECT gone FROM progress").fetchone()[0] > known + MOST_GONE:
                self._start_afresh()
                afresh = True
        if afresh:
            self.last_row = 0

    @contextlib.contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """All of a change or nothing of it, so that the next one can begin after a full disk."""
        with self._lock:
            self._connection.execute("BEGIN")
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


def format_phrase(phrase: Phrase) -> str:
    """A phrase as FTS5 writes it; words have letters and digits only, so nothing to escape."""
    return f'"{" ".join(phrase.words)}"' + (" *" if phrase.begun else "")


def format_match(bin_id: int, query: Query) -> str:
    """What FTS5 is asked for; a request that was not read whole may have what is sought."""
    sought = [f"marks : {mark}" for mark in query.marks]
    sought += [f"said : {format_phrase(phrase)}" for phrase in query.phrases]
    match = f"marks : b{bin_id}"
    if sought:
        match += f" AND (marks : {PARTLY} OR ({' AND '.join(sought)}))"
    return "".join([f"({match})", *(f" NOT marks : {mark}" for mark in query.barred)])


def make_document(request: CapturedRequest) -> tuple[str, str]:
    """A request's marks, its bin before all, and a text with its words.

    The index cuts the text where ``split_words`` does.
    """
    bin_mark = f"b{request.bin_id}"
    if _is_partly_read(request):
        return f"{bin_mark} {PARTLY}", ""
    text = "\n".join(searched_lines(request))
    # In ASCII the two agree on what a word is, and each takes two characters at least.
    if not text.isascii() or "\0" in text or len(text) > 2 * MAX_WORDS_A_REQUEST:
        words = [word[0] for word in islice(WORD.finditer(text), MAX_WORDS_A_REQUEST + 1)]
        if len(words) > MAX_WORDS_A_REQUEST:
            return f"{bin_mark} {PARTLY}", ""
        text = " ".join(words)
    return " ".join([bin_mark, *find_marks(request)]), text


def _is_partly_read(request: CapturedRequest) -> bool:
    """Whether its body was too big for a list, as it came or decoded."""
    if request.body_size and not request.body:
        return True
    return bool(request.content.problem) and request.content.data is not request.body


class IndexFiller:
    """A thread that keeps a ``WordIndex`` up to date and lets captures go first.

    ``load(after_row, limit)`` gives requests with their row ids, ``existing(rows)``
    says which are still there; ``count_stored`` grows while captures come in.
    """

    def __init__(
        self, index: WordIndex, load: LoadRows, existing: FindRows, count_stored: Callable[[], int]
    ) -> None:
        self._index = index
        self._load = load
        self._existing = existing
        self._count_stored = count_stored
        self._news = threading.Event()
        self._stopping = False
        self._added = 0
        self._thread = threading.Thread(target=self._run, name="inspector-index", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._news.set()
        self._thread.start()

    def hear(self, _news: object) -> None:
        """There are new requests."""
        self._news.set()

    def stop(self) -> None:
        """End the thread; what is missing is taken in next time."""
        self._stopping = True
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(5)
        self._index.close()

    def _run(self) -> None:
        while not self._stopping:
            self._news.wait()
            self._news.clear()
            try:
                self._catch_up()
                self._sweep_now_and_then()
            except (sqlite3.Error, SQLAlchemyError) as error:
                reason = str(error).partition("\n")[0]
                log.warning("The index of words waits, searches read instead: %s.", reason)
                self._rest(5.0)
            except Exception:
                log.exception("The index of words could not be filled; searches read instead.")
                self._rest(5.0)

    def _catch_up(self) -> None:
        self._wait_for_calm()
        before = self._count_stored()
        while self._take_in():
            if self._stopping:
                return
            if self._count_stored() - before > CALM_CAPTURES:
                self._wait_for_calm()
            before = self._count_stored()

    def _take_in(self) -> bool:
        began = time.monotonic()
        batch = self._load(self._index.last_row, BATCH)
        self._index.add(batch)
        self._added += len(batch)
        self._rest((time.monotonic() - began) * REST)
        return len(batch) == BATCH

    def _wait_for_calm(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and not self._stopping:
            before = self._count_stored()
            self._rest(CALM_S)
            if self._count_stored() - before <= CALM_CAPTURES:
                return

    def _rest(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if self._stopping:
                return
            time.sleep(min(left, 0.1))

    def _sweep_now_and_then(self) -> None:
        """Forget requests that are gone, once as many came as one sweep looks at."""
        if self._added < SWEEP_BATCH:
            return
        self._added = 0
        row = 0
        while not self._stopping and (rows := self._index.rows(row, SWEEP_BATCH)):
            row = rows[-1]
            gone = set(rows) - self._existing(rows)
            if gone:
                self._index.forget(gone)
            self._rest(0.01)
