"""From an action and a ticket to the exact bytes of a request.

Every byte that goes over the wire is decided here and can be shown before it is sent;
``connections`` adds nothing. No I/O.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from inspector.domain.pairs import is_token
from inspector.emitter.actions import WebhookAction
from inspector.emitter.bodies import (
    JSON_TYPE,
    ActionBody,
    encode_body_text,
    find_json_problem,
)
from inspector.emitter.http_client.urls import HttpUrl, parse_url
from inspector.emitter.tickets import CUSTOM_DATA, order_fields, sample_context
from inspector.emitter.trees import Context
from inspector.errors import InspectorError
from inspector.forms import Value, build
from inspector.twig import MAX_WORK, TemplateError, Work, missing_variables, render_twig

FORM_TYPE = "application/x-www-form-urlencoded"
MAX_HEADER_VALUE_BYTES = 8_190

_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# Headers that frame the body; a second one would make two requests out of one.
_FRAMING = ("content-length", "transfer-encoding")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something of the action that is not in the request, or not as expected, and why."""

    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """A request as it will be sent: these headers in this order, then this body.

    ``raw`` is every byte of it. ``secret_headers`` are names, in lower case, of headers whose
    values are shared secrets, whatever they are called: see ``domain.credentials``.
    """

    method: str
    url: HttpUrl
    headers: tuple[tuple[str, str], ...]
    body: bytes
    left_out: tuple[LeftOut, ...] = ()
    secret_headers: frozenset[str] = frozenset()

    @property
    def request_line(self) -> str:
        return f"{self.method} {self.url.target} HTTP/1.1"

    @property
    def head(self) -> bytes:
        """Request line, header lines and the empty line after them."""
        lines = [self.request_line, *(f"{name}: {value}" for name, value in self.headers)]
        text = "\r\n".join(lines) + "\r\n\r\n"
        return text.encode("utf-8", "surrogateescape")

    @property
    def raw(self) -> bytes:
        """All that goes over the wire."""
        return self.head + self.body


def render(
    action: WebhookAction,
    context: Context,
    fields: bytes | None = None,
    *,
    max_work: int = MAX_WORK,
    custom_data: Value | None = None,
) -> PreparedRequest:
    """Work out the request that ``action`` sends for the ticket in ``context``.

    ``fields`` is the result of ``encode_fields`` for the context, when the caller has it
    already. ``max_work`` bounds the work of all templates together, in characters and entries
    touched. ``custom_data`` goes as it is in the place of the action's.

    POST, PUT and DELETE carry the ticket as PHP's ``http_build_query`` encodes it,
    ``custom_data`` last; GET has an empty body. An action's own body replaces all of that. A
    header without a value is not sent. A custom header takes the place of ours of the same
    name.

    Raises ``InspectorError``: ``template_error``, ``invalid_url``,
    ``unsupported_scheme``, ``invalid_header``, ``header_reserved``, ``invalid_body``, or
    ``invalid_action`` for two values of custom data with one name.

    Source: the helpdesk's article on webhooks.
    """
    work = Work(max_work)
    url = parse_url(_render_field("url", action.url, context, work))
    in_url = _take_notes("url", action.url, context, work)
    custom, left_out = _render_headers(action, context, work)
    left_out = in_url + left_out
    if action.body is not None:
        body, notes = _render_own_body(action.body, context, work)
        left_out.extend(notes)
    elif action.method == "GET":
        body = b""
        left_out.append(LeftOut("body", "not sent, a GET request has an empty body"))
    else:
        if custom_data is None:
            custom_data, empty = _render_custom_data(action, context, work)
            left_out.extend(empty)
        fields = encode_fields(context) if fields is None else fields
        body = b"&".join(filter(None, (fields, _build_body({CUSTOM_DATA: custom_data}))))
    auth = action.options.basic_auth or url.userinfo
    if action.body is not None:
        content_type: str | None = action.body.content_type
    else:
        content_type = FORM_TYPE if action.method != "GET" else None
    usual = _own_headers(url, auth, body, content_type)
    replaced = {name.lower() for name, _ in custom}
    own = [(name, value) for name, value in usual if name.lower() not in replaced]
    if auth and "authorization" in replaced:
        left_out.append(LeftOut("basic auth", "not sent, a custom header gives Authorization"))
    headers = (*own, *custom)
    return PreparedRequest(action.method, url.without_userinfo(), headers, body, tuple(left_out))


