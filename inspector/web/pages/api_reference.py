"""The API shown to a person: the same description that programs get, as a page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request

from inspector.web.api.blueprint import api
from inspector.web.api.openapi import describe
from inspector.web.api.schema import format_number
from inspector.web.htmx import set_vary

blueprint = Blueprint("api_page", __name__)


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
    answers: tuple[tuple[str, str], ...]


@blueprint.get("/api")
def show_api() -> Response:
    """All calls with what they take and answer."""
    document = describe(api.calls)
    calls = [
        _show(document, path, method, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    base = request.url_root.rstrip("/") + document["servers"][0]["url"]
    return set_vary(make_response(render_template("api/show.html", calls=calls, base=base)))


def _show(document: Any, path: str, method: str, operation: Any) -> Shown:
    return Shown(
        anchor=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        description=operation.get("description", ""),
        fields=tuple(_list_fields(document, operation)),
        answers=tuple(
            (status, _resolve(document, answer).get("description", ""))
            for status, answer in operation["responses"].items()
        ),
    )


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
