"""The writer: whatever a capture or the database does, everybody hears the truth."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from inspector.app import create_app
from inspector.capture import Capture
from inspector.domain import Bin
from inspector.domain.removals import Removal
from inspector.errors import UnstorableError
from inspector.settings import Settings
from inspector.storage.database.engine import release_connection
from inspector.storage.outcomes import Outcome, Stored, Unstored
from inspector.web.services import MAX_EXPORTS, Services

HEAD = b"POST /b1 HTTP/1.1\r\n"
DEADLINE_S = 20


def make_capture(bin_name: str = "b1", **fields: Any) -> Capture:
    given: dict[str, Any] = {
        "received_us": 1,
        "raw_head": HEAD,
        "read_body": lambda: b"a=1",
        "body_size": 3,
    }
    return Capture(bin_name=bin_name, **{**given, **fields})


def submit_at_once(services: Services, captures: list[Capture]) -> list[Outcome]:
    """All in one batch, which waits while the writer is busy with another."""
    outcomes: dict[int, list[Outcome]] = {index: [] for index in range(len(captures))}
    done, busy, go_on = threading.Event(), threading.Event(), threading.Event()

    def hold(_outcome: Outcome) -> None:
        busy.set()
        go_on.wait(DEADLINE_S)

    services.writer.submit(make_capture("nobody"), hold)
    assert busy.wait(DEADLINE_S)
    for index, capture in enumerate(captures):

        def tell(outcome: Outcome, index: int = index) -> None:
            outcomes[index].append(outcome)
            if all(outcomes.values()):
                done.set()

        services.writer.submit(capture, tell)
    go_on.set()
    assert done.wait(DEADLINE_S)
    assert [len(each) for each in outcomes.values()] == [1] * len(captures)
    return [each[0] for each in outcomes.values()]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def b1(services: Services) -> Bin:
    return services.bins.create("b1")[0]


def lose_body() -> bytes:
    raise FileNotFoundError("the temporary file is gone")


def read_wrongly() -> bytes:
    raise RuntimeError("not what anybody expects")


BAD: dict[str, dict[str, Any]] = {
    "half a character": {"peer": "\ud800"},
    "a size beyond all": {"body_size": 10**30},
    "a time beyond all": {"received_us": 2**70},
    "a lost body": {"read_body": lose_body},
    "a broken reader": {"read_body": read_wrongly},
    "no text at all": {"peer": object()},
    "a broken wire": {"wire": None},
}


@pytest.mark.parametrize("fields", BAD.values(), ids=BAD.keys())
def test_one_that_cannot_be_stored_harms_nobody(
    services: Services, b1: Bin, fields: dict[str, Any]
) -> None:
    bad = make_capture(**fields)
    outcomes = submit_at_once(services, [make_capture(), make_capture(), bad, make_capture()])
    assert [type(each) for each in outcomes] == [Stored, Stored, Unstored, Stored]
    assert isinstance(outcomes[2], Unstored)
    assert isinstance(outcomes[2].error, UnstorableError)
    assert services.bins.get("b1").request_count == 3
    assert not services.writer.is_failing
    assert services.writer.find_trouble() is None


def test_listeners_that_fail_cost_nobody_anything(services: Services, b1: Bin) -> None:
    heard: list[Any] = []

    def fail(*_given: object) -> None:
        raise RuntimeError("not what anybody expects")

    services.writer.on_batch_told = fail
    services.news.listen(heard.append)
    services.writer.submit(make_capture(), fail)
    assert isinstance(services.writer.store(make_capture()), Stored)
    wait_for(lambda: any(news.get(b1.id) == 2 for news in heard))


def test_full_bins_say_what_they_let_go_of(services: Services) -> None:
    bin_ = services.bins.create("b1", capacity=3)[0]
    heard: list[Removal] = []
    services.news.listen_to_removals(heard.append)
    for _ in range(5):
        services.writer.store(make_capture())
    services.requests.delete(bin_, f"{bin_.id}-4")
    submit_at_once(services, [make_capture() for _ in range(4)])
    found = services.bins.get("b1")
    assert (found.last_number, found.request_count, found.kept_from) == (9, 3, 7)
    assert (found.let_go, found.deleted_count) == (5, 1)
    wait_for(lambda: Removal(bin_.id, "let_go", 6) in heard)
    assert Removal(bin_.id, "deleted", 4) in heard


def count_rows(services: Services) -> int:
    with services.engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM requests").scalar() or 0)


def test_what_is_gone_is_deleted_behind_in_small_steps(
    services: Services, b1: Bin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.storage.cleaning.STEP_ROWS", 4)
    monkeypatch.setattr("inspector.storage.cleaning.STEP_BYTES", 7)
    submit_at_once(services, [make_capture() for _ in range(30)])
    services.bins.create("other")
    services.writer.store(make_capture("other"))
    services.bins.delete("b1")
    again = services.bins.create("b1")[0]
    assert again.request_count == 0
    assert [each.name for each in services.bins.list()] == ["b1", "other"]
    assert services.bins.find_by_id(b1.id) is None
    wait_for(lambda: count_rows(services) == 1)
    with services.engine.connect() as connection:
        wait_for(lambda: connection.exec_driver_sql("SELECT count(*) FROM bins").scalar() == 2)


def test_a_lower_capacity_lets_go_at_once(services: Services, b1: Bin) -> None:
    submit_at_once(services, [make_capture() for _ in range(10)])
    changed = services.bins.update("b1", capacity=4)
    assert (changed.request_count, changed.let_go, changed.kept_from) == (4, 6, 7)
    wait_for(lambda: count_rows(services) == 4)


def test_what_another_process_left_behind_is_deleted(services: Services, b1: Bin) -> None:
    submit_at_once(services, [make_capture() for _ in range(10)])
    with services.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE bins SET kept_from = 6, held = 5")
    services.writer.clean()
    wait_for(lambda: count_rows(services) == 5)


@pytest.fixture
def path(database_url: str) -> Path:
    if not database_url.startswith("sqlite"):
        pytest.skip("a file's fate")
    return Path(database_url.removeprefix("sqlite:///"))


def test_nothing_is_acknowledged_that_a_deleted_file_took(
    services: Services, b1: Bin, path: Path
) -> None:
    assert isinstance(services.writer.store(make_capture()), Stored)
    aside = path.with_name("aside")
    path.rename(aside)
    for _ in range(2):
        outcome = services.writer.store(make_capture())
        assert isinstance(outcome, Unstored)
        assert "deleted or moved away" in outcome.error.message
    trouble = services.writer.find_trouble()
    assert trouble is not None
    assert "Put it back" in trouble
    assert not path.exists()  # nobody makes an empty one in its place
    aside.rename(path)
    assert isinstance(services.writer.store(make_capture()), Stored)
    assert services.writer.find_trouble() is None


def test_a_file_put_in_its_place_is_the_one_that_is_used(
    services: Services, b1: Bin, path: Path
) -> None:
    services.writer.store(make_capture())
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    services.writer.store(make_capture())
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink()
    copy.rename(path)
    assert isinstance(services.writer.store(make_capture()), Unstored)  # the old file took it
    stored = services.writer.store(make_capture())
    assert isinstance(stored, Stored)
    assert stored.number == 2
    release_connection()
    assert services.bins.get("b1").request_count == 2


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.storage.database.connections.BUSY_TIMEOUT_S", 0.05)
    monkeypatch.setattr("inspector.storage.writer.CHECK_EVERY_S", 0.0)


def test_readiness_asks_the_database_and_recovers_by_itself(
    impatient: None, services: Services, b1: Bin, path: Path
) -> None:
    client = services.app.test_client()
    assert client.get("/readyz").status_code == 200
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert isinstance(services.writer.store(make_capture()), Unstored)
        refused = client.get("/readyz")
        assert (refused.status_code, "locked" in refused.text) == (503, True)
        other.execute("ROLLBACK")
    assert client.get("/readyz").status_code == 200  # and no capture came
    assert not services.writer.is_failing


def test_damage_that_a_page_meets_is_said_and_makes_unready(
    services: Services, b1: Bin, path: Path
) -> None:
    big = b"x" * 200_000
    services.writer.store(make_capture(read_body=lambda: big, body_size=len(big)))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    page = 4096
    with path.open("r+b") as file:  # its list of tables stays whole
        for number in range(2, path.stat().st_size // page):
            file.seek(number * page)
            file.write(b"\xff" * page)
    services.engine.dispose()
    client = services.app.test_client()
    met = client.get("/api/v1/bins/b1/requests")
    assert met.status_code == 503
    assert "damaged" in met.text
    for form in ("har", "jsonl", "csv", "html") * MAX_EXPORTS:  # and none keeps its place
        export = client.get(f"/api/v1/bins/b1/export?format={form}")
        assert (export.status_code, "damaged" in export.text) == (503, True), form
    unready = client.get("/readyz")
    assert (unready.status_code, "damaged" in unready.text) == (503, True)


def test_a_file_gives_its_space_back(services: Services, path: Path) -> None:
    services.bins.create("big")
    body = b"x" * 1_000_000
    for _ in range(8):
        services.writer.store(make_capture("big", read_body=lambda: body, body_size=len(body)))
    before = path.stat().st_size + Path(f"{path}-wal").stat().st_size
    assert before > 8_000_000
    services.bins.delete("big")

    def has_shrunk() -> bool:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            free: int = connection.execute("PRAGMA freelist_count").fetchone()[0]
        return free < 300 and path.stat().st_size < 3_000_000

    release_connection()
    wait_for(has_shrunk)


def test_the_log_of_changes_is_cut_after_a_large_deletion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's ``-wal`` file stayed as large as it had ever been: 600 MB after a deletion."""
    monkeypatch.setattr("inspector.storage.database.connections.MAX_LOG_BYTES", 1_000_000)
    app = create_app(Settings(data_dir=tmp_path, bins=("b1", "big")))
    services: Services = app.extensions["inspector"]
    log = tmp_path / "inspector.sqlite3-wal"
    body = b"x" * 2_000_000
    with app.app_context():
        with closing(sqlite3.connect(tmp_path / "inspector.sqlite3")) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM bins").fetchall()  # so that nothing is carried over
            for _ in range(5):
                services.writer.store(
                    make_capture("big", read_body=lambda: body, body_size=len(body))
                )
            largest = log.stat().st_size
        assert largest > 10_000_000
        services.bins.delete("big")
        release_connection()

        def is_cut() -> bool:
            services.writer.store(make_capture())
            return log.stat().st_size <= 1_000_000

        wait_for(is_cut)
    services.close()
