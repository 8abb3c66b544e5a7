"""Indexes that lag, are damaged or belong to something else: a search finds all the same."""

from __future__ import annotations

import random
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from inspector.app import create_app
from inspector.capture import Capture
from inspector.reading.indexing.readings import sum_up
from inspector.reading.query import parse_query
from inspector.settings import Settings
from inspector.storage.models import db
from inspector.storage.outcomes import Stored
from inspector.storage.search import table_index, word_index
from inspector.storage.search.file_index import FileIndex
from inspector.storage.search.indexes import open_index
from inspector.storage.search.search_index import SearchIndex
from inspector.storage.search.word_index import VERSION, Document
from inspector.web.services import Services
from tests.reading.captures import make_captured

HEAD = b"POST /b1 HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"


def store(services: Services, count: int, subject: str = "x") -> None:
    body = f"ticket[id]=1&ticket[subject]={subject}".encode()
    for _ in range(count):
        capture = Capture("b1", 1, HEAD, lambda: body, len(body))
        assert isinstance(services.writer.store(capture), Stored)


def search(services: Services, subject: str = "x") -> tuple[int, int | None]:
    bin_ = services.bins.get("b1")
    found = services.search.find(
        bin_, parse_query(f"ticket.subject={subject}"), limit=500, time_s=60
    )
    return len(found.requests), found.searched_to


def fill(index: SearchIndex) -> None:
    while index.fill():
        pass


@contextmanager
def instance(url: str, data_dir: Path) -> Iterator[tuple[Services, SearchIndex]]:
    """A server's parts on this database, its index filled by hand."""
    app: Flask = create_app(Settings(database=url, data_dir=data_dir))
    services: Services = app.extensions["inspector"]
    with app.app_context():
        services.bins.ensure("b1")
        index = open_index(services.engine, services.requests, services.bins)
        assert index is not None
        services.search.index = index
        yield services, index
        index.close()
    services.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "i.sqlite3"


def knows(services: Services, index: SearchIndex, subject: str = "x") -> int | None:
    query = parse_query(f"ticket.subject={subject}")
    numbers = index.find(services.bins.get("b1"), query, before=None, limit=1000)
    return None if numbers is None else len(numbers)


