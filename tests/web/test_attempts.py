"""Tries of one delivery on the pages and in the API."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient


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


def test_an_answer_rule_cannot_ask_for_what_is_not_stored_yet(client: FlaskClient) -> None:
    rules = {"rules": [{"match": {"q": "is:retry"}, "answers": [{"status": 200}]}]}
    answer = client.put("/api/v1/bins/orders/answers", json=rules)
    assert answer.status_code == 400
    assert "is:retry" in answer.get_json()["error"]["message"]
