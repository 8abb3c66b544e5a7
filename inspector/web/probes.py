"""Health checks and metrics: ``/healthz``, ``/readyz`` and ``/metrics``."""

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
    """Counters since the start and gauges of this moment, in Prometheus's text format."""
    from inspector.web.metrics import render_metrics  # seldom asked for, and slow to import

    text = render_metrics(current_services())
    return Response(text, content_type="text/plain; version=0.0.4; charset=utf-8")
