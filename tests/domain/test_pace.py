"""Background work rests while captures come, and owes nothing once they have ceased."""

from types import SimpleNamespace

import pytest

from inspector.domain.pace import Pace


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock: its only entry is the time."""
    clock = [100.0]
    monkeypatch.setattr("inspector.domain.pace.time", SimpleNamespace(monotonic=lambda: clock[0]))
    return clock


def make() -> Pace:
    return Pace(8, calm_s=0.2, max_rest_s=1.0)


def test_without_captures_no_rest_is_owed(now: list[float]) -> None:
    pace = make()
    pace.note_work(0.1)
    assert pace.rest_s == 0


def test_while_captures_come_work_is_paid_for(now: list[float]) -> None:
    pace = make()
    pace.note_work(0.05)
    for _ in range(4):
        pace.note_capture()
        assert pace.rest_s > 0
        now[0] += 0.1
    assert pace.rest_s == pytest.approx(0, abs=1e-9), "eight times 0.05 s are over"


def test_the_rest_ends_when_captures_cease(now: list[float]) -> None:
    pace = make()
    pace.note_capture()
    pace.note_work(0.1)
    assert pace.rest_s == pytest.approx(0.2)
    now[0] += 0.2
    assert (pace.rest_s, pace.busy_s) == (0, 0)


def test_rests_add_up_but_not_without_end(now: list[float]) -> None:
    pace = Pace(8, calm_s=10, max_rest_s=1.0)
    pace.note_capture()
    pace.note_work(0.05)
    pace.note_work(0.05)
    assert pace.rest_s == pytest.approx(0.8)
    for _ in range(10):
        pace.note_work(1)
    assert pace.rest_s == pytest.approx(1.0)
