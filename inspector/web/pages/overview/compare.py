"""The compare page: two requests of a bin, field by field."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request

from inspector.domain import Bin, CapturedRequest
from inspector.errors import InspectorError
from inspector.reading.compare import compare_requests
from inspector.reading.fields import find_text
from inspector.reading.overview.series import SUBJECT
from inspector.reading.query import parse_query
from inspector.reading.terms import find_terms
from inspector.storage.records import find_number
from inspector.web.current import current_services, find_bin
from inspector.web.htmx import set_vary

blueprint = Blueprint("compare", __name__)

TICKET = "ticket"


@blueprint.get("/bins/<name>/compare")
def show_comparison(name: str) -> Response:
    """Two requests, older first: ``a``, and ``b`` or the one before it.

    Either is an id or a number; ``b=ticket`` is the one before it about the same ticket.
    """
    bin_ = find_bin(name)
    requests = current_services().requests
    newer = requests.get(bin_, _read_id(bin_, "a"))
    older = _find_other(bin_, newer)
    if older is not None and older.number > newer.number:
        newer, older = older, newer
    around = requests.neighbours(bin_, newer.number)
    return set_vary(
        make_response(
            render_template(
                "compare/show.html",
                bin=bin_,
                newer=newer,
                older=older,
                older_id=around[0],
                newer_id=around[1],
                comparison=None if older is None else compare_requests(older, newer),
                subject=find_text(newer, SUBJECT),
                of_ticket=_find_of_ticket(bin_, newer),
            )
        )
    )


def _find_other(bin_: Bin, captured: CapturedRequest) -> CapturedRequest | None:
    requests = current_services().requests
    wanted = request.args.get("b", "")
    if wanted == TICKET:
        return _find_of_ticket(bin_, captured)
    if wanted:
        return requests.get(bin_, _read_id(bin_, "b"))
    found = requests.page(bin_, limit=1, before=captured.number).requests
    return found[0] if found else None


def _find_of_ticket(bin_: Bin, captured: CapturedRequest) -> CapturedRequest | None:
    """The previous request about the same ticket, as far back as a search has time for."""
    equals = find_terms(captured, SUBJECT)[1]
    if not equals:
        return None
    search = current_services().search
    found = search.find(bin_, parse_query(equals), limit=1, before=captured.number).requests
    return found[0] if found else None


def _read_id(bin_: Bin, name: str) -> str:
    """The id that an argument names, itself or by its number within the bin."""
    value = request.args.get(name, "").strip().removeprefix("#")
    if find_number(bin_, value) is None:
        raise InspectorError(
            f"invalid_{name}", f"{value[:40]!r} is no request of this bin.", field=name
        )
    return value
