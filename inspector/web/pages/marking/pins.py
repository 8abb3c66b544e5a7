"""A request's pin and note, changed in its page; with htmx its row changes beside it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, make_response, redirect, render_template, request

from inspector.domain import Bin, CapturedRequest
from inspector.domain.annotations import MAX_NOTE_CHARS
from inspector.errors import InspectorError, RequestNotFoundError
from inspector.web.current import current_services, find_bin
from inspector.web.htmx import render_resource, set_redirect, set_trigger, set_vary, wants_fragment
from inspector.web.pages.request_list import list_context
from inspector.web.statuses import status_of

blueprint = Blueprint("pins", __name__)


@blueprint.post("/bins/<name>/requests/<request_id>/pin")
def pin_request(name: str, request_id: str) -> Any:
    """A form: ``pinned``, 1 or 0."""
    bin_ = find_bin(name)
    pinned = request.form.get("pinned") == "1"
    current_services().annotator.annotate(bin_, request_id, pinned=pinned)
    return _answer(bin_, request_id)


@blueprint.get("/bins/<name>/requests/<request_id>/pin")
def show_pin(name: str, request_id: str) -> Any:
    """The request's current pin and note, for a page that has it open."""
    response = _answer(find_bin(name), request_id)
    response.headers.pop("HX-Trigger", None)
    return response


@blueprint.get("/bins/<name>/requests/<request_id>/note")
def show_note(name: str, request_id: str) -> Response:
    """The note, to be changed: a page, or the inside of a dialog."""
    bin_ = find_bin(name)
    captured = current_services().requests.get(bin_, request_id)
    return _ask(bin_, captured, captured.note or "")


@blueprint.post("/bins/<name>/requests/<request_id>/note")
def note_request(name: str, request_id: str) -> Any:
    """A form: ``note``, empty for none. One that is too long comes back with the reason."""
    bin_ = find_bin(name)
    note = request.form.get("note", "")
    try:
        current_services().annotator.annotate(bin_, request_id, note=note)
    except RequestNotFoundError:
        raise
    except InspectorError as problem:
        captured = current_services().requests.get(bin_, request_id)
        response = _ask(bin_, captured, note, problem.message)
        response.status_code = 200 if wants_fragment() else status_of(problem.code)
        return response
    return _answer(bin_, request_id)


def _ask(bin_: Bin, captured: CapturedRequest, note: str, problem: str = "") -> Response:
    return render_resource(
        "requests/note.html",
        "requests/_note.html",
        bin=bin_,
        captured=captured,
        note=note,
        problem=problem,
        max_chars=MAX_NOTE_CHARS,
    )


def _answer(bin_: Bin, request_id: str) -> Any:
    """Back to the request; or its pin, its note and its row, each to be put in its place.

    Back to the bin when only its pin had kept it.
    """
    try:
        captured = current_services().requests.get(find_bin(bin_.name), request_id)
    except RequestNotFoundError:
        address = f"/bins/{bin_.name}"
        if wants_fragment():
            return set_redirect(make_response(""), address)
        return redirect(address, 303)
    if not wants_fragment():
        return redirect(f"/bins/{bin_.name}/requests/{quote(request_id)}", 303)
    context = list_context(bin_, None) | {"open_id": captured.id, "captured": captured}
    response = make_response(render_template("requests/_annotated.html", **context))
    return set_vary(set_trigger(response, "annotated"))
