import json
from urllib.parse import urlencode

import pytest

from inspector.domain.messages import Message
from inspector.domain.senders.table import SENDERS
from tests.domain.webhooks import WEBHOOKS, Webhook


@pytest.mark.parametrize("webhook", WEBHOOKS, ids=lambda each: each.sender)
def test_a_webhook_tells_sender_event_delivery_and_title(webhook: Webhook) -> None:
    message = webhook.message
    assert message.sender == (webhook.sender, webhook.event, webhook.delivery)
    assert message.title == webhook.title


def test_every_sender_of_the_table_has_an_example() -> None:
    assert {each.name for each in SENDERS} == {each.sender for each in WEBHOOKS}


def test_the_id_that_a_gitlab_event_shares_with_those_it_sets_off_is_no_delivery() -> None:
    head = b"POST /b1 HTTP/1.1\r\nX-Gitlab-Event: Push Hook\r\nX-Gitlab-Event-UUID: 1\r\n"
    sender = Message(raw_head=head, body=b"{}").sender
    assert sender is not None
    assert (sender.name, sender.delivery) == ("GitLab", None)


def test_an_unknown_sender_is_none_and_its_title_is_still_told() -> None:
    body = b'{"id": 7, "data": {"title": "Hello", "id": 8}}'
    message = Message(raw_head=b"POST /b1/x HTTP/1.1\r\nContent-Type: application/json", body=body)
    assert message.sender is None
    assert message.title == "Hello"


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"[]",
        b"[[]]",
        b'{"message": null, "subscription": {}}',
        b'{"type": [], "object": {"object": []}, "event": {"type": {}}}',
        b'{"update_id": 1e999, "message": {"chat": []}}',
        b'{"id": ' + b"9" * 100_000 + b"}",
        json.dumps({"payload": "{" * 100_000}).encode(),
        json.dumps({"payload": "\ud800{"}).encode(),
        json.dumps({"title": "\x00\n" * 100_000}).encode(),
    ],
)
def test_hostile_bodies_have_a_title_of_bounded_length(body: bytes) -> None:
    head = b"POST /b1/x HTTP/1.1\r\nContent-Type: application/json\r\nX-GitHub-Event: \xff"
    message = Message(raw_head=head, body=body)
    assert len(message.title) <= 200
    assert message.sender is not None
    assert len(message.sender.delivery or "") <= 200


def tell(body: bytes, kind: str, headers: str = "") -> tuple[str, str | None]:
    """Title and gist of a request."""
    head = f"POST /b1/x HTTP/1.1\r\nContent-Type: {kind}\r\n{headers}"
    summary = Message(raw_head=head.encode(), body=body).summary
    return summary.title or "", summary.gist


@pytest.mark.parametrize(
    ("kind", "body", "title", "gist"),
    [
        ("text/csv", b"id,name\n1,Ann\n", "", "text/csv \u00b7 id,name"),
        ("image/png", b"\x89PNG\r\n\x1a\n\x00", "", "image/png"),
        ("text/plain", b"\n  " + b"x" * 99, "", f"text/plain \u00b7 {'x' * 29}\u2026"),
        ("application/x-ndjson", b'{"n":1}\n{"n":2}\n', "", "list of 2"),
        ("application/json", b"null", "", "application/json \u00b7 null"),
        ("application/json", b'{"query":"query Q($a:Int){b}"}', "", "GraphQL query Q"),
        ("application/json", b'{"query":"query"}', "", "query query"),
        ("application/json", b'{"data":{"object":"charge","id":"ch_1"}}', "charge ch_1", None),
        ("application/json", b'{"id":7}', "id 7", "id 7"),
        ("application/xml", b'<o xmlns="urn:o" id="7"><n>5</n></o>', "o", "id 7 \u00b7 n 5"),
        ("application/msgpack", b"\x82\xa4type\xa1o\xa2id\x07", "o 7", "type o \u00b7 id 7"),
        ("application/json", b"", "", None),
    ],
)
def test_a_body_of_any_kind_is_told_from_its_neighbours(
    kind: str, body: bytes, title: str, gist: str | None
) -> None:
    assert tell(body, kind) == (title, gist)


def test_a_click_in_slack_says_which_button() -> None:
    payload = {"type": "block_actions", "actions": [{"action_id": "approve", "value": "5"}]}
    body = urlencode({"payload": json.dumps(payload)}).encode()
    title, _ = tell(body, "application/x-www-form-urlencoded", "X-Slack-Signature: v0=0\r\n")
    assert title == "approve"
