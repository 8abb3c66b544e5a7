"""The emitter's page: compose an action, see its bytes, send it, look at what was sent before."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Never

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.exceptions import NotFound

from inspector.domain.json_bodies import SentNumber, write_json
from inspector.emitter import composition_from_json
from inspector.emitter.recomposing import recompose
from inspector.emitter.tickets import ticket_text
from inspector.errors import InspectorError
from inspector.forms import to_json_safe
from inspector.web.current import current_services, find_bin, parse_id
from inspector.web.htmx import set_vary, wants_fragment
from inspector.web.pages.confirm import ask
from inspector.web.pages.deliveries import answer_job
from inspector.web.pages.emitter_form import UNSET, Draft, make_draft, read_draft
from inspector.web.pages.emitter_problems import describe_problems, find_problems
from inspector.web.pages.emitter_view import (
    check_draft,
    compose,
    describe_draft,
    explain_templates,
    list_lines,
    list_targets,
    target_url,
)
from inspector.web.statuses import status_of

blueprint = Blueprint("emitter", __name__, url_prefix="/emitter")

# One's own ticket travels with the form, percent-encoded.
MAX_FORM_BYTES = 20_000_000


@blueprint.before_request
def _allow_large_forms() -> None:
    request.max_form_memory_size = MAX_FORM_BYTES
    request.max_content_length = MAX_FORM_BYTES


@blueprint.get("")
def show() -> Response:
    """The composer: empty, or with a saved ``action``, a delivery ``again``, a ``series``, a
    captured request's ticket (``from``: bin and request id) or a bin to send ``to``.
    """  # noqa: D205 - one sentence
    return _show_page(_begin())


def _begin() -> Draft:
    services, args = current_services(), request.args
    if "action" in args:
        saved = services.actions.get(parse_id(args["action"], "action"))
        composition = composition_from_json(saved.definition, saved.ticket)
        return make_draft(composition, str(saved.id), origin=f"action:{saved.id}")
    if "again" in args:
        kept = services.deliveries.get(parse_id(args["again"], "delivery"))
        if kept.definition is None or kept.ticket is None:
            raise InspectorError("cannot_edit", "A replayed request was made from no action.")
        composition = composition_from_json(kept.definition, kept.ticket)
        return make_draft(composition, origin=f"delivery:{kept.id}")
    if "series" in args:
        run = services.series.get(args["series"])
        return make_draft(run.composition, plan=run.plan, origin=f"series:{run.id}")
    if "from" in args:
        return _draft_from(args["from"])
    targets = list_targets()
    url = target_url(find_bin(args["to"]).name) if "to" in args else ""
    return Draft(url=url or (targets[0][1] if targets else ""))


def _draft_from(place: str) -> Draft:
    """A captured webhook, to be sent again with changes."""
    captured = _load_captured(place)
    draft = make_draft(recompose(captured, target_url(captured.bin_name)))
    return replace(draft, ticket_text=draft.ticket_text and _pretty(draft.ticket_text))


def _load_captured(place: str) -> Any:
    name, _, request_id = place.strip().strip("/").rpartition("/")
    name = name.removesuffix("/requests").rpartition("/")[2]
    return current_services().requests.get(find_bin(name), request_id)


def _pretty(ticket: str) -> str:
    data = to_json_safe(json.loads(ticket, parse_float=SentNumber))
    return write_json(data, indent=2, ensure_ascii=False)


@blueprint.post("/preview")
def preview() -> Response:
    """The exact request of the form as it is just now; always a fragment."""
    draft = read_draft(request.form)
    shown, problems = find_problems(draft, check_draft)
    described: dict[str, Any] = {"shown": shown, "problems": problems}
    described |= describe_problems() | {"is_fragment": True}
    return set_vary(make_response(render_template("emitter/_preview.html", **described)))


@blueprint.post("")
def act() -> Any:
    """Handle a button of the form: ``do`` names it."""
    draft = read_draft(request.form, request.files)
    verb, _, rest = request.form.get("do", "").partition(":")
    try:
        if verb == "send":
            job = current_services().send(compose(draft), draft.read_plan().first)
            return answer_job(job)
        if verb == "series":
            run = current_services().start_series(compose(draft), draft.read_plan())
            return redirect(f"/emitter/series/{run.id}", 303)
        if verb == "save":
            return _save(draft, None if rest == "new" or not draft.action_id else draft.action_id)
        draft = _change(draft, verb, rest)
    except InspectorError as error:
        if verb == "send" and wants_fragment():
            # htmx swaps nothing for an error's status.
            _, problems = find_problems(draft, check_draft)
            found = {"problems": _with(error, problems), **describe_problems()}
            return set_vary(make_response(render_template("emitter/_problems.html", **found)))
        return _show_page(draft, error)
    return _show_page(draft, focus=rest if verb == "more" else "", tree_open=verb == "unset")


def _change(draft: Draft, verb: str, rest: str) -> Draft:
    if verb == "drop":
        kind, _, position = rest.partition(":")
        return draft.without(kind, int(position)) if position.isdecimal() else draft
    if verb == "unset":
        return draft.with_change(UNSET, rest, "")
    if verb == "load":
        captured = _load_captured(request.form.get("ticket_from", ""))
        return replace(draft, ticket_text=_pretty(ticket_text(captured)))
    return draft


def _save(draft: Draft, action_id: str | None) -> Any:
    definition, ticket = compose(draft).to_json()
    id_ = None if action_id is None else parse_id(action_id, "action")
    saved = current_services().actions.save(definition, ticket, action_id=id_)
    return redirect(f"/emitter?action={saved.id}#actions", 303)


def _show_page(
    draft: Draft,
    error: InspectorError | None = None,
    *,
    focus: str = "",
    tree_open: bool = False,
) -> Response:
    """The page, or the composer alone; with what is wrong, if something is.

    ``focus`` names the rows whose empty one is to be typed in.
    """
    described = describe_draft(draft) | {"focus": focus, "tree_open": tree_open}
    described |= describe_problems() | {"is_fragment": False}
    if error is not None:
        described["problems"] = _with(error, described["problems"])
    if wants_fragment():
        return set_vary(make_response(render_template("emitter/_compose.html", **described)))
    services = current_services()
    page = render_template(
        "emitter/index.html",
        **described,
        actions=[each.without_credentials() for each in services.actions.list()],
        runs=services.series.list(),
        **list_lines(),
        **explain_templates(),
    )
    return set_vary(make_response(page, 200 if error is None else status_of(error.code)))


def _with(error: InspectorError, problems: list[InspectorError]) -> list[InspectorError]:
    """The problems of a form, with the one that has stopped its button."""
    is_known = any((each.code, each.message) == (error.code, error.message) for each in problems)
    return problems if is_known else [error, *problems]


@blueprint.post("/actions/<int:action_id>/send")
def send_action(action_id: int) -> Any:
    """Send a saved action as it is."""
    services = current_services()
    saved = services.actions.get(action_id)
    return answer_job(services.send(composition_from_json(saved.definition, saved.ticket)))


@blueprint.post("/actions/<int:action_id>/copy")
def copy_action(action_id: int) -> Any:
    """Keep it a second time, and go on with the copy."""
    actions = current_services().actions
    saved = actions.get(action_id)
    definition = {**saved.definition, "name": f"Copy of {saved.name}"[:200]}
    made = actions.save(definition, saved.ticket)
    return redirect(f"/emitter?action={made.id}#actions", 303)


@blueprint.get("/<path:_rest>")
def show_nothing(_rest: str) -> Never:
    """Any other address below the emitter's: no bin can be meant, so a page says it is none."""
    raise NotFound


@blueprint.get("/actions/<int:action_id>/delete")
def ask_delete_action(action_id: int) -> Response:
    """The confirmation before a saved action is deleted."""
    saved = current_services().actions.get(action_id)
    question = f"Delete the action {saved.name[:80]}?"
    return ask(question, "It cannot be brought back.", "Delete action", back="/emitter")


@blueprint.post("/actions/<int:action_id>/delete")
def delete_action(action_id: int) -> Any:
    """Delete a saved action, and return to the page."""
    current_services().actions.delete(action_id)
    return redirect("/emitter#actions", 303)
