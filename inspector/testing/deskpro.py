"""A webhook sender for tests of a receiver: actions of the helpdesk with realistic tickets."""

from __future__ import annotations

import copy
import json as json_module
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from inspector.forms.casts import text_of
from inspector.reading.paths import MISSING
from inspector.testing.arguments import (
    Seconds,
    list_pairs,
    read_number,
    read_seconds,
    read_text,
)

if TYPE_CHECKING:
    from inspector.emitter import ActionBody, Context, DeliveryResult, PreparedRequest

Scalar: TypeAlias = "str | int | float | bool | None"
Pairs: TypeAlias = "Mapping[str, Scalar] | Iterable[tuple[str, Scalar]]"

DEFAULT_TIMEOUT_S = 10.0


class Deskpro:
    """Sends webhooks as the helpdesk would. Needs no server and keeps no state.

    ``source`` is ``trigger``, ``escalation``, ``sla`` or ``macro``, or one of the
    sample's variations by name (``sla-warning``). Paths are written
    ``ticket.participants[0].person.name``; values become texts as the helpdesk
    makes them (True is ``"1"``, None is ``""``).
    """

    def ticket(
        self,
        source: str = "trigger",
        *,
        set: Mapping[str, Any] | None = None,  # noqa: A002 - what the command calls it
        unset: Iterable[str] = (),
        **fields: Any,
    ) -> dict[str, Any]:
        """The sample's ticket as this source sends it, with one's own values.

        ``fields`` are the ticket's own (``ticket(id=5)``), ``set`` and ``unset`` take paths
        within it (``set={"agent.name": "Ann"}``). The caller may change what comes.
        Raises ``InspectorError`` for an unknown source or a path that leads nowhere.
        """
        changes = {**fields, **_read_changes(set or {})}
        context = _make_context(
            source,
            None,
            {f"ticket.{path}": value for path, value in changes.items()},
            [f"ticket.{path}" for path in _list_paths(unset)],
        )
        return cast(dict[str, Any], copy.deepcopy(context["ticket"]))

    def prepare(
        self,
        url: str,
        source: str = "trigger",
        *,
        method: str = "POST",
        headers: Pairs | None = None,
        data: str | Pairs | None = None,
        ticket: Mapping[str, Any] | None = None,
        set: Mapping[str, Any] | None = None,  # noqa: A002 - what the command calls it
        unset: Iterable[str] = (),
        body: str | bytes | None = None,
        json: Any = MISSING,
        form: Pairs | None = None,
        sign: str | None = None,
        tamper: bool = False,
    ) -> PreparedRequest:
        """The exact request, not sent: for a framework's own test client.

        ``headers`` and ``data`` (the custom data: a text, or named values) are templates:
        ``{"X-Deskpro-TicketId": "{{ ticket.id }}"}``. ``ticket`` is a ticket, which
        gets the sample's person and event beside it, or all the fields of a webhook (another
        one's ``request.form``), sent as they are, its custom data too when ``data`` is not
        given; ``set`` and ``unset`` change them by path.
        ``method`` is POST, PUT, DELETE or GET, which has an empty body. ``body`` (a text, or
        bytes as they are), ``json`` or ``form`` goes in the place of the ticket, by any method;
        texts are templates.
        ``sign`` is a secret to sign with, as in ``"github:hush"``; ``tamper`` signs so that it
        has to be refused. Raises ``InspectorError`` for what the helpdesk could not send.
        """
        from inspector.emitter import WebhookAction, get_variation, render
        from inspector.emitter.trees import tree_of

        context = _make_context(source, ticket, set or {}, unset)
        action = WebhookAction(
            url=read_text("url", url),
            source=get_variation(source).source,
            method=method,
            headers=make_pairs("headers", headers or ()),
            custom_data=data if data is None or isinstance(data, str) else make_pairs("data", data),
            body=_make_body(body, json, form),
        )
        theirs = (ticket or {}).get("custom_data") if data is None else None
        request = render(action, context, custom_data=None if theirs is None else tree_of(theirs))
        return request if sign is None else _sign(request, sign, tamper)

    def send(
        self,
        url: str,
        source: str = "trigger",
        *,
        method: str = "POST",
        headers: Pairs | None = None,
        data: str | Pairs | None = None,
        ticket: Mapping[str, Any] | None = None,
        set: Mapping[str, Any] | None = None,  # noqa: A002 - what the command calls it
        unset: Iterable[str] = (),
        timeout: Seconds = DEFAULT_TIMEOUT_S,
        retries: int = 0,
        body: str | bytes | None = None,
        json: Any = MISSING,
        form: Pairs | None = None,
        sign: str | None = None,
        tamper: bool = False,
    ) -> DeliveryResult:
        """Send what ``prepare`` makes; what the network does is in the result, not raised.

        ``result.status`` is the answer's, None when there was none and ``result.failure``
        says why. ``timeout`` is in seconds, for each attempt; ``retries`` as the helpdesk's.
        """
        from inspector.emitter import DeliveryOptions
        from inspector.emitter import send as deliver

        request = self.prepare(
            url,
            source,
            method=method,
            headers=headers,
            data=data,
            ticket=ticket,
            set=set,
            unset=unset,
            body=body,
            json=json,
            form=form,
            sign=sign,
            tamper=tamper,
        )
        timeout_s, retries = read_seconds("timeout", timeout), read_number("retries", retries)
        return deliver(request, options=DeliveryOptions(timeout_s=timeout_s, retries=retries))


