"""Pins and notes, on SQLite and PostgreSQL alike: what stays, and what the counts say."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import pytest

from inspector.capture import EXACT, IMPORTED, Capture
from inspector.domain import Bin
from inspector.domain.annotations import MAX_NOTE_CHARS
from inspector.errors import InspectorError, RequestNotFoundError
from inspector.storage.cleaning import Cleaner
from inspector.storage.database.engine import EngineConnections
from inspector.storage.outcomes import Stored
from inspector.web.services import Services


def store(
    services: Services, count: int, *, at_s: int = 1_700_000_000, fidelity: str = EXACT
) -> None:
    for number in range(count):
        capture = Capture(
            bin_name="b1",
            read_body=partial(bytes, b"n=%d" % number),
            body_size=3,
            received_us=(at_s + number) * 1_000_000,
            raw_head=b"POST /b1 HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n",
            peer="10.0.0.1",
            fidelity=fidelity,
        )
        assert isinstance(services.writer.store(capture), Stored)


@pytest.fixture
def b1(services: Services) -> Bin:
    return services.bins.create("b1", capacity=3)[0]


def held(services: Services) -> list[int]:
    bin_ = services.bins.get("b1")
    found = [each.number for each in services.requests.page(bin_).requests]
    assert bin_.request_count == len(found)
    assert bin_.last_number == bin_.request_count + bin_.let_go + bin_.deleted_count
    return found


def delete_rows(services: Services) -> None:
    """All that waits to be deleted, as the writer does behind the captures."""
    connections = EngineConnections(services.engine)
    cleaner = Cleaner(connections)
    connection = connections.open()
    cleaner.add(services.bins.get("b1").id)
    for _ in range(5):
        cleaner.step(connection)
    connections.discard(connection)


def test_a_pinned_request_outlives_capacity_and_age(services: Services, b1: Bin) -> None:
    store(services, 3)
    services.annotator.annotate(b1, "1", pinned=True, note="the first one")
    services.annotator.annotate(b1, "3", pinned=True)
    store(services, 4, at_s=1_700_000_100)
    assert held(services) == [7, 6, 5, 3, 1]
    assert services.bins.get("b1").let_go == 2
    delete_rows(services)
    bin_ = services.bins.get("b1")
    kept = services.requests.get(bin_, "1")
    assert (kept.pinned, kept.note, kept.body) == (True, "the first one", b"n=0")
    future_us = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1_000_000)
    assert services.requests.prune(bin_, future_us, whole=True) == 3
    delete_rows(services)
    assert held(services) == [3, 1]
    services.bins.update("b1", capacity=1)
    store(services, 1)
    assert held(services) == [8, 3, 1]
    assert services.requests.neighbours(services.bins.get("b1"), 3) == (f"{b1.id}-1", f"{b1.id}-8")


def test_imported_requests_that_are_pinned_stay(services: Services, b1: Bin) -> None:
    store(services, 2, fidelity=IMPORTED)
    services.annotator.annotate(b1, "2", pinned=True)
    store(services, 1, at_s=4_000_000_000)
    now_us = 2_000_000_000_000_000
    assert services.requests.prune(services.bins.get("b1"), now_us, whole=True) == 1
    assert held(services) == [3, 2]


def test_taking_the_pin_off_lets_go_of_what_only_it_kept(services: Services, b1: Bin) -> None:
    store(services, 1)
    services.annotator.annotate(b1, "1", pinned=True)
    store(services, 3)
    assert held(services) == [4, 3, 2, 1]
    services.annotator.annotate(services.bins.get("b1"), "1", pinned=False)
    assert held(services) == [4, 3, 2]
    assert services.bins.get("b1").let_go == 1
    with pytest.raises(RequestNotFoundError):
        services.annotator.annotate(services.bins.get("b1"), "1", pinned=True)


def test_what_is_deleted_by_hand_goes_with_its_pin(services: Services, b1: Bin) -> None:
    store(services, 1)
    services.annotator.annotate(b1, "1", pinned=True)
    store(services, 4)
    services.annotator.annotate(b1, "4", pinned=True)
    services.requests.delete(services.bins.get("b1"), "1")
    assert held(services) == [5, 4, 3]
    services.annotator.annotate(b1, "5", pinned=True)
    services.requests.clear(services.bins.get("b1"))
    assert held(services) == []
    assert services.bins.get("b1").pinned == 0
    delete_rows(services)
    services.bins.delete("b1")


def test_a_note_is_changed_and_taken_away_without_touching_the_pin(
    services: Services, b1: Bin
) -> None:
    store(services, 1)
    services.annotator.annotate(b1, "1", note=" two\r\nlines\0\ud800 ")
    found = services.requests.get(b1, "1")
    assert (found.pinned, found.note) == (False, "two\nlines\ufffd?")
    services.annotator.annotate(b1, "1", pinned=True)
    assert services.requests.get(b1, "1").note == "two\nlines\ufffd?"
    services.annotator.annotate(b1, "1", note="  ")
    found = services.requests.get(b1, "1")
    assert (found.pinned, found.note) == (True, None)
    with pytest.raises(InspectorError, match="at most 2,000 characters"):
        services.annotator.annotate(b1, "1", note="x" * (MAX_NOTE_CHARS + 1))


def test_pins_are_bounded(services: Services, b1: Bin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.storage.annotations.MAX_PINNED", 1)
    store(services, 2)
    services.annotator.annotate(b1, "1", pinned=True)
    services.annotator.annotate(b1, "1", pinned=True)
    with pytest.raises(InspectorError, match="at most 1 pinned"):
        services.annotator.annotate(b1, "2", pinned=True)
    services.annotator.annotate(b1, "2", note="a note alone is no pin")
    services.annotator.annotate(b1, "1", pinned=False)
    services.annotator.annotate(b1, "2", pinned=True)
    assert [each.pinned for each in services.requests.page(b1).requests] == [True, False]