def delete_database(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def test_an_index_that_outlived_its_database_is_made_anew(path: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{path}"
    with instance(url, tmp_path) as (services, index):
        store(services, 5, "before")
        fill(index)
    delete_database(path)
    with instance(url, tmp_path) as (services, index):
        store(services, 5)
        assert search(services) == (5, None)
        fill(index)
        assert search(services) == (5, None)
        assert (knows(services, index), knows(services, index, "before")) == (5, 0)


@pytest.mark.parametrize("grows", [0, 2, 9], ids=["shorter", "as long", "longer"])
def test_an_older_copy_of_the_database_has_an_index_of_its_own(
    path: Path, tmp_path: Path, grows: int
) -> None:
    url = f"sqlite:///{path}"
    with instance(url, tmp_path) as (services, index):
        store(services, 3, "old")
        fill(index)
    shutil.copy(path, tmp_path / "copy")
    with instance(url, tmp_path) as (services, index):
        store(services, 2, "lost")
        fill(index)
    delete_database(path)
    shutil.copy(tmp_path / "copy", path)
    app = create_app(Settings(database=url, data_dir=tmp_path, index_words=False))
    with app.app_context():  # it goes on for a while without an index
        store(app.extensions["inspector"], grows)
    app.extensions["inspector"].close()
    with instance(url, tmp_path) as (services, index):
        assert (search(services), search(services, "old")) == ((grows, None), (3, None))
        fill(index)
        assert (search(services), search(services, "old")) == ((grows, None), (3, None))
        assert (knows(services, index), knows(services, index, "lost")) == (grows, 0)


def damage(path: Path, at: float) -> None:
    noise = random.Random(1).randbytes(16_384)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(int(max(0, size - len(noise)) * at) // 4096 * 4096)
        file.write(noise)


@pytest.mark.parametrize("at", [0.0, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("is_running", [True, False], ids=["while it runs", "between"])
def test_a_damaged_index_makes_no_search_fail_or_leave_anything_out(
    path: Path, tmp_path: Path, at: float, is_running: bool
) -> None:
    url = f"sqlite:///{path}"
    words = Path(f"{path}-words")
    with ExitStack() as stack:
        services, index = stack.enter_context(instance(url, tmp_path))
        store(services, 120)
        store(services, 1, "other")
        fill(index)
        if is_running:
            assert isinstance(index, FileIndex)
            index._index._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            stack.close()
        damage(words, at)
        if is_running:
            assert isinstance(index, FileIndex)
            index._index._connection.execute("PRAGMA cache_size = 0")
        else:
            services, index = stack.enter_context(instance(url, tmp_path))
        assert search(services, "other") == (1, None)
        store(services, 1)
        fill(index)
        assert search(services, "other") == (1, None)
        if not is_running:
            assert (knows(services, index), knows(services, index, "other")) == (121, 1)


def test_two_servers_on_one_database_share_its_index(path: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{path}"
    with instance(url, tmp_path) as (second, follower):
        with instance(url, tmp_path) as (first, owner):
            fill(owner)  # the first to fill it is the one that does
            store(first, 20)
            store(second, 20)
            fill(follower)
            assert knows(first, owner) is None
            assert search(first) == search(second) == (40, None)
            fill(owner)
            fill(follower)
            assert knows(first, owner) == knows(second, follower) == 40
        store(second, 5)
        fill(follower)
        assert knows(second, follower) == 45


def test_nothing_is_left_out_whatever_order_transactions_end_in(
    postgresql_database: str, tmp_path: Path
) -> None:
    """A request that is stored before another may be seen by others only after it."""
    with instance(postgresql_database, tmp_path) as (services, index):
        store(services, 1)
        with services.engine.connect() as late, late.begin():
            # An instance that has its id already and has not committed.
            late.execute(
                text(
                    "INSERT INTO requests (bin_id, number, received_us, method, peer, fidelity,"
                    " chunked, truncated, body_size, raw_head, body)"
                    " SELECT bin_id, 1000, 1, 'POST', '', 'exact', false, false, body_size,"
                    " raw_head, body FROM requests LIMIT 1"
                )
            )
            late.execute(
                text("INSERT INTO requests_to_index SELECT bin_id, 1000 FROM requests LIMIT 1")
            )
            store(services, 20)
            fill(index)
            assert search(services) == (21, None)
        assert search(services) == (22, None)
        fill(index)
        assert search(services) == (22, None)
        assert knows(services, index) == 22


def test_two_instances_that_store_and_fill_at_once_leave_nothing_out(
    postgresql_database: str, tmp_path: Path
) -> None:
    with (
        instance(postgresql_database, tmp_path / "a") as (first, _),
        instance(postgresql_database, tmp_path / "b") as (second, _),
    ):

        def work(services: Services) -> None:
            with services.app.app_context():
                assert services.search.index is not None
                for _ in range(10):
                    store(services, 4)
                    services.search.index.fill()

        threads = [threading.Thread(target=work, args=(each,)) for each in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for services in (first, second):
            assert services.search.index is not None
            assert knows(services, services.search.index) == 80
            fill(services.search.index)
            assert knows(services, services.search.index) == 80


def test_a_retry_is_found_in_whatever_order_requests_were_taken_in(
    postgresql_database: str, tmp_path: Path
) -> None:
    with instance(postgresql_database, tmp_path) as (services, index):
        bin_ = services.bins.get("b1")
        for at, name in enumerate(["a", "b", "c", "b", "a", "d", "b"], 1):
            body = f"ticket={name}".encode()
            services.writer.store(Capture("b1", at, HEAD, lambda body=body: body, len(body)))  # type: ignore[misc]

        def take_in(*numbers: int) -> list[int] | None:
            with services.engine.begin() as connection:
                connection.exec_driver_sql("DELETE FROM requests_to_index")
                for number in numbers:
                    connection.execute(
                        text("INSERT INTO requests_to_index VALUES (:bin, :number)"),
                        {"bin": bin_.id, "number": number},
                    )
            fill(index)
            db.session.rollback()
            return index.find(
                services.bins.get("b1"), parse_query("is:retry"), before=None, limit=9
            )

        fill(index)
        with services.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM request_words")
        assert take_in(5, 4) == []
        assert take_in(7) == [7]
        assert take_in(2) == [7, 4]
        assert take_in(6, 3, 1) == [7, 5, 4]
        assert take_in(7, 5, 4, 2) == [7, 5, 4]


def test_a_field_is_found_by_its_value_alone(postgresql_database: str, tmp_path: Path) -> None:
    """Each pair of its words is in the other request as well: ``agent~id`` and ``id~3``."""
    bodies = ["agent[id]=3&team[id]=4", "agent[id]=4&team[id]=3", "agent[id]=3&text=a%0Ab"]
    with instance(postgresql_database, tmp_path) as (services, index):
        for body in (each.encode() for each in bodies):
            services.writer.store(Capture("b1", 1, HEAD, lambda body=body: body, len(body)))  # type: ignore[misc]
        fill(index)
        bin_ = services.bins.get("b1")

        def ask(query: str) -> list[int] | None:
            return index.find(bin_, parse_query(query), before=None, limit=9)

        assert ask("agent.id=3") == [3, 1]
        assert ask("team.id=3") == [2]
        assert ask('text="a\nb"') == [3]
        assert ask("header:Content-Type=application/x-www-form-urlencoded") == [3, 2, 1]
        assert ask("header:Content-Type=application/x-www-form") == []


def read_by(version: int, patch: pytest.MonkeyPatch, words: str | None = None) -> None:
    """Be a version whose reader finds these words in each request, or what is in it."""
    for module in (word_index, table_index):
        patch.setattr(module, "VERSION", version)
        if words is not None:
            patch.setattr(
                module,
                "make_document",
                lambda request, reading=None: Document(
                    f"b{request.bin_id} mpost", words, [(words, None)]
                ),
            )


def test_words_that_an_older_reader_found_are_read_anew(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        read_by(VERSION - 1, patch, "nothing")
        with instance(database_url, tmp_path) as (services, index):
            store(services, 70)
            fill(index)
            assert knows(services, index) == 0
            store(services, 1)
    with instance(database_url, tmp_path) as (services, index):
        assert services.search.index is index
        index.fill()  # The thread that fills it begins at the start.
        assert search(services) == (71, None)
        fill(index)
        assert search(services) == (71, None)
        assert knows(services, index) == 71
        assert index.count_missing() == 0


def test_an_older_server_beside_a_newer_leaves_the_words_to_it(
    postgresql_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with instance(postgresql_database, tmp_path) as (services, index):
        store(services, 3)
        fill(index)
        store(services, 1)
        with monkeypatch.context() as patch:
            read_by(VERSION - 1, patch, "nothing")
            fill(index)
            assert index.count_missing() == 1
            assert search(services) == (4, None)
        fill(index)
        assert index.count_missing() == 0
        assert search(services) == (4, None)


PIECES = (
    b'Content-Type: application/x-www-form-urlencoded\r\n\r\nticket[id]=5&payload={"a":{"b":1}}',
    b'Content-Type: application/json\r\n\r\n{"a":["x y",1.50,null],"s":"{\\"in\\":2}","\\u4e2d":1}',
    b"Content-Type: text/plain\r\nX-GitHub-Event: push\r\n\r\n<a x='1'><b>c</b></a>",
    b"Content-Type: application/msgpack\r\n\r\n\x81\xa1a\xa1b",
    b"Content-Type: application/x-ndjson\r\n\r\n{}\n[2]",
    b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
    b"--x\r\nContent-Disposition: form-data; name=a; filename=f.txt\r\n\r\ntext\r\n--x--",
    b'Content-Type: application/json\r\n\r\n{"j":"eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.",'
    b'"t":"aGVsbG8gd29ybGQsIGhlbGxvIQ==","u":"http://x/?q=a%20b"}',
    b"\r\n\xff\x00",
)


def test_a_reader_that_finds_other_words_has_another_version() -> None:
    """Where this fails, raise ``VERSION``: else old requests keep the words that they had."""
    found, summed_up = [], []
    for piece in PIECES:
        head, _, body = piece.partition(b"\r\n\r\n")
        made = make_captured(b"PUT /b1/p?q=1 HTTP/1.1\r\n" + head + b"\r\n", body)
        found.append(word_index.make_document(made))
        if b"\0" not in piece:
            summed_up.append(sum_up(made).dump())
    assert (VERSION, sha256(repr(found).encode()).hexdigest()[:16]) == (15, "68db648c96c11a83")
    assert sha256(repr(summed_up).encode()).hexdigest()[:16] == "883300beb7989aa7"


def test_statistics_are_renewed_and_bodies_compressed(
    postgresql_database: str, tmp_path: Path
) -> None:
    with instance(postgresql_database, tmp_path) as (services, index):
        store(services, 260)
        fill(index)
        with services.engine.connect() as connection:
            counted = connection.exec_driver_sql(
                "SELECT reltuples FROM pg_class WHERE relname = 'request_words'"
            ).scalar()
            compression = (
                connection.exec_driver_sql(
                    "SELECT attcompression FROM pg_attribute WHERE attname = 'body'"
                    " AND attrelid = 'requests'::regclass OR attname = 'words'"
                    " AND attrelid = 'request_words'::regclass"
                )
                .scalars()
                .all()
            )
        assert counted == 260
        assert [each in ("l", b"l") for each in compression] == [True, True]
