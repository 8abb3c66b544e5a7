"""Answers that are worked out of the request: templates, and the handshakes of senders.

Each handshake is the vendor's documented exchange, told in the preset's docstring.
"""

import hashlib
import hmac
import json
from typing import Any

import pytest

from inspector.answers.rules import read_rules
from inspector.answers.templates import make_answer_to
from inspector.domain.answers.answer import DEFAULT, Answer
from inspector.domain.requests import CapturedRequest
from tests.answers.conftest import Ask

WORK = 100_000
JSON = {"Content_Type": "application/json"}


def answer_to(request: CapturedRequest, **answer: Any) -> Answer:
    rule = read_rules({"rules": [{"answers": [answer]}]})
    return make_answer_to(rule.choose(0, 1), request, WORK)


def test_a_template_sees_the_request(ask: Ask) -> None:
    body = b'{"challenge": "c0de", "n": 1.50, "list": [1, {"a": null}]}'
    request = ask("PUT", "/x?a.b=1&a.b=2", body, X_Name="Abed", **JSON)
    made = answer_to(
        request,
        template=True,
        body="{{ request.json.challenge }} {{ request.json.n }} {{ request.method }}"
        " {{ request.sub_path }} {{ request.query['a.b'] }} {{ request.json.list[0] }}"
        "{{ request.json.list[1].a }}{{ request.nothing.at.all }}",
        headers={"X-Greets": "{{ request.headers['x-name'] }} {{ request.headers['X-Name'] }}"},
    )
    assert made.body == b"c0de 1.50 PUT /x 2 1"
    assert made.headers == (("X-Greets", "Abed Abed"),)
    assert not made.is_made_per_request


def test_a_helpdesks_form_is_at_hand(ask: Ask) -> None:
    body = b"ticket%5Bid%5D=5&custom_data=vip"
    request = ask("POST", "/", body, Content_Type="application/x-www-form-urlencoded")
    made = answer_to(request, template=True, body="{{ ticket.id }} {{ custom_data }}")
    assert made.body == b"5 vip"


def test_a_value_cannot_begin_a_header_of_its_own(ask: Ask) -> None:
    request = ask("POST", "/", b'{"a": "x\\r\\nSet-Cookie: b=c"}', **JSON)
    made = answer_to(request, template=True, headers={"X-A": "{{ request.json.a }}"})
    assert made.headers == (("X-A", "x  Set-Cookie: b=c"),)


@pytest.mark.parametrize(
    "source", ["{% for i in 1..1000000 %}{{ i }}{% endfor %}", "{{ request.json.a / 0 }}"]
)
def test_a_template_that_fails_answers_500_with_a_sentence(ask: Ask, source: str) -> None:
    made = answer_to(ask("POST", "/", b'{"a": 1}', **JSON), template=True, body=source)
    assert made.status == 500
    assert made.body.startswith(b"The answer's body is a template that failed. Line 1: ")


def test_a_header_whose_template_fails_is_named(ask: Ask) -> None:
    headers = {"X-A": "{{ 1 }}", "X-B": "{{ request.json.a / 0 }}"}
    made = answer_to(ask("POST", "/", b'{"a": 1}', **JSON), template=True, headers=headers)
    said = b"The answer's header X-B is a template that failed. Line 1: a division by zero.\n"
    assert (made.status, made.headers, made.body) == (500, (), said)


def test_an_echo_is_the_body_with_its_type(ask: Ask) -> None:
    made = answer_to(ask("POST", "/", b"\xff\0", Content_Type="image/x"), preset="echo")
    assert (made.body, made.headers) == (b"\xff\0", (("Content-Type", "image/x"),))


