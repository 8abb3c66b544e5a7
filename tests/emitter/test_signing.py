"""Signatures of what is sent: right, tampered with, hidden where they are shown."""

import pytest

from inspector.domain.credentials import (
    find_hidden,
    hide_in_definition,
    hide_in_head,
    put_back,
)
from inspector.domain.messages import Message
from inspector.emitter import Composition, WebhookAction, action_from_json, action_to_json
from inspector.emitter.actions import DeliveryOptions
from inspector.emitter.http_client.urls import parse_url
from inspector.emitter.preparing import PreparedRequest
from inspector.emitter.replaying import replay
from inspector.emitter.sending import redirect_request
from inspector.emitter.signing import resign_request
from inspector.errors import InspectorError
from inspector.signatures import check_signatures, parse_secret

NOW_S = 1_750_000_000
SCHEMES = ("github", "stripe", "slack", "twilio", "zendesk", "zammad", "shopify", "mailgun")


def result_of(request: PreparedRequest, secret: str, received_us: int | None = None) -> str:
    came = Message(raw_head=request.head, body=request.body, received_us=received_us or 0)
    (check,) = check_signatures(came, [parse_secret(secret)])
    if received_us is None and check.timestamp:
        return result_of(request, secret, int(check.timestamp * 1_000_000))
    return check.result


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("tamper", [False, True])
def test_what_is_sent_is_signed(scheme: str, tamper: bool) -> None:
    secret = f"{scheme}:hush"
    options = DeliveryOptions(sign=secret, tamper=tamper)
    action = WebhookAction(url="http://r.test/hook?a=1", options=options)
    request = Composition(action).prepare()
    assert result_of(request, secret) == ("invalid" if tamper else "valid")
    assert dict(request.headers)["Content-Length"] == str(len(request.body))


@pytest.mark.parametrize(
    "sign", ["github:hush", '{"scheme": "hmac", "header": "X-S", "secret": "hush"}']
)
def test_a_secret_is_hidden_and_put_back(sign: str) -> None:
    kept = action_to_json(WebhookAction(url="http://r.test", options=DeliveryOptions(sign=sign)))
    hidden = hide_in_definition(kept)
    assert "hush" not in str(hidden)
    assert "hush" not in repr(action_from_json(kept))
    shown = action_to_json(action_from_json(hidden))
    assert find_hidden(shown) == "sign"
    assert put_back(shown, kept) == kept
    assert find_hidden(kept) is None


def test_a_shared_secret_is_hidden_whatever_its_header_is_called() -> None:
    sign = '{"scheme": "token", "header": "X-Odd-Name", "secret": "hush"}'
    request = Composition(
        WebhookAction(url="http://r.test", options=DeliveryOptions(sign=sign))
    ).prepare()
    assert b"X-Odd-Name: hush" in request.head
    assert b"X-Odd-Name: ***" in hide_in_head(request.head, request.secret_headers)
    elsewhere = redirect_request(request, 307, parse_url("http://other.test/"))
    assert b"hush" not in elsewhere.head
    same_place = redirect_request(request, 307, parse_url("http://r.test/b"))
    assert b"X-Odd-Name: hush" in same_place.head


@pytest.mark.parametrize(
    "options", [{"sign": "nope:x"}, {"sign": "x"}, {"sign": 5}, {"tamper": True}, {"sign": "{"}]
)
def test_what_cannot_sign_is_refused_before_anything_is_sent(options: dict[str, object]) -> None:
    with pytest.raises(InspectorError) as caught:
        action_from_json({"url": "http://r.test", "options": options})
    assert caught.value.code in ("invalid_options", "invalid_signatures")


def test_a_replay_is_signed_anew_by_the_scheme_that_it_came_with() -> None:
    head = b"POST /b HTTP/1.1\r\nHost: r\r\nStripe-Signature: t=1\r\nContent-Length: 2\r\n\r\n"
    came = Message(raw_head=head, body=b"{}", received_us=NOW_S * 1_000_000)
    secrets = [parse_secret("github:a"), parse_secret("stripe:b")]
    request = resign_request(replay(came, "http://r.test/x"), came, secrets, NOW_S)
    assert result_of(request, "stripe:b", NOW_S * 1_000_000) == "valid"
    names = [name for name, _ in request.headers]
    assert names.count("Stripe-Signature") == 1
    assert "X-Hub-Signature-256" not in names
    with pytest.raises(InspectorError, match="no secret"):
        resign_request(request, came, [], NOW_S)
