"""A SQLite file for captures alone, by the standard library: what a test's server begins with.

Makes bins and reads requests back; storing them is ``writer``'s. Pages and API calls on
the same file go through SQLAlchemy like all others.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from inspector.domain import Bin, CapturedRequest
from inspector.domain.relays.outcomes import INTERRUPTED, INTERRUPTED_MESSAGE
from inspector.errors import InspectorError
from inspector.settings import MAX_TEMPLATE_WORK
from inspector.storage.answers import AnswerFinder
from inspector.storage.attempts import AttemptFinder
from inspector.storage.cleaning import DELETED_PREFIX
from inspector.storage.database.connections import (
    HEAD_REVISION,
    SqliteFile,
    create_sqlite,
    exclusive,
    read_revision,
)
from inspector.storage.database.faults import explain
from inspector.storage.database.files import make_private_file, make_private_folder
from inspector.storage.records import (
    REQUEST_COLUMNS,
    USUAL_SETTINGS,
    ReadSettings,
    make_bin_row,
    name_taken,
    to_requests,
)
from inspector.storage.relays.outcomes import RelayFinder
from inspector.storage.signatures import SignatureChecker
from inspector.storage.statements import INTERRUPT_RELAYS

_CREATE_BIN = (
    "INSERT INTO bins (name, private, secret_hash, created_us, capacity, last_number)"
    " VALUES (:name, :private, :secret_hash, :created_us, :capacity, :last_number)"
)
_BINS = "SELECT id, name, private, last_number FROM bins WHERE name NOT LIKE ? ORDER BY id DESC"
_SET_SIGNATURES = "UPDATE bins SET signatures = :document WHERE id = :bin_id"
_SET_RELAY = "UPDATE bins SET relay = :document WHERE id = :bin_id"
_BIN = "SELECT name, kept_from FROM bins WHERE id = ?"
_AFTER = (
    f"SELECT {', '.join(REQUEST_COLUMNS)} FROM requests"  # noqa: S608 - constants
    " WHERE bin_id = ? AND number > ? ORDER BY number LIMIT ?"
)


class BinLine(NamedTuple):
    """A bin as a list of them shows it."""

    id: int
    name: str
    private: bool
    last_number: int

    @classmethod
    def of(cls, bin_: Bin) -> BinLine:
        """The line of a bin."""
        return cls(bin_.id, bin_.name, bin_.private, bin_.last_number)


class EmbeddedStore:
    """One connection for all threads, one at a time. The file is opened and up to date.

    Raises ``database_unusable`` or ``DatabaseTooNewError``.
    """

    def __init__(
        self,
        path: Path,
        settings: ReadSettings = USUAL_SETTINGS,
        max_template_work: int = MAX_TEMPLATE_WORK,
    ) -> None:
        self.connections = SqliteFile(path)
        find_answer = AnswerFinder(self._fetch_row, max_template_work)
        self._check = SignatureChecker(self._fetch_row)
        self._settings = settings._replace(
            find_answer=find_answer,
            check_signatures=self._check,
            find_attempts=AttemptFinder(self._fetch_rows, settings),
            find_relay=RelayFinder(self._fetch_row),
        )
        self._lock = threading.Lock()
        try:
            self._connection = self._open()
        except (sqlite3.Error, OSError) as error:
            raise InspectorError(
                "database_unusable", f"The database {path} cannot be used: {explain(error)}."
            ) from error

    def _open(self) -> sqlite3.Connection:
        make_private_folder(self.connections.path.parent)
        make_private_file(self.connections.path)
        connection = self.connections.open()
        try:
            if not read_revision(connection)[0]:
                with exclusive(connection):
                    if not read_revision(connection)[0]:  # another may have been quicker
                        create_sqlite(connection)
            if read_revision(connection)[1] != HEAD_REVISION:
                connection.close()
                _bring_up_to_date(self.connections.path)
                connection = self.connections.open()
        except BaseException:
            connection.close()
            raise
        return connection

    def create_bin(
        self, name: str | None = None, *, private: bool = False, capacity: int
    ) -> tuple[int, str, str | None]:
        """Id, name and, for a private one, secret of a new bin; raises as ``BinStore.create``."""
        row, secret = make_bin_row(name, private=private, capacity=capacity)
        with self._lock:
            try:
                with self._connection:
                    bin_id = self._connection.execute(_CREATE_BIN, row).lastrowid
            except sqlite3.IntegrityError as error:
                raise name_taken(row["name"]) from error
        return bin_id or 0, row["name"], secret

    def ensure_bin(self, name: str, *, capacity: int) -> None:
        """Make a bin of this name when there is none; raises as ``create_bin``."""
        if all(each.name != name for each in self.list_bins()):
            try:
                self.create_bin(name, capacity=capacity)
            except InspectorError as error:
                if error.code != "name_taken":  # another that starts was quicker
                    raise

    def list_bins(self) -> list[BinLine]:
        """All bins, the newest first."""
        with self._lock:
            rows = self._connection.execute(_BINS, (f"{DELETED_PREFIX}%",)).fetchall()
        return [BinLine(bin_id, name, bool(private), last) for bin_id, name, private, last in rows]

    def load_after(self, bin_id: int, after: int, limit: int) -> Sequence[CapturedRequest]:
        """A bin's requests numbered above ``after``, oldest first, from any thread."""
        with self._lock:
            found = self._connection.execute(_BIN, (bin_id,)).fetchone()
            if found is None:
                return []
            name, kept_from = found
            after = max(after, kept_from - 1)
            rows = self._connection.execute(_AFTER, (bin_id, after, limit)).fetchall()
        return to_requests(rows, name, self._settings)

    def set_signatures(self, bin_id: int, document: str | None) -> None:
        """Keep the secrets, as ``signatures.dump_secrets`` writes them."""
        with self._lock, self._connection:
            self._connection.execute(_SET_SIGNATURES, {"document": document, "bin_id": bin_id})
        self._check.forget()

    def set_relay(self, bin_id: int, document: str | None) -> None:
        """Keep where the bin's requests are passed on to, as ``answers.relays`` writes it."""
        with self._lock, self._connection:
            self._connection.execute(_SET_RELAY, {"document": document, "bin_id": bin_id})

    def interrupt_relays(self) -> None:
        """Mark relays that the last server left under way as interrupted."""
        said = {"error_code": INTERRUPTED, "error": INTERRUPTED_MESSAGE}
        with self._lock, self._connection:
            self._connection.execute(INTERRUPT_RELAYS, said)

    def _fetch_row(self, statement: str, parameters: Mapping[str, Any]) -> Any:
        with self._lock:
            return self._connection.execute(statement, parameters).fetchone()

    def _fetch_rows(self, statement: str, parameters: Mapping[str, Any]) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, parameters).fetchall()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()


def _bring_up_to_date(path: Path) -> None:
    from sqlalchemy import create_engine  # slow to import and seldom needed

    from inspector.storage.database.engine import open_database

    engine = create_engine(f"sqlite:///{path}")
    try:
        open_database(engine)
    finally:
        engine.dispose()
