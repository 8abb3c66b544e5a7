"""Bringing a database up to date: all of it or nothing, one process at a time."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import subprocess
import sys
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, text

from inspector.storage.database.connections import HEAD_REVISION
from inspector.storage.database.engine import open_database
from inspector.storage.database.migrate import migrate
from inspector.storage.database.urls import check_url

START_DEADLINE_S = 60


def start_at_revision_two(url: str) -> Engine:
    engine = create_engine(check_url(url))
    with engine.begin() as connection:
        migrate(connection, "0002")
        connection.execute(
            text(
                "INSERT INTO bins (name, private, created_us, capacity, last_number)"
                " VALUES ('b1', false, 0, 3, 5)"
            )
        )
        for number in (3, 4, 5):
            connection.execute(
                text(
                    "INSERT INTO requests (bin_id, number, received_us, method, peer, fidelity,"
                    " chunked, truncated, body_size, raw_head, body)"
                    " SELECT id, :number, 0, 'GET', '', 'exact', false, false, 0, '', '' FROM bins"
                ),
                {"number": number},
            )
    return engine


def test_what_a_bin_held_is_counted(empty_database_url: str) -> None:
    engine = start_at_revision_two(empty_database_url)
    open_database(engine)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT kept_from, held, let_go FROM bins")).one()
    assert tuple(found) == (3, 3, 2)
    engine.dispose()


def test_a_migration_that_is_cut_off_has_changed_nothing(empty_database_url: str) -> None:
    engine = start_at_revision_two(empty_database_url)

    def fail(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if "installation" in statement:  # in the middle of the last one
            raise KeyboardInterrupt

    event.listen(engine, "before_cursor_execute", fail)
    with pytest.raises(KeyboardInterrupt):
        open_database(engine)
    event.remove(engine, "before_cursor_execute", fail)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        assert found == "0002"
    open_database(engine)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    assert found == HEAD_REVISION
    engine.dispose()


@pytest.mark.process
def test_a_process_that_is_killed_while_it_migrates_leaves_a_database_to_open(
    tmp_path: Path,
) -> None:
    path = tmp_path / "i.sqlite3"
    start_at_revision_two(f"sqlite:///{path}").dispose()
    program = f"""
import os
from sqlalchemy import create_engine, event
from inspector.storage.database.engine import open_database
engine = create_engine("sqlite:///{path}")
@event.listens_for(engine, "before_cursor_execute")
def kill(connection, cursor, statement, *more):
    if "CREATE TABLE answer_turns" in statement:
        os._exit(9)
open_database(engine)
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, timeout=60)
    assert done.returncode == 9
    engine = create_engine(check_url(f"sqlite:///{path}"))
    open_database(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM requests")).scalar() == 3
    engine.dispose()


def open_at_once(url: str, begin: Barrier, failures: multiprocessing.SimpleQueue[str]) -> None:
    engine = create_engine(check_url(url))
    begin.wait(START_DEADLINE_S)
    try:
        open_database(engine)
    except BaseException as error:
        failures.put(repr(error))
        raise
    finally:
        engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("is_new", [True, False], ids=["new", "old"])
def test_five_that_start_at_once_all_start(empty_database_url: str, is_new: bool) -> None:
    if not is_new:
        start_at_revision_two(empty_database_url).dispose()
    # Forks of one that has imported all of this, where there are such.
    can_fork = "forkserver" in multiprocessing.get_all_start_methods()
    context: Any = multiprocessing.get_context("forkserver" if can_fork else "spawn")
    context.set_forkserver_preload([__name__, "psycopg", "alembic.runtime.migration"])
    begin, failures = context.Barrier(5), context.SimpleQueue()
    arguments = (empty_database_url, begin, failures)
    processes = [context.Process(target=open_at_once, args=arguments) for _ in range(5)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(START_DEADLINE_S)
    assert [process.exitcode for process in processes] == [0] * 5, failures.get()


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
@pytest.mark.parametrize("umask", [0o022, 0o000, 0o777])
def test_nothing_is_ever_readable_by_others(tmp_path: Path, umask: int) -> None:
    """Watched from the first byte on, in a folder that others may enter."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    before = os.umask(umask)
    try:
        engine = create_engine(check_url(f"sqlite:///{folder}/i.sqlite3"))
        seen: list[tuple[str, int]] = []

        def look(*_given: object) -> None:
            seen.extend((each.name, each.stat().st_mode & 0o777) for each in folder.iterdir())

        event.listen(engine, "after_cursor_execute", look)
        look()
        open_database(engine)
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO installation VALUES ('a', 'secret')"))
            look()
        look()
        engine.dispose()
    finally:
        os.umask(before)
    assert {name for name, _ in seen} == {"i.sqlite3", "i.sqlite3-wal", "i.sqlite3-shm"}
    assert {mode for _, mode in seen} == {0o600}


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_files_that_an_earlier_version_left_open_are_closed(tmp_path: Path) -> None:
    path = tmp_path / "i.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE t (a)")
    files = [Path(f"{path}{suffix}") for suffix in ("", "-wal", "-shm")]
    for each in files:
        each.chmod(0o644)
    check_url(f"sqlite:///{path}")
    assert {each.stat().st_mode & 0o777 for each in files} == {0o600}
    connection.close()
