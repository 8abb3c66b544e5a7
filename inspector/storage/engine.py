"""Opening a database: connection settings, the schema brought up to date, and what went wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, has_app_context
from sqlalchemy import Engine, event, inspect, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)

from inspector.errors import DatabaseTooNewError, InspectorError
from inspector.storage.connections import (
    BUSY_TIMEOUT_S,
    HEAD_REVISION,
    create_sqlite,
    make_private_folder,
    set_up_sqlite,
)
from inspector.storage.models import Base, db

# For those who name them and speak no SQL.
DatabaseEngine = Engine
DatabaseError = DBAPIError

_PARAMETER = re.compile(r":([a-z_]+)")


class EngineConnections:
    """Bare connections of an engine's own, for the writer (see ``connections``)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._is_named = engine.dialect.paramstyle in ("named", "qmark")
        driver = engine.dialect.loaded_dbapi
        self.errors: tuple[type[Exception], ...] = (driver.Error, SQLAlchemyError)

    def open(self) -> Any:
        """One from the pool."""
        return self._engine.raw_connection()

    def discard(self, connection: Any) -> None:
        """Close it; the pool makes a new one when one is wanted."""
        connection.invalidate()

    def spell(self, statement: str) -> str:
        """As it is for SQLite, with ``%(name)s`` for PostgreSQL."""
        return statement if self._is_named else _PARAMETER.sub(r"%(\1)s", statement)


class EngineQueries:
    """Single rows by the engine's own connections, from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __call__(self, statement: str, parameters: Mapping[str, Any]) -> Any:
        """The first row of a statement whose parameters are written ``:name``, or None."""
        with self._engine.connect() as connection:
            return connection.execute(text(statement), dict(parameters)).first()


def check_url(database_url: str) -> URL:
    """The URL taken apart, its folder made; ``invalid_database`` when we cannot open such a one."""
    try:
        url = make_url(database_url)
        if url.get_backend_name() not in ("sqlite", "postgresql"):
            raise NoSuchModuleError(url.drivername)
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise InspectorError(
            "invalid_database",
            f"{database_url!r} is not a database we can open. Write it like "
            "sqlite:////path/to/file.sqlite3 or postgresql+psycopg://user@host/name.",
        ) from error
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        make_private_folder(Path(str(url.database)).parent)
    return url


def engine_options(url: URL) -> dict[str, Any]:
    """What Flask-SQLAlchemy hands to ``create_engine`` for this kind of database."""
    if url.get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": BUSY_TIMEOUT_S, "check_same_thread": False}}
    return {"pool_pre_ping": True, "pool_size": 8}


def attach_database(app: Flask, database_url: str) -> Engine:
    """Give the application its database, opened and up to date; raises as ``open_database``."""
    url = check_url(database_url)
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(url)
    db.init_app(app)
    with app.app_context():
        open_database(db.engine)
        return db.engine


def open_database(engine: Engine) -> None:
    """Set up each connection and bring the schema to this program's revision.

    Raises ``DatabaseTooNewError`` for one that a newer program wrote, and
    ``database_unusable`` when the database does not answer.
    """
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up)
    try:
        _bring_up_to_date(engine)
    except DBAPIError as error:
        why = str(error.orig).strip().partition("\n")[0].rstrip(".")
        raise InspectorError(
            "database_unusable", f"The database {engine.url!r} cannot be used: {why}."
        ) from error


def answers(engine: Engine) -> bool:
    """Whether the database answers a question just now."""
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True


def release_connection() -> None:
    """Give this context's connection back to the pool; the next query takes another.

    Between two queries that only read, as nothing is committed.
    """
    if has_app_context():
        db.session.rollback()


def find_trouble(error: DBAPIError) -> str | None:
    """Why the database does not serve just now: locked, full, away. None for our own mistakes."""
    if isinstance(error, OperationalError | InterfaceError):
        return str(error.orig)
    return None


def _set_up(connection: Any, _record: object) -> None:
    set_up_sqlite(connection)
    # macOS's fsync leaves it to the disk when to write; elsewhere this changes nothing.
    connection.execute("PRAGMA fullfsync = ON").close()


def _bring_up_to_date(engine: Engine) -> None:
    with engine.connect() as connection:
        tables = set(inspect(connection).get_table_names())
        found = None
        if "alembic_version" in tables:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found == HEAD_REVISION:
        return
    if tables.isdisjoint({"alembic_version", "bins"}):
        _create(engine)
    else:
        _migrate(engine, found)


def _create(engine: Engine) -> None:
    """A new database in one step: replaying the migrations takes much longer to the same end."""
    if engine.dialect.name == "sqlite":
        database = engine.url.database
        with engine.connect() as connection:
            bare: Any = connection.connection.driver_connection
            create_sqlite(bare, None if database in (None, "", ":memory:") else database)
        return
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(
            text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD_REVISION}
        )


def _migrate(engine: Engine, found: str | None) -> None:
    from inspector.storage.migrate import migrate  # Alembic is slow to import and seldom needed

    try:
        migrate(engine)
    except LookupError as error:
        raise DatabaseTooNewError(str(found), HEAD_REVISION) from error
