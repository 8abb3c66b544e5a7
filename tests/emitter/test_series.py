"""Many deliveries: how many, how fast, what is counted, and that they end when told to."""

import socket
import threading
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.emitter import (
    Change,
    DeliveryOptions,
    PreparedRequest,
    Series,
    SeriesPlan,
    SeriesProgress,
    WebhookAction,
    apply_changes,
    render,
    restrict_to,
)
from inspector.emitter.latencies import BOUNDS_MS, Latencies
from inspector.errors import InspectorError
from tests.emitter.receiver import Receiver, answer

QUICK = DeliveryOptions(timeout_s=10)


class Numbered:
    """Prepares requests whose ticket has the delivery's number."""

    def __init__(self, url: str) -> None:
        self._action = WebhookAction(url, headers=(("X-Id", "{{ ticket.id }}"),))

    def __call__(self, number: int) -> PreparedRequest:
        changes = [Change("ticket.id", "{n}")]
        return render(self._action, apply_changes({}, changes, number=number))


def run(plan: SeriesPlan, url: str, **given: Any) -> SeriesProgress:
    with Series(plan, Numbered(url), options=QUICK, **given) as series:
        assert series.wait(10)
        return series.progress()


def test_every_number_is_sent_once_over_kept_connections() -> None:
    results = []
    with Receiver() as receiver:
        plan = SeriesPlan(count=100, first=7, concurrency=4)
        progress = run(plan, receiver.url, on_result=lambda *result: results.append(result))
    bodies = [request.partition(b"\r\n\r\n")[2] for request in receiver.requests]
    wanted = [f"ticket%5Bid%5D={n}&custom_data=".encode() for n in range(7, 107)]
    assert sorted(bodies) == sorted(wanted)
    assert receiver.connections <= 4
    assert sorted(number for number, _ in results) == list(range(7, 107))
    assert all(result.delivered for _, result in results)
    assert (progress.total, progress.done, progress.delivered) == (100, 100, 100)
    assert (progress.statuses, progress.failures) == ({200: 100}, {})
    assert (progress.finished, progress.stopped) == (True, False)
    assert progress.rate_per_s == pytest.approx(100 / progress.elapsed_s)


def test_one_at_a_time_goes_in_order() -> None:
    with Receiver() as receiver:
        run(SeriesPlan(count=20), receiver.url)
    assert [b"X-Id: %d\r\n" % n in request for n, request in enumerate(receiver.requests, 1)] == [
        True
    ] * 20


def test_statuses_and_failures_are_counted_apart() -> None:
    replies = [answer(200), answer(404), answer(404), answer(503), b"rubbish\r\n\r\n"]
    with Receiver(*replies) as receiver:
        progress = run(SeriesPlan(count=5), receiver.url)
    assert progress.statuses == {200: 1, 404: 2, 503: 1}
    assert progress.failures == {"unreadable_answer": 1}
    assert "no status line" in progress.examples["unreadable_answer"]
    assert (progress.done, progress.delivered) == (5, 1)
    assert sum(count for _, count in progress.histogram) == 4
    assert 0 < progress.percentiles[50] <= progress.percentiles[99] <= progress.max_ms
    assert 0 < progress.mean_ms <= progress.max_ms


def test_what_cannot_be_prepared_is_a_failure_of_its_number() -> None:
    action = WebhookAction("http://127.0.0.1:9/", headers=(("X-Id", "{{ 1 / 0 }}"),))
    plan = SeriesPlan(count=3)
    with Series(plan, lambda _: render(action, {}), options=QUICK) as series:
        assert series.wait(10)
    assert series.progress().failures == {"template_error": 3}


def test_the_policy_holds_for_every_delivery() -> None:
    with Receiver() as receiver:
        progress = run(SeriesPlan(count=3), receiver.url, policy=restrict_to([]))
    assert progress.failures == {"destination_refused": 3}
    assert receiver.connections == 0


def test_the_rate_is_kept() -> None:
    with Receiver() as receiver:
        progress = run(SeriesPlan(count=21, rate_per_s=100, concurrency=2), receiver.url)
    # The last of 21 is due after 0.2 s; it may be late on a busy machine, never early.
    assert progress.elapsed_s >= 0.2


