"""The JSON API, put together."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from inspector.web.api import (
    actions,
    answers,
    audit,
    bins,
    deliveries,
    events,
    export,
    importing,
    relays,
    replays,
    requests,
    signatures,
    wait,
)
from inspector.web.api.calls import PREFIX, Api, CallResponse
from inspector.web.api.openapi import describe
from inspector.web.api.overview import bin_schema, compare, search

api = Api()


@api.call(
    "GET",
    "/openapi.json",
    CallResponse(dict[str, Any], meaning="An OpenAPI 3.1 document."),
)
def get_description() -> ResponseReturnValue:
    """Get this description."""
    document = describe(api.calls)
    document["servers"] = [{"url": f"{request.script_root}{PREFIX}"}]
    return document


for part in (
    bins,
    answers,
    signatures,
    requests,
    search,
    compare,
    bin_schema,
    wait,
    export,
    importing,
    events,
    actions,
    deliveries,
    replays,
    relays,
    audit,
):
    api.calls += part.api.calls

blueprint = api.make_blueprint()
