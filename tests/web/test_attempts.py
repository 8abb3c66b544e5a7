"""Tries of one delivery on the pages and in the API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from inspector.answers.rules import load_rules


def send(client: FlaskClient, delivery: str) -> None:
    client.post("/orders", json={"hello": 1}, headers={"webhook-id": delivery})


def read(client: FlaskClient, number: int) -> Any:
    return client.get(f"/api/v1/bins/orders/requests/1-{number}").get_json()["attempt"]


def test_the_list_and_the_page_link_a_try_to_the_others(client: FlaskClient) -> None:
    for delivery in ("<b>a", "b", "<b>a", "<b>a"):
        send(client, delivery)
    page = client.get("/bins/orders").text
    assert page.count("row-try") == 2
    assert 'href="/bins/orders/requests/1-3" hx-get="/bins/orders/requests/1-3" title=' in page
    assert "3rd try" in page
    last = client.get("/bins/orders/requests/1-4").text
    facts = last.partition('id="tries"')[2].partition("</li>")[0]
    assert "3rd try" in facts
    assert 'href="/bins/orders/requests/1-3">#3</a>' in facts
    assert 'first <a href="/bins/orders/requests/1-1">#1</a>' in facts
    first = client.get("/bins/orders/requests/1-1").text
    assert 'last as <a href="/bins/orders/requests/1-4">#4</a> (3rd try)' in first
    assert 'id="tries"' not in client.get("/bins/orders/requests/1-2").text


def test_the_api_tells_a_try_alone_and_in_an_array_and_finds_it(client: FlaskClient) -> None:
    for delivery in ("a", "b", "a"):
        send(client, delivery)
    found = read(client, 3)
    assert found.pop("after_s") >= 0
    assert found == {"number": 2, "first": "1-1", "previous": "1-1", "by": "delivery"}
    assert read(client, 2)["number"] == 1
    calls = "/api/v1/bins/orders/requests"
    assert [each["attempt"]["number"] for each in client.get(calls).get_json()] == [2, 1, 1]
    assert [each["number"] for each in client.get(f"{calls}?q=is:retry").get_json()] == [3]


@pytest.mark.parametrize(
    ("query", "term"),
    [
        ("is:retry", "is:retry"),
        ("-is:retry", "is:retry"),
        ("method:POST -(a is:Retry)", "is:Retry"),
        ("a or is:pinned", "is:pinned"),
        ("-is:noted", "is:noted"),
        ("note:later", "note:later"),
        ("number:7", "number:7"),
        ('-signature:"valid"', "signature:valid"),
    ],
)
def test_a_rule_or_a_relay_cannot_ask_for_what_is_not_stored_yet(
    client: FlaskClient, query: str, term: str
) -> None:
    rules = {"rules": [{"match": {"q": query}, "answers": [{"status": 200}]}]}
    relay = {"url": "http://127.0.0.1:9/", "match": {"q": query}}
    for path, given in (("answers", rules), ("relay", relay)):
        answer = client.put(f"/api/v1/bins/orders/{path}", json=given)
        assert answer.status_code == 400
        told = answer.get_json()["error"]["message"]
        assert told.endswith(f"before a request is stored, so it cannot say {term}.")


def test_a_rule_that_was_kept_by_an_earlier_version_is_still_read() -> None:
    kept = {"rules": [{"match": {"q": "-is:retry"}, "answers": [{"status": 503}]}]}
    assert load_rules(json.dumps(kept)).to_json()["rules"][0]["match"] == {"q": "-is:retry"}


def test_what_is_stored_is_sent_again_by_its_tries(client: FlaskClient) -> None:
    send(client, "a")
    asked = {"url": "http://127.0.0.1:9/", "match": {"q": "is:retry"}}
    answer = client.post("/api/v1/bins/orders/replay", json=asked)
    assert answer.status_code == 202
