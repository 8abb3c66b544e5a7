"""Actions on requests ticked in a list, or on all that a search finds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, redirect, request

from inspector.domain import Bin, CapturedRequest
from inspector.errors import InspectorError
from inspector.reading.query import MAX_QUERY_CHARS, Query, parse_query
from inspector.reading.query.numbers import write_numbers
from inspector.web.current import current_services, find_bin
from inspector.web.deletions import GRACE_S, MAX_NUMBERS, iterate_found
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
    if asked == "replay":
        return redirect(f"/bins/{bin_.name}/replay?q={q}", 303)
    return redirect(f"/bins/{bin_.name}/delete-found?q={q}", 307)  # a POST, as this one


@blueprint.get("/bins/<name>/delete-found")
def ask_delete_found(name: str) -> Response:
    """The confirmation, with how many ``q`` finds."""
    return _ask(find_bin(name), _read_query(), is_final=not can_undo())


@blueprint.post("/bins/<name>/delete-found")
def delete_found(name: str) -> Any:
    """Delete the requests that a search finds, and return to the bin, which offers to undo it.

    Where that cannot be undone, a page says so and asks first; its form has ``sure``.
    """
    bin_, query = find_bin(name), _read_query()
    services = current_services()
    if "sure" in request.form:
        services.delete_found(bin_, query)
    elif not delete_undoably(bin_, iterate_found(services.search, bin_, query)):
        return _ask(bin_, query, is_final=True)
    return redirect(f"/bins/{name}", 303)


def can_undo() -> bool:
    """False where another server, which knows nothing of a deletion, may be asked to undo it."""
    return current_services().board is None


def delete_undoably(bin_: Bin, requests: Iterable[CapturedRequest]) -> bool:
    """Delete these, so that it can be undone for a while; False where that cannot be."""
    return can_undo() and current_services().deletions.begin(bin_.id, requests)


@blueprint.post("/bins/<name>/undo")
def undo_deletion(name: str) -> Any:
    """A form: ``token``, of a deletion. Back to the bin with its requests."""
    bin_ = find_bin(name)
    if not current_services().deletions.undo(bin_.id, request.form.get("token", "")):
        raise InspectorError("too_late", "It is too late to undo this: the requests are deleted.")
    return redirect(f"/bins/{name}", 303)


def ask_to_delete(
    what: str, *, back: str, action: str, is_final: bool, pinned: str = ""
) -> Response:
    """The confirmation, with the reason for which it is asked."""
    if not is_final:
        loss = f"For {GRACE_S:g} seconds it can be undone."
    elif can_undo():
        loss = f"More than {MAX_NUMBERS:,} requests are not held back: it cannot be undone."
    else:
        loss = "Several servers share this database: it cannot be undone."
    question, verb = f"Delete {what}?", f"Delete {what}"
    return ask(question, f"{pinned}{loss}", verb, back=back, action=action, sure=is_final)


def _ask(bin_: Bin, query: Query, *, is_final: bool) -> Response:
    count, rest = current_services().search.count(bin_, query, time_s=COUNT_S)
    more = "" if rest is None else " or more"
    what = f"{count:,}{more} request{'' if count == 1 and not more else 's'}"
    address = f"/bins/{bin_.name}"
    return ask_to_delete(
        what,
        back=f"{address}?q={quote(query.text, safe='')}",
        action=f"{address}/delete-found?q={quote(request.args['q'], safe='')}",
        is_final=is_final,
        pinned=_say_pinned(bin_),
    )


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
