"""The API's call that searches all bins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from flask import Response, stream_with_context
from flask.typing import ResponseReturnValue

from inspector.errors import RequestNotFoundError
from inspector.storage.records import find_position_in_bins, make_id
from inspector.web.api.calls import NEXT_LINK, Api, CallResponse, link_next
from inspector.web.api.request_json import RequestJson, render_array
from inspector.web.api.requests import DEFAULT_LIMIT, MAX_LIMIT, QUERY, read_search
from inspector.web.api.schema import About
from inspector.web.current import current_services, list_open_bins
from inspector.web.headers import JSON

api = Api()


@dataclass(frozen=True)
class SearchQuery:
    """A search over all bins."""

    q: Annotated[str | None, QUERY] = None
    limit: Annotated[
        int, About("The largest number of entries to answer.", least=1, most=MAX_LIMIT)
    ] = DEFAULT_LIMIT
    before: Annotated[
        str | None, About("The position at which a search goes on, from its link.", max_length=100)
    ] = None


@api.call(
    "GET",
    "/requests",
    CallResponse(list[RequestJson], meaning="The requests.", headers=(NEXT_LINK,)),
    query=SearchQuery,
    errors=("request_not_found", "invalid_query"),
)
def search_requests(query: SearchQuery) -> ResponseReturnValue:
    """Search the requests of all bins: the newest bin first, in each the newest request.

    May answer fewer than limit, or none, and a link to where it goes on.
    """
    before = None if query.before is None else find_position_in_bins(query.before)
    if query.before is not None and before is None:
        raise RequestNotFoundError(query.before[:80])
    found, go_on = current_services().search.find_in_bins(
        list_open_bins(), read_search(query.q or ""), limit=query.limit, before=before
    )
    response = Response(stream_with_context(render_array(found)), mimetype=JSON)
    if go_on is not None:
        link_next(response, make_id(*go_on))
    return response
