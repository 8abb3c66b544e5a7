"""The API's call that makes a file a bin's requests again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NotRequired, TypedDict

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from inspector.exports.formats import HAR
from inspector.web.api.calls import Api, CallResponse
from inspector.web.api.export import JSON_LINES
from inspector.web.api.requests import BINARY
from inspector.web.api.schema import About
from inspector.web.current import find_bin
from inspector.web.importing import import_file

api = Api()


class ImportedJson(TypedDict):
    """The outcome of an import."""

    imported: Annotated[int, About("The number of requests.")]
    left_out: NotRequired[
        Annotated[
            list[str],
            About("With skip_unreadable, a sentence for each request that could not be read."),
        ]
    ]


@dataclass(frozen=True)
class ImportQuery:
    """The handling of requests that cannot be read."""

    skip_unreadable: Annotated[
        bool, About("Requests that cannot be read are left out; else one refuses the file.")
    ] = False


@api.call(
    "POST",
    "/bins/<name>/import",
    CallResponse(
        ImportedJson, status=201, meaning="The number of stored requests: all of the file's."
    ),
    query=ImportQuery,
    raw_body=(HAR, JSON_LINES, "message/http", BINARY),
    errors=("invalid_file",),
)
def import_requests(name: str, query: ImportQuery) -> ResponseReturnValue:
    """Put the requests of a saved file into a bin.

    The body is the file itself: an HTTP Archive, JSON lines as exported here, or one
    raw HTTP request. Each keeps its time and says that it was imported.
    """
    bin_ = find_bin(name)
    done = import_file(bin_, request.get_data(), skip_unreadable=query.skip_unreadable)
    told: ImportedJson = {"imported": done.stored}
    if query.skip_unreadable:
        told["left_out"] = done.left_out
    return jsonify(told), 201
