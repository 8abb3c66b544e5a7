"""A migration keeps its own statements: what it does to a database is the same for good."""

from __future__ import annotations

import ast
import importlib.util
from types import ModuleType

import pytest
from sqlalchemy import Connection, create_engine, inspect, text

from inspector.storage.database.engine import open_database
from inspector.storage.database.migrate import MIGRATIONS, migrate
from inspector.storage.database.storing import NAME, format_procedure
from inspector.storage.database.urls import check_url

FOLDER = MIGRATIONS / "versions"
FILES = sorted(path.name for path in FOLDER.glob("*.py"))
LIBRARIES = {"alembic", "sqlalchemy", "typing"}


def list_imports(source: str) -> set[str]:
    """The packages that a module imports, at its beginning or in a function."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("inspector" if node.level else str(node.module).partition(".")[0])
    return found


@pytest.mark.parametrize(
    "source",
    [
        "def upgrade():\n    from inspector.storage.models import Base",
        "import inspector.storage.statements as statements",
        "from ..env import context",
    ],
)
def test_code_that_can_change_is_found(source: str) -> None:
    assert "inspector" in list_imports(source)


@pytest.mark.parametrize("name", FILES)
def test_a_migration_imports_nothing_of_ours(name: str) -> None:
    assert list_imports((FOLDER / name).read_text(encoding="utf-8")) <= LIBRARIES


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location("migration", FOLDER / name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_procedure_that_is_called_is_the_one_of_its_newest_migration() -> None:
    """When this fails: a new ``NAME``, and a migration that makes the procedure of that name."""
    texts = [load(name).FUNCTION for name in FILES if "FUNCTION = " in (FOLDER / name).read_text()]
    assert f"PROCEDURE {NAME}(" in texts[-1]
    assert "".join(texts[-1].split()) == "".join(format_procedure().split())


def describe(connection: Connection) -> dict[str, set[tuple[object, ...]]]:
    """What only PostgreSQL has of tables, columns, indexes and functions, as it knows them."""
    queries = {
        "columns": (
            "SELECT table_name, column_name, data_type, is_nullable, column_default"
            " FROM information_schema.columns WHERE table_schema = 'public'"
            " AND table_name IN ('requests_to_index', 'request_words', 'request_blocks')"
        ),
        "indexes": (
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
            " AND tablename LIKE 'request%'"
        ),
        "compression": (
            "SELECT attrelid::regclass::text, attname::text, attcompression::text"
            " FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
            " WHERE attcompression <> '' AND relkind = 'r'"
        ),
        "functions": (
            "SELECT proname, regexp_replace(pg_get_functiondef(pg_proc.oid), '\\s+', '', 'g')"
            " FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            # Earlier ones stay, for servers of their versions.
            f" AND (proname = '{NAME}' OR proname NOT LIKE 'inspector_store_%')"
        ),
    }
    return {
        what: {tuple(row) for row in connection.execute(text(query))}
        for what, query in queries.items()
    }


def test_postgresql_has_the_same_parts_whether_made_new_or_migrated(
    postgresql_database: str,
) -> None:
    engine = create_engine(check_url(postgresql_database))
    open_database(engine)
    with engine.begin() as connection:
        made = describe(connection)
        for table in inspect(connection).get_table_names():
            connection.execute(text(f"DROP TABLE {table} CASCADE"))
        connection.execute(text(f"DROP PROCEDURE {NAME}"))
        assert describe(connection) != made
        migrate(connection)
    with engine.connect() as connection:
        assert describe(connection) == made
    engine.dispose()
