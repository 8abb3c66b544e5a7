"""Opening a database: new, old, too new, not ours at all."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from psycopg import conninfo
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from inspector.answers.rules import load_rules
from inspector.capture import Capture
from inspector.errors import DatabaseTooNewError, InspectorError
from inspector.storage.database.connections import HEAD_REVISION
from inspector.storage.database.engine import EngineConnections, open_database
from inspector.storage.database.migrate import head_revision, make_config, migrate
from inspector.storage.database.urls import check_url, describe_url, parse_url
from inspector.storage.outcomes import Stored, Unstored
from inspector.storage.writer import Writer


@pytest.fixture
def engine(empty_database_url: str) -> Iterator[Engine]:
    engine = create_engine(check_url(empty_database_url))
    yield engine
    engine.dispose()


def describe(connection: Connection) -> dict[str, object]:
    """Tables, columns, keys and indexes, as the database knows them."""
    found = inspect(connection)
    # PostgreSQL puts a new column behind the others, where it does no harm.
    order = sorted if connection.dialect.name == "postgresql" else list
    return {
        table: (
            order((c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(table)),
            sorted(str(key) for key in found.get_foreign_keys(table)),
            sorted((i["name"], i["column_names"], i["unique"]) for i in found.get_indexes(table)),
            sorted(str(u["column_names"]) for u in found.get_unique_constraints(table)),
        )
        for table in sorted(found.get_table_names())
        if table != "alembic_version"
    }


def test_the_newest_migration_is_the_one_we_say() -> None:
    assert head_revision() == HEAD_REVISION


def test_a_new_database_is_what_the_migrations_make(engine: Engine) -> None:
    open_database(engine)
    with engine.connect() as connection:
        made = describe(connection)
    with engine.begin() as connection:
        for table in inspect(connection).get_table_names():
            connection.execute(
                text(
                    f"DROP TABLE IF EXISTS {table} CASCADE"
                    if engine.dialect.name == "postgresql"
                    else f"DROP TABLE IF EXISTS {table}"
                )
            )
    with engine.begin() as connection:
        migrate(connection)
    with engine.connect() as connection:
        assert describe(connection) == made


def test_an_older_database_is_brought_up_to_date(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
    open_database(engine)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    assert found == HEAD_REVISION


def test_a_newer_database_is_refused_in_a_sentence(engine: Engine) -> None:
    open_database(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNewError, match=r"9999.*newer Inspector"):
        open_database(engine)


@pytest.mark.parametrize("url", ["nonsense", "mysql://x/y", "nosuch+driver://x"])
def test_a_url_we_cannot_open_is_refused_in_a_sentence(url: str) -> None:
    with pytest.raises(InspectorError) as caught:
        check_url(url)
    assert caught.value.code == "invalid_database"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://u:p%40@h1:5433,h2:5434/d", {"host": "h1,h2", "port": "5433,5434"}),
        ("postgres://u@h1,h2:5434/d?connect_timeout=3", {"host": "h1,h2", "port": ",5434"}),
        ("postgresql+psycopg://h1,h2/d?target_session_attrs=read-write", {"host": "h1,h2"}),
        ("postgresql://u@[::1]:5433,[fe80::1]/d", {"host": "::1,fe80::1", "port": "5433,"}),
        ("postgresql://u@%2Frun%2Fa,h2/d", {"host": "/run/a,h2"}),
    ],
)
def test_several_servers_are_written_as_libpq_has_them(url: str, told: dict[str, str]) -> None:
    """What we hand over is what libpq reads in the URL."""
    parsed = parse_url(url)
    engine = create_engine(parsed)
    given = dict(engine.dialect.create_connect_args(parsed)[1])
    given.pop("context")  # the engine's own
    expected = conninfo.conninfo_to_dict(url.replace("+psycopg", ""))
    assert {name: given.get(name) for name in told} == told
    assert {name: str(value) for name, value in given.items()} == expected
    assert "p%40" not in describe_url(parsed)


@pytest.mark.parametrize("servers", ["h1:x,h2", "h1:1:2,h2", "[::1,h2", "h1]:3,h2"])
def test_servers_that_are_none_are_refused_in_a_sentence(servers: str) -> None:
    with pytest.raises(InspectorError, match=r"is not a database we can open") as refused:
        parse_url(f"postgresql://user:secret@{servers}/d")
    assert "secret" not in str(refused.value)


def test_a_file_that_is_no_database_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear reader, " * 100)
    engine = create_engine(f"sqlite:///{path}")
    with pytest.raises(InspectorError) as caught:
        open_database(engine)
    assert caught.value.code == "database_unusable"
    engine.dispose()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_what_was_captured_is_its_owners_alone(tmp_path: Path) -> None:
    engine = create_engine(check_url(f"sqlite:///{tmp_path}/data/i.sqlite3"))
    open_database(engine)
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "data" / "i.sqlite3").stat().st_mode) == 0o600
    engine.dispose()


def test_a_read_only_file_fails_each_capture_until_it_is_writable(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "i.sqlite3"
    writable = create_engine(check_url(f"sqlite:///{path}"))
    open_database(writable)
    with writable.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO bins (name, private, created_us, capacity, last_number)"
                " VALUES ('b1', 0, 0, 10, 0)"
            )
        )
    mode = ["ro"]
    engine = create_engine(
        "sqlite://",
        creator=lambda: __import__("sqlite3").connect(
            f"file:{path}?mode={mode[0]}", uri=True, check_same_thread=False
        ),
    )
    writer = Writer(EngineConnections(engine))
    capture = Capture("b1", 0, b"GET / HTTP/1.1\r\n", lambda: b"", 0)
    for _ in range(2):
        outcome = writer.store(capture)
        assert isinstance(outcome, Unstored)
        assert "readonly" in outcome.error.message
    mode[0] = "rw"
    assert isinstance(writer.store(capture), Stored)
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    writer.close()
    engine.dispose()
    writable.dispose()


def test_answers_of_an_earlier_version_are_kept_and_no_id_is_given_twice(
    tmp_path: Path,
) -> None:
    engine = create_engine(check_url(f"sqlite:///{tmp_path}/old.sqlite3"))
    config = make_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.execute(
            text(
                "INSERT INTO bins (name, private, created_us, capacity, last_number, answers)"
                " VALUES ('old', 0, 0, 10, 2, :answers), ('plain', 0, 0, 10, 0, NULL)"
            ),
            {"answers": '{"status": 503, "headers": [], "body_base64": "", "delay_s": 0.5}'},
        )
        for number in (1, 2):
            connection.execute(
                text(
                    "INSERT INTO requests (bin_id, number, received_us, method, peer, fidelity,"
                    " chunked, truncated, body_size, raw_head, body)"
                    " VALUES (1, :number, 0, 'GET', '', 'exact', 0, 0, 4, x'00', x'00010203')"
                ),
                {"number": number},
            )
        connection.execute(text("DELETE FROM requests WHERE number = 2"))
    open_database(engine)
    with engine.begin() as connection:
        kept = connection.execute(text("SELECT answer_set, body FROM requests")).one()
        assert tuple(kept) == (None, b"\0\1\2\3")
        found = connection.execute(text("SELECT name, answers, answer_set FROM bins ORDER BY id"))
        (old, plain) = found.all()
        assert load_rules(old.answers).usual.status == 503
        assert load_rules(old.answers).usual.delay_s == 0.5
        assert (old.answer_set, plain.answer_set) == (1, None)
        connection.execute(
            text(
                "INSERT INTO requests (bin_id, number, received_us, method, peer, fidelity,"
                " chunked, truncated, body_size, raw_head, body)"
                " VALUES (1, 3, 0, 'GET', '', 'exact', 0, 0, 0, x'00', x'')"
            )
        )
        assert connection.scalar(text("SELECT max(id) FROM requests")) == 3
    engine.dispose()
