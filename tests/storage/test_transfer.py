"""Moving house: everything comes over, byte for byte, whatever ends the copy meanwhile."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Engine,
    Float,
    Integer,
    LargeBinary,
    Table,
    create_engine,
    inspect,
    select,
    text,
)

from inspector.app import create_app
from inspector.errors import InspectorError
from inspector.settings import Settings
from inspector.storage.database.engine import open_database
from inspector.storage.database.urls import check_url
from inspector.storage.installation import OF_ONE_DATABASE
from inspector.storage.models import Base
from inspector.storage.outcomes import Stored
from inspector.storage.transfer import copying, tables
from inspector.storage.transfer.backup import back_up
from inspector.storage.transfer.copying import copy_database
from inspector.web.services import Services
from tests.programs import INSPECTOR, run_program
from tests.storage.test_writer import make_capture

# Made of requests, each by the instance that fills the index of words on PostgreSQL.
DERIVED = {"requests_to_index", "request_words", "request_blocks", "told_news"}
ROWS = 7


def ignore(*_progress: object) -> None:
    pass


@pytest.fixture
def engines() -> Iterator[Callable[[str], Engine]]:
    made: list[Engine] = []

    def make(url: str) -> Engine:
        made.append(create_engine(check_url(url)))
        open_database(made[-1])
        return made[-1]

    yield make
    for each in made:
        each.dispose()


def make_value(column: Any, row: int) -> Any:
    """A value of the column's own kind that no other row has and no default is."""
    kind = column.type
    if isinstance(kind, Boolean):
        return bool(row % 2)
    if isinstance(kind, BigInteger):
        return row if column.primary_key or column.foreign_keys else 2**40 + row
    if isinstance(kind, Integer):
        return row if column.primary_key else 1_000 + row
    if isinstance(kind, Float):
        return row + 0.1
    if isinstance(kind, LargeBinary):
        return bytes(range(256)) * row
    return f"{column.name[:6]} é\u4e2d {row}"


