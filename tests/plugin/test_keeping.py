"""What a bin keeps, and what a test puts on its requests."""

from __future__ import annotations

import pytest
import requests

from inspector.errors import InspectorError
from inspector.testing import WebhookBin


def send(webhook_bin: WebhookBin, count: int) -> None:
    for _ in range(count):
        assert requests.post(webhook_bin.url, data=b"a=1", timeout=60).status_code == 200


def test_a_pinned_request_stays_when_the_bin_is_full(webhook_bin: WebhookBin) -> None:
    send(webhook_bin, 1)
    first = webhook_bin.requests[0]
    webhook_bin.annotate(first, pinned=True, note="the odd one")
    assert (first.pinned, first.note) == (True, "the odd one")
    assert first.to_json()["note"] == "the odd one"
    webhook_bin.keep(capacity=2)
    send(webhook_bin, 3)
    page = requests.get(webhook_bin.inspect_url, timeout=60).text
    assert 'data-number="1"' in page
    assert 'data-number="2"' not in page
    webhook_bin.annotate(first, note="")
    assert (first.pinned, first.note) == (True, None)


def test_an_age_is_kept_as_everywhere(webhook_bin: WebhookBin) -> None:
    webhook_bin.keep(ttl="1d")
    api = webhook_bin.inspect_url.replace("/bins/", "/api/v1/bins/")
    assert requests.get(api, timeout=60).json()["ttl"] == "1d"
    webhook_bin.keep(ttl="none")
    assert requests.get(api, timeout=60).json()["ttl"] is None


@pytest.mark.parametrize("given", [{"capacity": 0}, {"ttl": "soon"}])
def test_what_cannot_be_is_refused(webhook_bin: WebhookBin, given: dict[str, object]) -> None:
    with pytest.raises(InspectorError) as refusal:
        webhook_bin.keep(**given)  # type: ignore[arg-type]
    assert refusal.value.message
    assert refusal.value.code != "refused"
