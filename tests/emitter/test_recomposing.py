"""Captured webhooks as actions: what was sent is sent again, templates or not."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, quote

import pytest

from inspector.emitter import composition_from_json
from inspector.emitter.recomposing import can_recompose, quote_template, recompose
from inspector.errors import InspectorError
from inspector.forms import build, parse
from inspector.twig import render_twig
from tests.emitter.test_replaying import captured

TYPE = b"Content-Type: application/x-www-form-urlencoded\r\n"
HEAD = (
    b"PUT /orders/a%20b?x=1&y={{ticket.id}} HTTP/1.1\r\nHost: h\r\n"
    b"X-Odd: {{ ticket.id }} {% if %}\r\nUser-Agent: Helpdesk\r\n"
    b"Connection: close\r\nX-Two: 1\r\nx-two: 2\r\n" + TYPE
)


def body_of(custom_data: object) -> bytes:
    form = {"ticket": {"id": "5", "odd": "{{ 1 }} {# #} ' %}"}, "event_type": "x"}
    return build({**form, "custom_data": custom_data})


@pytest.mark.parametrize("custom_data", ["", "{{ ticket.id }}", {"a {{": "{% b %}", "c": ""}])
def test_a_captured_webhook_is_composed_again_with_all_it_had(custom_data: object) -> None:
    request = captured(HEAD, body_of(custom_data))
    assert can_recompose(request)
    prepared = recompose(request, "http://127.0.0.1:9/orders").prepare()
    assert prepared.request_line == (
        f"PUT /orders/a%20b?x=1&y={quote('{{ticket.id}}', safe='{}.')} HTTP/1.1"
    )
    assert parse(prepared.body).value == parse(request.body).value
    assert parse_qsl(prepared.body, keep_blank_values=True) == parse_qsl(
        request.body, keep_blank_values=True
    )
    headers = [pair for pair in prepared.headers if pair[0].lower().startswith(("x-", "user"))]
    assert headers == [
        ("X-Odd", "{{ ticket.id }} {% if %}"),
        ("User-Agent", "Helpdesk"),
        ("X-Two", "1"),
        ("x-two", "2"),
    ]


JSON = b"Content-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (
            b"POST /orders/p?q=%7B%7B HTTP/1.1\r\n" + JSON,
            b'{"ticket": {"id": "{{ ticket.id }}"}}\n',
        ),
        (b"POST /orders HTTP/1.1\r\n" + JSON, b'{"a": "{% if %}"}\r\n'),
        (b"PATCH /orders HTTP/1.1\r\n" + TYPE, b"ticket[id]=5"),
        (b"GET /orders HTTP/1.1\r\n" + TYPE, b"ticket[id]=5"),
        (b"GET /orders HTTP/1.1\r\nX-A: 1\r\n", b""),
        (b"PURGE /orders HTTP/1.1\r\nX-A: 1\r\n", b""),
        (b"POST /orders HTTP/1.1\r\n" + TYPE, b""),
        (b"POST /orders HTTP/1.1\r\n" + TYPE, b"a=1&a=2"),
        (b"POST /orders HTTP/1.1\r\n" + TYPE, b"ticket[id]=5&custom_data[a][b]=1"),
        (b"POST /orders HTTP/1.1\r\nContent-Type: image/png\r\n", bytes(range(256))),
        (b"POST /orders HTTP/1.1\r\nX-A: 1\r\n", b"no type {# at all #}"),
    ],
)
def test_any_body_becomes_an_action_byte_for_byte(head: bytes, body: bytes) -> None:
    request = captured(head, body)
    assert can_recompose(request)
    made = recompose(request, "http://127.0.0.1:9/orders")
    assert composition_from_json(*map(json.loads, map(json.dumps, made.to_json()))) == made
    prepared = made.prepare()
    assert prepared.body == body
    assert prepared.request_line.encode() == head.partition(b"\r\n")[0]
    ours = {"Host", "User-Agent", "Accept", "Content-Length"}
    assert [pair for pair in prepared.headers if pair[0] not in ours] == request.raw_headers


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"CONNECT /orders HTTP/1.1\r\n" + TYPE, b""),
        (b"POST /orders HTTP/1.1\r\nX: \xe4\r\n" + TYPE, b"ticket[id]=5"),
        (b"POST /orders HTTP/1.1\r\nX:\r\n" + TYPE, b"ticket[id]=5"),
        (b"POST /orders HTTP/1.1\r\n" + b"X: 1\r\n" * 100 + TYPE, b"ticket[id]=5"),
    ],
)
def test_what_an_action_cannot_say_is_not_offered_as_one(head: bytes, body: bytes) -> None:
    request = captured(head, body)
    assert not can_recompose(request)
    with pytest.raises(InspectorError, match="No action can say"):
        recompose(request, "http://127.0.0.1:9/orders")


@pytest.mark.parametrize("text", ["", "{{ a }}", "{{{%{#}}", "a'b{{", "}}", "{", "{{'x'}}"])
def test_a_quoted_text_is_a_template_that_gives_it(text: str) -> None:
    assert render_twig(quote_template(text), {}) == text
