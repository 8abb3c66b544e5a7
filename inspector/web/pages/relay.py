"""The page of a bin's relay: its URL and conditions, and the outcomes of the last requests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, redirect, request

from inspector.answers.relays import load_relay
from inspector.domain import Bin
from inspector.emitter.relaying import read_relay
from inspector.errors import InspectorError
from inspector.web.current import current_services, find_bin
from inspector.web.htmx import render_resource
from inspector.web.missed import send_missed
from inspector.web.statuses import status_of

blueprint = Blueprint("relay", __name__)

MAX_SHOWN = 20
# Conditions with a field of their own; the others are written as JSON.
_SIMPLE = ("method", "path", "q")


@blueprint.get("/bins/<name>/relay")
def show_relay(name: str) -> Response:
    """The relay of a bin, to be changed, and the last requests that it passed on."""
    bin_ = find_bin(name)
    return _render(bin_, _write(bin_))


@blueprint.post("/bins/<name>/relay")
def save_relay(name: str) -> Any:
    """A form with ``url``, ``wait``, ``timeout``, ``resign`` and conditions; or ``stop``.

    ``missed`` sends what the program has not answered. What is wrong comes back as it was
    typed, with the reason.
    """
    bin_, services, form = find_bin(name), current_services(), request.form
    try:
        if "stop" in form:
            services.bins.relay_to(bin_.name, None)
        elif "missed" in form:
            send_missed(bin_)
        else:
            relay = read_relay(
                _read(form),
                load_relay(bin_.relay) if bin_.relay else None,
                policy=services.emit_policy(),
                own_urls=services.list_own_urls(),
                bin_name=bin_.name,
            )
            services.bins.relay_to(bin_.name, relay)
    except InspectorError as problem:
        given = form.to_dict() if "url" in form else _write(bin_)
        response = _render(bin_, given, problem)
        response.status_code = status_of(problem.code)
        return response
    return redirect(f"/bins/{name}/relay", 303)


def _write(bin_: Bin) -> dict[str, str]:
    """The bin's relay as the form's texts."""
    if bin_.relay is None:
        return {}
    relay = load_relay(bin_.relay)
    written = relay.to_json()
    match = written["match"]
    others = {name: value for name, value in match.items() if name not in _SIMPLE}
    return {
        "url": written["url"],
        "wait": "yes" if relay.waits else "no",
        "timeout": f"{relay.timeout_s:g}",
        **{name: str(match.get(name, "")) for name in _SIMPLE},
        "others": json.dumps(others, ensure_ascii=False) if others else "",
        **({"resign": "yes"} if relay.resigns else {}),
        **({"insist": "yes"} if relay.insists else {}),
    }


def _read(form: Mapping[str, str]) -> dict[str, Any]:
    """The relay's JSON object out of the form. Raises ``InspectorError``."""
    match: dict[str, Any] = {name: form[name].strip() for name in _SIMPLE if form.get(name)}
    if form.get("others", "").strip():
        try:
            others = json.loads(form["others"])
        except (ValueError, RecursionError):
            others = None
        if not isinstance(others, dict):
            message = 'The other conditions are an object like {"headers": {"X-To": "shop"}}.'
            raise InspectorError("invalid_match", message, field="match")
        match |= others
    try:
        timeout = float(form.get("timeout") or 30)
    except ValueError:
        raise InspectorError(
            "invalid_relay", "The timeout is a number of seconds.", field="timeout"
        ) from None
    return {
        "url": form.get("url", ""),
        "wait": form.get("wait") != "no",
        "timeout": timeout,
        "match": match,
        "resign": "resign" in form,
        "insist": "insist" in form,
    }


def _render(bin_: Bin, given: Mapping[str, str], problem: InspectorError | None = None) -> Response:
    services = current_services()
    numbers = services.relay_records.list_numbers(bin_, limit=MAX_SHOWN)
    keys = services.requests.find_keys(bin_, numbers)
    return render_resource(
        "bins/relay.html",
        "bins/_relay.html",
        bin=bin_,
        given=given,
        problem=problem.message if problem else "",
        wrong_field=str(problem.details.get("field", "")).partition(".")[0] if problem else "",
        relayed=list(services.requests.iterate_keys(bin_, keys, whole_bodies=False)),
        missed=services.relay_records.count_missed(bin_),
        runs=[run for run in services.replays.list_of(bin_.name) if run.make is not None][:1],
    )
