"""Sends webhooks as the helpdesk would: an action and a ticket in, exact bytes out.

``render`` works out the request, ``send`` delivers it. Pure Python objects: no
database, no web framework, no environment.
"""

from inspector.emitter.actions import (
    METHODS,
    DeliveryOptions,
    WebhookAction,
    action_from_json,
    action_to_json,
)
from inspector.emitter.bodies import ActionBody, file_body, form_body, json_body, text_body
from inspector.emitter.changes import Change, apply_changes, apply_set, parse_set, unset
from inspector.emitter.composing import (
    Composition,
    TicketChoice,
    choice_from_json,
    composition_from_json,
    make_change,
)
from inspector.emitter.delivery_records import make_delivery
from inspector.emitter.http_client.destinations import ANYWHERE, DestinationPolicy, restrict_to
from inspector.emitter.preparing import LeftOut, PreparedRequest, render, sample_body
from inspector.emitter.replaying import ReplayChanges, repeat, replay
from inspector.emitter.sending import Attempt, DeliveryResult, Exchange, Failure, send
from inspector.emitter.series import Series, SeriesPlan, SeriesProgress
from inspector.emitter.tickets import FIELDS, LoadedTicket, context_of, parse_ticket, sample_context
from inspector.emitter.trees import Context
from inspector.emitter.variations import Variation, all_variations, get_variation

__all__ = [
    "ANYWHERE",
    "FIELDS",
    "METHODS",
    "ActionBody",
    "Attempt",
    "Change",
    "Composition",
    "Context",
    "DeliveryOptions",
    "DeliveryResult",
    "DestinationPolicy",
    "Exchange",
    "Failure",
    "LeftOut",
    "LoadedTicket",
    "PreparedRequest",
    "ReplayChanges",
    "Series",
    "SeriesPlan",
    "SeriesProgress",
    "TicketChoice",
    "Variation",
    "WebhookAction",
    "action_from_json",
    "action_to_json",
    "all_variations",
    "apply_changes",
    "apply_set",
    "choice_from_json",
    "composition_from_json",
    "context_of",
    "file_body",
    "form_body",
    "get_variation",
    "json_body",
    "make_change",
    "make_delivery",
    "parse_set",
    "parse_ticket",
    "render",
    "repeat",
    "replay",
    "restrict_to",
    "sample_body",
    "sample_context",
    "send",
    "text_body",
    "unset",
]
