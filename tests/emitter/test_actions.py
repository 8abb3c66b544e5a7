"""What an action is, and how it is written down."""

import json
from typing import Any

import pytest

from inspector.emitter import DeliveryOptions, WebhookAction, action_from_json, action_to_json
from inspector.errors import InspectorError

FULL = WebhookAction(
    url="http://h/{{ ticket.id }}",
    name="Notify",
    source="sla",
    method="PUT",
    headers=(("X-A", "{{ ticket.id }}"), ("X-A", "2")),
    custom_data=(("a", "1"), ("b", "{{ event_type }}")),
    options=DeliveryOptions(
        timeout_s=5.5,
        connect_timeout_s=2,
        first_byte_timeout_s=3,
        follow_redirects=True,
        verify_tls=False,
        basic_auth=("user", "pass:word"),
        retries=3,
    ),
)


@pytest.mark.parametrize(
    "action", [FULL, WebhookAction("http://h/"), WebhookAction("http://h/", custom_data="x")]
)
def test_an_action_comes_back_from_its_json(action: WebhookAction) -> None:
    assert action_from_json(json.loads(json.dumps(action_to_json(action)))) == action


def test_only_the_url_must_be_given_and_maps_are_taken_for_pairs() -> None:
    assert action_from_json({"url": "http://h/"}) == WebhookAction("http://h/")
    action = action_from_json(
        {"url": "http://h/", "headers": {"X-A": "1"}, "custom_data": {"a": "b"}, "options": None}
    )
    assert action == WebhookAction("http://h/", headers=(("X-A", "1"),), custom_data=(("a", "b"),))


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ([], "action"),
        ("http://h/", "action"),
        ({}, "url"),
        ({"url": " "}, "url"),
        ({"url": 5}, "url"),
        ({"url": None}, "url"),
        ({"url": "u", "name": ""}, "name"),
        ({"url": "u", "name": "x" * 201}, "name"),
        ({"url": "u", "source": "cron"}, "source"),
        ({"url": "u", "method": "PATCH"}, "method"),
        ({"url": "u", "method": ["POST"]}, "method"),
        ({"url": "u", "nosuch": 1}, "nosuch"),
        ({"url": "u", "headers": "X: 1"}, "headers"),
        ({"url": "u", "headers": [["X"]]}, "headers"),
        ({"url": "u", "headers": ["ab"]}, "headers"),
        ({"url": "u", "headers": [["X", 1]]}, "headers"),
        ({"url": "u", "headers": {"X": 1}}, "headers"),
        ({"url": "u", "headers": [["X", "1"]] * 101}, "headers"),
        ({"url": "u", "headers": 5}, "headers"),
        ({"url": "u", "custom_data": 5}, "custom_data"),
        ({"url": "u", "custom_data": [["a", None]]}, "custom_data"),
        ({"url": "u", "custom_data": [["a", ""]] * 1001}, "custom_data"),
        ({"url": "u", "options": []}, "options"),
        ({"url": "u", "options": [1]}, "options"),
        ({"url": "u", "options": {"nosuch": 1}}, "nosuch"),
        ({"url": "u", "options": {"timeout_s": 0}}, "timeout_s"),
        ({"url": "u", "options": {"timeout_s": 301}}, "timeout_s"),
        ({"url": "u", "options": {"timeout_s": float("nan")}}, "timeout_s"),
        ({"url": "u", "options": {"timeout_s": "5"}}, "timeout_s"),
        ({"url": "u", "options": {"timeout_s": True}}, "timeout_s"),
        ({"url": "u", "options": {"retries": 6}}, "retries"),
        ({"url": "u", "options": {"retries": -1}}, "retries"),
        ({"url": "u", "options": {"retries": 1.5}}, "retries"),
        ({"url": "u", "options": {"retries": True}}, "retries"),
        ({"url": "u", "options": {"verify_tls": 1}}, "verify_tls"),
        ({"url": "u", "options": {"basic_auth": "user"}}, "basic_auth"),
        ({"url": "u", "options": {"basic_auth": ["a"]}}, "basic_auth"),
        ({"url": "u", "options": {"basic_auth": ["a:b", "c"]}}, "basic_auth"),
    ],
    ids=str,
)
def test_what_is_no_action_is_refused_and_the_field_named(data: Any, field: str) -> None:
    with pytest.raises(InspectorError) as caught:
        action_from_json(data)
    assert caught.value.code in ("invalid_action", "invalid_options")
    assert caught.value.details["field"] == field
