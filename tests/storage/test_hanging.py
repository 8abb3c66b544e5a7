"""The writer while its database hangs: nobody waits for more than one attempt."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence

import pytest

from inspector.capture import Capture
from inspector.domain import Bin
from inspector.domain.relays.jobs import RelayedRequest
from inspector.storage import writer as writer_module
from inspector.storage.database.faults import MISSING, LostDatabaseError
from inspector.storage.outcomes import Outcome, Stored, Unstored
from inspector.storage.relays.outcomes import to_outcome
from inspector.web.services import Services
from tests.storage.test_writer import DEADLINE_S, make_capture, wait_for


@pytest.fixture
def b1(services: Services) -> Bin:
    return services.bins.create("b1")[0]


class Hangs:
    """In the place of the store: each attempt hangs until ``end``, and then fails."""

    def __init__(self) -> None:
        self.attempts: list[int] = []
        self.begun, self.end = threading.Event(), threading.Event()

    def store(self, captures: Sequence[Capture]) -> None:
        self.attempts.append(len(captures))
        self.begun.set()
        assert self.end.wait(DEADLINE_S)
        raise LostDatabaseError

    def check(self) -> None:
        self.store(())

    def verify(self) -> None:
        pass

    def disconnect(self) -> None:
        pass


def test_who_waited_for_an_attempt_that_hung_waits_for_no_other(
    services: Services, b1: Bin, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, hangs = services.writer, Hangs()
    working = writer._store
    monkeypatch.setattr(writer_module, "PATIENCE_S", 0.0)
    monkeypatch.setattr(writer, "_store", hangs)
    told: list[Outcome] = []
    writer.submit(make_capture(), told.append)
    assert hangs.begun.wait(DEADLINE_S)
    for _ in range(5):
        writer.submit(make_capture(), told.append)
    writer.is_failing = True  # or readiness would not ask
    readiness: list[str | None] = []
    asking = threading.Thread(
        target=lambda: readiness.append(writer.find_trouble(timeout_s=DEADLINE_S))
    )
    asking.start()
    wait_for(lambda: writer.queued == 6)
    hangs.end.set()
    asking.join(DEADLINE_S)
    wait_for(lambda: len(told) == 6)
    assert hangs.attempts == [1]
    assert readiness == [MISSING]
    assert {type(each) for each in told} == {Unstored}
    assert writer.failed == 6
    monkeypatch.setattr(writer, "_store", working)
    assert isinstance(writer.store(make_capture()), Stored)
    assert not writer.is_failing


@pytest.mark.parametrize(
    ("error", "expected"),
    [(sqlite3.OperationalError("it hangs"), [3]), (ValueError("one is wrong"), [3, 1, 1, 1])],
)
def test_outcomes_of_relays_are_not_tried_one_by_one_where_nothing_can_be_kept(
    services: Services,
    b1: Bin,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    expected: list[int],
) -> None:
    tried: list[int] = []

    def record(_answers: object, relayed: Sequence[RelayedRequest]) -> None:
        tried.append(len(relayed))
        raise error

    monkeypatch.setattr(services.writer._store, "record", record)
    outcome = to_outcome("http://a", 200, 1.0, None, None, None, None, 0)
    busy, go_on = threading.Event(), threading.Event()

    def hold(_outcome: Outcome) -> None:
        busy.set()
        go_on.wait(DEADLINE_S)

    services.writer.submit(make_capture("nobody"), hold)
    assert busy.wait(DEADLINE_S)
    told: list[bool] = []
    for number in range(1, 4):
        relayed = RelayedRequest(b1.id, number, outcome)
        services.writer.record_relayed(relayed, lambda: told.append(True))
    go_on.set()
    wait_for(lambda: len(told) == 3)
    assert tried == expected
