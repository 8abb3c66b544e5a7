"""The columns that a bin's list shows: chosen on its page, and remembered for the bin."""

from __future__ import annotations

from itertools import islice
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, make_response, redirect, request

from inspector.domain import Bin
from inspector.errors import InspectorError
from inspector.reading.columns import MAX_COLUMNS, MAX_NAME_CHARS, check_columns, split_names
from inspector.reading.terms import list_leaf_names
from inspector.web.current import current_services, find_bin
from inspector.web.htmx import render_resource, set_refresh, wants_fragment
from inspector.web.statuses import status_of

blueprint = Blueprint("columns", __name__)

# The newest requests whose field names are suggested.
NAMED_BY = 3
MAX_SUGGESTED = 40


@blueprint.get("/bins/<name>/columns")
def show_columns(name: str) -> Response:
    """The columns, to be changed: a page, or the inside of a dialog."""
    bin_ = find_bin(name)
    return _render(bin_, ", ".join(bin_.columns))


@blueprint.post("/bins/<name>/columns")
def choose_columns(name: str) -> Any:
    """A form: ``columns`` is all of them, ``add`` and ``remove`` one, ``none`` none.

    Returns to the bin, or to the ``request`` of this id. Invalid names come back as typed.
    """
    bin_, form = find_bin(name), request.form
    typed = form.get("columns", ", ".join(bin_.columns))
    names = [] if "none" in form else [*split_names(typed), *form.getlist("add")]
    try:
        removed = check_columns(form.getlist("remove"))
        columns = tuple(each for each in check_columns(names) if each not in removed)
    except InspectorError as problem:
        response = _render(bin_, typed, problem.message)
        response.status_code = 200 if wants_fragment() else status_of(problem.code)
        return response
    current_services().bins.show_columns(name, columns)
    if wants_fragment():
        return set_refresh(make_response(""))
    request_id = form.get("request")
    beside = f"/requests/{quote(request_id, safe='')}" if request_id else ""
    return redirect(f"/bins/{name}{beside}", 303)


def _render(bin_: Bin, given: str, problem: str = "") -> Response:
    return render_resource(
        "bins/columns.html",
        "bins/_columns.html",
        bin=bin_,
        given=given,
        problem=problem,
        suggested=_suggest(bin_),
        most=MAX_COLUMNS,
    )


def _suggest(bin_: Bin) -> list[str]:
    """The names of fields that the newest requests have and the list does not show yet."""
    newest = current_services().requests.page(bin_, limit=NAMED_BY, whole_bodies=False).requests
    names = dict.fromkeys(name for each in newest for name in list_leaf_names(each))
    fitting = (name for name in names if len(name) <= MAX_NAME_CHARS and name not in bin_.columns)
    return list(islice(fitting, MAX_SUGGESTED))
