"""The API's calls that send: preview an action, deliver it, see what was delivered; replay."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from flask import Response, jsonify
from flask.typing import ResponseReturnValue

from inspector.clock import time
from inspector.domain import CapturedRequest
from inspector.domain.pairs import TCHAR
from inspector.emitter import ReplayChanges
from inspector.emitter.outbox import DeliveryJob, make_repetition
from inspector.emitter.uploaded_deliveries import read_upload
from inspector.errors import InspectorError
from inspector.live.deferred import Step
from inspector.web.api.action_json import ActionToSend, read_composition
from inspector.web.api.calls import NEXT_LINK, Api, CallResponse, link_next
from inspector.web.api.delivery_json import (
    DeliveryJson,
    DeliveryLineJson,
    PreviewJson,
    delivery_to_json,
    line_to_json,
    preview_to_json,
)
from inspector.web.api.pairs import PAIRS_SCHEMA, read_pairs
from inspector.web.api.requests import load_request
from inspector.web.api.schema import About
from inspector.web.current import current_services, find_bin, parse_id
from inspector.web.headers import JSON
from inspector.web.parked import find_own_server, park, render_head
from inspector.web.statuses import status_of

api = Api()

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
MAX_SENT = 100
# Most receivers answer within this; for the others the socket is parked.
SHORT_WAIT_S = 0.3
LOOK_EVERY_S = 5.0

ACTION_ERRORS = (
    "invalid_options",
    "invalid_body",
    "invalid_url",
    "unsupported_scheme",
    "template_error",
    "invalid_header",
    "header_reserved",
    "invalid_path",
    "path_not_found",
    "too_many_changes",
    "variation_not_found",
    "bin_not_found",
    "request_not_found",
)
# The responses of every call that sends, its errors included.
DELIVERED = CallResponse(
    DeliveryJson, status=201, meaning="The outcome: an answer, or the failure."
)
REPLAY_ERRORS = (
    "unsupported_scheme",
    "cannot_replay",
    "invalid_method",
    "invalid_body",
    "invalid_header",
    "invalid_headers",
    "cannot_sign",
    "invalid_signatures",
)
SENDING_ERRORS = ("too_many_deliveries", "too_many_streams")


@api.call(
    "POST",
    "/actions/preview",
    CallResponse(PreviewJson, meaning="The exact request. Nothing was sent."),
    body=ActionToSend,
    body_types=(JSON,),
    errors=ACTION_ERRORS,
)
def preview_action(body: ActionToSend) -> ResponseReturnValue:
    """Work out the request that an action sends, byte for byte, and what is left out."""
    composition = read_composition(body)
    return jsonify(preview_to_json(current_services().prepare(composition), composition))


@api.call(
    "POST",
    "/deliveries",
    DELIVERED,
    body=ActionToSend,
    body_types=(JSON,),
    errors=(*ACTION_ERRORS, *SENDING_ERRORS),
)
def create_delivery(body: ActionToSend) -> ResponseReturnValue:
    """Send an action; answers when the receiver has answered, or has not.

    A failure of the network or the receiver is part of the delivery, never an error of this call.
    """
    return answer_when_done(current_services().send(read_composition(body)))


@dataclass(frozen=True)
class SentDeliveries:
    """Deliveries that were made elsewhere."""

    deliveries: Annotated[
        list[dict[str, Any]],
        About(
            "Each with `method`, `url`, `started_at`, `head_base64`, `body_base64`, `exchanges`, "
            "`answer`, and what else a delivery has.",
            schema={"maxItems": MAX_SENT},
        ),
    ]


@api.call(
    "POST",
    "/deliveries/sent",
    CallResponse(
        list[DeliveryLineJson],
        status=201,
        meaning="The deliveries as kept; id is null for one to a private bin, which is not kept.",
    ),
    body=SentDeliveries,
    body_types=(JSON,),
    errors=ACTION_ERRORS,
)
def keep_sent(body: SentDeliveries) -> ResponseReturnValue:
    """Keep deliveries that a program has made itself, as `inspector emit` does.

    Nothing is sent.
    """
    if len(body.deliveries) > MAX_SENT:
        message = f"At most {MAX_SENT} deliveries in a call."
        raise InspectorError("invalid_deliveries", message, field="deliveries")
    kept = current_services().keep_sent([read_upload(each) for each in body.deliveries])
    return jsonify([line_to_json(each.line) for each in kept]), 201


@dataclass(frozen=True)
class DeliveriesQuery:
    """A selection of deliveries."""

    limit: Annotated[
        int, About("The largest number of entries to answer.", least=1, most=MAX_LIMIT)
    ] = DEFAULT_LIMIT
    before: Annotated[
        str | None,
        About("The id of a delivery: only earlier ones.", pattern="[0-9]{1,18}", form="is an id"),
    ] = None
    run: Annotated[
        str | None, About("The id of a series, or of replays: its deliveries.", max_length=32)
    ] = None


@api.call(
    "GET",
    "/deliveries",
    CallResponse(
        list[DeliveryLineJson],
        meaning="The deliveries.",
        headers=(NEXT_LINK,),
    ),
    query=DeliveriesQuery,
)
def list_deliveries(query: DeliveriesQuery) -> ResponseReturnValue:
    """List what was sent, newest first.

    The last delivery of a series, or of replays of many requests, stands for all of them.
    """
    before = None if query.before is None else int(query.before)
    deliveries = current_services().deliveries
    lines = deliveries.list(limit=query.limit + 1, before=before, run=query.run)
    shown = lines[: query.limit]
    response = jsonify([line_to_json(line) for line in shown])
    if len(lines) > query.limit:
        link_next(response, str(shown[-1].id))
    return response


@api.call(
    "GET",
    "/deliveries/<delivery_id>",
    CallResponse(DeliveryJson, meaning="The delivery."),
)
def get_delivery(delivery_id: str) -> ResponseReturnValue:
    """Get one delivery, with every byte that was sent but credentials."""
    found = current_services().deliveries.get(parse_id(delivery_id))
    return jsonify(delivery_to_json(found))


@api.call(
    "POST",
    "/deliveries/<delivery_id>/repeat",
    DELIVERED,
    errors=SENDING_ERRORS,
)
def repeat_delivery(delivery_id: str) -> ResponseReturnValue:
    """Send a delivery's request again, byte for byte."""
    services = current_services()
    found = services.deliveries.get(parse_id(delivery_id))
    return answer_when_done(services.dispatch(make_repetition(found)))


