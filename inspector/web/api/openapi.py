"""The API's description, OpenAPI 3.1, made from the calls' own declarations.

Nothing about a single call is written here, so it cannot become out of date. Source: OpenAPI
Specification 3.1.1.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from importlib.metadata import version
from typing import Annotated, Any, NotRequired, TypedDict

from inspector.web.api.calls import COMMON_ERRORS, FORM, PREFIX, Call, CallResponse
from inspector.web.api.schema import About, Schema, fields_of, schema_of, texts_schema
from inspector.web.headers import JSON
from inspector.web.statuses import status_of

_VARIABLE = re.compile(r"<(\w+)>")
# The variables of the calls' paths.
VARIABLES = {
    "name": "The bin's name.",
    "request_id": "A request's id.",
    "delivery_id": "A delivery's id.",
    "action_id": "A saved action's id.",
    "run_id": "The id of replays.",
}
ERROR_OF_VARIABLE = {
    "name": "bin_not_found",
    "request_id": "request_not_found",
    "delivery_id": "delivery_not_found",
    "action_id": "action_not_found",
    "run_id": "replays_not_found",
}


class ErrorDetail(TypedDict):
    """An error."""

    code: Annotated[str, About("For programs; stable.", schema={"pattern": "^[a-z0-9_]+$"})]
    message: Annotated[str, About("For people; one sentence.")]
    field: NotRequired[Annotated[str, About("The given field that is wrong.")]]


class ErrorJson(TypedDict):
    """Every error has this shape."""

    error: ErrorDetail


def describe(calls: Iterable[Call]) -> dict[str, Any]:
    """The document that describes these calls."""
    named: dict[str, Schema] = {}
    paths: dict[str, dict[str, Any]] = {}
    for call in calls:
        path = paths.setdefault(_VARIABLE.sub(r"{\1}", call.rule), {})
        path[call.method.lower()] = _operation(call, named)
    schema_of(ErrorJson, named)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Inspector",
            "version": version("request-inspector"),
            "description": "Bins that capture any request, and what was captured. Every error is "
            '{"error": {"code", "message"}}.',
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": PREFIX}],
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": named,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The server's token, or a private bin's secret.",
                }
            },
        },
    }


def _operation(call: Call, named: dict[str, Schema]) -> dict[str, Any]:
    operation: dict[str, Any] = {"operationId": call.name, "summary": call.summary}
    if call.description:
        operation["description"] = call.description
    parameters = [*_path_parameters(call), *_query_parameters(call)]
    if parameters:
        operation["parameters"] = parameters
    if call.body is not None:
        operation["requestBody"] = {
            "content": {
                media_type: {"schema": _body_schema(call.body, media_type, named)}
                for media_type in call.body_types
            },
            "required": any(field.required for field in fields_of(call.body)),
        }
    if call.raw_body:
        # OpenAPI 3.1: bytes are a body without a schema.
        operation["requestBody"] = {
            "content": {media_type: {} for media_type in call.raw_body},
            "required": True,
        }
    operation["responses"] = _responses(call, named)
    return operation


def _body_schema(body: type, media_type: str, named: dict[str, Schema]) -> Schema:
    if media_type != FORM:
        return schema_of(body, named)
    fields = fields_of(body)
    return {
        "type": "object",
        "properties": {field.name: texts_schema(field) for field in fields},
        "required": [field.name for field in fields if field.required],
        "additionalProperties": False,
    }


def _path_parameters(call: Call) -> list[dict[str, Any]]:
    return [
        {
            "name": variable,
            "in": "path",
            "required": True,
            "description": VARIABLES[variable],
            "schema": {"type": "string"},
        }
        for variable in _VARIABLE.findall(call.rule)
    ]


def _query_parameters(call: Call) -> list[dict[str, Any]]:
    parameters = []
    for field in fields_of(call.query) if call.query else ():
        schema = texts_schema(field)
        meaning = schema.pop("description", "")
        parameter = {"name": field.name, "in": "query", "description": meaning, "schema": schema}
        parameters.append(parameter | ({"required": True} if field.required else {}))
    return parameters


def _responses(call: Call, named: dict[str, Schema]) -> dict[str, Any]:
    responses = {str(answer.status): _answer(answer, named) for answer in call.answers}
    codes_of_status: defaultdict[int, list[str]] = defaultdict(list)
    for code in _error_codes(call):
        codes_of_status[status_of(code)].append(code)
    error = {"application/json": {"schema": schema_of(ErrorJson, named)}}
    for status, codes in sorted(codes_of_status.items()):
        phrase = HTTPStatus(status).phrase
        responses[str(status)] = {
            "description": f"{phrase}: {', '.join(codes)}.",
            "content": error,
        }
    return responses


def _answer(answer: CallResponse, named: dict[str, Schema]) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.meaning}
    if answer.headers:
        described["headers"] = {
            name: {"description": meaning, "schema": {"type": "string"}}
            for name, meaning in answer.headers
        }
    content: dict[str, Any] = {media_type: {} for media_type in answer.others}
    if answer.kind is not None:
        content[JSON] = {"schema": schema_of(answer.kind, named)}
    if content:
        described["content"] = content
    return described


def _error_codes(call: Call) -> Sequence[str]:
    """Every code the call may answer, each once."""
    codes = ["unknown_field"]
    for shape in (call.query, call.body):
        if shape is not None:
            codes += [f"invalid_{field.name}" for field in fields_of(shape)]
    if call.body is not None:
        codes += ["invalid_json", "unsupported_media_type"]
    if call.body is not None or call.raw_body:
        codes.append("too_large")
    codes += [ERROR_OF_VARIABLE[variable] for variable in _VARIABLE.findall(call.rule)]
    return list(dict.fromkeys([*codes, *call.errors, *COMMON_ERRORS]))
