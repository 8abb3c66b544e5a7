"""Saved actions by the API: the same ones as the page's, and what is got can be put back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.emitter.receiver import Receiver

ACTIONS = "/api/v1/actions"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def call(client: FlaskClient, method: str, path: str, status: int, **body: Any) -> Any:
    answer = client.open(path, method=method, json=body or None)
    assert answer.status_code == status, answer.text
    return answer.json


def save(client: FlaskClient, url: str, name: str = "Escalated", **more: Any) -> dict[str, Any]:
    action = {"url": url, "name": name, "source": "sla", "headers": {"X-Id": "{{ ticket.id }}"}}
    saved: dict[str, Any] = call(client, "POST", ACTIONS, 201, action=action, **more)
    return saved


def test_an_action_is_saved_listed_changed_and_deleted(client: FlaskClient) -> None:
    assert call(client, "GET", ACTIONS, 200) == []
    made = save(client, "http://h/{{ ticket.id }}", ticket={"text": "ticket[id]: 7"})
    save(client, "http://h/", "another")
    place = f"{ACTIONS}/{made['id']}"
    assert call(client, "GET", place, 200) == made
    listed = call(client, "GET", ACTIONS, 200)
    assert [each["name"] for each in listed] == ["another", "Escalated"]
    assert listed[1] == {name: made[name] for name in listed[1]}
    changed = call(client, "PUT", place, 200, action={"url": "http://other/", "method": "GET"})
    assert (changed["id"], changed["method"], changed["name"]) == (made["id"], "GET", "Webhook")
    assert changed["ticket"] == {"variation": None, "text": None, "changes": None}
    call(client, "DELETE", place, 204)
    for method in ("GET", "DELETE"):
        error = call(client, method, place, 404)["error"]
        assert error["code"] == "action_not_found"


def test_what_is_got_can_be_put_back(client: FlaskClient) -> None:
    ticket = {"variation": "sla-failure", "text": '{"id": 7}', "changes": [["ticket.a", None]]}
    made = save(client, "http://h/", ticket=ticket, set={"ticket.labels": ["x"]})
    asked = {"action": made["action"], "ticket": made["ticket"]}
    again = call(client, "PUT", f"{ACTIONS}/{made['id']}", 200, **asked)
    assert {**again, "changed_at": ""} == {**made, "changed_at": ""}
    assert made["ticket"]["changes"] == [["ticket.a", None], ["ticket.labels", ["x"]]]


def test_passwords_are_shown_to_who_asks_for_them_and_kept_by_who_does_not(
    client: FlaskClient, receiver: Receiver
) -> None:
    url = receiver.url.replace("//", "//ann:in-url@")
    action = {"url": url, "headers": {"Authorization": "Bearer in-header"}}
    action["options"] = {"basic_auth": ["ann", "in-options"]}
    made = call(client, "POST", ACTIONS, 201, action=action)
    place = f"{ACTIONS}/{made['id']}"
    for shown in (made, call(client, "GET", place, 200), call(client, "GET", ACTIONS, 200)):
        assert "in-" not in json.dumps(shown)
    assert "in-url" not in client.get("/emitter").text
    changed = {**made["action"], "name": "Changed"}
    assert call(client, "PUT", place, 200, action=changed)["action"] == changed
    kept = call(client, "GET", f"{place}?credentials=true", 200)["action"]
    assert (kept["url"], kept["name"]) == (url, "Changed")
    assert kept["headers"] == [["Authorization", "Bearer in-header"]]
    assert kept["options"]["basic_auth"] == ["ann", "in-options"]
    call(client, "POST", f"{place}/send", 201)
    assert b"\r\nAuthorization: Bearer in-header\r\n" in receiver.requests[0]


def test_a_saved_action_is_sent_as_it_is_or_changed(
    client: FlaskClient, receiver: Receiver
) -> None:
    made = save(client, receiver.url, ticket={"data": {"id": 7}})
    sent = call(client, "POST", f"{ACTIONS}/{made['id']}/send", 201)
    assert (sent["status"], sent["name"], sent["source"]) == (200, "Escalated", "sla")
    call(client, "POST", f"{ACTIONS}/{made['id']}/send", 201, set={"ticket.id": 8})
    first, second = receiver.requests
    assert first.endswith(b"X-Id: 7\r\n\r\nticket%5Bid%5D=7&custom_data=")
    assert second == first.replace(b"Id: 7", b"Id: 8").replace(b"5D=7", b"5D=8")


def test_the_page_and_the_api_have_the_same_actions(client: FlaskClient) -> None:
    made = save(client, "http://h/from-the-api", "<b>Ann's</b>")
    page = client.get(f"/emitter?action={made['id']}").text
    assert "http://h/from-the-api" in page
    assert "<b>Ann" not in page
    fields = {"url": "http://h/from-the-page", "name": "Page", "source": "sla", "method": "GET"}
    client.post("/emitter", data={"do": "save", **fields})
    urls = [each["url"] for each in call(client, "GET", ACTIONS, 200)]
    assert sorted(urls) == ["http://h/from-the-api", "http://h/from-the-page"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_action"),
        ({"action": {"url": ""}}, "invalid_action"),
        ({"action": {"url": "http://h", "options": {"retries": 9}}}, "invalid_retries"),
        ({"action": {"url": "http://h"}, "ticket": {"changes": [["a"]]}}, "invalid_path"),
        ({"action": {"url": "http://h"}, "ticket": {"changes": "x"}}, "invalid_ticket"),
        ({"action": {"url": "http://h"}, "ticket": {"variation": "x"}}, "variation_not_found"),
        ({"action": {"url": "http://h"}, "ticket": {"text": "x"}}, "invalid_ticket"),
        ({"action": {"url": "http://h"}, "set": {"": 1}}, "invalid_path"),
    ],
)
def test_what_is_no_action_is_not_saved(
    client: FlaskClient, body: dict[str, Any], code: str
) -> None:
    assert call(client, "POST", ACTIONS, 400, **body)["error"]["code"] == code
    assert call(client, "GET", ACTIONS, 200) == []


@pytest.mark.parametrize("action_id", ["0", "77", "x", "9" * 30, "-1", "٣"])
def test_an_action_that_is_not_there_is_not_found(client: FlaskClient, action_id: str) -> None:
    for method, rest in (("GET", ""), ("DELETE", ""), ("POST", "/send")):
        error = call(client, method, f"{ACTIONS}/{action_id}{rest}", 404)["error"]
        assert error["code"] == "action_not_found"
