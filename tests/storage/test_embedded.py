"""A SQLite file by the standard library alone: the same file, the same rules."""

from __future__ import annotations

import sqlite3
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from inspector.app import create_app
from inspector.capture import Capture
from inspector.errors import BinNotFoundError, DatabaseTooNewError, InspectorError
from inspector.settings import Settings
from inspector.storage.database.connections import HEAD_REVISION, create_sqlite
from inspector.storage.database.engine import open_database
from inspector.storage.database.urls import check_url
from inspector.storage.embedded import EmbeddedStore
from inspector.storage.models import Base
from inspector.storage.outcomes import Stored
from inspector.storage.writer import Writer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "inspector.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[EmbeddedStore]:
    store = EmbeddedStore(path)
    yield store
    store.close()


def capture(bin_name: str, body: bytes) -> Capture:
    head = (
        f"PUT /{bin_name} HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n".encode()
    )
    return Capture(bin_name, 1_000, head, lambda: body, len(body), peer="127.0.0.1")


def test_its_tables_are_those_of_the_models() -> None:
    described = []
    for from_models in (True, False):
        engine = create_engine("sqlite://")
        with engine.connect() as connection:
            if from_models:
                Base.metadata.create_all(connection)
                connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
            else:
                bare = connection.connection.driver_connection
                assert isinstance(bare, sqlite3.Connection)
                create_sqlite(bare)
            found = inspect(connection)
            described.append(
                {
                    table: (
                        [(c["name"], str(c["type"]), c["nullable"]) for c in columns],
                        found.get_foreign_keys(table),
                        found.get_indexes(table),
                        found.get_unique_constraints(table),
                        "AUTOINCREMENT"
                        in str(
                            connection.execute(
                                text("SELECT sql FROM sqlite_master WHERE name = :name"),
                                {"name": table},
                            ).scalar()
                        ),
                    )
                    for table in found.get_table_names()
                    if table != "alembic_version" and (columns := found.get_columns(table))
                }
            )
        engine.dispose()
    assert described[0] == described[1]


def test_what_is_stored_is_what_the_application_reads(path: Path, store: EmbeddedStore) -> None:
    bin_id, name, secret = store.create_bin("orders", capacity=2)
    assert (name, secret) == ("orders", None)
    writer = Writer(store.connections)
    for number in (1, 2, 3):
        outcome = writer.store(capture("orders", b"ticket[id]=%d" % number))
        assert outcome == Stored(bin_id, number, None)
    writer.close()
    ours = store.load_after(bin_id, 0, 10)
    app = create_app(Settings(data_dir=path.parent, index_words=False))
    theirs = app.extensions["inspector"].load_after(bin_id, 0, 10)
    app.extensions["inspector"].close()
    assert ours == theirs
    assert [each.ticket for each in ours] == [{"id": "2"}, {"id": "3"}], "capacity holds"
    assert [each.number for each in store.load_after(bin_id, 2, 10)] == [3]
    assert len(store.load_after(bin_id, 0, 1)) == 1
    assert store.load_after(bin_id + 1, 0, 10) == []


@pytest.mark.parametrize(
    ("name", "capacity", "code"),
    [
        ("api", 5, "name_reserved"),
        ("Big", 5, "invalid_name"),
        ("taken", 5, "name_taken"),
        ("fine", 0, "invalid_capacity"),
    ],
)
def test_bins_are_made_by_the_rules(
    store: EmbeddedStore, name: str, capacity: int, code: str
) -> None:
    store.create_bin("taken", capacity=5)
    with pytest.raises(InspectorError) as caught:
        store.create_bin(name, capacity=capacity)
    assert caught.value.code == code
    assert store.create_bin(private=True, capacity=5)[2]


def test_the_file_is_found_again(path: Path, store: EmbeddedStore) -> None:
    bin_id, _, _ = store.create_bin("orders", capacity=5)
    again = EmbeddedStore(path)
    with pytest.raises(InspectorError, match="already"):
        again.create_bin("orders", capacity=5)
    assert again.create_bin("others", capacity=5)[0] > bin_id
    again.close()


def test_an_older_file_is_brought_up_to_date(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    connection.close()
    store = EmbeddedStore(path)
    assert store.create_bin("orders", capacity=5)[0] == 1
    store.close()


def test_a_newer_file_and_one_that_is_none_are_refused_in_a_sentence(path: Path) -> None:
    engine = create_engine(check_url(f"sqlite:///{path}"))
    open_database(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(DatabaseTooNewError, match=rf"9999.*{HEAD_REVISION}"):
        EmbeddedStore(path)
    letter = path.with_name("letter.txt")
    letter.write_text("Dear reader, " * 100)
    with pytest.raises(InspectorError, match="not a database") as caught:
        EmbeddedStore(letter)
    assert caught.value.code == "database_unusable"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_what_was_captured_is_its_owners_alone(path: Path, store: EmbeddedStore) -> None:
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_that_start_with_one_new_bin_both_start(
    path: Path, store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one makes it after this one has looked."""
    look = store.list_bins
    monkeypatch.setattr(store, "list_bins", list)
    other = EmbeddedStore(path)
    other.ensure_bin("desk", capacity=9)
    other.close()
    store.ensure_bin("desk", capacity=9)
    assert [each.name for each in look()] == ["desk"]
    with pytest.raises(InspectorError, match="name has 2 to 63"):
        store.ensure_bin("-", capacity=9)


def test_two_applications_that_start_with_one_new_bin_both_start(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(Settings(database=database_url, data_dir=tmp_path))
    with app.app_context():
        bins = app.extensions["inspector"].bins
        made = bins.create("desk")[0]
        look, looked = bins.get, [False]

        def get(name: str) -> object:
            if not looked[0]:
                looked[0] = True
                raise BinNotFoundError(name)
            return look(name)

        monkeypatch.setattr(bins, "get", get)
        assert bins.ensure("desk").id == made.id
        looked[0] = False
        with pytest.raises(InspectorError, match="name has 2 to 63"):
            bins.ensure("-")
    app.extensions["inspector"].close()
