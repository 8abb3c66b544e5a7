"""What of a delivery is shown: all but what proves who sends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import pytest

from inspector.domain.credentials import Definition
from inspector.domain.deliveries import Delivery, DeliveryLine, SavedAction


@dataclass(frozen=True)
class Case:
    id: str
    line: bytes
    shown: bytes


CASES = [
    Case("basic auth", b"Authorization: Basic YW5uOnNlY3JldA==", b"Authorization: Basic ***"),
    Case("a token", b"authorization:Bearer a.b.c", b"authorization:Bearer ***"),
    Case("no scheme", b"AUTHORIZATION: s3cret", b"AUTHORIZATION: ***"),
    Case("parameters", b'Authorization: Digest a="b", c="d"', b"Authorization: Digest ***"),
    Case("a proxy's", b"Proxy-Authorization: Basic eDp5", b"Proxy-Authorization: Basic ***"),
    Case("a cookie", b"Cookie: sid=1; other=2", b"Cookie: ***"),
    Case("a key", b"x-api-key:\ts3cret", b"x-api-key:\t***"),
    Case("a key of a name", b"X-My_ApiKey: a b", b"X-My_ApiKey: ***"),
    Case("a token of a name", b"X-Gitlab-Token: s3cret", b"X-Gitlab-Token: ***"),
    Case("a password", b"X-Password: s3cret", b"X-Password: ***"),
    Case("a subscription's key", b"Apim-Subscription-Key: k", b"Apim-Subscription-Key: ***"),
    Case("a key's use behind it", b"X-Key-Signing: k", b"X-Key-Signing: ***"),
    Case("a short password", b"X-Pwd: s3cret", b"X-Pwd: ***"),
    Case("a password by half", b"X-Admin-Pass: s3cret", b"X-Admin-Pass: ***"),
    Case("a signed token", b"Cf-Access-Jwt-Assertion: a.b.c", b"Cf-Access-Jwt-Assertion: ***"),
    Case("a copy", b"X-Forwarded-Authorization: Basic a", b"X-Forwarded-Authorization: Basic ***"),
    Case("a cookie's copy", b"X-Original-Cookie: sid=1", b"X-Original-Cookie: ***"),
    Case("a key that proves nothing", b"Idempotency-Key: seen", b"Idempotency-Key: seen"),
    Case("a key of a handshake", b"Sec-WebSocket-Key: seen", b"Sec-WebSocket-Key: seen"),
    Case("a word with a key in it", b"X-Monkey-Keyboard: seen", b"X-Monkey-Keyboard: seen"),
    Case("an empty one", b"X-Token: ", b"X-Token: "),
    Case("another header", b"X-Author: seen", b"X-Author: seen"),
    Case("a header that speaks of it", b"X-A: Authorization: seen", b"X-A: Authorization: seen"),
    Case("none", b"X-A: b", b"X-A: b"),
]


def make_delivery(raw_head: bytes, definition: Definition | None = None) -> Delivery:
    line = DeliveryLine(1, datetime.now(UTC), "n", "s", "POST", "http://h/", 200, None, None, 1.0)
    body = b"Authorization: Basic body"
    return Delivery(line, raw_head, body, (), (), None, None, definition, None)


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_credentials_in_a_head_are_not_shown(case: Case) -> None:
    head = b"POST / HTTP/1.1\r\nHost: h\r\n%s\r\nX-Z: z\r\n\r\n"
    kept = make_delivery(head % case.line)
    assert kept.without_credentials().raw_head == head % case.shown
    assert kept.raw_head == head % case.line
    assert kept.without_credentials().body == kept.body


def test_credentials_in_what_a_delivery_was_made_from_are_not_shown() -> None:
    definition = {
        "url": "https://ann:s3cret@hooks.example:8443/a?b=c@d",
        "headers": [["Authorization", "Bearer s3cret"], ["X-A", "b"]],
        "options": {"basic_auth": ["ann", "s3cret"], "retries": 1},
    }
    shown = make_delivery(b"", definition).without_credentials()
    assert shown.definition == {
        "url": "https://***@hooks.example:8443/a?b=c@d",
        "headers": [["Authorization", "***"], ["X-A", "b"]],
        "options": {"basic_auth": ["ann", "***"], "retries": 1},
    }
    assert "s3cret" in str(definition)


def make_action(**changes: Any) -> SavedAction:
    definition = {
        "url": "https://ann:s3cret@h/",
        "headers": [["Authorization", "one"], ["X-A", "b"], ["authorization", "two"]],
        "options": {"basic_auth": ["ann", "s3cret"], "retries": 1},
    }
    return SavedAction(1, definition | changes, {}, datetime.now(UTC))


def test_what_a_saved_action_shows_hidden_goes_back_as_it_was() -> None:
    saved = make_action()
    shown = saved.without_credentials().definition
    for secret in ("s3cret", "one", "two"):
        assert secret not in str(shown)
    assert saved.take_over(shown) == saved.definition


def test_new_credentials_take_the_place_of_the_old() -> None:
    changed: dict[str, Any] = {
        "url": "https://ann:new@h/",
        "headers": [["authorization", "***"], ["Authorization", "new"], ["X-B", "***"]],
        "options": {"basic_auth": ["bob", "***"], "retries": 2},
    }
    taken = make_action().take_over(changed)
    assert taken == {**changed, "headers": [["authorization", "two"], *changed["headers"][1:]]}
    none = {"url": "http://h/", "headers": [], "options": {"basic_auth": None}}
    assert make_action().take_over(none) == none
    assert make_action(**none).take_over(changed) == changed


def test_a_delivery_of_nothing_known_is_shown_as_it_is() -> None:
    delivery = make_delivery(b"")
    assert delivery.without_credentials() == delivery


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://user:SEK@RIT@host/", "http://***@host/"),
        ("https://s3cret-token@host/a@b", "https://***@host/a@b"),
        ("https://{{ a / b }}:{{ 'x'|replace({'/': '@'}) }}@host/", "https://***@host/"),
        ("http://host/a@b?c=d@e", "http://host/a@b?c=d@e"),
        ("http://[::1]:80/", "http://[::1]:80/"),
        ("//***@host", "//***@host"),
    ],
)
def test_user_and_password_of_a_url_are_not_shown(url: str, shown: str) -> None:
    delivery = make_delivery(b"", make_action(url=url).definition).without_credentials()
    assert delivery.definition is not None
    assert delivery.definition["url"] == shown
    assert replace(delivery, redirect_to=url).without_credentials().redirect_to == shown


def test_a_header_whose_name_a_template_makes_may_be_any() -> None:
    name = "{{ 'Author' ~ 'ization' }}"
    saved = make_action(
        headers=[[name, "Bearer s3cret"], ["{% if 1 %}Cookie{% endif %}", "s3cret"]]
    )
    assert "s3cret" not in str(saved.without_credentials().definition["headers"])
    assert saved.take_over(saved.without_credentials().definition) == saved.definition


def test_a_token_that_is_a_user_without_a_password_is_not_shown() -> None:
    saved = make_action(options={"basic_auth": ["s3cret", ""]})
    assert saved.without_credentials().definition["options"]["basic_auth"] == ["***", ""]
    assert saved.take_over(saved.without_credentials().definition) == saved.definition
