"""A captured webhook as an action and a ticket, to be changed and sent again.

Captured text is no template, so whatever looks like one is quoted.
"""

from __future__ import annotations

import re

from inspector.domain import CapturedRequest
from inspector.domain.messages import FORM_TYPE
from inspector.domain.pairs import is_token
from inspector.emitter.actions import (
    MAX_HEADERS,
    MAX_METHOD_CHARS,
    METHODS,
    CustomData,
    WebhookAction,
)
from inspector.emitter.bodies import MAX_BODY_BYTES, ActionBody
from inspector.emitter.composing import Composition, TicketChoice
from inspector.emitter.replaying import choose_headers
from inspector.emitter.tickets import ticket_text
from inspector.errors import InspectorError

_TEMPLATE = re.compile(r"\{[{%#]")
# Headers that our request has anyway, or that follow from its body.
_OURS = ("host", "content-length")


def can_recompose(captured: CapturedRequest) -> bool:
    """True when an action can say all that the request said: headers, path, query and body."""
    return (
        not captured.truncated
        and len(captured.body) <= MAX_BODY_BYTES
        and is_token(captured.method)
        and captured.method != "CONNECT"
        and len(captured.method) <= MAX_METHOD_CHARS
        and len(captured.raw_headers) <= MAX_HEADERS
        and all(value for _, value in captured.raw_headers)
        and _is_utf_8(captured.raw_head)
    )


def is_ticket(captured: CapturedRequest) -> bool:
    """True for a form as PHP reads it, without anything that PHP would drop or change.

    That is what an action and a ticket say, field by field.
    """
    form = captured.form
    return (
        captured.media_type.essence == FORM_TYPE
        and captured.method in METHODS
        and captured.method != "GET"
        and form is not None
        and bool(form.value)
        and not form.notes
        and _read_custom_data(captured) is not NotImplemented
    )


def _is_utf_8(raw_head: bytes) -> bool:
    try:
        raw_head.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def recompose(captured: CapturedRequest, url: str) -> Composition:
    """The action that sends it to ``url`` as it was: headers, path, query and body.

    A webhook of a ticket becomes one, to be changed field by field; any other body goes as it
    is, text as a text. Raises ``InspectorError`` for what no action can say.
    """
    if not can_recompose(captured):
        message = "No action can say all of this request. Send it again from its own page."
        raise InspectorError("cannot_edit", message)
    query = captured.target.partition("?")[2].partition("#")[0]
    target = f"{url}{captured.sub_path}{'?' if query else ''}{query}"
    kept, _ = choose_headers(captured.raw_headers, "", None)
    headers = [pair for pair in kept if pair[0].lower() not in _OURS and pair[1]]
    has_ticket = is_ticket(captured)
    action = WebhookAction(
        url=quote_template(target),
        name=f"{captured.bin_name} #{captured.number}",
        method=captured.method,
        headers=tuple((quote_template(name), quote_template(value)) for name, value in headers),
        custom_data=_read_custom_data(captured) if has_ticket else None,
        body=None if has_ticket else _read_body(captured),
    )
    return Composition(action, TicketChoice(text=ticket_text(captured) if has_ticket else ""))


def _read_body(captured: CapturedRequest) -> ActionBody | None:
    """The body, as a text where a form of a page does not change it; its type is a header."""
    data = captured.body
    if captured.method == "GET" and not data:
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text or "\r" in text:
        return ActionBody("bytes", data=data, content_type="")
    return ActionBody("text", quote_template(text), content_type="")


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
