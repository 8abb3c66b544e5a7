"""The API's call that makes a file a bin's requests again."""

from __future__ import annotations

from typing import Annotated, TypedDict

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from inspector.exports.formats import HAR
from inspector.web.api.calls import Answer, Api
from inspector.web.api.export import JSON_LINES
from inspector.web.api.requests import BINARY
from inspector.web.api.schema import About
from inspector.web.current import find_bin
from inspector.web.importing import import_file

api = Api()


class ImportedJson(TypedDict):
    """The outcome of an import."""

    imported: Annotated[int, About("How many requests.")]


@api.call(
    "POST",
    "/bins/<name>/import",
    Answer(ImportedJson, status=201, meaning="How many requests the file had; all are stored."),
    raw_body=(HAR, JSON_LINES, "message/http", BINARY),
    errors=("invalid_file",),
)
def import_requests(name: str) -> ResponseReturnValue:
    """Put the requests of a saved file into a bin.

    The body is the file itself: an HTTP Archive, JSON lines as exported here, or one
    raw HTTP request. Each keeps its time and says that it was imported.
    """
    bin_ = find_bin(name)
    return jsonify({"imported": import_file(bin_, request.get_data())}), 201
