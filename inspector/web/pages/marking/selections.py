"""Actions on requests ticked in a list, or on all that a search finds."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, redirect, request

from inspector.domain import Bin
from inspector.errors import InspectorError
from inspector.reading.query import MAX_QUERY_CHARS, Query, parse_query
from inspector.reading.query.numbers import write_numbers
from inspector.web.current import current_services, find_bin
from inspector.web.pages.confirm import ask
from inspector.web.pages.search import read_zone

blueprint = Blueprint("selections", __name__)

EXPORTS = ("har", "jsonl", "csv", "html")
COUNT_S = 2.0


@blueprint.post("/bins/<name>/selected")
def use_selection(name: str) -> Any:
    """A form: ``do`` and each ``number``, or else ``q``. To the page or file that does it."""
    bin_ = find_bin(name)
    numbers = request.form.getlist("number", type=int)
    query = write_numbers(numbers) if numbers else request.form.get("q", "").strip()
    if not query:
        raise InspectorError("nothing_selected", "Tick the requests that are meant, or search.")
    if len(query) > MAX_QUERY_CHARS:
        raise InspectorError(
            "too_many_selected", "These are too many to name one by one: search for them instead."
        )
    asked, q = request.form.get("do", ""), quote(query, safe="")
    if asked in EXPORTS:
        return redirect(f"/api/v1/bins/{bin_.name}/export?format={asked}&q={q}", 303)
    page = "replay" if asked == "replay" else "delete-found"
    return redirect(f"/bins/{bin_.name}/{page}?q={q}", 303)


@blueprint.get("/bins/<name>/delete-found")
def ask_delete_found(name: str) -> Response:
    """The confirmation, with how many ``q`` finds."""
    bin_ = find_bin(name)
    query = _read_query()
    count, rest = current_services().search.count(bin_, query, time_s=COUNT_S)
    more = "" if rest is None else " or more"
    what = f"{count:,}{more} request{'' if count == 1 and not more else 's'}"
    back = f"/bins/{name}?q={quote(query.text, safe='')}"
    loss = f"{_say_pinned(bin_)}What is deleted cannot be brought back."
    return ask(f"Delete {what}?", loss, f"Delete {what}", back=back, action=request.full_path)


@blueprint.post("/bins/<name>/delete-found")
def delete_found(name: str) -> Any:
    """Delete the requests that a search finds, and return to the bin."""
    current_services().delete_found(find_bin(name), _read_query())
    return redirect(f"/bins/{name}", 303)


def _read_query() -> Query:
    """The query of the URL; without one nothing is meant, and not everything."""
    query = parse_query(request.args.get("q", ""), zone=read_zone())
    if not query:
        raise InspectorError("nothing_selected", "Tick the requests that are meant, or search.")
    return query


def _say_pinned(bin_: Bin) -> str:
    """The sentence about pinned requests that a deletion would take, too."""
    count, _ = current_services().search.count(
        bin_, parse_query(f"is:pinned ({request.args.get('q', '')})", zone=read_zone())
    )
    return f"{count:,} of them {'is' if count == 1 else 'are'} pinned. " if count else ""
