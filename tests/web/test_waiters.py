"""The room shows each request to every call it is for, and little else to anybody."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import pytest

from inspector.domain import CapturedRequest
from inspector.live.waiters import Waiters, choose_trait, list_values
from inspector.live.waits import Wait
from inspector.reading.matching import RequestMatch
from inspector.web.api.wait import RENDERING, WaitQuery, make_match
from tests.reading.captures import make_form, make_request

REQUESTS = [
    make_form(("ticket[id]", "5"), ("ticket[labels][]", "x"), ("custom_data", "")),
    make_request(b'{"a": {"b": 3, "c": true, "d": null}}', "application/json"),
    make_request(request_line="PUT /deskpro/a%20b?x=1 HTTP/1.1", headers=(("X-One", "1"),)),
    make_request(request_line="purge /deskpro HTTP/1.1", headers=(("x-one", ""),)),
    make_request(request_line="broken"),
]
QUERIES = [
    WaitQuery(),
    WaitQuery(method="put"),
    WaitQuery(method="PURGE"),
    WaitQuery(path="/"),
    WaitQuery(path=""),
    WaitQuery(path="/a b"),
    WaitQuery(path="/a%20b"),
    WaitQuery(path="/deskpro/a%20b"),
    WaitQuery(path="/deskpro/a b", method="PUT"),
    WaitQuery(header=("X-ONE",)),
    WaitQuery(header=("x-One=1",), method="PUT"),
    WaitQuery(header=("X-One=",)),
    WaitQuery(where=("ticket.id=5",)),
    WaitQuery(where=("ticket[labels][0]=x", "ticket.id=5")),
    WaitQuery(where=("custom_data=",)),
    WaitQuery(where=("a.b=3",)),
    WaitQuery(where=("a.c=true",)),
    WaitQuery(where=("a.d=null",)),
]


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_what_matches_is_found_by_the_trait(query: WaitQuery) -> None:
    match = make_match(query)
    trait, value = choose_trait(match)
    matching = [request for request in REQUESTS if not match.find_differences(request)]
    assert matching, "a question that nothing answers tests nothing"
    for request in matching:
        assert value in list_values(request, trait)


class Store:
    """A bin's requests in a list, and how often they were loaded."""

    def __init__(self) -> None:
        self.requests: list[CapturedRequest] = []
        self.room = Waiters(self.load, self.load_latest)

    def load(self, bin_id: int, after: int, limit: int) -> Sequence[CapturedRequest]:
        return [each for each in self.requests if each.number > after][:limit]

    def load_latest(self, bin_id: int) -> tuple[int, Sequence[CapturedRequest]]:
        return len(self.requests), self.requests[-5:]

    def add(self, ticket_id: int) -> None:
        number = len(self.requests) + 1
        self.requests.append(make_form(("ticket[id]", str(ticket_id)), number=number))
        self.room.hear({1: number})

    def enter(self, *where: str, seen: int = 0, count: int = 1, timeout_s: float = 20) -> Wait:
        match = make_match(WaitQuery(where=where))
        wait = Wait(1, seen, match, RENDERING, count=count, timeout_s=timeout_s)
        self.room.enter(wait, seen)
        return wait


@pytest.fixture
def store() -> Store:
    return Store()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.002)


def list_threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name == "inspector-waiting"]


def test_each_call_hears_of_its_own(store: Store) -> None:
    calls = [store.enter(f"ticket.id={number}") for number in range(50)]
    assert list_threads() == ["inspector-waiting"]
    for number in reversed(range(50)):
        store.add(number)
    wait_until(lambda: all(call.status == 200 for call in calls))
    wait_until(lambda: list_threads() == [])


def test_a_newcomer_that_saw_less_is_shown_what_the_others_saw(store: Store) -> None:
    store.enter("ticket.id=99")
    for number in range(1, 6):
        store.add(number)
    late = store.enter("ticket.id=4", seen=0)
    wait_until(lambda: late.status == 200)
    twice = store.enter("ticket.id=4", seen=0, count=2)
    store.enter("ticket.id=98", seen=0)
    store.add(4)
    wait_until(lambda: twice.status == 200)
    assert twice.payload.count(b'"number"') == 2, "none counts twice, however often it is shown"
    store.room.close()
    assert list_threads() == []


def test_those_that_went_are_forgotten(store: Store) -> None:
    gone = store.enter("ticket.id=1")
    gone.end()
    store.add(7)
    wait_until(lambda: list_threads() == [])
    assert gone.status == 0


def test_time_is_up_only_after_all_was_seen(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.live.waiters.STEP", 2)
    for number in range(1, 20):
        store.add(number)
    late = store.enter("ticket.id=19", timeout_s=0)
    none = store.enter("ticket.id=77", timeout_s=0)
    wait_until(lambda: late.status != 0 and none.status != 0)
    assert (late.status, none.status) == (200, 408)
    assert b"19 others" in none.payload


def test_nobody_rests_when_no_capture_comes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.live.waiters.REST_FACTOR", 1e6)
    monkeypatch.setattr("inspector.live.waiters.STEP", 1)
    for number in range(1, 1000):
        store.add(number)
    late = store.enter("ticket.id=999")
    wait_until(lambda: late.status == 200)


def test_a_failing_store_answers_late_but_answers(
    store: Store, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.live.waiters.MAX_NAP_S", 0.01)

    def fail(*_: object) -> Sequence[CapturedRequest]:
        raise OSError("the disk is gone")

    load, store.room._load = store.room._load, fail
    call = store.enter("ticket.id=1")
    wait_until(lambda: "the disk is gone" in caplog.text)
    store.room._load = load
    store.add(1)
    wait_until(lambda: call.status == 200)


def test_a_match_without_wishes_takes_anything() -> None:
    trait, value = choose_trait(RequestMatch())
    assert all(value in list_values(request, trait) for request in REQUESTS)
