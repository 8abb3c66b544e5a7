"""Bins and requests in a database, SQLite and PostgreSQL alike."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from inspector.capture import Capture, Refusal
from inspector.domain import Bin, CapturedRequest
from inspector.errors import BinNotFoundError, InspectorError, RequestNotFoundError
from inspector.storage.outcomes import NoSuchBin, Stored
from inspector.storage.requests import Key
from inspector.web.services import Services

HEAD = b"POST /b1/x HTTP/1.1\r\nX-A: \xff\r\n"


def make_capture(bin_name: str = "b1", body: bytes = b"a=1", **fields: Any) -> Capture:
    given = {"received_us": 1_700_000_000_123_456, "raw_head": HEAD, "peer": "10.0.0.1", **fields}
    return Capture(bin_name=bin_name, read_body=lambda: body, body_size=len(body), **given)


def store(services: Services, count: int = 1, bin_name: str = "b1") -> None:
    for number in range(count):
        outcome = services.writer.store(make_capture(bin_name, b"n=%d" % number))
        assert isinstance(outcome, Stored)


@pytest.fixture
def b1(services: Services) -> Bin:
    return services.bins.create("b1")[0]


def numbers(requests: list[Any]) -> list[int]:
    return [request.number for request in requests]


def test_a_request_comes_back_as_it_came(services: Services, b1: Bin) -> None:
    body = bytes(range(256))
    refusal = Refusal(413, "too large")
    capture = make_capture(body=body, chunked=True, truncated=True, refusal=refusal)
    outcome = services.writer.store(capture)
    assert outcome == Stored(b1.id, 1, None)
    found = services.requests.get(b1, f"{b1.id}-1")
    assert (found.raw_head, found.body, found.refusal) == (HEAD, body, refusal)
    assert (found.peer, found.chunked, found.truncated) == ("10.0.0.1", True, True)
    assert found.received_at.isoformat() == "2023-11-14T22:13:20.123456+00:00"


def test_a_capture_for_no_bin_is_not_stored_and_its_neighbours_are(
    services: Services, b1: Bin
) -> None:
    told: list[Any] = []
    done = threading.Event()

    def tell(outcome: Any) -> None:
        told.append(outcome)
        if len(told) == 3:
            done.set()

    for name in ("b1", "nobody", "b1"):
        services.writer.submit(make_capture(name), tell)
    assert done.wait(10)
    assert told == [Stored(b1.id, 1, None), NoSuchBin("nobody"), Stored(b1.id, 2, None)]


def test_a_bin_keeps_its_newest_and_never_gives_a_number_twice(services: Services) -> None:
    services.bins.create("b1", capacity=5)
    store(services, 12)
    bin_ = services.bins.get("b1")
    assert numbers(services.requests.page(bin_).requests) == [12, 11, 10, 9, 8]
    assert (bin_.request_count, bin_.last_number) == (5, 12)
    services.requests.clear(bin_)
    store(services)
    bin_ = services.bins.get("b1")
    assert numbers(services.requests.page(bin_).requests) == [13]
    assert (bin_.request_count, bin_.last_number) == (1, 13)
    assert (bin_.let_go, bin_.deleted_count) == (7, 5)


def test_pages_go_by_key(services: Services, b1: Bin) -> None:
    store(services, 7)
    page = services.requests.page(b1, limit=3)
    assert (numbers(page.requests), page.has_more) == ([7, 6, 5], True)
    page = services.requests.page(b1, limit=3, before=5)
    assert (numbers(page.requests), page.has_more) == ([4, 3, 2], True)
    page = services.requests.page(b1, limit=3, before=2)
    assert (numbers(page.requests), page.has_more) == ([1], False)
    assert numbers(services.requests.page(b1, after=5).requests) == [7, 6]
    assert numbers(services.requests.load_after(b1, 2, limit=2)) == [3, 4]
    assert numbers(list(services.requests.iterate(b1, step=2))) == [1, 2, 3, 4, 5, 6, 7]


def test_a_step_is_what_memory_bears(
    services: Services, b1: Bin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.storage.requests.STEP_BYTES", 1000)
    for size in (400, 400, 400, 5000, 1, 1):
        services.writer.store(make_capture(body=b"x" * size))
    steps, after = [], 0
    while step := services.requests.load_step(b1, after, limit=2):
        steps.append(numbers(step))
        after = step[-1].number
    assert steps == [[1, 2], [3], [4], [5, 6]]


def test_a_step_whose_requests_go_meanwhile_is_not_the_end(
    services: Services, b1: Bin, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(services, 4)
    requests = services.requests
    iterate = requests.iterate_keys

    def delete_first(bin_: Bin, keys: Sequence[Key]) -> Iterator[CapturedRequest]:
        if keys[0].number == 1:
            for number in (1, 2):
                requests.delete(b1, f"{b1.id}-{number}")
        return iterate(bin_, keys)

    monkeypatch.setattr(requests, "iterate_keys", delete_first)
    assert numbers(requests.load_step(b1, 0, limit=2)) == [3, 4]
    assert numbers(requests.load_step(b1, 4, limit=2)) == []


def test_a_list_does_not_read_large_bodies(services: Services, b1: Bin) -> None:
    services.writer.store(make_capture(body=b"x" * 300_000))
    services.writer.store(make_capture(body=b"y"))
    page = services.requests.page(b1, whole_bodies=False)
    assert [(len(each.body), each.body_size) for each in page.requests] == [(1, 1), (0, 300_000)]


def test_neighbours_skip_what_was_deleted(services: Services, b1: Bin) -> None:
    store(services, 4)
    services.requests.delete(b1, f"{b1.id}-2")
    assert services.requests.neighbours(b1, 3) == (f"{b1.id}-1", f"{b1.id}-4")
    assert services.requests.neighbours(b1, 1) == (None, f"{b1.id}-3")
    assert services.requests.neighbours(b1, 4) == (f"{b1.id}-3", None)


def test_many_are_deleted_together_and_counted(services: Services, b1: Bin) -> None:
    """In several steps; what is not there, or was pinned, makes no difference."""
    store(services, 700)
    services.annotator.annotate(b1, "650", pinned=True)
    services.requests.remover.delete_all(b1.id, {*range(1, 691), 9999})
    left = services.requests.page(services.bins.get("b1"), limit=100).requests
    assert numbers(left) == list(range(700, 690, -1))
    bin_ = services.bins.get("b1")
    assert (bin_.request_count, bin_.pinned) == (10, 0)
    services.requests.remover.delete_all(9999, [1])


@pytest.mark.parametrize(
    "request_id", ["", "x", "1-99", "99", "99-1", "1-1-1", "1-" + "9" * 30, "1-٣"]
)
def test_an_id_that_is_none_is_not_found(services: Services, b1: Bin, request_id: str) -> None:
    store(services)
    with pytest.raises(RequestNotFoundError):
        services.requests.get(b1, request_id)
    with pytest.raises(RequestNotFoundError):
        services.requests.delete(b1, request_id)


def test_the_number_that_people_see_is_an_id(services: Services, b1: Bin) -> None:
    store(services, 2)
    assert services.requests.get(b1, "2").number == 2
    services.requests.delete(b1, "2")
    with pytest.raises(RequestNotFoundError):
        services.requests.get(b1, "2")


def test_deleting_a_bin_deletes_what_it_holds_and_its_id_is_not_used_again(
    services: Services, b1: Bin
) -> None:
    store(services)
    services.bins.delete("b1")
    with pytest.raises(BinNotFoundError):
        services.bins.get("b1")
    again, _ = services.bins.create("b1")
    assert again.id != b1.id
    assert services.requests.page(again).requests == []


def test_bins_are_listed_newest_first_with_their_counts(services: Services, b1: Bin) -> None:
    services.bins.create("b2")
    store(services, 3)
    found = [(each.name, each.request_count) for each in services.bins.list()]
    assert found == [("b2", 0), ("b1", 3)]


def test_a_taken_name_is_refused_and_the_session_goes_on(services: Services, b1: Bin) -> None:
    with pytest.raises(InspectorError) as caught:
        services.bins.create("b1")
    assert caught.value.code == "name_taken"
    assert services.bins.get("b1") == b1


def test_a_secret_opens_its_private_bin_alone(services: Services) -> None:
    _, first = services.bins.create("p1", private=True)
    _, second = services.bins.create("p2", private=True)
    _, none = services.bins.create("open")
    assert first is not None
    assert none is None
    assert second is not None
    assert services.bins.opens("p1", first)
    assert not services.bins.opens("p1", second)
    assert not services.bins.opens("open", "")


def test_pruning_deletes_what_is_older(services: Services, b1: Bin) -> None:
    services.writer.store(make_capture(received_us=1_000))
    services.writer.store(make_capture(received_us=2_000))
    assert services.requests.prune(b1, 2_000) == 1
    assert numbers(services.requests.page(services.bins.get("b1")).requests) == [2]


def test_a_bin_too_many_is_refused(services: Services) -> None:
    services.bins._max_bins = 1
    services.bins.create("b1")
    with pytest.raises(InspectorError) as caught:
        services.bins.create("b2")
    assert caught.value.code == "too_many_bins"
