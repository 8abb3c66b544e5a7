"""Attempts of stored requests: with an index, without one, and while it lags."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from inspector.app import create_app
from inspector.capture import Capture
from inspector.domain import Bin
from inspector.domain.attempts import MAX_ATTEMPTS, Attempt
from inspector.reading.query import parse_query
from inspector.settings import Settings
from inspector.storage.attempts import MAX_READ
from inspector.storage.outcomes import Stored
from inspector.storage.search.indexes import open_index
from inspector.web.services import Services

START_US = 1_777_593_600_000_000


def store(services: Services, number: int, delivery: str = "", body: bytes = b"x=1") -> None:
    lines = [b"POST /b1 HTTP/1.1", b"Content-Type: application/x-www-form-urlencoded"]
    lines += [b"webhook-id: " + delivery.encode()] if delivery else []
    head = b"\r\n".join(lines) + b"\r\n"
    capture = Capture("b1", START_US + number * 1_000_000, head, lambda: body, len(body))
    assert isinstance(services.writer.store(capture), Stored)


def submit_many(services: Services, count: int, delivery: str) -> None:
    """Stored once the next one is."""
    for number in range(count):
        head = b"POST /b1 HTTP/1.1\r\nwebhook-id: %b\r\n" % delivery.format(number).encode()
        capture = Capture("b1", START_US + number, head, lambda: b"x=1", 3)
        services.writer.submit(capture, lambda _: None)


def use_index(services: Services) -> Callable[[], bool]:
    index = open_index(services.engine, services.requests, services.bins)
    assert index is not None
    services.search.index = services.attempts.index = index

    def fill() -> bool:
        while index.fill():
            pass
        return True

    return fill


@pytest.fixture
def b1(services: Services) -> Bin:
    services.bins.create("b1", capacity=10_000)
    return services.bins.get("b1")


@pytest.fixture(autouse=True)
def _ask_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL the two newest are looked through, and all behind them gathered."""
    monkeypatch.setattr("inspector.storage.search.table_index.NEAR", 2)


def attempt(services: Services, number: int) -> Attempt | None:
    bin_ = services.bins.get("b1")
    found = services.requests.get(bin_, str(number)).attempt
    listed = services.requests.page(bin_, limit=5, before=number + 1, whole_bodies=False)
    assert listed.requests[0].attempt == found, "alone and in a list alike"
    return found


def search(services: Services, text: str) -> list[int]:
    bin_ = services.bins.get("b1")
    found = services.search.find(bin_, parse_query(text), time_s=60)
    assert found.searched_to is None
    return [each.number for each in found.requests]


@pytest.mark.parametrize("indexed", ["not at all", "half", "whole"])
def test_tries_are_counted_whatever_the_index_knows(
    services: Services, b1: Bin, indexed: str
) -> None:
    fill = use_index(services) if indexed != "not at all" else lambda: True
    store(services, 1, "a")
    store(services, 2, "b")
    store(services, 15, "a")
    assert fill() if indexed == "half" else True
    store(services, 29, "a")
    store(services, 30, "b")
    assert fill() if indexed == "whole" else True
    first = f"{b1.id}-1"
    assert attempt(services, 1) == Attempt(1, first, None, None, "delivery")
    assert attempt(services, 3) == Attempt(2, first, first, 14.0, "delivery")
    assert attempt(services, 4) == Attempt(3, first, f"{b1.id}-3", 14.0, "delivery")
    assert search(services, "is:retry") == [5, 4, 3]
    assert search(services, "-is:retry") == [2, 1]
    assert search(services, "is:retry header:webhook-id=b") == [5]
    last = services.attempts.find_last(services.requests.get(b1, "1"))
    assert last is not None
    assert (last.id, last.attempt.number) == (f"{b1.id}-4", 3)
    assert services.attempts.find_last(services.requests.get(b1, "4")) is None


def test_the_index_finds_what_lies_further_back_than_is_read(services: Services, b1: Bin) -> None:
    fill = use_index(services)
    store(services, 1, "a")
    submit_many(services, MAX_READ + 5, "other {}")
    store(services, 900, "a")
    assert attempt(services, b1.last_number + MAX_READ + 7).number == 1  # type: ignore[union-attr]
    fill()
    found = attempt(services, MAX_READ + 7)
    assert found == Attempt(2, f"{b1.id}-1", f"{b1.id}-1", 899.0, "delivery")
    assert search(services, "is:retry") == [MAX_READ + 7]