@dataclass(frozen=True)
class ReplayTarget:
    """The target of a replay."""

    url: Annotated[
        str,
        About(
            "The URL to send to; the path behind the bin's name, and the query, are appended to it."
        ),
    ]
    method: Annotated[
        str | None,
        About("Another method.", max_length=100, schema={"pattern": f"^{TCHAR}{{1,100}}$"}),
    ] = None
    headers: Annotated[
        Any, About("Other headers, in the place of all that came.", schema=PAIRS_SCHEMA)
    ] = None
    body: Annotated[str | None, About("Another body, as text.")] = None
    body_base64: Annotated[str | None, About("Another body, byte for byte.")] = None
    resign: Annotated[bool, About("Sign it anew, with the bin's secret and the present time.")] = (
        False
    )


@api.call(
    "POST",
    "/bins/<name>/requests/<request_id>/replay",
    DELIVERED,
    body=ReplayTarget,
    body_types=(JSON,),
    errors=(
        *REPLAY_ERRORS,
        *SENDING_ERRORS,
    ),
)
def replay_request(name: str, request_id: str, body: ReplayTarget) -> ResponseReturnValue:
    """Send a captured request to another place, as it came: method, headers and body.

    Only the host, the body's length, and headers about the connection itself are not
    taken over. What is given beside the URL is sent in the place of what came.
    """
    captured = load_request(name, request_id)
    changes = read_replay_changes(body)
    services, bin_ = current_services(), find_bin(name)
    job = services.replay(bin_, captured, body.url, changes, resign=body.resign)
    return answer_when_done(job)


def read_replay_changes(body: ReplayTarget) -> ReplayChanges:
    """The changes that a call gives beside the URL. Raises ``InspectorError``."""
    if body.body is not None and body.body_base64 is not None:
        message = "A body is given once: as text or in base64."
        raise InspectorError("invalid_body", message, field="body_base64")
    content, field = None, "body"
    try:
        if body.body is not None:
            content = body.body.encode()
        elif body.body_base64 is not None:
            field = "body_base64"
            content = b64decode(body.body_base64, validate=True)
    except ValueError:
        message = f"{field} is no {'UTF-8' if field == 'body' else 'base64'}."
        raise InspectorError("invalid_body", message, field=field) from None
    headers = None if body.headers is None else read_pairs(body.headers, "headers")
    return ReplayChanges(body.method, headers, content)


def answer_when_done(job: DeliveryJob) -> Response:
    """The delivery as JSON; for a slow receiver without holding a thread, where we can."""
    own = find_own_server()
    if job.wait(SHORT_WAIT_S) or own is None:
        job.wait(None)
        response = jsonify(delivery_to_json(job.result()))
        response.status_code = 201
        return response
    finished = FinishedDelivery(job)
    response = park(finished)
    job.call_when_done(lambda: own.wake(finished))
    return response


class FinishedDelivery:
    """A parked response: the delivery as JSON, once it is done."""

    def __init__(self, job: DeliveryJob) -> None:
        self.bin_id: int | None = None
        self.after = 0
        self.wake_at = 0.0
        self._job = job

    def start(self) -> Step:
        """Nothing yet. The end wakes it; it looks now and then in case that was missed."""
        self.wake_at = time.monotonic() + LOOK_EVERY_S
        return Step()

    def advance(self, fresh: Sequence[CapturedRequest]) -> Step:  # noqa: ARG002 - no bin's news
        """The whole response, when the delivery is done."""
        if not self._job.is_done:
            return self.start()
        status, content = 201, ""
        try:
            content = json.dumps(delivery_to_json(self._job.result()))
        except InspectorError as error:
            status = status_of(error.code)
            content = json.dumps({"error": {"code": error.code, "message": error.message}})
        payload = content.encode()
        return Step(render_head(status, len(payload)) + payload, done=True)

    def end(self) -> None:
        """The delivery goes on: it is kept, though nobody waits for it any more."""
