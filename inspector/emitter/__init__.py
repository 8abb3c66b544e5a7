"""Sends webhooks as the helpdesk would: an action and a ticket in, exact bytes out.

``render`` works out the request, ``send`` delivers it. Pure Python objects: no
database, no web framework, no environment.
"""

from inspector.emitter.actions import (
    METHODS,
    SOURCES,
    DeliveryOptions,
    WebhookAction,
    action_from_json,
    action_to_json,
)
from inspector.emitter.destinations import ANYWHERE, DestinationPolicy, restrict_to
from inspector.emitter.preparing import LeftOut, PreparedRequest, render
from inspector.emitter.sending import Attempt, DeliveryResult, Exchange, Failure, send
from inspector.emitter.tickets import sample_context
from inspector.emitter.trees import Context, Tree

__all__ = [
    "ANYWHERE",
    "METHODS",
    "SOURCES",
    "Attempt",
    "Context",
    "DeliveryOptions",
    "DeliveryResult",
    "DestinationPolicy",
    "Exchange",
    "Failure",
    "LeftOut",
    "PreparedRequest",
    "Tree",
    "WebhookAction",
    "action_from_json",
    "action_to_json",
    "render",
    "restrict_to",
    "sample_context",
    "send",
]
