"""A backup of a database as one SQLite file, whoever reads and writes meanwhile."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from inspector.errors import InspectorError
from inspector.storage.database.connections import connect_sqlite
from inspector.storage.database.faults import explain
from inspector.storage.database.files import make_private_file
from inspector.storage.database.urls import describe_url, is_in_memory, parse_url
from inspector.storage.installation import OF_ONE_DATABASE
from inspector.storage.transfer.copying import Progress, copy_database


def back_up(database_url: str, path: Path, progress: Progress) -> int:
    """Write the database as it is now into a new file; answers how many requests it has.

    The file is its owner's alone, and under ``path`` only when it is whole. Raises
    ``InspectorError``: ``file_exists``, ``database_missing``, ``backup_failed`` and those of
    ``copy_database``.
    """
    path = path.absolute()
    if path.exists():
        raise InspectorError("file_exists", f"{path} is there already. Choose another name.")
    if not path.parent.is_dir():
        raise InspectorError("backup_failed", f"There is no folder {path.parent}.")
    url = parse_url(database_url)
    part = path.with_name(f"{path.name}.part")
    try:
        _remove(part)
        if url.get_backend_name() == "sqlite":
            if is_in_memory(url) or not Path(str(url.database)).is_file():
                raise InspectorError(
                    "database_missing", f"There is no database {describe_url(url)}."
                )
            _copy_file(Path(str(url.database)), part)
        else:
            copy_database(database_url, f"sqlite:///{part}", progress)
        with closing(sqlite3.connect(part)) as connection:
            count = _check(connection)
        part.replace(path)
        _sync_folder(path.parent)
    except (sqlite3.Error, OSError) as error:
        raise InspectorError(
            "backup_failed", f"The backup {path} cannot be made: {explain(error)}."
        ) from error
    finally:
        _remove(part)
    return count


def _copy_file(source: Path, part: Path) -> None:
    """SQLite's own copy, of one moment and without its free pages."""
    make_private_file(part)
    with closing(connect_sqlite(source)) as connection:
        connection.execute("VACUUM INTO ?", (str(part),))


def _check(connection: sqlite3.Connection) -> int:
    """Hold the file against SQLite's own check, and leave out what is another database's."""
    (said,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if said != "ok":
        raise InspectorError("backup_failed", f"The backup is damaged, as the database is: {said}.")
    connection.executemany(
        "DELETE FROM installation WHERE name = ?", [(name,) for name in OF_ONE_DATABASE]
    )
    connection.commit()
    count: int = connection.execute("SELECT count(*) FROM requests").fetchone()[0]
    connection.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
    return count


def _sync_folder(folder: Path) -> None:
    """The new name is on disk, too."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(part: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            part.with_name(part.name + ending).unlink()