def fill_every_column(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in Base.metadata.sorted_tables:
            columns = list(table.columns)
            rows = []
            for row in range(1, ROWS + 1):
                values = {each.name: make_value(each, row) for each in columns}
                if "number" in values:  # what refers to a request refers to one that is there
                    values["number"] = row
                rows.append(values)
            connection.execute(table.insert(), rows)


def read_all(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables there are, by what the database itself says there is."""
    found = {}
    with engine.connect() as connection:
        for name in sorted(set(inspect(connection).get_table_names()) - DERIVED):
            table = Table(name, Base.metadata) if name in Base.metadata.tables else None
            if table is None:
                rows = connection.execute(text(f"SELECT * FROM {name}"))
            else:
                rows = connection.execute(select(table))
            found[name] = sorted(map(tuple, rows), key=repr)
    return found


def there_and_back(tmp_path: Path, postgresql_database: str) -> tuple[str, str, str]:
    return (
        f"sqlite:///{tmp_path / 'a.sqlite3'}",
        postgresql_database,
        f"sqlite:///{tmp_path / 'b.sqlite3'}",
    )


def test_every_table_and_column_goes_there_and_back(
    engines: Callable[[str], Engine], postgresql_database: str, tmp_path: Path
) -> None:
    here, there, back = there_and_back(tmp_path, postgresql_database)
    engine = engines(here)
    fill_every_column(engine)
    copied = copy_database(here, there, ignore)
    copy_database(there, back, ignore)
    wanted = read_all(engine)
    # A table that is missing here would be one that the models do not know.
    assert {each.name for each in copied} == set(wanted) - {"alembic_version"}
    assert all(len(rows) == ROWS for name, rows in wanted.items() if name != "alembic_version")
    assert read_all(engines(there)) == wanted
    assert read_all(engines(back)) == wanted
    with engines(there).connect() as connection:
        queued = connection.scalar(text("SELECT count(*) FROM requests_to_index"))
    assert queued == ROWS


def test_ids_that_were_given_are_not_given_again(
    engines: Callable[[str], Engine], postgresql_database: str, tmp_path: Path
) -> None:
    urls = there_and_back(tmp_path, postgresql_database)
    with engines(urls[0]).begin() as connection:
        connection.execute(
            text("INSERT INTO actions VALUES (41, 0, '', '')"),
        )
        connection.execute(text("DELETE FROM actions"))
    for source, target in pairwise(urls):
        copy_database(source, target, ignore)
    for url in urls[1:]:
        with engines(url).begin() as connection:
            given = connection.scalar(
                text(
                    "INSERT INTO actions (changed_us, definition, ticket) VALUES (0, '', '')"
                    " RETURNING id"
                )
            )
        assert given == 42


def test_a_copy_that_is_ended_goes_on(
    engines: Callable[[str], Engine],
    postgresql_database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here, there, _ = there_and_back(tmp_path, postgresql_database)
    fill_every_column(engines(here))
    script = (
        "import os, signal, sys\n"
        "from inspector.storage.transfer import copying, tables\n"
        "tables.STEP_ROWS = 2\n"
        "def end(what, table, done, total):\n"
        "    if table == 'requests' and done == 4: os.kill(os.getpid(), signal.SIGKILL)\n"
        "copying.copy_database(sys.argv[1], sys.argv[2], end)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, here, there], check=False)
    assert ended.returncode == -signal.SIGKILL
    with engines(there).connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM requests")) == 4

    # Nobody serves the half, and nothing else is copied on top of it.
    with pytest.raises(InspectorError, match="unfinished copy"):
        create_app(Settings(database=there, data_dir=tmp_path))
    other = f"sqlite:///{tmp_path / 'other.sqlite3'}"
    engines(other)
    with pytest.raises(InspectorError, match="unfinished copy"):
        copy_database(other, there, ignore)

    # Changed since: a row is gone, another is new, a third is not what it was.
    with engines(here).begin() as connection:
        connection.execute(text("DELETE FROM requests WHERE id = 2"))
        connection.execute(text("UPDATE requests SET body = X'6f74' WHERE id = 3"))
        connection.execute(text("UPDATE bins SET capacity = 3 WHERE id = 1"))
    monkeypatch.setattr(tables, "STEP_ROWS", 2)
    copy_database(here, there, ignore)
    assert read_all(engines(there)) == read_all(engines(here))


@pytest.mark.slow
def test_what_is_stored_meanwhile_makes_no_copy_false(
    engines: Callable[[str], Engine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = (f"sqlite:///{tmp_path / name}" for name in ("a.sqlite3", "b.sqlite3"))
    engine = engines(here)
    fill_every_column(engine)
    before = read_all(engine)
    monkeypatch.setattr(tables, "STEP_ROWS", 2)

    def write(what: str, table: str, done: int, total: int) -> None:
        with engine.begin() as connection:
            connection.execute(text("UPDATE bins SET last_number = last_number + 1"))
            connection.execute(
                text("UPDATE requests SET received_us = received_us + 1 WHERE id = 7")
            )

    copy_database(here, there, write)
    assert read_all(engines(there)) == before


def test_a_copy_that_differs_is_said(
    engines: Callable[[str], Engine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = (f"sqlite:///{tmp_path / name}" for name in ("a.sqlite3", "b.sqlite3"))
    fill_every_column(engines(here))
    target = engines(there)

    def spoil(what: str, table: str, done: int, total: int) -> None:
        if what == "compared" and table == "bins":
            with target.begin() as connection:
                connection.execute(text("UPDATE requests SET body = X'6f74' WHERE id = 5"))

    # The comparison reads one moment, too: spoil it before that begins.
    original = copying._compare

    def compare(*given: Any) -> Any:
        spoil("compared", "bins", 0, 0)
        return original(*given)

    monkeypatch.setattr(copying, "_compare", compare)
    with pytest.raises(InspectorError, match="copy of requests has 7 rows") as caught:
        copy_database(here, there, ignore)
    assert caught.value.code == "copy_differs"
    monkeypatch.setattr(copying, "_compare", original)
    copy_database(here, there, ignore)  # which mends it
    assert read_all(target) == read_all(engines(here))


def test_large_bodies_are_in_memory_one_by_one(
    engines: Callable[[str], Engine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = (f"sqlite:///{tmp_path / name}" for name in ("a.sqlite3", "b.sqlite3"))
    engine = engines(here)
    fill_every_column(engine)
    monkeypatch.setattr(tables, "STEP_BYTES", 100)
    table = Base.metadata.tables["requests"]
    with engine.connect() as connection:
        assert len(list(tables.iterate_steps(connection, table, None))) == ROWS
    copy_database(here, there, ignore)
    assert read_all(engines(there)) == read_all(engine)


def test_a_target_with_bins_of_its_own_is_left_alone(
    engines: Callable[[str], Engine], tmp_path: Path
) -> None:
    here, there = (f"sqlite:///{tmp_path / name}" for name in ("a.sqlite3", "b.sqlite3"))
    for url in (here, there):
        fill_every_column(engines(url))
    before = read_all(engines(there))
    with pytest.raises(InspectorError) as caught:
        copy_database(here, there, ignore)
    assert caught.value.code == "database_not_empty"
    assert read_all(engines(there)) == before


def test_a_source_that_is_none_is_refused_and_not_made(tmp_path: Path) -> None:
    there = f"sqlite:///{tmp_path / 'b.sqlite3'}"
    missing = tmp_path / "missing.sqlite3"
    with pytest.raises(InspectorError) as caught:
        copy_database(f"sqlite:///{missing}", there, ignore)
    assert caught.value.code == "database_missing"
    assert not missing.exists()
    with pytest.raises(InspectorError) as caught:
        copy_database(there, there, ignore)
    assert caught.value.code == "same_database"
    old = tmp_path / "old.sqlite3"
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('0002')")
        connection.commit()
    with pytest.raises(InspectorError) as caught:
        copy_database(f"sqlite:///{old}", there, ignore)
    assert caught.value.code == "database_too_old"


@pytest.mark.parametrize("is_source", [True, False])
def test_which_of_two_databases_refuses_is_said(is_source: bool, tmp_path: Path) -> None:
    away = "postgresql://ann:S3KRIT@127.0.0.1:9/x"
    here = f"sqlite:///{tmp_path / 'here.db'}"
    open_database(create_engine(check_url(here)))
    ends = (away, here) if is_source else (here, away)
    with pytest.raises(InspectorError) as caught:
        copying.copy_database(*ends, lambda *_: None)
    said = str(caught.value)
    assert caught.value.code == "database_unusable"
    assert "127.0.0.1:9/x cannot be used: " in said
    assert "refused" in said
    assert "S3KRIT" not in said


def test_a_backup_of_a_server_that_stores_is_of_one_moment(
    services: Services, database_url: str, tmp_path: Path
) -> None:
    bin_ = services.bins.create("b1", capacity=100_000)[0]
    stop = threading.Event()
    acknowledged = 0

    def store() -> None:
        nonlocal acknowledged
        while not stop.is_set():
            assert isinstance(services.writer.store(make_capture()), Stored)
            acknowledged += 1

    storing = threading.Thread(target=store)
    storing.start()
    try:
        path = tmp_path / "backup.sqlite3"
        before = acknowledged
        count = back_up(database_url, path, ignore)
        assert before <= count <= acknowledged + 1
    finally:
        stop.set()
        storing.join()
    assert path.stat().st_mode & 0o777 == 0o600
    assert {each.name for each in tmp_path.glob("backup*")} == {"backup.sqlite3"}

    # Restored: a server begins with it, numbers go on, and the words are found.
    app = create_app(Settings(database=f"sqlite:///{path}", data_dir=tmp_path / "restored"))
    restored: Services = app.extensions["inspector"]
    with app.app_context():
        found = restored.bins.get("b1")
        assert (found.id, found.request_count, found.last_number) == (bin_.id, count, count)
        outcome = restored.writer.store(make_capture())
        assert isinstance(outcome, Stored)
        assert outcome.number == count + 1
    restored.close()
    with closing(sqlite3.connect(path)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM installation")}
    assert names.isdisjoint(OF_ONE_DATABASE)


def test_a_backup_takes_no_file_away(services: Services, database_url: str, tmp_path: Path) -> None:
    path = tmp_path / "backup.sqlite3"
    path.write_text("mine")
    with pytest.raises(InspectorError) as caught:
        back_up(database_url, path, ignore)
    assert caught.value.code == "file_exists"
    assert path.read_text() == "mine"
    with pytest.raises(InspectorError) as caught:
        back_up(database_url, tmp_path / "no" / "folder" / "x", ignore)
    assert caught.value.code == "backup_failed"
    assert not (tmp_path / "no").exists()


@pytest.mark.process
def test_the_commands_say_what_they_did(
    services: Services, database_url: str, tmp_path: Path
) -> None:
    services.bins.create("b1")
    assert isinstance(services.writer.store(make_capture()), Stored)
    path = tmp_path / "backup.sqlite3"
    environment = {**os.environ, "INSPECTOR_DATABASE": database_url}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run_program(
            [INSPECTOR, *arguments], env=environment, capture_output=True, text=True, check=False
        )

    made = run("backup", str(path))
    assert made.returncode == 0, made.stderr
    assert "1 request in" in made.stdout
    copied = run("copy", "--from", f"sqlite:///{path}", "--to", f"sqlite:///{tmp_path / 'c'}")
    assert copied.returncode == 0, copied.stderr
    assert "Both databases" in copied.stdout
    again = run("copy", "--from", f"sqlite:///{path}", "--to", f"sqlite:///{tmp_path / 'c'}")
    assert again.returncode == 1
    assert again.stderr.endswith("holds bins already. Copy into an empty one.\n")
