"""The JSON API, put together."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from inspector.web import (
    api_actions,
    api_answers,
    api_bins,
    api_emitter,
    api_files,
    api_import,
    api_live,
    api_requests,
    api_wait,
)
from inspector.web.api_calls import Answer, Api
from inspector.web.openapi import describe

api = Api()


@api.call(
    "GET",
    "/openapi.json",
    Answer(dict[str, Any], meaning="An OpenAPI 3.1 document."),
)
def get_description() -> ResponseReturnValue:
    """Get this description."""
    return describe(api.calls)


for part in (api_bins, api_answers, api_requests, api_wait):
    api.calls += part.api.calls
for part in (api_files, api_import, api_live, api_actions, api_emitter):
    api.calls += part.api.calls

blueprint = api.make_blueprint()