def encode_fields(context: Context) -> bytes:
    """The body's beginning: the ticket's fields in the helpdesk's order, no custom data.

    Raises ``InspectorError`` ``invalid_ticket``.
    """
    return _build_body(order_fields(context))


def _build_body(data: Context) -> bytes:
    try:
        return build(data)
    except UnicodeEncodeError:
        message = "A text of the ticket or the custom data has half a character (a lone surrogate)."
        raise InspectorError("invalid_ticket", message) from None


def sample_body() -> bytes:
    """The body of the sample ticket's webhook when no custom data is defined."""
    return _build_body({**sample_context(), CUSTOM_DATA: ""})


def _own_headers(
    url: HttpUrl, auth: tuple[str, str] | None, body: bytes, content_type: str | None
) -> list[tuple[str, str]]:
    """The usual headers; ``content_type`` is empty for a body without one, None for no body."""
    headers = [("Host", url.authority), ("User-Agent", "Inspector"), ("Accept", "*/*")]
    if auth:
        headers.append(make_basic_auth(auth))
    if content_type:
        check_header("Content-Type", content_type)
        headers.append(("Content-Type", content_type))
    if content_type is not None:
        headers.append(("Content-Length", str(len(body))))
    return headers


def make_basic_auth(auth: tuple[str, str]) -> tuple[str, str]:
    """The header that names a user and a password. Source: RFC 7617."""
    credentials = b64encode(":".join(auth).encode("utf-8", "surrogateescape")).decode()
    return "Authorization", f"Basic {credentials}"


def _render_headers(
    action: WebhookAction, context: Context, work: Work
) -> tuple[list[tuple[str, str]], list[LeftOut]]:
    sent: list[tuple[str, str]] = []
    left_out: list[LeftOut] = []
    for position, (name_template, value_template) in enumerate(action.headers):
        field = f"headers.{position}"
        name = _render_field(field, name_template, context, work).strip()
        value = _render_field(field, value_template, context, work).strip(" \t")
        check_header(name, value, field=field)
        if value:
            sent.append((name, value))
            left_out += _take_notes(name, value_template, context, work)
        else:
            left_out.append(LeftOut(name, f"not sent, {_why_empty(value_template, context)}"))
    return sent, left_out


