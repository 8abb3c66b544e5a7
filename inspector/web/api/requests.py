"""The API's calls about captured requests: list, read, delete."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Annotated, Literal, TypedDict

from flask import Response, jsonify, stream_with_context
from flask.typing import ResponseReturnValue

from inspector.clock import time
from inspector.domain import Bin, CapturedRequest
from inspector.domain.annotations import MAX_NOTE_CHARS, UNCHANGED
from inspector.domain.pairs import TCHAR
from inspector.emitter.recomposing import recompose
from inspector.errors import InspectorError, RequestNotFoundError
from inspector.exports import export_request
from inspector.exports.formats import HAR, TEXT
from inspector.reading.columns import check_columns, split_names
from inspector.reading.query import MAX_QUERY_CHARS, Query, parse_query
from inspector.storage.records import make_id
from inspector.web.api.action_json import write_composition
from inspector.web.api.calls import NEXT_LINK, Api, CallResponse, link_next
from inspector.web.api.request_json import (
    AS_RECEIVER,
    PHP,
    Receiver,
    RequestJson,
    render_array,
    render_request,
)
from inspector.web.api.schema import About
from inspector.web.current import current_services, find_bin, find_position
from inspector.web.headers import JSON

api = Api()

# A captured request as an action: JSON of another shape than the request's own.
ACTION = "application/vnd.inspector.action+json"
DEFAULT_LIMIT = 50
MAX_LIMIT = 500
BINARY = "application/octet-stream"
# Three centuries: older than anything that a computer has received.
MAX_AGE_S = 10_000_000_000

METHOD = About(
    "Only requests of this method; upper and lower case differ.",
    pattern=TCHAR + "{1,100}",
    form="is a method of HTTP, like POST",
)
QUERY = About(
    "Words, method:POST, header:NAME=VALUE, ticket.agent.id=3, has:NAME, is:empty and more: the "
    "language of the page's search box.",
    max_length=MAX_QUERY_CHARS,
)
COLUMNS = About(
    "Fields by the search language's names, with commas between: each request has their texts in "
    "columns.",
    max_length=1_300,
)
AFTER = About("The id of a request: only later ones count; 0 for all.", max_length=100)


@dataclass(frozen=True)
class ListQuery:
    """A selection of requests."""

    limit: Annotated[
        int, About("The largest number of entries to answer.", least=1, most=MAX_LIMIT)
    ] = DEFAULT_LIMIT
    before: Annotated[
        str | None, About("The id of a request: only earlier ones.", max_length=100)
    ] = None
    after: Annotated[str | None, AFTER] = None
    q: Annotated[str | None, QUERY] = None
    method: Annotated[str | None, METHOD] = None
    columns: Annotated[str | None, COLUMNS] = None


@api.call(
    "GET",
    "/bins/<name>/requests",
    CallResponse(
        list[RequestJson],
        meaning="The requests.",
        headers=(NEXT_LINK,),
    ),
    query=ListQuery,
    errors=("request_not_found", "invalid_query", "invalid_columns"),
)
def list_requests(name: str, query: ListQuery) -> ResponseReturnValue:
    """List a bin's requests, newest first.

    A search over many requests may answer fewer than limit, or none, and a link to
    where it goes on.
    """
    bin_ = find_bin(name)
    columns = check_columns(split_names(query.columns or ""))
    found, go_on = _search(bin_, query) if query.q else _page(bin_, query)
    response = Response(stream_with_context(render_array(found, columns)), mimetype=JSON)
    if go_on is not None:
        link_next(response, make_id(bin_.id, go_on))
    return response


def _page(bin_: Bin, query: ListQuery) -> tuple[Iterator[CapturedRequest], int | None]:
    store = current_services().requests
    keys = store.list_keys(
        bin_,
        limit=query.limit + 1,
        before=find_position(bin_, query.before),
        after=find_position(bin_, query.after),
        method=query.method,
    )
    shown = keys[: query.limit]
    return store.iterate_keys(bin_, shown), shown[-1].number if len(keys) > len(shown) else None


def _search(bin_: Bin, query: ListQuery) -> tuple[Iterator[CapturedRequest], int | None]:
    found = current_services().search.find(
        bin_,
        read_search(query.q or ""),
        limit=query.limit,
        before=find_position(bin_, query.before),
        after=find_position(bin_, query.after),
        method=query.method,
    )
    return iter(found.requests), found.searched_to


def read_search(text: str) -> Query:
    """The query in the parameter ``q``. Raises ``invalid_query``, which names it."""
    try:
        return parse_query(text)
    except InspectorError as error:
        error.details.setdefault("field", "q")
        raise


@dataclass(frozen=True)
class ClearQuery:
    """The search that chooses the bin's requests."""

    q: Annotated[str | None, QUERY] = None


@api.call(
    "DELETE",
    "/bins/<name>/requests",
    CallResponse(status=204, meaning="They are gone."),
    query=ClearQuery,
    errors=("invalid_query",),
)
def clear_bin(name: str, query: ClearQuery) -> ResponseReturnValue:
    """Delete a bin's requests, or those that a search finds; numbering continues."""
    bin_ = find_bin(name)
    requests = current_services().requests
    if not query.q:
        requests.clear(bin_)
        return "", 204
    current_services().delete_found(bin_, read_search(query.q))
    return "", 204


