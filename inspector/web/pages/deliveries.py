"""Deliveries and series as pages: under way, done, compared, sent again."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request

from inspector.domain.deliveries import Delivery
from inspector.emitter import series_runs
from inspector.emitter.elsewhere import DeliveryElsewhere
from inspector.emitter.outbox import DeliveryJob, make_repetition
from inspector.errors import InspectorError
from inspector.reading.compare import compare_requests
from inspector.web.current import current_services, parse_id
from inspector.web.htmx import render_resource, set_trigger, set_vary, wants_fragment
from inspector.web.pages.confirm import ask
from inspector.web.pages.emitter_view import (
    LINES,
    LINES_OF_LOG,
    find_own_bin,
    list_lines,
    render_curl,
    show_bytes,
    show_sent,
)

blueprint = Blueprint("deliveries", __name__, url_prefix="/emitter")

# Most receivers answer within this; for the others the page reloads.
SHORT_WAIT_S = 1.0


@blueprint.get("/deliveries")
def list_deliveries() -> Response:
    """The deliveries, the newest first, or those ``before`` an id; the list is a fragment too.

    Those of a ``run`` (a series, or replays of many requests) are listed by its id.
    """
    before = parse_id(request.args["before"]) if "before" in request.args else None
    run = request.args.get("run")
    lines = list_lines(LINES if wants_fragment() else LINES_OF_LOG, before, run)
    return render_resource("emitter/deliveries.html", "emitter/_deliveries.html", **lines)


@blueprint.get("/deliveries/<delivery_id>")
def show_delivery(delivery_id: str) -> Response:
    """One delivery: the bytes, the answer, the times."""
    return _show(current_services().deliveries.get(parse_id(delivery_id)))


def _show(delivery: Delivery) -> Response:
    services = current_services()
    delivery = delivery.without_credentials()
    earlier = services.deliveries.list(limit=1, before=delivery.id)
    return render_resource(
        "emitter/delivery.html",
        "emitter/_delivery.html",
        delivery=delivery,
        line=delivery.line,
        shown=show_sent(delivery),
        answer_body=show_bytes(delivery.answer.body) if delivery.answer else None,
        curl=render_curl(delivery),
        earlier=earlier[0] if earlier else None,
        own_bin=find_own_bin(delivery.line.url),
    )


@blueprint.post("/deliveries/<delivery_id>/send")
def send_again(delivery_id: str) -> Any:
    """Send a delivery again, byte for byte."""
    services = current_services()
    delivery = services.deliveries.get(parse_id(delivery_id))
    return answer_job(services.dispatch(make_repetition(delivery)))


def answer_job(job: DeliveryJob) -> Any:
    """Redirect to the delivery when it is done soon, else to a page that waits for it."""
    if not job.wait(SHORT_WAIT_S):
        current_services().tell_of_delivery(job)
        if wants_fragment():
            return show_job(job.token)
        return redirect(f"/emitter/under-way/{job.token}", 303)
    delivery = job.result()
    if wants_fragment():
        return set_trigger(_show(delivery), "sent")
    if delivery.is_kept:
        return redirect(f"/emitter/deliveries/{delivery.id}", 303)
    if request.method == "POST":
        return redirect(f"/emitter/under-way/{job.token}", 303)
    return _show(delivery)


@blueprint.get("/under-way/<token>")
def show_job(token: str) -> Any:
    """The page of a delivery under way; once it is done, a redirect to the delivery."""
    job = current_services().find_delivery(token)
    if isinstance(job, DeliveryElsewhere):
        if job.is_done:
            return _answer_elsewhere(job)
        method, url = job.method, job.url
    elif job.is_done:
        return answer_job(job)
    else:
        method, url = job.order.request.method, str(job.order.request.url)
    given = {"token": token, "method": method, "url": url}
    return render_resource("emitter/under_way.html", "emitter/_under_way.html", **given)


def _answer_elsewhere(job: DeliveryElsewhere) -> Any:
    if job.error is not None:
        raise job.error
    if job.delivery_id is None:
        message = "This delivery was not kept by the server that sent it."
        raise InspectorError("delivery_not_found", message)
    if wants_fragment():
        kept = current_services().deliveries.get(job.delivery_id)
        return set_trigger(_show(kept), "sent")
    return redirect(f"/emitter/deliveries/{job.delivery_id}", 303)


@blueprint.post("/under-way/<token>/stop")
def stop_sending(token: str) -> Any:
    """Make no further attempt; the one under way ends by itself."""
    current_services().find_delivery(token).stop()
    return redirect(f"/emitter/under-way/{token}", 303)


@blueprint.get("/compare")
def compare_deliveries() -> Response:
    """Two deliveries, ``a`` the older and ``b``: what was sent, and what was answered."""
    deliveries = current_services().deliveries
    pair = [deliveries.get(parse_id(request.args.get(name, ""))) for name in ("a", "b")]
    older, newer = sorted(pair, key=lambda each: each.id)
    before, after = (each.without_credentials().message for each in (older, newer))
    comparison = compare_requests(before, after)
    page = render_template("emitter/compare.html", older=older, newer=newer, comparison=comparison)
    return set_vary(make_response(page))


@blueprint.get("/series/<run_id>")
def show_series(run_id: str) -> Response:
    """The progress of a series, and at its end the summary."""
    run = current_services().series.get(run_id)
    progress = run.progress()
    return render_resource(
        "emitter/series.html",
        "emitter/_series.html",
        run=run,
        progress=progress,
        kept_first=series_runs.KEPT_FIRST,
        kept_failed=series_runs.KEPT_FAILED,
    )


@blueprint.post("/series/<run_id>/stop")
def stop_series(run_id: str) -> Any:
    """Begin no further delivery."""
    current_services().series.get(run_id).stop()
    if wants_fragment():
        return show_series(run_id)
    return redirect(f"/emitter/series/{run_id}", 303)


@blueprint.get("/deliveries/clear")
def ask_clear() -> Response:
    """The confirmation before the log is cleared."""
    return ask(
        "Delete all deliveries?",
        "What was sent and answered cannot be brought back. Saved actions stay.",
        "Delete them",
        back="/emitter",
    )


@blueprint.post("/deliveries/clear")
def clear() -> Any:
    """Delete the log of deliveries, and return to the page."""
    current_services().deliveries.clear()
    return redirect("/emitter", 303)
