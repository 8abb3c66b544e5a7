"""Is it alive, can it store, how much did it do: for machines that watch."""

from __future__ import annotations

from flask import Blueprint, Response

from inspector.web.current import current_services

blueprint = Blueprint("probes", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Alive: the process answers."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
def readyz() -> Response:
    """Ready: captures can be stored. The database itself is asked, in bounded time."""
    trouble = current_services().writer.find_trouble()
    if trouble is not None:
        text = f"Captures cannot be stored: {trouble}.\n"
        return Response(text, 503, {"Retry-After": "2"}, mimetype="text/plain")
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/metrics")
def metrics() -> Response:
    """Counters since the start, in Prometheus's text format (version 0.0.4)."""
    writer = current_services().writer
    lines: list[str] = []
    for name, kind, meaning, value in (
        (
            "captures_stored_total",
            "counter",
            "Requests stored, those of private bins left out.",
            writer.stored,
        ),
        ("captures_failed_total", "counter", "Requests answered 503.", writer.failed),
        ("capture_batches_total", "counter", "Commits made for them.", writer.batches),
        ("storing_fails", "gauge", "1 while captures cannot be stored.", int(writer.is_failing)),
    ):
        full = f"inspector_{name}"
        lines += [f"# HELP {full} {meaning}", f"# TYPE {full} {kind}", f"{full} {value}"]
    return Response("\n".join(lines) + "\n", mimetype="text/plain; version=0.0.4")
