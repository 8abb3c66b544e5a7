"""The API shown to a person: the same description that programs get, as a page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request

from inspector.web.api.blueprint import api
from inspector.web.api.openapi import describe
from inspector.web.api.schema import format_number
from inspector.web.htmx import set_vary

blueprint = Blueprint("api_page", __name__)

# Values in the examples: for paths and queries, for required fields of a body, and for fields
# without which a call would do nothing.
EXAMPLE_VALUES = {
    "name": "orders",
    "a": "1",
    "b": "2",
    "q": "method:POST",
    "where": "ticket.agent.id=3",
    "run_id": "RUN",
}
_URL = "http://127.0.0.1:3000/webhook"
EXAMPLE_FIELDS: dict[str, Any] = {
    "url": _URL,
    "action": {"url": _URL},
    "rules": [{"match": {"method": "POST"}, "answers": [{"status": 503}, {"status": 200}]}],
    "signatures": [{"scheme": "github", "secret": "hush"}],
    "deliveries": [],
    "older_than_s": 86_400,
}
EXAMPLE_OPTIONAL = {"rules", "signatures"}
EXAMPLE_BODIES: dict[str, dict[str, Any]] = {
    "create_bin": {"name": "orders"},
    "change_bin": {"capacity": 5000},
    "change_request": {"pinned": True, "note": "the odd one"},
    "set_answer": {"status": 503},
}


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter of a call or a field of its body; ``where`` is path, query or body.

    ``bounds`` is what it is without being given, and what it may be.
    """

    name: str
    where: str
    kind: str
    meaning: str
    bounds: str
    required: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """One call as the page shows it."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    fields: tuple[Field, ...]
    curl: str
    answers: tuple[tuple[str, str], ...]


@blueprint.get("/api")
def show_api() -> Response:
    """All calls with what they take and answer."""
    document = describe(api.calls)
    base = request.url_root.rstrip("/") + document["servers"][0]["url"]
    calls = [
        _show(document, base, path, method, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    return set_vary(make_response(render_template("api/show.html", calls=calls, base=base)))


def _show(document: Any, base: str, path: str, method: str, operation: Any) -> Shown:
    fields = tuple(_list_fields(document, operation))
    return Shown(
        anchor=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        description=operation.get("description", ""),
        fields=fields,
        curl=write_example(base, path, method.upper(), fields, operation),
        answers=tuple(
            (status, _resolve(document, answer).get("description", ""))
            for status, answer in operation["responses"].items()
        ),
    )


def write_example(
    base: str, path: str, method: str, fields: Sequence[Field], operation: Any
) -> str:
    """A curl command for a call with what it cannot do without, to be pasted into a shell."""
    needed = [field for field in fields if field.required]
    query = [f"{field.name}={_example(field.name)}" for field in needed if field.where == "query"]
    filled = re.sub(r"\{(\w+)\}", lambda match: _example(match[1]), path)
    words = ["curl", *(["-X", method] if method not in ("GET", "POST") else [])]
    words.append(quote(base + filled + ("?" + "&".join(query) if query else "")))
    contents = operation.get("requestBody", {}).get("content", {})
    if "application/json" in contents:
        names = [field.name for field in fields if field.where == "body"]
        wanted = {field.name for field in needed} | EXAMPLE_OPTIONAL
        given = {name: EXAMPLE_FIELDS[name] for name in names if name in wanted}
        given |= EXAMPLE_BODIES.get(operation["operationId"], {})
        words += ["--json", quote(json.dumps(given))]
    elif contents:
        words += ["--data-binary", "@requests.har"]
    elif method == "POST":
        words[1:1] = ["-X", "POST"]
    return " ".join(words)


def _example(name: str) -> str:
    return EXAMPLE_VALUES.get(name, "1")


def _list_fields(document: Any, operation: Any) -> Iterator[Field]:
    for each in operation.get("parameters", ()):
        shape = _resolve(document, each.get("schema", {}))
        meaning = each.get("description") or shape.get("description", "")
        required = bool(each.get("required"))
        yield Field(each["name"], each["in"], _kind(shape), meaning, _bounds(shape), required)
    for content in operation.get("requestBody", {}).get("content", {}).values():
        shape = _resolve(document, content.get("schema", {}))
        needed = shape.get("required", ())
        for name, field in shape.get("properties", {}).items():
            field_shape = _resolve(document, field)
            meaning = field.get("description") or field_shape.get("description", "")
            bounds = _bounds(field_shape)
            yield Field(name, "body", _kind(field_shape), meaning, bounds, name in needed)
        return  # the body's other media types have the same fields


def _resolve(document: Any, shape: Any) -> Any:
    """The target of a reference within the document."""
    while "$ref" in shape:
        found = document
        for key in shape["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        shape = found
    return shape


def _kind(shape: Any) -> str:
    if "enum" in shape:
        return " | ".join(str(each) for each in shape["enum"])
    kind = shape.get("type", "")
    return " | ".join(kind) if isinstance(kind, list) else str(kind)


def _bounds(shape: Any) -> str:
    told = []
    if shape.get("default") not in (None, "", []):
        default = shape["default"]
        is_number = isinstance(default, int | float) and not isinstance(default, bool)
        text = format_number(default) if is_number else json.dumps(default).strip('"')
        told.append(f"default {text}")
    least, most = shape.get("minimum"), shape.get("maximum")
    if most is not None:
        told.append(f"{format_number(least or 0)} to {format_number(most)}")
    return "; ".join(told)
