"""A bin's requests as its page lists them: the newest, older ones, or what a search found."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from inspector.domain import Bin, CapturedRequest
from inspector.errors import InspectorError
from inspector.reading.query import parse_query
from inspector.storage.requests import find_number, make_id
from inspector.web.services import current_services

ROWS = 50


@dataclass(frozen=True, slots=True)
class RequestList:
    """``requests`` newest first; ``older_than_id`` is where the next ones begin, if there are any.

    ``is_live`` when new captures belong on top of it. ``query`` is a search as typed,
    ``""`` for none, and ``problem`` what is wrong with it. A search that ran out of
    time says by ``searched_to`` down to which number it came.
    """

    requests: list[CapturedRequest]
    older_than_id: str | None = None
    is_live: bool = False
    query: str = ""
    problem: str | None = None
    searched_to: int | None = None


def load_list(bin_: Bin, *, before: int | None = None, after: int | None = None) -> RequestList:
    """What the URL asks for: ``?q=`` searches, ``before`` and ``after`` are numbers."""
    query = request.args.get("q", "").strip()
    if query:
        return _search(bin_, query, before)
    page = current_services().requests.page(
        bin_, limit=ROWS, before=before, after=after, whole_bodies=False
    )
    older = page.requests[-1].id if page.has_more else None
    return RequestList(page.requests, older, is_live=before is None and after is None)


def load_list_around(bin_: Bin, captured: CapturedRequest) -> RequestList:
    """The newest page when the request is on it, otherwise one that has it in the middle."""
    newest = load_list(bin_)
    if not newest.requests or newest.requests[-1].number <= captured.number:
        return newest
    ahead = 1 if newest.query else ROWS // 2
    return load_list(bin_, before=captured.number + ahead)


def _search(bin_: Bin, text: str, before: int | None) -> RequestList:
    try:
        query = parse_query(text)
    except InspectorError as error:
        return RequestList([], query=text, problem=error.message)
    found = current_services().search.find(bin_, query, limit=ROWS, before=before)
    is_full = len(found.requests) == ROWS
    return RequestList(
        found.requests,
        None if found.searched_to is None else make_id(bin_.id, found.searched_to),
        query=text,
        searched_to=None if is_full else found.searched_to,
    )


def read_position(bin_: Bin, name: str) -> int | None:
    """The number that ``before`` or ``after`` in the URL stands for; 0 is the beginning."""
    value = request.args.get(name)
    if value is None:
        return None
    number = 0 if value == "0" else find_number(bin_, value)
    if number is None:
        raise InspectorError(f"invalid_{name}", f"{value[:40]!r} is no request's id.", field=name)
    return number
