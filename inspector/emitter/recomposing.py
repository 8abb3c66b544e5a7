"""A captured webhook as an action and a ticket, to be changed and sent again.

What is taken over was sent, not written as a template: whatever looks like one is quoted.
"""

from __future__ import annotations

import re

from inspector.domain import CapturedRequest
from inspector.domain.messages import FORM_TYPE
from inspector.emitter.actions import MAX_HEADERS, METHODS, CustomData, WebhookAction
from inspector.emitter.composing import Composition, TicketChoice
from inspector.emitter.replaying import choose_headers
from inspector.emitter.tickets import ticket_text

_TEMPLATE = re.compile(r"\{[{%#]")
# Ours say the same again, or follow from the body.
_OURS = ("host", "content-length")


def can_recompose(captured: CapturedRequest) -> bool:
    """True when an action and a ticket can say all that the request said.

    That is a form as PHP reads it, without anything that PHP would drop or change.
    """
    form = captured.form
    return (
        captured.media_type.essence == FORM_TYPE
        and captured.method in METHODS
        and captured.method != "GET"
        and not captured.truncated
        and form is not None
        and bool(form.value)
        and not form.notes
        and _read_custom_data(captured) is not NotImplemented
        and len(captured.raw_headers) <= MAX_HEADERS
        and all(value for _, value in captured.raw_headers)
        and _is_utf_8(captured.raw_head)
    )


def _is_utf_8(raw_head: bytes) -> bool:
    try:
        raw_head.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def recompose(captured: CapturedRequest, url: str) -> Composition:
    """The action that sends it to ``url`` as it was: headers, path, query, custom data, ticket.

    Custom data that an action cannot say is left out. Raises ``InspectorError``
    ``invalid_ticket`` for a request without one.
    """
    method = captured.method if captured.method in METHODS[:-1] else "POST"
    query = captured.target.partition("?")[2].partition("#")[0]
    target = f"{url}{captured.sub_path}{'?' if query else ''}{query}"
    custom_data = _read_custom_data(captured)
    kept, _ = choose_headers(captured.raw_headers, "", None)
    headers = [pair for pair in kept if pair[0].lower() not in _OURS and pair[1]]
    if captured.media_type.essence != FORM_TYPE:
        headers = [pair for pair in headers if pair[0].lower() != "content-type"]
    action = WebhookAction(
        url=quote_template(target),
        name=f"{captured.bin_name} #{captured.number}",
        method=method,
        headers=tuple((quote_template(name), quote_template(value)) for name, value in headers)[
            :MAX_HEADERS
        ],
        custom_data=None if custom_data is NotImplemented else custom_data,
    )
    return Composition(action, TicketChoice(text=ticket_text(captured)))


def _read_custom_data(captured: CapturedRequest) -> CustomData:
    """The custom data as an action has it; ``NotImplemented`` when none can."""
    data = captured.custom_data
    if data is None or data == "":
        return None
    if isinstance(data, str):
        return quote_template(data)
    if isinstance(data, dict) and all(isinstance(value, str) for value in data.values()):
        return tuple((quote_template(name), quote_template(text)) for name, text in data.items())
    return NotImplemented  # type: ignore[no-any-return]


def quote_template(text: str) -> str:
    """A template that gives this text, whatever is in it."""
    return _TEMPLATE.sub(lambda found: f"{{{{ '{found[0]}' }}}}", text)
