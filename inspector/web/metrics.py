"""Metrics for Prometheus at ``/metrics``."""

from __future__ import annotations

import logging
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
from inspector.storage.database.measures import measure_database
from inspector.web.services import Services

log = logging.getLogger("inspector.web")


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
        yield from _describe_database(services)
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
    yield _histogram("batch_size", "Captures in a commit.", writer.batch_sizes)
    commit = "From the first statement of a batch to its end on the disk."
    yield _histogram("commit_seconds", commit, writer.commit_seconds)
    yield _counter("relayed", "Requests passed on, whatever came of it.", writer.relayed)


def _describe_database(services: Services) -> list[Metric]:
    """The database's metrics; none while it does not answer."""
    try:
        found = measure_database(services.engine)
        index = services.search.index
        missing = None if index is None else index.count_missing()
    except Exception:
        log.debug("The database cannot be measured.", exc_info=True)
        return []
    metrics = [
        _gauge("requests_held", "Requests that all bins hold.", found.requests),
        _gauge("stored_bytes", "Heads and bodies: what --max-total bounds.", found.stored_bytes),
        _gauge("database_bytes", "Size on the disk, with indexes and free room.", found.disk_bytes),
    ]
    if missing is not None:
        lag = "Requests that the index of words has still to take in, up to 100,000."
        metrics.append(_gauge("index_lag", lag, missing))
    return metrics


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
    kinds = GaugeMetricFamily(
        "inspector_parked", "The same by kind: stream, wait, answer.", labels=("kind",)
    )
    for kind in ("stream", "wait", "answer"):
        kinds.add_metric((kind,), counts.kinds[kind])
    yield kinds
    yield _gauge("relays_under_way", "Requests being passed on to programs.", counts.relays)
    yield _gauge("pages_waiting", "Pages that wait for a thread.", counts.waiting_pages)


def _counter(name: str, meaning: str, value: float) -> Metric:
    return CounterMetricFamily(f"inspector_{name}", meaning, value=value)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"inspector_{name}", meaning, value=value)


def _histogram(name: str, meaning: str, values: Histogram) -> Metric:
    return HistogramMetricFamily(
        f"inspector_{name}", meaning, buckets=list(values.buckets()), sum_value=values.total
    )