def test_a_series_can_be_stopped_while_it_waits_for_what_is_due() -> None:
    arrived = threading.Event()

    def first(sock: socket.socket) -> None:
        sock.sendall(answer(200))
        arrived.set()

    with Receiver(first) as receiver:
        plan = SeriesPlan(count=100, rate_per_s=0.01, concurrency=3)
        with Series(plan, Numbered(receiver.url), options=QUICK) as series:
            assert arrived.wait(10)
            assert not series.wait(0)
            assert not series.progress().finished
            series.stop()
            assert series.wait(10)
    progress = series.progress()
    assert (progress.done, progress.stopped, progress.finished) == (1, True, True)


def test_leaving_a_series_breaks_off_what_is_under_way() -> None:
    arrived, released = threading.Event(), threading.Event()

    def stall(_: socket.socket) -> None:
        arrived.set()
        released.wait(20)

    started = perf_counter()
    with Receiver(otherwise=stall) as receiver:
        plan = SeriesPlan(count=100, concurrency=2)
        options = DeliveryOptions(timeout_s=60, first_byte_timeout_s=60, retries=5)
        with Series(plan, Numbered(receiver.url), options=options) as series:
            assert arrived.wait(10)
        released.set()
    assert perf_counter() - started < 10
    progress = series.progress()
    assert (progress.finished, progress.stopped) == (True, True)
    assert set(progress.failures) <= {"connection_lost"}


def test_a_series_runs_once() -> None:
    with Receiver() as receiver:
        series = Series(SeriesPlan(count=1), Numbered(receiver.url), options=QUICK)
        assert series.progress().rate_per_s == 0
        with series:
            assert series.wait(10)
            with pytest.raises(RuntimeError):
                series.start()


@pytest.mark.parametrize(
    "plan",
    [
        {"count": 0},
        {"count": 1_000_001},
        {"count": 1, "concurrency": 0},
        {"count": 1, "concurrency": 65},
        {"count": 1, "rate_per_s": 0},
        {"count": 1, "rate_per_s": -1},
        {"count": 1, "rate_per_s": float("nan")},
        {"count": 1, "rate_per_s": float("inf")},
        {"count": 1, "first": -1},
    ],
    ids=str,
)
def test_a_plan_beyond_the_bounds_is_refused(plan: dict[str, Any]) -> None:
    with pytest.raises(InspectorError) as caught:
        SeriesPlan(**plan)
    assert caught.value.code == "invalid_series"


TIMES = st.lists(st.floats(0.0, 1e9), min_size=1, max_size=200)


@given(TIMES, st.sampled_from([0.1, 50.0, 90.0, 99.0, 100.0]))
def test_a_percentile_is_at_most_two_percent_too_high(times: list[float], percent: float) -> None:
    latencies = Latencies()
    for ms in times:
        latencies.record(ms)
    ordered = sorted(times)
    exact = ordered[max(0, -(-len(ordered) * percent // 100).__int__() - 1)]
    found = latencies.percentile(percent)
    assert exact <= found * (1 + 1e-9) or exact > 2.8e7
    assert found <= max(exact * 1.0201, 0.0102) or exact > 2.8e7


@given(TIMES)
def test_every_time_is_in_the_histogram(times: list[float]) -> None:
    latencies = Latencies()
    for ms in times:
        latencies.record(ms)
    histogram = latencies.histogram()
    assert sum(count for _, count in histogram) == latencies.count == len(times)
    assert [bound for bound, _ in histogram] == list(BOUNDS_MS[: len(histogram)])
    assert histogram[-1][1] > 0


def test_without_times_there_is_nothing_to_show() -> None:
    latencies = Latencies()
    assert (latencies.percentile(50), latencies.histogram(), latencies.max_ms) == (0, [], 0)


@pytest.mark.parametrize(("ms", "bound"), [(0.001, 1), (0.9, 1), (1.5, 2), (7, 10), (1e9, 500_000)])
def test_a_time_is_under_the_bound_above_it(ms: float, bound: float) -> None:
    latencies = Latencies()
    latencies.record(ms)
    assert latencies.histogram()[-1] == (bound, 1)
