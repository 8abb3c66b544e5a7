"""The API's calls about captured requests: list, read, delete."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlencode

from flask import Response, jsonify, request, stream_with_context
from flask.typing import ResponseReturnValue

from inspector.domain import Bin, CapturedRequest
from inspector.errors import RequestNotFoundError
from inspector.exports import export_request
from inspector.exports.formats import HAR, TEXT
from inspector.storage.requests import find_number, make_id
from inspector.web.api_calls import JSON, Answer, Api
from inspector.web.api_types import About
from inspector.web.request_json import RequestJson, request_to_json
from inspector.web.services import current_services, find_bin

api = Api()

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
BINARY = "application/octet-stream"

METHOD = About(
    "Only requests of this method; upper and lower case differ.",
    pattern=r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}",
    form="is a method of HTTP, like POST",
)
AFTER = About("The id of a request: only later ones count; 0 for all.", max_length=100)


@dataclass(frozen=True)
class ListQuery:
    """Which requests."""

    limit: Annotated[int, About("How many, at most.", least=1, most=MAX_LIMIT)] = DEFAULT_LIMIT
    before: Annotated[
        str | None, About("The id of a request: only earlier ones.", max_length=100)
    ] = None
    after: Annotated[str | None, AFTER] = None
    method: Annotated[str | None, METHOD] = None


@api.call(
    "GET",
    "/bins/<name>/requests",
    Answer(
        list[RequestJson],
        meaning="The requests.",
        headers=(("Link", 'Where the next ones are (rel="next"), when there are more.'),),
    ),
    query=ListQuery,
    errors=("request_not_found",),
)
def list_requests(name: str, query: ListQuery) -> ResponseReturnValue:
    """List a bin's requests, newest first."""
    bin_ = find_bin(name)
    store = current_services().requests
    keys = store.list_keys(
        bin_,
        limit=query.limit + 1,
        before=find_position(bin_, query.before),
        after=find_position(bin_, query.after),
        method=query.method,
    )
    shown = keys[: query.limit]
    response = Response(
        stream_with_context(render_array(store.iterate_keys(bin_, shown))), mimetype=JSON
    )
    if len(keys) > query.limit:
        args = request.args.to_dict() | {"before": make_id(bin_.id, shown[-1].number)}
        response.headers["Link"] = f'<{request.base_url}?{urlencode(args)}>; rel="next"'
    return response


@api.call("DELETE", "/bins/<name>/requests", Answer(status=204, meaning="They are gone."))
def clear_bin(name: str) -> ResponseReturnValue:
    """Delete a bin's requests; its numbers go on."""
    current_services().requests.clear(find_bin(name))
    return "", 204


@dataclass(frozen=True)
class FormatQuery:
    """In which form."""

    format: Annotated[
        Literal["json", "curl", "httpie", "python", "requests", "pytest", "har", "raw"],
        About(
            "curl and httpie are for bash or fish, python is for httpx, pytest a test with our "
            "fixture, har an HTTP Archive, raw the HTTP message."
        ),
    ] = "json"


@api.call(
    "GET",
    "/bins/<name>/requests/<request_id>",
    Answer(
        RequestJson,
        meaning="The request.",
        others=("text/plain", HAR, "message/http"),
    ),
    query=FormatQuery,
    errors=("request_not_found", "cannot_express"),
)
def get_request(name: str, request_id: str, query: FormatQuery) -> ResponseReturnValue:
    """Get one request, as JSON or in a form that other programs take."""
    captured = load_request(name, request_id)
    if query.format == "json":
        return jsonify(request_to_json(captured))
    made = export_request(captured, query.format, current_services().base_url())
    filename = f"{captured.bin_name}-{captured.number}.{made.suffix}"
    response = make_download(made.data, made.media_type, filename)
    if made.media_type == TEXT:
        # Plain text is shown, for people who copy it.
        del response.headers["Content-Disposition"]
    return response


@api.call(
    "DELETE",
    "/bins/<name>/requests/<request_id>",
    Answer(status=204, meaning="It is gone."),
    errors=("request_not_found",),
)
def delete_request(name: str, request_id: str) -> ResponseReturnValue:
    """Delete one request."""
    current_services().requests.delete(find_bin(name), request_id)
    return "", 204


@api.call(
    "GET",
    "/bins/<name>/requests/<request_id>/body",
    Answer(others=(BINARY,), meaning="The bytes as received."),
    errors=("request_not_found",),
)
def get_body(name: str, request_id: str) -> ResponseReturnValue:
    """Download a request's body, byte for byte as received."""
    captured = load_request(name, request_id)
    return make_download(captured.body, BINARY, f"{captured.bin_name}-{captured.number}.bin")


def load_request(name: str, request_id: str) -> CapturedRequest:
    """The request a call is about. Raises ``BinNotFoundError`` or ``RequestNotFoundError``."""
    return current_services().requests.get(find_bin(name), request_id)


def find_position(bin_: Bin, request_id: str | None) -> int | None:
    """The number that ``before`` or ``after`` stands for, 0 for the beginning.

    The request itself need not be there any more. Raises ``RequestNotFoundError``.
    """
    if request_id is None:
        return None
    number = 0 if request_id == "0" else find_number(bin_, request_id)
    if number is None:
        raise RequestNotFoundError(request_id)
    return number


def render_array(requests: Iterable[CapturedRequest]) -> Iterator[bytes]:
    """A JSON array of requests, one after the other."""
    lead = b"["
    for each in requests:
        yield lead + json.dumps(request_to_json(each)).encode()
        lead = b",\n"
    yield b"[]\n" if lead == b"[" else b"]\n"


def make_download(body: bytes, media_type: str, filename: str) -> Response:
    """Something captured, which a browser must save and never show or run."""
    response = Response(body, content_type=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    response.headers["Content-Security-Policy"] = "sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
