"""The copy of one table from one database into another, in bounded steps.

Every table and column of the models is copied in this way. A step is a range of keys; equal
rows of the target stay, so an interrupted copy goes on where it was. Nothing here knows the
meaning of a table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    LargeBinary,
    Row,
    String,
    Table,
    and_,
    delete,
    func,
    literal,
    select,
    text,
    tuple_,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from inspector.storage.database.engine import EngineConnections
from inspector.storage.installation import OF_ONE_DATABASE, RUN_PREFIX

STEP_ROWS = 500
STEP_BYTES = 8_000_000

Key = tuple[Any, ...]
Report = Callable[[int], None]


class Checksum(NamedTuple):
    """A table's rows, by number and by the SHA-256 of all values in the order of their keys."""

    rows: int
    digest: str


class TableCopy:
    """Makes a table of ``target`` what it is in ``source``."""

    def __init__(self, table: Table, source: Connection, target: Engine) -> None:
        self._table = table
        self._source = source
        self._target = target
        self._bare = EngineConnections(target)
        self._names = [column.name for column in table.columns]
        self._upsert = text(_format_upsert(table))

    def run(self, report: Report) -> None:
        """Copy the table; ``report`` gets the number of rows after each step."""
        done, after = 0, None
        for up_to in iterate_steps(self._source, self._table, None):
            within = _range(self._table, after, up_to)
            rows = self._source.execute(_select(self._table, within)).all()
            with self._target.begin() as connection:
                self._replace(connection, within, rows)
            done, after = done + len(rows), up_to
            report(done)
        beyond = _range(self._table, after, None)
        with self._target.begin() as connection:
            connection.execute(delete(self._table).where(beyond))

    def _replace(
        self, connection: Connection, within: ColumnElement[bool], rows: Sequence[Row[Any]]
    ) -> None:
        there = {
            _key(self._table, row): hash_row(row)
            for row in connection.execute(_select(self._table, within))
        }
        is_new = not there
        changed = [row for row in rows if there.pop(_key(self._table, row), b"") != hash_row(row)]
        for key in there:  # gone from the source since
            connection.execute(delete(self._table).where(_is(self._table, key)))
        values = [dict(row._mapping) for row in changed]
        if not values:
            return
        if is_new:
            cursor = connection.connection.cursor()
            self._bare.insert(cursor, self._table.name, self._names, values)
            cursor.close()
        else:
            connection.execute(self._upsert, values)


def checksum_table(connection: Connection, table: Table, report: Report) -> Checksum:
    """The table's checksum, the same on every kind of database."""
    digest, rows, after = hashlib.sha256(), 0, None
    for up_to in iterate_steps(connection, table, None):
        for row in connection.execute(_select(table, _range(table, after, up_to))):
            digest.update(hash_row(row))
            rows += 1
        after = up_to
        report(rows)
    return Checksum(rows, digest.hexdigest())


def iterate_steps(connection: Connection, table: Table, after: Key | None) -> Iterator[Key]:
    """The last key of each step: so many rows and so many bytes at most, one row at least."""
    keys = _keys(table)
    size: ColumnElement[int] = literal(0)
    for column in table.columns:
        if isinstance(column.type, LargeBinary | String):
            size = size + func.coalesce(func.length(column), 0)
    while True:
        step = select(*keys, size).where(_range(table, after, None)).order_by(*keys)
        rows = connection.execute(step.limit(STEP_ROWS)).all()
        if not rows:
            return
        total, last = 0, None
        for row in rows:
            total += row[-1]
            if last is not None and total > STEP_BYTES:
                break
            last = tuple(row[:-1])
        after = last
        yield last  # type: ignore[misc]  # there was a row


def hash_row(values: Iterable[Any]) -> bytes:
    """SHA-256 of a row's values with their kinds and lengths."""
    digest = hashlib.sha256()
    for value in values:
        if value is None:
            digest.update(b"-")
            continue
        raw = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
        digest.update(b"%s%d:" % (b"b" if isinstance(value, bytes) else b"t", len(raw)))
        digest.update(raw)
    return digest.digest()


def _select(table: Table, within: ColumnElement[bool]) -> Any:
    return select(*table.columns).where(within).order_by(*_keys(table))


def _range(table: Table, after: Key | None, up_to: Key | None) -> ColumnElement[bool]:
    """Rows above a key and up to another, but for those that are one database's own."""
    keys = tuple_(*_keys(table))
    wanted: list[ColumnElement[bool]] = [literal(True)]
    if table.name == "installation":
        wanted.append(table.c.name.not_in(OF_ONE_DATABASE))
        wanted.append(table.c.name.not_like(f"{RUN_PREFIX}%"))
    if after is not None:
        wanted.append(keys > tuple_(*after))
    if up_to is not None:
        wanted.append(keys <= tuple_(*up_to))
    return and_(*wanted)


def _keys(table: Table) -> list[ColumnElement[Any]]:
    """The columns of the key, texts in the order of their bytes on every kind of database."""
    return [
        BytewiseText(column) if isinstance(column.type, String) else column
        for column in table.primary_key
    ]


class BytewiseText(FunctionElement[str]):
    """A text column, ordered and compared by its bytes."""

    type = String()
    inherit_cache = True


@compiles(BytewiseText)
def _compile_bytewise(element: BytewiseText, compiler: SQLCompiler, **how: Any) -> str:
    column = compiler.process(element.clauses, **how)
    return f'{column} COLLATE "C"' if compiler.dialect.name == "postgresql" else column


def _key(table: Table, row: Row[Any]) -> Key:
    return tuple(row._mapping[column] for column in table.primary_key)


def _is(table: Table, key: Key) -> ColumnElement[bool]:
    return and_(*(column == value for column, value in zip(table.primary_key, key, strict=True)))


def _format_upsert(table: Table) -> str:
    names = [column.name for column in table.columns]
    keys = [column.name for column in table.primary_key]
    others = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys)
    return (
        f"INSERT INTO {table.name} ({', '.join(names)})"  # noqa: S608 - our names
        f" VALUES ({', '.join(f':{name}' for name in names)})"
        f" ON CONFLICT ({', '.join(keys)}) DO {f'UPDATE SET {others}' if others else 'NOTHING'}"
    )
