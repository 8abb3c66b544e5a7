"""A bound on all bins together, and an age for each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from inspector.app import create_app
from inspector.domain.removals import Removal
from inspector.settings import Settings, format_duration, parse_duration
from inspector.storage.outcomes import Stored
from inspector.web.services import Services
from tests.storage.test_writer import HEAD, make_capture

DEADLINE_S = 60
BODY = b"b" * 1000
SIZE = len(BODY) + len(HEAD)
KEPT = 10


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def bounded(database_url: str, tmp_path: Path) -> Iterator[Services]:
    app = create_app(
        Settings(
            database=database_url,
            data_dir=tmp_path,
            bins=("b1", "b2"),
            max_total_bytes=KEPT * SIZE,
        )
    )
    services: Services = app.extensions["inspector"]
    with app.app_context():
        yield services
    services.close()


def store(services: Services, bin_name: str, body: bytes = BODY) -> None:
    capture = make_capture(bin_name, read_body=lambda: body, body_size=len(body))
    assert isinstance(services.writer.store(capture), Stored)


def numbers(services: Services, name: str) -> list[int]:
    bin_ = services.bins.get(name)
    return [each.number for each in services.requests.page(bin_, limit=100).requests][::-1]


def count_rows(services: Services) -> tuple[int, int]:
    """Rows that are there, and the bytes that bins say there are."""
    with services.engine.connect() as connection:
        rows = connection.scalar(text("SELECT count(*) FROM requests"))
        size = connection.scalar(text("SELECT sum(stored_bytes) FROM bins"))
    return rows or 0, int(size or 0)


def test_the_oldest_of_all_bins_go_first_and_pinned_ones_stay(bounded: Services) -> None:
    removed: list[Removal] = []
    bounded.news.listen_to_removals(removed.append)
    store(bounded, "b1")
    bounded.annotator.annotate(bounded.bins.get("b1"), "1", pinned=True)
    for _ in range(6):
        store(bounded, "b1")
        store(bounded, "b2")
    # Thirteen were stored where ten have room: the oldest three that are not pinned are gone.
    wait_until(lambda: count_rows(bounded) == (KEPT, KEPT * SIZE))
    assert numbers(bounded, "b1") == [1, 4, 5, 6, 7]
    assert numbers(bounded, "b2") == [2, 3, 4, 5, 6]
    first, second = bounded.bins.get("b1"), bounded.bins.get("b2")
    assert (first.request_count, first.let_go, first.deleted_count) == (5, 2, 0)
    assert (second.request_count, second.let_go, second.deleted_count) == (5, 1, 0)
    assert {(each.bin_id, each.kind) for each in removed} == {
        (first.id, "let_go"),
        (second.id, "let_go"),
    }
    # One request that needs all the room gets it.
    store(bounded, "b2", b"x" * (SIZE * (KEPT - 1) - len(HEAD)))
    wait_until(lambda: count_rows(bounded)[0] == 2)
    assert numbers(bounded, "b1") == [1]
    assert numbers(bounded, "b2") == [7]


def test_what_is_deleted_makes_room(bounded: Services) -> None:
    for _ in range(KEPT):
        store(bounded, "b1")
    bounded.requests.delete(bounded.bins.get("b1"), "3")
    assert count_rows(bounded) == (KEPT - 1, (KEPT - 1) * SIZE)
    store(bounded, "b2")
    wait_until(lambda: count_rows(bounded) == (KEPT, KEPT * SIZE))
    assert numbers(bounded, "b1") == [1, 2, 4, 5, 6, 7, 8, 9, 10]
    bounded.requests.clear(bounded.bins.get("b1"))
    wait_until(lambda: count_rows(bounded) == (1, SIZE))
    bounded.bins.delete("b2")
    wait_until(lambda: count_rows(bounded) == (0, 0))


def test_pinned_requests_alone_stop_nothing(bounded: Services) -> None:
    for number in range(1, KEPT + 1):
        store(bounded, "b1")
        bounded.annotator.annotate(bounded.bins.get("b1"), str(number), pinned=True)
    store(bounded, "b2")
    wait_until(lambda: numbers(bounded, "b2") == [])
    assert len(numbers(bounded, "b1")) == KEPT
    store(bounded, "b1")
    wait_until(lambda: count_rows(bounded) == (KEPT, KEPT * SIZE))


def test_a_bin_has_an_age_of_its_own(services: Services) -> None:
    services.bins.create("old")
    services.bins.create("young", ttl_s=60)
    now_us = time.time_ns() // 1000
    for name in ("old", "young"):
        for received_us in (now_us - 3_600_000_000, now_us + 3_600_000_000):
            capture = make_capture(name, received_us=received_us)
            assert isinstance(services.writer.store(capture), Stored)
    assert services.prune() == 1
    assert numbers(services, "old") == [1, 2]
    assert numbers(services, "young") == [2]
    services.bins.keep_for("young", None)
    assert services.bins.get("young").ttl_s is None
    services.bins.keep_for("old", 1800)
    services.prune()
    assert numbers(services, "old") == [2]


@pytest.mark.parametrize("written", ["30d", "12h", "90m", "45s", "1.5s"])
def test_durations_come_back_as_they_were(written: str) -> None:
    assert format_duration(parse_duration(written)) == written
