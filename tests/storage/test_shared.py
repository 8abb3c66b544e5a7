"""Storing beside other instances on one PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from inspector.app import create_app
from inspector.capture import IMPORTED
from inspector.errors import InspectorError
from inspector.reading.query import parse_query
from inspector.settings import Settings
from inspector.storage.outcomes import Stored
from inspector.storage.search.indexes import open_index
from inspector.storage.search.search_index import IndexFiller
from inspector.web.services import Services
from tests.storage.test_writer import make_capture

TRIES = 20


def test_what_is_acknowledged_is_synced(postgresql_database: str, tmp_path: Path) -> None:
    app = create_app(Settings(database=postgresql_database, data_dir=tmp_path, bins=("b1",)))
    services: Services = app.extensions["inspector"]
    url = postgresql_database.replace("postgresql+psycopg:", "postgresql:")
    synced = 0
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(TRIES):
            assert isinstance(services.writer.store(make_capture()), Stored)
            row = connection.execute(
                "SELECT pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn()"
            ).fetchone()
            synced += bool(row and row[0])
    services.close()
    # The server may write something of its own between a commit and the question.
    assert synced > TRIES / 2


@pytest.mark.parametrize("threshold", ["0", "3", "none"])
def test_a_url_may_say_when_statements_are_prepared(
    postgresql_database: str, tmp_path: Path, threshold: str
) -> None:
    url = f"{postgresql_database}&prepare_threshold={threshold}"
    app = create_app(Settings(database=url, data_dir=tmp_path, bins=("b1",)))
    services: Services = app.extensions["inspector"]
    for _ in range(6):
        assert isinstance(services.writer.store(make_capture()), Stored)
    with app.app_context(), services.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        expected = None if threshold == "none" else int(threshold)
        assert driver.prepare_threshold == expected
    services.close()


@pytest.mark.parametrize("threshold", ["x", "-1", "1.5", "\u0663"])
def test_a_threshold_that_is_none_is_a_sentence(postgresql_database: str, threshold: str) -> None:
    with pytest.raises(InspectorError, match="is a number, or none"):
        create_app(Settings(database=f"{postgresql_database}&prepare_threshold={threshold}"))


def test_an_index_is_not_filled_while_another_instance_stores() -> None:
    filled = 0

    def fill() -> bool:
        nonlocal filled
        filled += 1
        filler.hear({7: 1000})
        filler.hear({7: 2000})  # a thousand captures elsewhere meanwhile
        filler._pace.note_work(10)
        return filled < 3

    filler = IndexFiller(fill)
    rests: list[float] = []

    def rest(seconds: float) -> None:
        rests.append(seconds)
        filler.hear({7: 2000 + 1000 * len(rests)})
        if len(rests) == 20:
            filler.stop()

    filler._rest = rest  # type: ignore[method-assign]
    filler.catch_up()
    assert filled == 1
    assert len(rests) == 20


def test_phrases_are_found_by_words_side_by_side(postgresql_database: str, tmp_path: Path) -> None:
    app = create_app(Settings(database=postgresql_database, data_dir=tmp_path, bins=("b1",)))
    services: Services = app.extensions["inspector"]
    with app.app_context():
        for number in range(1, 21):
            head = b"POST /b1 HTTP/1.1\r\nX-Id: %d\r\nX-Other: 5\r\n" % number
            assert isinstance(services.writer.store(make_capture(raw_head=head)), Stored)
        index = open_index(services.engine, services.requests, services.bins)
        assert index is not None
        index.fill()
        bin_ = services.bins.get("b1")

        def find(text: str) -> list[int] | None:
            return index.find(bin_, parse_query(text), before=None, limit=100)

        # Each has a 5; only one has it there, so one request is read and not twenty.
        assert find("header:X-Id=5") == [5]
        assert find("header:X-Id=77") == []
        assert find("other") == list(range(20, 0, -1))
        # All are merged into the index: a search that finds none reads no request's words.
        with services.engine.connect() as connection:
            pending = connection.exec_driver_sql(
                "SELECT gin_clean_pending_list('request_words_by_word')"
            ).scalar()
        assert pending == 0
        long = "\u10d0" * 400  # three bytes each: the pair is longer than PostgreSQL takes
        assert find(f'"{long} {long}"') == []
    services.close()


@contextmanager
def instance_beside(
    url: str, folder: Path
) -> Iterator[tuple[Services, psycopg.Connection[tuple[object, ...]]]]:
    """An instance, and a transaction of somebody else's in its database."""
    app = create_app(Settings(database=url, data_dir=folder, bins=("b1",)))
    services: Services = app.extensions["inspector"]
    plain = url.replace("postgresql+psycopg:", "postgresql:")
    with app.app_context(), psycopg.connect(plain) as other:
        yield services, other
    services.close()


def test_a_deletion_leaves_to_the_cleaner_what_the_bin_let_go_of(
    postgresql_database: str, tmp_path: Path
) -> None:
    with instance_beside(postgresql_database, tmp_path) as (services, cleaner):
        for _ in range(3):
            assert isinstance(services.writer.store(make_capture(fidelity=IMPORTED)), Stored)
        before = services.bins.get("b1")
        cleaner.execute("UPDATE bins SET kept_from = 3, held = 1")
        cleaner.commit()
        # As the cleaner does just now in another server, which asks for the bin at the end.
        cleaner.execute("DELETE FROM requests_to_index WHERE number < 3")
        # Nobody waits for it: whoever does holds the bin, and it would wait for them.
        assert not services.requests.remover.delete(before.id, 2)
        assert services.requests.remover.let_go_imported(before, 2**62) == 1
        cleaner.execute("UPDATE bins SET stored_bytes = 0")
        cleaner.commit()
        assert services.bins.get("b1").request_count == 0


def test_no_words_are_left_of_a_request_that_is_deleted_meanwhile(
    postgresql_database: str, tmp_path: Path
) -> None:
    with instance_beside(postgresql_database, tmp_path) as (services, deleting):
        index = open_index(services.engine, services.requests, services.bins)
        assert index is not None
        index.fill()
        for _ in range(3):
            assert isinstance(services.writer.store(make_capture()), Stored)
        deleting.execute("DELETE FROM requests WHERE number = 2")
        deleting.execute("DELETE FROM requests_to_index WHERE number = 2")
        index.fill()  # does not wait
        deleting.execute("DELETE FROM request_words WHERE number = 2")
        deleting.commit()
        with services.engine.connect() as connection:
            words = connection.exec_driver_sql("SELECT number FROM request_words ORDER BY 1")
            assert list(words.scalars()) == [1, 3]
        assert index.count_missing() == 0
