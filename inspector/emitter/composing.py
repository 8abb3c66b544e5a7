"""An action and the ticket that it is sent with: what the page, the API and the command compose.

All three make one of these and ``prepare`` the same requests from it. No I/O.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from inspector.clock import time
from inspector.emitter.actions import WebhookAction, action_from_json, action_to_json
from inspector.emitter.changes import Change, apply_changes, split_path
from inspector.emitter.preparing import PreparedRequest, encode_fields, render
from inspector.emitter.signing import sign_request
from inspector.emitter.tickets import LoadedTicket, parse_ticket
from inspector.emitter.trees import Context, tree_of
from inspector.emitter.variations import get_variation
from inspector.errors import InspectorError
from inspector.signatures import parse_secret
from inspector.twig import MAX_WORK

MAX_CHANGES = 1_000
_CHOICE_FIELDS = ("variation", "text", "changes")


@dataclass(frozen=True, slots=True)
class TicketChoice:
    """The ticket data that an action is sent with.

    ``text`` is one's own data as ``parse_ticket`` takes it, bytes that are no UTF-8
    surrogate-escaped. It is sent alone, or completed by the fields of a ``variation`` of the
    sample when one is named beside it. Without a text the variation is sent, by default the
    usual one of the action's source. ``changes`` are applied to it in order.
    """

    variation: str = ""
    text: str = ""
    changes: tuple[Change, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The JSON that ``choice_from_json`` reads."""
        changes = [[change.path, change.value] for change in self.changes]
        return {"variation": self.variation, "text": self.text, "changes": changes}


def choice_from_json(data: Any) -> TicketChoice:
    """The choice that ``TicketChoice.to_json`` wrote; what is not there is empty.

    Raises ``InspectorError`` ``invalid_ticket`` or ``invalid_path``.
    """
    if not isinstance(data, Mapping) or data.keys() - set(_CHOICE_FIELDS):
        fields = ", ".join(_CHOICE_FIELDS)
        raise InspectorError("invalid_ticket", f"The ticket's choice is an object of {fields}.")
    changes = [] if data.get("changes") is None else data["changes"]
    texts = [data.get("variation") or "", data.get("text") or ""]
    if not isinstance(changes, list) or not all(isinstance(text, str) for text in texts):
        raise InspectorError("invalid_ticket", "The ticket's choice has a wrong type in it.")
    return TicketChoice(texts[0], texts[1], tuple(make_change(*_pair(each)) for each in changes))


def _pair(entry: Any) -> tuple[str, Any]:
    if not isinstance(entry, list) or len(entry) != 2 or not isinstance(entry[0], str):
        raise InspectorError("invalid_path", "A change is a list of a path and a value.")
    return entry[0], entry[1]


def make_change(path: str, value: Any) -> Change:
    """A change of what JSON or Python holds; ``None`` takes away what is at ``path``.

    Raises ``InspectorError`` ``invalid_path`` or ``invalid_ticket``.
    """
    split_path(path)
    return Change(path, None if value is None else tree_of(value))


@dataclass(frozen=True)
class Composition:
    """An action with its ticket; each request of a series is prepared from the same one.

    ``max_work`` is what the templates of one request may do; see ``render``.

    Raises ``InspectorError`` ``too_many_changes``; what the ticket is made of is
    looked at when it is needed.
    """

    action: WebhookAction
    ticket: TicketChoice = TicketChoice()
    max_work: int = MAX_WORK

    def __post_init__(self) -> None:
        if len(self.ticket.changes) > MAX_CHANGES:
            message = f"A ticket is changed in at most {MAX_CHANGES:,} places."
            raise InspectorError("too_many_changes", message, field="changes")

    @cached_property
    def own_ticket(self) -> LoadedTicket | None:
        """One's own data, None without. Raises ``InspectorError`` ``invalid_ticket``."""
        if not self.ticket.text.strip():
            return None
        try:
            data = self.ticket.text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            message = "The ticket has half a character (a lone surrogate)."
            raise InspectorError("invalid_ticket", message, field="ticket") from None
        return parse_ticket(data)

    @cached_property
    def unchanged_context(self) -> Context:
        """The data before its changes. Raises ``InspectorError``."""
        own = self.own_ticket
        if own is not None and not self.ticket.variation:
            return own.context
        sample = get_variation(self.ticket.variation or self.action.source).make_context()
        return {**sample, **own.context} if own else sample

    def make_context(self, number: int = 1) -> Context:
        """The data of the delivery of this number, counted from 1. Raises ``InspectorError``."""
        return apply_changes(self.unchanged_context, self.ticket.changes, number=number)

    def prepare(self, number: int = 1) -> PreparedRequest:
        """The request of this number. Raises ``InspectorError`` as ``render`` does."""
        fields = None
        if self.action.method != "GET" and self.action.body is None:
            fields = str(number).encode().join(self._encoded_fields)
        request = render(self.action, self.make_context(number), fields, max_work=self.max_work)
        options = self.action.options
        if options.sign is None:
            return request
        secret = parse_secret(options.sign)
        return sign_request(request, secret, time.time(), tampered=options.tamper)

    @cached_property
    def _encoded_fields(self) -> list[bytes]:
        """The ticket's fields as they are sent, cut wherever a delivery's number belongs.

        Encoding is nearly all the work of a request, and in a series only the numbers differ.
        """
        mark = secrets.token_hex(16)  # Occurs nowhere else; encoding leaves it.
        context = apply_changes(self.unchanged_context, self.ticket.changes, number=mark)
        return encode_fields(context).split(mark.encode())

    def to_json(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The action and the ticket's choice, as ``composition_from_json`` takes them."""
        return action_to_json(self.action), self.ticket.to_json()


def composition_from_json(action: Any, ticket: Any) -> Composition:
    """The composition that ``Composition.to_json`` wrote. Raises ``InspectorError``."""
    return Composition(action_from_json(action), choice_from_json(ticket))
