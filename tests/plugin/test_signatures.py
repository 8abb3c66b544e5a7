"""Signatures in a test: given a secret, a request says whether it is signed."""

import hmac

import pytest
import requests

from inspector.errors import InspectorError
from inspector.testing import Deskpro, WebhookBin


def send(bin_: WebhookBin, key: bytes) -> None:
    digest = hmac.new(key, b"a=1", "sha256").hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={digest}"}
    requests.post(bin_.url, data=b"a=1", headers=headers, timeout=10)


def test_a_signature_is_valid_or_says_why_not(webhook_bin: WebhookBin) -> None:
    webhook_bin.set_signatures("github:hush")
    send(webhook_bin, b"hush")
    request = webhook_bin.wait()
    assert request.signature.valid
    webhook_bin.assert_signed()
    send(webhook_bin, b"hush\n")
    second = webhook_bin.wait(after=request)
    assert not second.signature.valid
    assert "line end" in second.signature.reason
    webhook_bin.assert_signed(request)
    with pytest.raises(AssertionError, match="line end"):
        webhook_bin.assert_signed()


def test_another_secret_counts_for_what_has_come(webhook_bin: WebhookBin) -> None:
    send(webhook_bin, b"hush")
    assert webhook_bin.wait().signature.result == "unchecked"
    webhook_bin.set_signatures({"scheme": "github", "secret": "hush"})
    assert webhook_bin.wait().signature.valid
    with pytest.raises(InspectorError):
        webhook_bin.set_signatures("nope:x")


def test_a_bin_without_requests_is_not_signed(webhook_bin: WebhookBin) -> None:
    with pytest.raises(AssertionError, match="No request"):
        webhook_bin.assert_signed()


def test_the_helpdesk_signs(webhook_bin: WebhookBin, deskpro: Deskpro) -> None:
    webhook_bin.set_signatures("slack:hush")
    deskpro.send(webhook_bin.url, sign="slack:hush")
    webhook_bin.assert_signed()
    deskpro.send(webhook_bin.url, sign="slack:hush", tamper=True)
    assert [each.signature.result for each in webhook_bin.requests] == ["valid", "invalid"]