def test_any_page_may_call(ask: Ask) -> None:
    preflight = ask(
        "OPTIONS", "/", Origin="https://a.example", Access_Control_Request_Method="PUT",
        Access_Control_Request_Headers="x-a, content-type",
    )  # fmt: skip
    made = dict(answer_to(preflight, preset="cors").headers)
    assert made["Access-Control-Allow-Origin"] == "*"
    assert made["Access-Control-Allow-Methods"] == "PUT"
    assert made["Access-Control-Allow-Headers"] == "x-a, content-type"
    plain = answer_to(ask("PUT", "/", Origin="https://a.example"), preset="cors")
    assert (plain.status, dict(plain.headers)["Access-Control-Allow-Origin"]) == (200, "*")


def test_slack_gets_its_challenge(ask: Ask) -> None:
    body = json.dumps({"token": "t", "challenge": "3eZbrw1aB10", "type": "url_verification"})
    made = answer_to(ask("POST", "/", body.encode(), **JSON), preset="slack")
    assert (made.status, made.body) == (200, b"3eZbrw1aB10")
    event = json.dumps({"type": "event_callback", "challenge": "no"}).encode()
    assert answer_to(ask("POST", "/", event, **JSON), preset="slack") == DEFAULT


def test_meta_gets_its_challenge_for_its_token(ask: Ask) -> None:
    query = "/?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=meatyhamhock"
    asked = ask("GET", query)
    assert answer_to(asked, preset="meta").body == b"1158201444"
    assert answer_to(asked, preset="meta", secret="meatyhamhock").body == b"1158201444"
    refused = answer_to(asked, preset="meta", secret="another")
    assert (refused.status, b"1158201444" in refused.body) == (403, False)
    assert answer_to(ask("POST", "/", b"{}", **JSON), preset="meta") == DEFAULT


def test_zoom_gets_its_token_and_the_hmac(ask: Ask) -> None:
    body = {"payload": {"plainToken": "qgg8vlvZRS6UYooatFL8Aw"}, "event": "endpoint.url_validation"}
    request = ask("POST", "/", json.dumps(body).encode(), **JSON)
    made = answer_to(request, preset="zoom", secret="s3cret")
    digest = hmac.new(b"s3cret", b"qgg8vlvZRS6UYooatFL8Aw", hashlib.sha256).hexdigest()
    expected = {"plainToken": "qgg8vlvZRS6UYooatFL8Aw", "encryptedToken": digest}
    assert json.loads(made.body) == expected
    assert answer_to(ask("POST", "/", b"[]", **JSON), preset="zoom", secret="a") == DEFAULT


def test_microsoft_graph_gets_its_token_decoded_as_plain_text(ask: Ask) -> None:
    request = ask("POST", "/?validationToken=Validation%3a+Testing+%3Cb%3E")
    made = answer_to(request, preset="microsoft-graph")
    assert (made.status, made.body) == (200, b"Validation: Testing <b>")
    assert dict(made.headers)["Content-Type"].startswith("text/plain")
    assert answer_to(ask("POST", "/", b"{}", **JSON), preset="microsoft-graph").status == 202


def test_a_sender_of_cloudevents_gets_its_permission(ask: Ask) -> None:
    request = ask(
        "OPTIONS", "/", WebHook_Request_Origin="eventemitter.example.com",
        WebHook_Request_Rate="100",
    )  # fmt: skip
    made = answer_to(request, preset="cloudevents")
    assert made.status == 200
    assert dict(made.headers)["WebHook-Allowed-Origin"] == "eventemitter.example.com"
    assert dict(made.headers)["WebHook-Allowed-Rate"] == "100"
    assert answer_to(ask("POST", "/", b"{}"), preset="cloudevents") == DEFAULT


@pytest.mark.parametrize("preset", ["slack", "meta", "microsoft-graph", "cloudevents", "echo"])
@pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 100_000, b'{"type": 5, "payload": []}'])
def test_no_body_breaks_a_handshake(ask: Ask, preset: str, body: bytes) -> None:
    assert answer_to(ask("POST", "/?%ff&=&hub.mode=subscribe", body), preset=preset).status < 500