@dataclass(frozen=True)
class Age:
    """An age from which requests go."""

    older_than_s: Annotated[
        float, About("Seconds since they were received.", least=0, most=MAX_AGE_S)
    ]


class PrunedJson(TypedDict):
    """The outcome of a pruning."""

    deleted: Annotated[int, About("The number of deleted requests.")]


@api.call(
    "POST",
    "/bins/<name>/prune",
    CallResponse(PrunedJson, meaning="The number of deleted requests."),
    body=Age,
)
def prune_bin(name: str, body: Age) -> ResponseReturnValue:
    """Delete a bin's older requests, in one call."""
    before_us = time.time_ns() // 1000 - int(body.older_than_s * 1_000_000)
    gone = current_services().requests.prune(find_bin(name), before_us, whole=True)
    return jsonify({"deleted": gone})


@dataclass(frozen=True)
class FormatQuery:
    """In which form."""

    format: Annotated[
        Literal[
            "json",
            "curl",
            "curl-fish",
            "curl-insomnia",
            "curl-file",
            "httpie",
            "python",
            "requests",
            "pytest",
            "html",
            "har",
            "raw",
            "action",
        ],
        About(
            "curl is for bash, zsh, Postman and Insomnia, curl-insomnia is the same with a form's "
            "spaces as %20, curl-file takes the body from the file that /body downloads, curl-fish "
            "and httpie are for bash or fish, python is for httpx, pytest a test with our fixture, "
            "html a page for people without Inspector, har an HTTP Archive, raw the HTTP message, "
            "action what the calls for actions take."
        ),
    ] = "json"
    as_: Annotated[Receiver, AS_RECEIVER] = "php"


@api.call(
    "GET",
    "/bins/<name>/requests/<request_id>",
    CallResponse(
        RequestJson,
        meaning="The request.",
        others=("text/plain", "text/html", HAR, "message/http", ACTION),
    ),
    query=FormatQuery,
    errors=("request_not_found", "cannot_express", "cannot_edit"),
)
def get_request(name: str, request_id: str, query: FormatQuery) -> ResponseReturnValue:
    """Get one request, as JSON or in a form that other programs take."""
    captured = load_request(name, request_id)
    if query.format == "json":
        return _answer(captured, query.as_)
    services = current_services()
    if query.format == "action":
        composition = recompose(captured, services.near_bin_url(captured.bin_name))
        response = jsonify(write_composition(composition))
        response.mimetype = ACTION
        return response
    made = export_request(captured, query.format, services.base_url())
    filename = f"{captured.bin_name}-{captured.number}.{made.suffix}"
    response = make_download(made.data, made.media_type, filename)
    if made.media_type == TEXT:
        # Plain text is shown, for people who copy it.
        del response.headers["Content-Disposition"]
    return response


@dataclass(frozen=True)
class RequestChange:
    """A pin and a note; what is not given stays."""

    pinned: Annotated[
        bool | None, About("True to keep it when the bin is full or it is too old.")
    ] = None
    note: Annotated[
        str | None, About("A text to find it by; empty for none.", max_length=MAX_NOTE_CHARS)
    ] = None


@api.call(
    "PATCH",
    "/bins/<name>/requests/<request_id>",
    CallResponse(RequestJson, meaning="The request as it is now."),
    body=RequestChange,
    errors=("request_not_found", "too_many_pinned"),
)
def change_request(name: str, request_id: str, body: RequestChange) -> ResponseReturnValue:
    """Pin a request, so that it stays, or put a note on it.

    A request that only its pin has kept is deleted when the pin is taken off.
    """
    captured = load_request(name, request_id)
    note = UNCHANGED if body.note is None else body.note
    services = current_services()
    services.annotator.annotate(find_bin(name), request_id, pinned=body.pinned, note=note)
    with suppress(RequestNotFoundError):
        captured = load_request(name, request_id)
        return _answer(captured)
    return _answer(replace(captured, pinned=False))


@api.call(
    "DELETE",
    "/bins/<name>/requests/<request_id>",
    CallResponse(status=204, meaning="It is gone."),
    errors=("request_not_found",),
)
def delete_request(name: str, request_id: str) -> ResponseReturnValue:
    """Delete one request."""
    current_services().requests.delete(find_bin(name), request_id)
    return "", 204


@api.call(
    "GET",
    "/bins/<name>/requests/<request_id>/body",
    CallResponse(others=(BINARY,), meaning="The bytes as received."),
    errors=("request_not_found",),
)
def get_body(name: str, request_id: str) -> ResponseReturnValue:
    """Download a request's body, byte for byte as received."""
    captured = load_request(name, request_id)
    return make_download(captured.body, BINARY, f"{captured.bin_name}-{captured.number}.bin")


def _answer(captured: CapturedRequest, dialect: str = PHP) -> Response:
    return Response(render_request(captured, dialect) + b"\n", mimetype=JSON)


def load_request(name: str, request_id: str) -> CapturedRequest:
    """The request a call is about. Raises ``BinNotFoundError`` or ``RequestNotFoundError``."""
    return current_services().requests.get(find_bin(name), request_id)


def make_download(body: bytes, media_type: str, filename: str) -> Response:
    """Something captured, which a browser must save and never show or run."""
    response = Response(body, content_type=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response
