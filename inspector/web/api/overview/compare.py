"""The API's call that compares two requests of a bin, field by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypedDict

from flask import jsonify
from flask.typing import ResponseReturnValue

from inspector.errors import InspectorError
from inspector.exports.comparison import comparison_to_json
from inspector.exports.html import HTML, render_comparison
from inspector.reading.compare import compare_requests
from inspector.web.api.calls import Api, CallResponse
from inspector.web.api.requests import load_request, make_download
from inspector.web.api.schema import About

api = Api()

MAX_IGNORED = 50
MAX_IGNORED_CHARS = 300


class DifferenceJson(TypedDict):
    """One field that differs."""

    section: Annotated[str, About("body, query, headers or request.")]
    name: str
    status: Annotated[str, About("added, removed or changed.")]
    old: Annotated[str | None, About("Its text in a, null when it is not there.")]
    new: Annotated[str | None, About("Its text in b, null when it is not there.")]
    by: Annotated[str | None, About("The distance that a time or a number moved, in words.")]


class ComparisonJson(TypedDict):
    """The differences between two requests."""

    a: str
    b: str
    differs: bool
    apart: Annotated[
        str, About("The time between them: how long after a, or before it, b was received.")
    ]
    counts: Annotated[dict[str, int], About("The number of fields by status, same included.")]
    differences: list[DifferenceJson]
    hidden: Annotated[int, About("The number of further differences, which are only counted.")]


@dataclass(frozen=True)
class CompareQuery:
    """The two requests, and what does not matter."""

    a: Annotated[str, About("The id of a request, or its number.", max_length=100)]
    b: Annotated[str, About("The id of another, or its number.", max_length=100)]
    ignore: Annotated[
        tuple[str, ...],
        About(
            "A field to leave out, with all below it, like ticket.date_updated, items[].id, "
            "header:date or query:page; * stands for any characters; may be repeated."
        ),
    ] = ()
    format: Annotated[
        Literal["json", "html"], About("html is a page for people without Inspector.")
    ] = "json"


@api.call(
    "GET",
    "/bins/<name>/compare",
    CallResponse(ComparisonJson, meaning="The differences.", others=("text/html",)),
    query=CompareQuery,
    errors=("request_not_found",),
)
def compare(name: str, query: CompareQuery) -> ResponseReturnValue:
    """Compare two requests of a bin, field by field."""
    if len(query.ignore) > MAX_IGNORED or any(
        len(each) > MAX_IGNORED_CHARS for each in query.ignore
    ):
        raise InspectorError(
            "invalid_ignore",
            f"ignore is given at most {MAX_IGNORED} times, with {MAX_IGNORED_CHARS} characters.",
            field="ignore",
        )
    old, new = (load_request(name, each.removeprefix("#")) for each in (query.a, query.b))
    comparison = compare_requests(old, new, query.ignore)
    if query.format == "html":
        page = render_comparison(comparison, old, new).encode("utf-8", "replace")
        return make_download(page, HTML, f"{name}-{old.number}-{new.number}.html")
    return jsonify(comparison_to_json(comparison, old, new))
