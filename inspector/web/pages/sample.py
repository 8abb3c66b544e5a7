"""The test webhook of a bin's page: the sample ticket, sent as the helpdesk would send it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, make_response, redirect

from inspector.domain import Bin
from inspector.domain.deliveries import Delivery
from inspector.emitter import (
    ANYWHERE,
    Change,
    Composition,
    DeliveryOptions,
    TicketChoice,
    WebhookAction,
)
from inspector.emitter.outbox import deliver, make_order
from inspector.errors import InspectorError
from inspector.web.current import current_services, find_bin
from inspector.web.htmx import (
    set_vary,
    wants_fragment,
)
from inspector.web.services import Services

blueprint = Blueprint("sample", __name__)

OPTIONS = DeliveryOptions(timeout_s=10.0, connect_timeout_s=2.0)
TICKET_ID = "5"
# As the helpdesk's own example of a header has it. Its sample ticket lacks the id, and
# a header without a value is not sent.
HEADERS = (("X-Deskpro-TicketId", "{{ ticket.id }}"),)
CUSTOM_DATA = "A test from the page of the bin, about {{ ticket.subject }}"


def send_sample(services: Services, bin_: Bin) -> None:
    """Send it over HTTP to our own socket, so that it comes in as any other webhook does.

    The address is the one that was bound, never what a reader's Host header says.
    Raises ``InspectorError`` when we do not own a socket, or nothing was delivered.
    """
    if not services.port:
        raise InspectorError(
            "sending_needs_our_server", "Test webhooks are sent under inspector serve only."
        )
    ours = replace(services.settings, port=services.port, public_url=None, path_prefix="")
    action = WebhookAction(
        url=f"{ours.base_url}/{bin_.name}",
        name=f"Test webhook of {bin_.name}",
        headers=HEADERS,
        custom_data=CUSTOM_DATA,
        options=OPTIONS,
    )
    changes = (Change("ticket.id", TICKET_ID),)
    order = make_order(Composition(action, TicketChoice(changes=changes)))
    # The log of deliveries is everyone's who may use the server; a private bin is not.
    keep = _keep_nothing if bin_.private else services.deliveries.add
    failure = deliver(order, ANYWHERE, keep).line.failure
    if failure is not None:
        raise InspectorError("not_delivered", failure)


def _keep_nothing(delivery: Delivery) -> Delivery:
    return delivery


@blueprint.post("/bins/<name>/test")
def send_test(name: str) -> Any:
    """To the request that came in, or 204 for htmx: its row comes through the stream."""
    bin_ = find_bin(name)
    send_sample(current_services(), bin_)
    if wants_fragment():
        return set_vary(make_response("", 204))
    newest = current_services().requests.page(bin_, limit=1, whole_bodies=False).requests
    return redirect(f"/bins/{name}" + (f"/requests/{newest[0].id}" if newest else ""), 303)
