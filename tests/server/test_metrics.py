"""What Prometheus reads: names, kinds and counts that agree with what was sent."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from inspector.domain.counters import Histogram
from inspector.domain.rate_limits import RateLimit
from tests.server.conftest import RunningServer, StartProcess, wait_for

POST = b"POST /b1 HTTP/1.1\r\nContent-Length: 3\r\n\r\na=1"


def read_metrics(server: RunningServer) -> dict[str, float]:
    status, text = server.get("/metrics")
    assert status == 200
    return {
        sample.name + "".join(f"/{value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_captures_are_counted_by_what_became_of_them(server: RunningServer) -> None:
    for _ in range(3):
        server.send(POST)
    server.send(b"POST /nobody HTTP/1.1\r\n\r\n")
    server.send(b"POST /b1 HTTP/1.1\r\nbroken\r\n\r\n")
    server.captured(count=4)
    found = read_metrics(server)
    assert found["inspector_captures_total/stored"] == 3
    assert found["inspector_captures_total/no_bin"] == 1
    assert found["inspector_captures_total/refused"] == 1
    assert found["inspector_captured_bytes_total"] == 9
    assert found["inspector_capture_seconds_count"] == 4
    assert found["inspector_capture_seconds_bucket/+Inf"] == 4
    assert 0 < found["inspector_capture_seconds_sum"] < 60
    assert found["inspector_captures_stored_total"] == 4


def test_private_bins_are_in_no_count(server: RunningServer) -> None:
    with server.process.app.app_context():
        server.process.services.bins.create("hushed", private=True, capacity=10)
    server.send(POST.replace(b"/b1", b"/hushed"))
    found = read_metrics(server)
    assert found["inspector_captures_total/stored"] == 0
    assert found["inspector_captured_bytes_total"] == 0
    assert found["inspector_capture_seconds_count"] == 0


def test_open_streams_and_connections_are_gauges(server: RunningServer) -> None:
    with server.connect() as stream, server.connect() as idle:
        stream.sendall(b"GET /api/v1/bins/b1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert stream.recv(1000).startswith(b"HTTP/1.1 200")
        idle.sendall(POST)
        assert idle.recv(1000)
        found = read_metrics(server)
    assert found["inspector_parked_responses"] == 1
    assert found["inspector_connections"] >= 2


def test_one_who_sends_too_often_is_counted_and_in_the_log_once(
    start_process: StartProcess, caplog: pytest.LogCaptureFixture
) -> None:
    """A sender behind a trusted proxy has the rate of its own address."""
    token = "t0ken-of-this-test"
    server = start_process(
        token=token, trusted_proxies=("127.0.0.1",), max_requests_per_s=5.0, host="127.0.0.1"
    )
    sent = POST.replace(b"\r\n", b"\r\nX-Forwarded-For: 203.0.113.7\r\n", 1)
    with caplog.at_level(logging.WARNING):
        got = server.send(sent * 30)
    limited = got.count(b"HTTP/1.1 429 ")
    assert limited >= 10
    assert caplog.text.count("203.0.113.7 are answered 429") == 1
    assert "--limit max-requests-per-s" in caplog.text
    server_counts = server.process.services.own_server
    assert server_counts is not None
    wait_for(lambda: server_counts.count().captures.outcomes["limited"] == limited or None)
    senders = server.process.services.senders
    assert senders is not None
    assert senders.rates.refused == limited


def test_a_limit_counts_what_it_refuses() -> None:
    rates = RateLimit(1, 2, clock=lambda: 0.0)
    assert [rates.take("203.0.113.9") > 0 for _ in range(5)] == [False, False, True, True, True]
    assert rates.refused == 3


def test_buckets_hold_what_is_at_most_their_bound() -> None:
    histogram = Histogram((1, 2.5))
    for value in (0, 1, 1.01, 2.5, 3):
        histogram.observe(value)
    assert list(histogram.buckets()) == [("1.0", 2), ("2.5", 4), ("+Inf", 5)]
    assert histogram.total == pytest.approx(7.51)


def test_the_database_is_measured_without_counting_rows(server: RunningServer) -> None:
    for _ in range(3):
        server.send(POST)
    server.captured(count=3)
    found = read_metrics(server)
    assert found["inspector_requests_held"] == 3
    head = POST.partition(b"\r\n\r\n")[0]
    assert found["inspector_stored_bytes"] >= 3 * len(head)
    assert found["inspector_database_bytes"] > found["inspector_stored_bytes"]
    assert found["inspector_batch_size_count"] == found["inspector_capture_batches_total"]
    assert found["inspector_batch_size_sum"] == 3
    assert found["inspector_commit_seconds_count"] >= found["inspector_batch_size_count"]
    services = server.process.services
    assert services.search.index is not None
    wait_for(lambda: read_metrics(server)["inspector_index_lag"] == 0 or None)


def test_metrics_are_there_while_the_database_is_not(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_engine: object) -> None:
        raise OSError("away")

    monkeypatch.setattr("inspector.web.metrics.measure_database", fail)
    found = read_metrics(server)
    assert found["inspector_captures_queued"] == 0
    assert "inspector_database_bytes" not in found


def test_the_dashboard_asks_for_metrics_that_there_are(server: RunningServer) -> None:
    path = Path(__file__).parents[2] / "docs" / "grafana.json"
    panels = json.loads(path.read_text(encoding="utf-8"))["panels"]
    asked = {
        name
        for panel in panels
        for target in panel["targets"]
        for name in re.findall(r"inspector_[a-z_]+", target["expr"])
    }
    shown = {name.partition("/")[0] for name in read_metrics(server)}
    # Only a server with a token limits anybody.
    shown |= {"inspector_rate_limited_total"}
    assert asked <= shown
    ours = {name for name in shown if not name.endswith(("_created", "_sum", "_count"))}
    assert ours <= asked