def test_equal_bodies_are_tries_only_within_minutes(services: Services, b1: Bin) -> None:
    fill = use_index(services)
    for number in (1, 15, 2000):
        store(services, number)
    for _ in range(2):
        assert attempt(services, 2) == Attempt(2, f"{b1.id}-1", f"{b1.id}-1", 14.0, "body")
        assert attempt(services, 3) is None
        assert search(services, "is:retry") == [2]
        fill()


@pytest.mark.parametrize("indexed", [False, True], ids=["without an index", "with one"])
def test_a_try_that_was_deleted_counts_no_more(services: Services, b1: Bin, indexed: bool) -> None:
    fill = use_index(services) if indexed else lambda: True
    for number in (1, 2, 3):
        store(services, number, "a")
    fill()
    services.requests.delete(b1, "2")
    assert attempt(services, 3) == Attempt(2, f"{b1.id}-1", f"{b1.id}-1", 2.0, "delivery")
    services.requests.delete(b1, "1")
    assert attempt(services, 3) == Attempt(1, f"{b1.id}-3", None, None, "delivery")
    assert search(services, "is:retry") == []


def test_another_bins_delivery_of_this_id_is_none_of_these(services: Services, b1: Bin) -> None:
    fill = use_index(services)
    services.bins.create("b2")
    store(services, 1, "a")
    head = b"POST /b2 HTTP/1.1\r\nwebhook-id: a\r\n"
    assert isinstance(
        services.writer.store(Capture("b2", START_US, head, lambda: b"x=1", 3)), Stored
    )
    fill()
    found = services.requests.get(services.bins.get("b2"), "1").attempt
    assert found is not None
    assert found.number == 1


def test_a_flood_of_one_delivery_is_counted_as_far_as_is_looked(
    services: Services, b1: Bin
) -> None:
    fill = use_index(services)
    submit_many(services, 2 * MAX_ATTEMPTS, "a")
    store(services, 900, "b")
    fill()
    found = services.requests.page(services.bins.get("b1"), limit=50, whole_bodies=False).requests
    assert found[0].number == 2 * MAX_ATTEMPTS + 1
    assert found[1].attempt is not None
    assert MAX_ATTEMPTS - 50 <= found[1].attempt.number <= MAX_ATTEMPTS + 50
    assert found[0].attempt is not None
    assert found[0].attempt.number == 1


def test_instances_on_one_database_tell_the_same(
    app: Flask, services: Services, b1: Bin, database_url: str, tmp_path: Path
) -> None:
    fill = use_index(services)
    store(services, 1, "a")
    fill()
    other_app = create_app(Settings(database=database_url, data_dir=tmp_path / "other"))
    other: Services = other_app.extensions["inspector"]
    with other_app.app_context():
        store(other, 2, "a")
        found = [attempt(each, 2) for each in (other, services)]
    other.close()
    assert found == [Attempt(2, f"{b1.id}-1", f"{b1.id}-1", 1.0, "delivery")] * 2


def test_a_database_that_does_not_answer_is_no_error(
    services: Services, b1: Bin, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(services, 1, "a")
    store(services, 2, "a")
    monkeypatch.setattr(services.attempts, "_fetch", lambda *_: 1 / 0)
    assert services.requests.get(b1, "2").attempt is None


def test_without_an_index_each_request_is_read_once(
    services: Services, b1: Bin, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit_many(services, 30, "a")
    store(services, 40, "a")
    read: list[int] = []
    fetch = services.attempts._fetch

    def count(statement: str, values: Mapping[str, Any]) -> Sequence[Any]:
        rows = fetch(statement, values)
        read.extend(row[1] for row in rows if "raw_head" in statement)
        return rows

    monkeypatch.setattr(services.attempts, "_fetch", count)
    for _ in range(3):
        for number in (5, 31):
            found = services.requests.get(b1, str(number)).attempt
            assert found is not None
            assert found.number == number
    assert sorted(read) == list(range(1, 32))