def _sign(request: PreparedRequest, sign: str, tamper: bool) -> PreparedRequest:
    from inspector.clock import time
    from inspector.emitter.signing import sign_request
    from inspector.signatures import parse_secret

    secret = parse_secret(read_text("sign", sign))
    return sign_request(request, secret, time.time(), tampered=tamper)


def _make_context(
    source: str,
    ticket: Mapping[str, Any] | None,
    changes: Mapping[str, Any],
    unset_paths: Iterable[str],
) -> Context:
    from inspector.emitter import FIELDS, apply_set, context_of, get_variation, unset

    context = get_variation(read_text("source", source)).make_context()
    if ticket is not None:
        own = context_of(ticket)
        is_bare = set(FIELDS).isdisjoint(ticket)
        context = {**context, **own} if is_bare else own
    for path, value in _read_changes(changes).items():
        context = apply_set(context, path, value)
    for path in _list_paths(unset_paths):
        context = unset(context, path)
    return context


def _read_changes(changes: Any) -> Mapping[str, Any]:
    if not isinstance(changes, Mapping):
        raise TypeError(f'set= maps paths to values, as in {{"ticket.id": 5}}, not {changes!r}')
    return {read_text("a path in set=", path): value for path, value in changes.items()}


def _list_paths(paths: Any) -> list[str]:
    if isinstance(paths, str):
        return [paths]
    if not isinstance(paths, Iterable):
        raise TypeError(f'unset= lists paths, as in ["ticket.id"], not {paths!r}')
    return [read_text("a path in unset=", path) for path in paths]


def _make_body(body: str | bytes | None, json: Any, form: Pairs | None) -> ActionBody | None:
    from inspector.emitter.bodies import file_body, form_body, json_body, text_body

    given = [body is not None, json is not MISSING, form is not None]
    if sum(given) > 1:
        raise TypeError("a body is given once: body=, json= or form=")
    if json is not MISSING:
        return json_body(json_module.dumps(json, ensure_ascii=False))
    if form is not None:
        return form_body(make_pairs("form", form))
    if body is None:
        return None
    if not isinstance(body, str | bytes | bytearray):
        raise TypeError(f"body= is text or bytes, not {type(body).__name__}")
    return text_body(body) if isinstance(body, str) else file_body(bytes(body))


def make_pairs(what: str, pairs: Pairs) -> tuple[tuple[str, str], ...]:
    """The pairs as texts. Raises ``TypeError`` that names the argument ``what``."""
    return tuple(_make_pair(what, each) for each in list_pairs(what, pairs))


def _make_pair(what: str, pair: Any) -> tuple[str, str]:
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise TypeError(f"{what}= is a mapping, or pairs of a name and a value, not of {pair!r}")
    name, value = pair
    if not isinstance(name, str):
        raise TypeError(f"a name in {what}= is text, not {name!r}")
    if value is not None and not isinstance(value, str | int | float):
        raise TypeError(f"{what}[{name!r}] is text or a number, not {type(value).__name__}")
    return name, text_of(value)
