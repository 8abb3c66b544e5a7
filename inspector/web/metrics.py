"""What Prometheus reads at ``/metrics``."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from inspector.domain.counters import Histogram, ServerCounts
from inspector.web.services import Services


def render_metrics(services: Services) -> bytes:
    """Counters since the start and gauges of this moment, as text (version 0.0.4)."""
    registry = CollectorRegistry()
    registry.register(_Collector(services))
    return generate_latest(registry)


class _Collector(Collector):
    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        services = self._services
        yield from _describe_writer(services)
        if services.senders is not None:
            yield _counter("rate_limited", "Requests answered 429.", services.senders.rates.refused)
        under_way = services.outbox.count_under_way()
        yield _gauge("deliveries_under_way", "Deliveries being sent.", under_way)
        if services.own_server is not None:
            yield from _describe_server(services.own_server.count())


def _describe_writer(services: Services) -> Iterator[Metric]:
    writer = services.writer
    stored = "Requests stored, those of private bins left out."
    yield _counter("captures_stored", stored, writer.stored)
    yield _counter("captures_failed", "Requests answered 503.", writer.failed)
    yield _counter("capture_batches", "Commits made for them.", writer.batches)
    failing = "1 while captures cannot be stored."
    yield _gauge("storing_fails", failing, int(writer.is_failing))
    yield _gauge("captures_queued", "Captures that wait to be stored.", writer.queued)


def _describe_server(counts: ServerCounts) -> Iterator[Metric]:
    outcomes = CounterMetricFamily(
        "inspector_captures",
        "Requests to bins by what became of them, those of private bins left out.",
        labels=("outcome",),
    )
    for outcome in ("stored", "refused", "limited", "no_bin", "failed"):
        outcomes.add_metric((outcome,), counts.captures.outcomes[outcome])
    yield outcomes
    yield _counter("captured_bytes", "Bytes of bodies stored.", counts.captures.bytes)
    yield _histogram(
        "capture_seconds", "From a request's last byte to its answer.", counts.captures.seconds
    )
    yield _gauge("connections", "Open connections, parked ones left out.", counts.connections)
    yield _gauge("parked_responses", "Streams, waits and delayed answers.", counts.parked)
    yield _gauge("pages_waiting", "Pages that wait for a thread.", counts.waiting_pages)


def _counter(name: str, meaning: str, value: float) -> Metric:
    return CounterMetricFamily(f"inspector_{name}", meaning, value=value)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"inspector_{name}", meaning, value=value)


def _histogram(name: str, meaning: str, values: Histogram) -> Metric:
    return HistogramMetricFamily(
        f"inspector_{name}", meaning, buckets=list(values.buckets()), sum_value=values.total
    )
