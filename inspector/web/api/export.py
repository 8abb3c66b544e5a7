"""The API's calls that make a bin a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Literal

from flask import stream_with_context
from flask.typing import ResponseReturnValue

from inspector.domain import Bin, CapturedRequest
from inspector.errors import InspectorError
from inspector.exports.formats import HAR
from inspector.exports.har import render_har
from inspector.exports.html import HTML, render_requests
from inspector.exports.table import render_csv
from inspector.reading.query import Query
from inspector.web.api.calls import Api, CallResponse
from inspector.web.api.request_json import AS_RECEIVER, Receiver, render_request
from inspector.web.api.requests import QUERY, make_download, read_search
from inspector.web.api.schema import About
from inspector.web.current import current_services, find_bin

api = Api()

# The most exports at once: each holds a thread for as long as its reader takes.
JSON_LINES = "application/jsonl"
CSV = "text/csv"
# Exports give pieces of a row or two, which are joined to chunks of this size.
_PIECE_BYTES = 65_536


@dataclass(frozen=True)
class ExportQuery:
    """The format, and what goes into it."""

    format: Annotated[
        Literal["har", "jsonl", "csv", "html"],
        About(
            "har is an HTTP Archive 1.2; jsonl has the API's JSON, a request a line; csv has a "
            "column for each field; html is a page for people, of at most 500 requests."
        ),
    ] = "jsonl"
    q: Annotated[str | None, QUERY] = None
    as_: Annotated[Receiver, AS_RECEIVER] = "php"


@api.call(
    "GET",
    "/bins/<name>/export",
    CallResponse(others=(JSON_LINES, HAR, CSV, "text/html"), meaning="The file."),
    query=ExportQuery,
    errors=("too_many_exports", "invalid_query"),
)
def export_bin(name: str, query: ExportQuery) -> ResponseReturnValue:
    """Download the requests of a bin, all or those that a search finds, oldest first."""
    bin_ = find_bin(name)
    wanted = read_search(query.q) if query.q else None
    slots = current_services().exports
    if not slots.acquire(blocking=False):
        raise InspectorError(
            "too_many_exports", "Other exports are still under way. Try again in a while."
        )
    media_type, pieces = _render(bin_, query.format, query.as_, wanted)
    try:
        begun = next(pieces, b"")  # Database errors come up before the status is sent.
    except BaseException:
        slots.release()
        raise
    response = make_download(b"", media_type, f"{bin_.name}.{query.format}")
    response.response = stream_with_context(chain([begun], pieces))
    response.headers.pop("Content-Length", None)
    response.call_on_close(slots.release)
    return response


def _render(
    bin_: Bin, form: str, dialect: str, wanted: Query | None
) -> tuple[str, Iterator[bytes]]:
    services = current_services()

    def iterate() -> Iterator[CapturedRequest]:
        for each in services.requests.iterate(bin_):
            if wanted is None or wanted.matches(each):
                yield each

    if form == "har":
        return HAR, _gather(_encode(render_har(iterate(), services.base_url())))
    if form == "csv":
        return f"{CSV}; charset=utf-8", _gather(_encode(render_csv(iterate)))
    if form == "html":
        return HTML, _gather(_encode(render_requests(iterate(), f"{bin_.name}: requests")))
    return JSON_LINES, _gather(render_request(each, dialect) + b"\n" for each in iterate())


def _encode(pieces: Iterator[str]) -> Iterator[bytes]:
    return (piece.encode("utf-8", "replace") for piece in pieces)


def _gather(pieces: Iterator[bytes]) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _PIECE_BYTES:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)
