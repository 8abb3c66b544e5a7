"""The copy of a whole database into an empty one, SQLite or PostgreSQL.

All is read as it was at one moment, whoever writes meanwhile. A copy that was ended, however
that was, goes on where it stopped; at the end both databases are read once more and
their checksums compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, Engine, Table, func, select, text

from inspector.errors import InspectorError
from inspector.storage.database.connections import HEAD_REVISION
from inspector.storage.database.engine import (
    find_revision,
    make_engine,
    named_in_errors,
    open_database,
)
from inspector.storage.database.postgresql import ENQUEUE_ALL
from inspector.storage.database.urls import check_url, describe_url, is_in_memory, parse_url
from inspector.storage.installation import COPY_OF, delete_value, find_value, set_value
from inspector.storage.models import Base, BinRow
from inspector.storage.transfer.tables import Checksum, TableCopy, checksum_table

# Called with what is done, the table, how many of its rows, and how many there are.
Progress = Callable[[str, str, int, int], None]


class CopiedTable(NamedTuple):
    """A table that both databases have the same rows of."""

    name: str
    checksum: Checksum


def copy_database(source_url: str, target_url: str, progress: Progress) -> list[CopiedTable]:
    """Copy everything, then compare checksums. Raises ``InspectorError``.

    ``same_database``, ``database_missing`` or ``database_too_old`` for a source that cannot
    be read, ``database_not_empty`` for a target with something else in it, ``copy_differs``.
    """
    if parse_url(source_url) == parse_url(target_url):
        raise InspectorError("same_database", "--from and --to are the same database.")
    with _open_source(source_url) as source, _open_target(target_url) as target:
        _claim(target, describe_url(source.engine.url))
        with _snapshot(source) as reading:
            for table in Base.metadata.sorted_tables:
                _copy_table(table, reading, target, progress)
            _copy_highest_ids(reading, target)
            found = _compare(reading, target, progress)
        if target.dialect.name == "postgresql":
            with target.begin() as connection:
                connection.info["is_patient"] = True
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                connection.execute(text(ENQUEUE_ALL))
        delete_value(target, COPY_OF)
        return found


def _copy_table(table: Table, source: Connection, target: Engine, progress: Progress) -> None:
    total = _count(source, table)
    TableCopy(table, source, target).run(lambda done: progress("copied", table.name, done, total))


def _compare(source: Connection, target: Engine, progress: Progress) -> list[CopiedTable]:
    found = []
    with _snapshot(target) as copied:
        for table in Base.metadata.sorted_tables:
            total = 2 * _count(source, table)
            here = checksum_table(
                source,
                table,
                lambda done: progress("compared", table.name, done, total),  # noqa: B023
            )
            there = checksum_table(
                copied,
                table,
                lambda done: progress("compared", table.name, here.rows + done, total),  # noqa: B023
            )
            if here != there:
                raise InspectorError(
                    "copy_differs",
                    f"The copy of {table.name} has {there.rows:,} rows with the checksum "
                    f"{there.digest[:12]}, where {here.rows:,} with {here.digest[:12]} were "
                    "read. Does something else write to it? Run the same command again.",
                )
            found.append(CopiedTable(table.name, here))
    return found


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def _copy_highest_ids(source: Connection, target: Engine) -> None:
    """Ids that were given once are not given again, though their rows are gone."""
    with target.begin() as connection:
        for table in Base.metadata.sorted_tables:
            if not table.dialect_options["sqlite"]["autoincrement"]:
                continue
            highest = max(_find_highest(source, table), _find_highest(connection, table))
            if not highest:
                continue
            values = {"name": table.name, "highest": highest}
            if connection.dialect.name == "postgresql":
                statement = "SELECT setval(pg_get_serial_sequence(:name, 'id'), :highest)"
                connection.execute(text(statement), values)
            else:
                connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), values)
                connection.execute(
                    text("INSERT INTO sqlite_sequence VALUES (:name, :highest)"), values
                )


def _find_highest(connection: Connection, table: Table) -> int:
    if connection.dialect.name == "postgresql":
        sequence = connection.scalar(
            text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": table.name}
        )
        asked = f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}"  # noqa: S608
        return int(connection.scalar(text(asked)) or 0)
    asked = "SELECT seq FROM sqlite_sequence WHERE name = :name"
    return int(connection.scalar(text(asked), {"name": table.name}) or 0)


def _claim(target: Engine, source_name: str) -> None:
    """Mark the target as an unfinished copy, unless it holds something else."""
    copy_of = find_value(target, COPY_OF)
    if copy_of == source_name:
        return
    with target.connect() as connection:
        is_empty = connection.scalar(select(BinRow.id).limit(1)) is None
    if copy_of is not None or not is_empty:
        holds = f"an unfinished copy of {copy_of}" if copy_of else "bins already"
        raise InspectorError(
            "database_not_empty",
            f"The database {describe_url(target.url)} holds {holds}. Copy into an empty one.",
        )
    set_value(target, COPY_OF, source_name)


@contextmanager
def _open_target(database_url: str) -> Iterator[Engine]:
    engine = make_engine(check_url(database_url))
    try:
        open_database(engine)
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _open_source(database_url: str) -> Iterator[Engine]:
    """A database that is there and of this version; it is read and never changed."""
    url = parse_url(database_url)
    if url.get_backend_name() == "sqlite" and (
        is_in_memory(url) or not Path(str(url.database)).is_file()
    ):
        raise InspectorError("database_missing", f"There is no database {describe_url(url)}.")
    engine = make_engine(check_url(database_url))
    try:
        with named_in_errors(engine), closing(engine.connect()) as connection:
            has_tables, revision = find_revision(connection)
        if not has_tables:
            raise InspectorError(
                "database_missing", f"There is no database of ours in {describe_url(url)}."
            )
        if revision != HEAD_REVISION:
            raise InspectorError(
                "database_too_old",
                f"The database {describe_url(url)} is of another version. "
                "Start `inspector serve` with it once, which brings it up to date.",
            )
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection to which the database stays as it is now."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.info["is_patient"] = True
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        else:
            connection.exec_driver_sql("BEGIN")
        yield connection
        connection.rollback()