def check_header(name: str, value: str, **place: str) -> None:
    """Refuse what cannot stand in a header line, and what would change the body's end.

    Raises ``InspectorError`` ``invalid_header`` or ``header_reserved``, with ``place`` among its
    details and ``part="name"`` where the name is what cannot be.

    Source: RFC 9110, 5.1 and 5.5.
    """
    if not is_token(name):
        shown = _visible(name)
        message = f"{shown} cannot be a header's name."
        raise InspectorError("invalid_header", message, header=name, part="name", **place)
    if name.lower() in _FRAMING:
        message = f"{name} follows from the body and cannot be set."
        raise InspectorError("header_reserved", message, header=name, part="name", **place)
    if _FORBIDDEN.search(value):
        message = f"The value of {name} has a line break or another control character in it."
        raise InspectorError("invalid_header", message, header=name, **place)
    try:
        size = len(value.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        message = f"The value of {name} has half a character (a lone surrogate)."
        raise InspectorError("invalid_header", message, header=name, **place) from None
    if size > MAX_HEADER_VALUE_BYTES:
        message = f"The value of {name} is longer than {MAX_HEADER_VALUE_BYTES:,} bytes."
        raise InspectorError("invalid_header", message, header=name, **place)


def _visible(name: str) -> str:
    return repr(name if len(name) <= 60 else f"{name[:57]}...")


def _render_own_body(body: ActionBody, context: Context, work: Work) -> tuple[bytes, list[LeftOut]]:
    """A body that is no ticket, its templates filled in. Raises ``InspectorError``."""
    if body.kind == "bytes":
        return body.data, []
    if body.kind == "form":
        pairs, notes = [], []
        for position, pair in enumerate(body.pairs):
            field = f"form.{position}"
            name, value = (_render_field(field, each, context, work) for each in pair)
            pairs.append((encode_body_text(name), encode_body_text(value)))
            notes += _take_notes(name, pair[1], context, work)
            notes += _note_empty(name, value, pair[1], context)
        return urlencode(pairs).encode(), notes
    data = encode_body_text(_render_field("body", body.text, context, work))
    notes = _take_notes("body", body.text, context, work)
    if body.content_type == JSON_TYPE and (problem := find_json_problem(data)):
        notes.append(LeftOut("body", f"sent, but it is no JSON: {problem}"))
    return data, notes


def _render_custom_data(
    action: WebhookAction, context: Context, work: Work
) -> tuple[Value, list[LeftOut]]:
    if action.custom_data is None:
        return "", []
    if isinstance(action.custom_data, str):
        text = _render_field("custom_data", action.custom_data, context, work)
        notes = _take_notes("custom_data", action.custom_data, context, work)
        return text, notes + _note_empty("custom_data", text, action.custom_data, context)
    values: dict[str, Value] = {}
    empty: list[LeftOut] = []
    for position, (name_template, template) in enumerate(action.custom_data):
        field = f"custom_data.{position}"
        name = _render_field(field, name_template, context, work)
        text = _render_field(field, template, context, work)
        if name in values:
            message = f"Custom data has two values named {name[:60]}; a form keeps one of a name."
            raise InspectorError("invalid_action", message, field=field)
        values[name] = text
        what = f"custom_data[{name}]"
        empty += _take_notes(what, template, context, work)
        empty += _note_empty(what, text, template, context)
    return values or "", empty


def _take_notes(what: str, template: str, context: Context, work: Work) -> list[LeftOut]:
    """Notes on results that a template's author may not expect, each once."""
    notes = list(dict.fromkeys(work.notes))
    work.notes.clear()
    if not notes:
        return []
    missing = missing_variables(template, context)
    names = f" ({', '.join(f'`{name}`' for name in missing)} has no value)" if missing else ""
    return [LeftOut(what, f"sent, but {note}{names}") for note in notes]


def _note_empty(what: str, text: str, template: str, context: Context) -> list[LeftOut]:
    if text or not template:
        return []
    return [LeftOut(what, f"sent empty, {_why_empty(template, context)}")]


def _why_empty(template: str, context: Context) -> str:
    missing = missing_variables(template, context)
    if not missing:
        return "its template gives no text"
    names = ", ".join(f"`{name}`" for name in missing)
    meant = [near for near in (_find_nearest(name, context) for name in missing) if near]
    hint = f" (did you mean {' and '.join(f'`{near}`' for near in meant)}?)" if meant else ""
    return f"{names} {'has' if len(missing) == 1 else 'have'} no value{hint}"


def _find_nearest(name: str, context: Context) -> str | None:
    """The existing variable whose spelling is nearest to a missing one."""
    from difflib import get_close_matches  # most templates are as they should be

    value: Any = context
    found: list[str] = []
    for key in name.split("."):
        if not isinstance(value, Mapping):
            return None
        near = [key] if key in value else get_close_matches(key, list(value)[:1000], 1, 0.75)
        if not near:
            return None
        found.append(near[0])
        value = value[near[0]]
    nearest = ".".join(found)
    return nearest if nearest != name else None


def _render_field(field: str, template: str, context: Context, work: Work) -> str:
    """Render one field of the action. Raises ``InspectorError`` that names the field."""
    try:
        return render_twig(template, context, work)
    except TemplateError as error:
        raise InspectorError("template_error", str(error), line=error.line, field=field) from error
