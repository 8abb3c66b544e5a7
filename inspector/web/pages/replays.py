"""Pages that send many captured requests again: the form, and the progress."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request

from inspector.answers.matches import read_match
from inspector.domain import Bin
from inspector.domain.credentials import restore_url
from inspector.emitter.replay_runs import MAX_RATE_PER_S, MIN_RATE_PER_S, ReplayPlan
from inspector.errors import InspectorError
from inspector.reading.query import parse_query
from inspector.web.current import current_services, find_bin, find_replays
from inspector.web.htmx import render_resource, wants_fragment
from inspector.web.pages.replay import list_targets
from inspector.web.statuses import status_of

blueprint = Blueprint("replays", __name__)

LINES = 12
COUNT_S = 1.0
_FIELDS = ("url", "q", "rate", "resign", "refused")


@blueprint.get("/bins/<name>/replay")
def show(name: str) -> Response:
    """The form, which begins with the search ``q`` and the URL of last time."""
    bin_ = find_bin(name)
    return _show_form(bin_, {"url": "".join(list_targets(bin_)[:1]), **request.args.to_dict()})


@blueprint.post("/bins/<name>/replay")
def start(name: str) -> Any:
    """Start a run, and redirect to the page of its progress."""
    bin_, form = find_bin(name), request.form
    try:
        match = read_match({"q": form.get("q", "").strip()})
        plan = _read_plan(bin_, form)
        refused_too = bool(form.get("refused"))
        run = current_services().start_replays(bin_, plan, match, refused_too=refused_too)
    except InspectorError as problem:
        return _show_form(bin_, form, problem)
    return redirect(f"/bins/{name}/replay/{run.id}", 303)


def _read_plan(bin_: Bin, form: Mapping[str, str]) -> ReplayPlan:
    return ReplayPlan(
        bin_.name,
        restore_url(form.get("url", "").strip(), bin_.replay_urls),
        _read_rate(form.get("rate", "")),
        form.get("q", "").strip(),
        secrets=current_services().bins.load_secrets(bin_.name),
        resign=bool(form.get("resign")),
    )


def _read_rate(text: str) -> float | None:
    if not text.strip():
        return None
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not MIN_RATE_PER_S <= rate <= MAX_RATE_PER_S:
        message = f"A rate is {MIN_RATE_PER_S:g} to {MAX_RATE_PER_S:,} a second."
        raise InspectorError("invalid_rate", message, field="rate")
    return rate


def _show_form(
    bin_: Bin, given: Mapping[str, str], problem: InspectorError | None = None
) -> Response:
    page = render_template(
        "replays/index.html",
        bin=bin_,
        given={field: given.get(field, "") for field in _FIELDS},
        targets=list_targets(bin_),
        matching=_count(bin_, given.get("q", "")),
        runs=current_services().replays.list_of(bin_.name),
        problem=problem.message if problem else "",
    )
    return make_response(page, 200 if problem is None else status_of(problem.code))


def _count(bin_: Bin, text: str) -> int | None:
    """The number of requests that a search finds; None where that takes long, or it is none."""
    try:
        query = parse_query(text.strip())
    except InspectorError:  # Said when it is used.
        return None
    count, rest = current_services().search.count(bin_, query, time_s=COUNT_S)
    return count if rest is None else None


@blueprint.get("/bins/<name>/replay/<run_id>")
def show_run(name: str, run_id: str) -> Response:
    """A run's progress, then its summary; the page reloads by itself."""
    run = find_replays(name, run_id)
    return render_resource(
        "replays/show.html",
        "replays/_run.html",
        bin=find_bin(name),
        run=run,
        lines=current_services().deliveries.list(limit=LINES, run=run.id),
    )


@blueprint.post("/bins/<name>/replay/<run_id>/stop")
def stop_run(name: str, run_id: str) -> Any:
    """Stop a run: the request under way is its last."""
    find_replays(name, run_id).abort()
    if wants_fragment():
        return show_run(name, run_id)
    return redirect(f"/bins/{name}/replay/{run_id}", 303)
