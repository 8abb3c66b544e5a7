"""The API's call that searches all bins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from flask import Response, stream_with_context
from flask.typing import ResponseReturnValue

from inspector.clock import time
from inspector.domain import CapturedRequest
from inspector.errors import RequestNotFoundError
from inspector.reading.query import Query
from inspector.storage.records import make_id
from inspector.web.api.calls import NEXT_LINK, Answer, Api, link_next
from inspector.web.api.request_json import RequestJson, render_array
from inspector.web.api.requests import DEFAULT_LIMIT, MAX_LIMIT, QUERY, read_search
from inspector.web.api.schema import About
from inspector.web.current import current_services, list_open_bins
from inspector.web.headers import JSON

api = Api()

TIME_S = 0.5


@dataclass(frozen=True)
class SearchQuery:
    """A search over all bins."""

    q: Annotated[str | None, QUERY] = None
    limit: Annotated[int, About("How many, at most.", least=1, most=MAX_LIMIT)] = DEFAULT_LIMIT
    before: Annotated[
        str | None, About("Where a search goes on, as its link says.", max_length=100)
    ] = None


@api.call(
    "GET",
    "/requests",
    Answer(list[RequestJson], meaning="The requests.", headers=(NEXT_LINK,)),
    query=SearchQuery,
    errors=("request_not_found", "invalid_query"),
)
def search_requests(query: SearchQuery) -> ResponseReturnValue:
    """Search the requests of all bins: the newest bin first, in each the newest request.

    May answer fewer than limit, or none, and a link to where it goes on.
    """
    found, go_on = _find(read_search(query.q or ""), query)
    response = Response(stream_with_context(render_array(found)), mimetype=JSON)
    if go_on is not None:
        link_next(response, go_on)
    return response


def _find(wanted: Query, query: SearchQuery) -> tuple[Iterator[CapturedRequest], str | None]:
    deadline = time.monotonic() + TIME_S
    bin_id, number = _read_position(query.before)
    found: list[CapturedRequest] = []
    go_on: str | None = None
    for bin_ in sorted(list_open_bins(), key=lambda each: -each.id):
        if bin_id is not None and bin_.id > bin_id:
            continue
        if go_on is not None and (len(found) == query.limit or time.monotonic() > deadline):
            return iter(found), go_on
        before = number if bin_.id == bin_id else None
        step = current_services().search.find(
            bin_, wanted, limit=query.limit - len(found), before=before
        )
        found += step.requests
        if step.searched_to is not None:
            return iter(found), make_id(bin_.id, step.searched_to)
        go_on = make_id(bin_.id, 1)
    return iter(found), None


def _read_position(text: str | None) -> tuple[int | None, int | None]:
    """A bin and a number in it, below which a search goes on."""
    if text is None:
        return None, None
    numbers = text.split("-")
    if len(numbers) != 2 or not all(each.isascii() and each.isdigit() for each in numbers):
        raise RequestNotFoundError(text[:80])
    if max(map(len, numbers)) > 18:
        raise RequestNotFoundError(text[:80])
    return int(numbers[0]), int(numbers[1])
