"""An action and its ticket in the API's JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from inspector.domain.deliveries import ActionSource
from inspector.emitter import (
    Change,
    Composition,
    TicketChoice,
    action_from_json,
    all_variations,
    choice_from_json,
    make_change,
)
from inspector.emitter.actions import MAX_RETRIES, MAX_TIMEOUT_S
from inspector.emitter.tickets import ticket_text
from inspector.errors import InspectorError
from inspector.forms import to_json_safe
from inspector.web.api.pairs import PAIRS_SCHEMA
from inspector.web.api.schema import About
from inspector.web.current import current_services, find_bin

_CHANGES = {
    "type": ["array", "null"],
    "items": {"type": "array", "prefixItems": [{"type": "string"}], "minItems": 2, "maxItems": 2},
}
_AUTH = {"type": ["array", "null"], "items": {"type": "string"}, "minItems": 2, "maxItems": 2}
_SECONDS = {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": MAX_TIMEOUT_S}
_VARIATIONS = [variation.name for variation in all_variations()]


@dataclass(frozen=True)
class Options:
    """Options for delivering; times are seconds."""

    timeout_s: Annotated[Any, About("For an attempt as a whole.", schema=_SECONDS)] = None
    connect_timeout_s: Annotated[Any, About("For the connection.", schema=_SECONDS)] = None
    first_byte_timeout_s: Annotated[Any, About("For the answer's first byte.", schema=_SECONDS)] = (
        None
    )
    follow_redirects: bool | None = None
    verify_tls: bool | None = None
    sign: Annotated[
        str | None,
        About("A secret to sign with: SCHEME:SECRET, or the JSON object of a bin's signatures."),
    ] = None
    tamper: Annotated[bool | None, About("Sign so that it has to be refused.")] = None
    basic_auth: Annotated[Any, About("User name and password.", schema=_AUTH)] = None
    retries: Annotated[
        int | None, About("Attempts beyond the first.", least=0, most=MAX_RETRIES)
    ] = None


@dataclass(frozen=True)
class Action:
    """A webhook action; URL, headers and custom data are templates."""

    url: Annotated[str, About("The URL to send to.")]
    name: Annotated[str | None, About("A name for people.")] = None
    source: Annotated[
        ActionSource | None, About("The kind of rule in the helpdesk that sends it.")
    ] = None
    method: Annotated[
        str | None,
        About("POST when not given; PUT, DELETE or GET, and any with a body of your own."),
    ] = None
    headers: Annotated[
        Any, About("Names and values; one without a value is not sent.", schema=PAIRS_SCHEMA)
    ] = None
    custom_data: Annotated[
        Any,
        About("One text, or named values.", schema={"anyOf": [{"type": "string"}, PAIRS_SCHEMA]}),
    ] = None
    body: Annotated[
        str | None, About("A text in the place of the ticket: a template, like `form`'s.")
    ] = None
    json: Annotated[
        Any, About("A JSON value in the place of the ticket; a template once it is written.")
    ] = None
    form: Annotated[
        Any, About("A form in the place of the ticket: names and values.", schema=PAIRS_SCHEMA)
    ] = None
    body_base64: Annotated[str | None, About("Bytes in the place of the ticket, as they are.")] = (
        None
    )
    content_type: Annotated[
        str | None, About("The type of such a body; empty sends none.", max_length=1000)
    ] = None
    options: Options | None = None


@dataclass(frozen=True)
class Ticket:
    """The ticket: your own, exactly; without one the sample as the action's source sends it."""

    variation: Annotated[
        str | None,
        About(
            "A variation of the sample; beside your own ticket, for the fields that yours lacks.",
            schema={"enum": [*_VARIATIONS, None]},
        ),
    ] = None
    data: Annotated[
        dict[str, Any] | None, About("Your own: a ticket, or all fields of a webhook.")
    ] = None
    text: Annotated[
        str | None, About("Your own as text: JSON, lines of name: value, or a form's body.")
    ] = None
    request: Annotated[
        str | None,
        About("The ticket of a captured request: the bin's name, a slash, the request's id."),
    ] = None
    changes: Annotated[
        Any,
        About("Changes in order, each a path and a value; null takes away.", schema=_CHANGES),
    ] = None


@dataclass(frozen=True)
class ActionToSend:
    """An action, and the ticket it is sent with."""

    action: Action
    ticket: Ticket | None = None
    set: Annotated[dict[str, Any] | None, About('Changes by path: {"ticket.id": 5}.')] = None
    unset: Annotated[list[str] | None, About("Paths of the fields to take away.")] = None


def read_composition(body: ActionToSend) -> Composition:
    """The composition that a call describes. Raises ``InspectorError``."""
    given = {name: value for name, value in _fields(body.action).items() if name != "options"}
    if body.action.options is not None:
        given["options"] = _fields(body.action.options)
    ticket = body.ticket or Ticket()
    changes = choice_from_json({"changes": ticket.changes}).changes
    changes += read_changes(body.set, body.unset)
    sources = [name for name in ("data", "text", "request") if getattr(ticket, name) is not None]
    if len(sources) > 1:
        message = f"The ticket comes from one place, not from {' and '.join(sources)}."
        raise InspectorError("invalid_ticket", message, field="ticket")
    choice = TicketChoice(ticket.variation or "", _read_text(ticket), changes)
    return Composition(action_from_json(given), choice)


def write_composition(composition: Composition) -> dict[str, Any]:
    """The JSON that ``ActionToSend`` reads; what is not chosen of a ticket is null."""
    action, ticket = composition.to_json()
    chosen = {name: value or None for name, value in ticket.items()}
    return to_json_safe({"action": action, "ticket": chosen})


def read_changes(
    values: Mapping[str, Any] | None, unset: Iterable[str] | None
) -> tuple[Change, ...]:
    """The changes in ``set`` and ``unset`` of a call. Raises ``InspectorError``."""
    changes = [make_change(path, value) for path, value in (values or {}).items()]
    return (*changes, *(make_change(path, None) for path in unset or ()))


def _fields(shape: Any) -> dict[str, Any]:
    values = {field.name: getattr(shape, field.name) for field in dataclasses.fields(shape)}
    return {name: value for name, value in values.items() if value is not None}


def _read_text(ticket: Ticket) -> str:
    if ticket.data is not None:
        return json.dumps(ticket.data)
    if ticket.request is not None:
        bin_name, _, request_id = ticket.request.partition("/")
        return ticket_text(current_services().requests.get(find_bin(bin_name), request_id))
    return ticket.text or ""
