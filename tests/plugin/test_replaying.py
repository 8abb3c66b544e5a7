"""Received requests sent again in a test: byte for byte, changed, signed anew."""

import pytest
import requests

from inspector.errors import InspectorError
from inspector.testing import InspectorServer, WebhookBin


@pytest.fixture
def target(inspector: InspectorServer) -> WebhookBin:
    return inspector.create_bin()


def test_a_request_is_sent_again_byte_for_byte(webhook_bin: WebhookBin, target: WebhookBin) -> None:
    target.respond_with(status=503)
    headers = {"X-One": "1", "Content-Type": "image/png"}
    requests.put(webhook_bin.url_for("/a?b=%20c"), data=b"\0\xff", headers=headers, timeout=10)
    result = webhook_bin.replay(to=target.url_for("/app"))
    assert (result.status, result.delivered) == (503, False)
    sent, got = webhook_bin.wait(), target.wait()
    assert (got.method, got.path, got.body) == ("PUT", f"/{target.name}/app/a", b"\0\xff")
    assert got.query_string == {"b": " c"}
    hop = ("host", "connection", "content-length")
    came, went = (
        [pair for pair in each.raw_headers if pair[0].lower() not in hop] for each in (sent, got)
    )
    assert went == came


def test_a_request_is_changed_and_signed_anew(webhook_bin: WebhookBin, target: WebhookBin) -> None:
    webhook_bin.set_signatures("stripe:hush")
    target.set_signatures("stripe:hush")
    for body in (b"1", b"2"):
        requests.post(webhook_bin.url, data=body, headers={"Stripe-Signature": "t=1"}, timeout=10)
    first, _ = webhook_bin.requests
    webhook_bin.replay(first, to=target.url, resign=True)
    assert target.wait().signature.valid
    webhook_bin.replay(first, to=target.url, json={"a": 1}, headers={"X": "y"}, method="PATCH")
    got = target.requests[-1]
    assert (got.method, got.text, got.headers.get("x")) == ("PATCH", '{"a": 1}', "y")
    target.clear()
    results = webhook_bin.replay_all(to=target.url, options={"body": "new"}, method="POST")
    assert [result.status for result in results] == [200, 200]
    assert [each.body for each in target.requests] == [b"new", b"new"]


def test_what_cannot_be_sent_again_is_said(webhook_bin: WebhookBin, target: WebhookBin) -> None:
    with pytest.raises(AssertionError, match="No request has come"):
        webhook_bin.replay(to=target.url)
    requests.post(webhook_bin.url, data=b"x", timeout=10)
    webhook_bin.wait()
    with pytest.raises(InspectorError, match="no secret to sign with"):
        webhook_bin.replay(to=target.url, resign=True)
    with pytest.raises(TypeError, match="retry"):
        webhook_bin.replay(to=target.url, retry=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="given once"):
        webhook_bin.replay(to=target.url, body="", json=None)
    result = webhook_bin.replay(to="http://127.0.0.1:1/")
    assert result.status is None
    assert result.failure is not None
    target.assert_none(within=0)
