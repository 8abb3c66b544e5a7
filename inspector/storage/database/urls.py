"""Database URLs: what users write, made into what can be opened, and said without passwords."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from inspector.errors import InspectorError
from inspector.storage.database.connections import BUSY_TIMEOUT_S
from inspector.storage.database.files import make_private_file, make_private_folder

CONNECT_TIMEOUT_S = 5
# How long a page or a capture waits for a connection while all are in use.
POOL_TIMEOUT_S = 5
_SCHEME = re.compile(r"(?:postgres|postgresql)(?=:)")
# A password may contain @, / and : that its writer forgot to escape.
_CREDENTIALS = re.compile(r"//.*@", re.DOTALL)
# Several servers, as libpq has them: user:password@one:5432,two:5432/name.
_SEVERAL = re.compile(r"([\w+]+://(?:[^/?]*@)?)([^/?@]+,[^/?@]+)(.*)", re.DOTALL)
_SERVER = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(?::(\d*))?")
_SECRET_OPTION = re.compile(r"(?i)(password=)[^&]*")


def check_url(database_url: str) -> URL:
    """The URL taken apart, ready to be opened, its file and folder made.

    A relative path is one from the current directory. Raises ``InspectorError``:
    ``invalid_database`` for a URL we cannot open, ``driver_missing``, ``data_dir_unusable``
    and ``database_unusable`` for a place where no file can be made.
    """
    url = parse_url(database_url)
    if url.get_backend_name() == "postgresql":
        _check_driver()
    elif not is_in_memory(url):
        _make_file(Path(str(url.database)))
    return url


def parse_url(database_url: str) -> URL:
    """The URL taken apart, the path of a file absolute. Raises ``invalid_database``."""
    try:
        url = _read(_SCHEME.sub("postgresql+psycopg", database_url))
        if url.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
            raise NoSuchModuleError(url.drivername)
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise InspectorError(
            "invalid_database",
            f"{hide_password(database_url)} is not a database we can open. Write it like "
            "sqlite:////path/to/file.sqlite3 or postgresql://user@host/name.",
        ) from error
    if url.get_backend_name() == "postgresql":
        if "@" in (url.host or ""):
            raise InspectorError(
                "invalid_database",
                f"{hide_password(database_url)} has an @ too many. In a name or a password "
                "it is written %40.",
            )
    elif not is_in_memory(url):
        url = url.set(database=str(Path(str(url.database)).absolute()))
    return url


def _read(text: str) -> URL:
    """The URL taken apart; several servers become options, for SQLAlchemy knows them as such."""
    several = _SEVERAL.fullmatch(text)
    if several is None:
        return make_url(text)
    before, servers, after = several.groups()
    found = [_SERVER.fullmatch(each) for each in servers.split(",")]
    if None in found:
        raise ArgumentError(servers)
    pairs = [each.groups("") for each in found if each is not None]
    options = {"host": ",".join(unquote(host).strip("[]") for host, _ in pairs)}
    if any(port for _, port in pairs):
        options["port"] = ",".join(port for _, port in pairs)
    return make_url(before + after).update_query_dict(options)


def is_in_memory(url: URL) -> bool:
    """True when it is a SQLite database that ends with the process."""
    return url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:")


def hide_password(database_url: str) -> str:
    """The URL for people to read, without user, password or what may be one."""
    return _SECRET_OPTION.sub(r"\1***", _CREDENTIALS.sub("//***@", database_url))


def describe_url(url: URL) -> str:
    """The database for people to read: its path in full, or its URL without a password."""
    if url.get_backend_name() == "sqlite":
        return "in memory" if is_in_memory(url) else str(Path(str(url.database)).absolute())
    return _SECRET_OPTION.sub(r"\1***", url.render_as_string(hide_password=True))


def engine_options(url: URL) -> dict[str, Any]:
    """Options of ``create_engine`` for this kind of database."""
    if url.get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": BUSY_TIMEOUT_S, "check_same_thread": False}}
    arguments: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_S}
    arguments = {name: value for name, value in arguments.items() if name not in url.query}
    # Statements prepared on one connection are unknown, or another's, on the next that a pooler
    # in transaction mode (pgbouncer) hands out.
    arguments["prepare_threshold"] = _read_threshold(url)
    return {"pool_size": 8, "pool_timeout": POOL_TIMEOUT_S, "connect_args": arguments}


def strip_options(url: URL) -> URL:
    """The URL without those options that are ours to hand over, as numbers."""
    return url.difference_update_query(["prepare_threshold"])


def _read_threshold(url: URL) -> int | None:
    text = str(url.query.get("prepare_threshold", "none"))
    if text.lower() in ("none", ""):
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise InspectorError(
            "invalid_database", "prepare_threshold in a database's URL is a number, or none."
        )
    return int(text)


def _check_driver() -> None:
    try:
        import psycopg  # noqa: F401 - an extra, and slow to import
    except ImportError as error:
        raise InspectorError(
            "driver_missing",
            "PostgreSQL needs a driver that is not installed. "
            "Install it by: pip install 'request-inspector[postgres]'",
        ) from error


def _make_file(path: Path) -> None:
    make_private_folder(path.parent)
    try:
        make_private_file(path)
    except OSError as error:
        raise InspectorError(
            "database_unusable",
            f"The database {path} cannot be made or opened: {error.strerror}.",
        ) from error
