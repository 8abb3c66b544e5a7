"""Captured webhooks as actions: what was sent is sent again, templates or not."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote

import pytest

from inspector.emitter.recomposing import can_recompose, quote_template, recompose
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


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"POST /orders HTTP/1.1\r\nContent-Type: application/json\r\n", b'{"ticket": {"id": 5}}'),
        (b"PATCH /orders HTTP/1.1\r\n" + TYPE, b"ticket[id]=5"),
        (b"GET /orders HTTP/1.1\r\n" + TYPE, b"ticket[id]=5"),
        (b"POST /orders HTTP/1.1\r\n" + TYPE, b""),
        (b"POST /orders HTTP/1.1\r\n" + TYPE, b"a=1&a=2"),
        (b"POST /orders HTTP/1.1\r\n" + TYPE, b"ticket[id]=5&custom_data[a][b]=1"),
        (b"POST /orders HTTP/1.1\r\nX: \xe4\r\n" + TYPE, b"ticket[id]=5"),
        (b"POST /orders HTTP/1.1\r\nX:\r\n" + TYPE, b"ticket[id]=5"),
        (b"POST /orders HTTP/1.1\r\n" + b"X: 1\r\n" * 100 + TYPE, b"ticket[id]=5"),
    ],
)
def test_what_an_action_cannot_say_is_not_offered_as_one(head: bytes, body: bytes) -> None:
    assert not can_recompose(captured(head, body))


@pytest.mark.parametrize("text", ["", "{{ a }}", "{{{%{#}}", "a'b{{", "}}", "{", "{{'x'}}"])
def test_a_quoted_text_is_a_template_that_gives_it(text: str) -> None:
    assert render_twig(quote_template(text), {}) == text
