"""The vendors' own libraries: we verify what they sign, and they verify what we sign."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import pytest
import stripe
from slack_sdk.signature import SignatureVerifier
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from inspector.domain.messages import Message
from inspector.signatures import SignatureSecret, check_signatures, parse_secret, sign

NOW = datetime.now(UTC).replace(microsecond=0)
NOW_S = int(NOW.timestamp())
BODY = '{"id": 7, "name": "Zoë", "price": 1.50}\n'.encode()
FORM = b"To=%2B1&Body=Hi+there&From=%2B2&Body=again&Empty="
URL = "http://receiver.test/hook/calls?a=1&b=2"
KEY = "whsec_" + b64encode(b"0123456789abcdefghijklmn").decode()


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The libraries ask the clock, and in a long run this module was read long before."""
    now = datetime.now(UTC).replace(microsecond=0)
    monkeypatch.setitem(globals(), "NOW", now)
    monkeypatch.setitem(globals(), "NOW_S", int(now.timestamp()))


def make_message(
    headers: dict[str, str], body: bytes = BODY, kind: str = "application/json"
) -> Message:
    lines = {"Host": "receiver.test", "Content-Type": kind, **headers}
    head = "POST /hook/calls?a=1&b=2 HTTP/1.1\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
    return Message(raw_head=head.encode(), body=body, received_us=NOW_S * 1_000_000)


def sign_with(
    secret: SignatureSecret,
    *,
    body: bytes = BODY,
    kind: str = "application/json",
    tampered: bool = False,
) -> dict[str, str]:
    headers = [("Content-Type", kind)]
    signed = sign(secret, headers=headers, body=body, url=URL, now_s=NOW_S, tampered=tampered)
    assert signed.body == body
    return dict(signed.headers)


def result_of(secret: str, headers: dict[str, str]) -> str:
    (check,) = check_signatures(make_message(headers), [parse_secret(secret)])
    return check.result


@pytest.mark.parametrize("tampered", [False, True])
def test_standard_webhooks(tampered: bool) -> None:
    headers = sign_with(parse_secret(f"standard-webhooks:{KEY}"), tampered=tampered)
    library = Webhook(KEY)
    if tampered:
        with pytest.raises(WebhookVerificationError):
            library.verify(BODY, headers)
        return
    library.verify(BODY, headers)
    theirs = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(NOW_S),
        "webhook-signature": "v1,AAAA " + library.sign("msg_1", NOW, BODY.decode()),
    }
    assert result_of(f"standard-webhooks:{KEY}", theirs) == "valid"


@pytest.mark.parametrize("tampered", [False, True])
def test_svix(tampered: bool) -> None:
    # Half a second of imports, which each worker would pay for to collect this module.
    from svix.webhooks import Webhook as SvixWebhook
    from svix.webhooks import WebhookVerificationError as SvixVerificationError

    headers = sign_with(parse_secret(f"svix:{KEY}"), tampered=tampered)
    library = SvixWebhook(KEY)
    lower = {name.lower(): value for name, value in headers.items()}
    if tampered:
        with pytest.raises(SvixVerificationError):
            library.verify(BODY, lower)
        return
    library.verify(BODY, lower)
    theirs = {
        "svix-id": "msg_1",
        "svix-timestamp": str(NOW_S),
        "svix-signature": library.sign("msg_1", NOW, BODY.decode()),
    }
    assert result_of(f"svix:{KEY}", theirs) == "valid"


@pytest.mark.parametrize("tampered", [False, True])
def test_stripe(tampered: bool) -> None:
    headers = sign_with(parse_secret("stripe:whsec_hush"), tampered=tampered)
    verify = stripe.WebhookSignature.verify_header
    if tampered:
        with pytest.raises(stripe.SignatureVerificationError):
            verify(BODY.decode(), headers["Stripe-Signature"], "whsec_hush", 300)
        return
    verify(BODY.decode(), headers["Stripe-Signature"], "whsec_hush", 300)
    signed = f"{NOW_S}.{BODY.decode()}"
    theirs = stripe.WebhookSignature._compute_signature(signed, "whsec_hush")
    header = {"Stripe-Signature": f"t={NOW_S},v1=00,v1={theirs},v0=11"}
    assert result_of("stripe:whsec_hush", header) == "valid"


@pytest.mark.parametrize("tampered", [False, True])
def test_slack(tampered: bool) -> None:
    headers = sign_with(parse_secret("slack:hush"), tampered=tampered)
    library = SignatureVerifier("hush")
    assert library.is_valid_request(BODY, headers) is not tampered
    theirs = library.generate_signature(timestamp=str(NOW_S), body=BODY)
    assert theirs
    header = {"X-Slack-Signature": theirs, "X-Slack-Request-Timestamp": str(NOW_S)}
    assert result_of("slack:hush", header) == "valid"


FORM_TYPE = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("tampered", [False, True])
def test_twilio(tampered: bool) -> None:
    headers = sign_with(parse_secret("twilio:hush"), body=FORM, kind=FORM_TYPE, tampered=tampered)
    library = RequestValidator("hush")
    fields = MultiDict(parse_qsl(FORM.decode(), keep_blank_values=True))
    assert library.validate(URL, fields, headers["X-Twilio-Signature"]) is not tampered
    for url in (URL, URL.replace(".test", ".test:80")):
        header = {"X-Twilio-Signature": library.compute_signature(url, fields)}
        (check,) = check_signatures(
            make_message(header, FORM, FORM_TYPE), [parse_secret("twilio:hush")]
        )
        assert check.result == "valid"


def test_mailgun_has_its_signature_in_the_body() -> None:
    secret = parse_secret("mailgun:hush")
    signed = sign(
        secret,
        headers=[("Content-Type", "application/json")],
        body=b'{"event-data": {"id": 1}}',
        url=URL,
        now_s=NOW_S,
    )
    assert json.loads(signed.body)["event-data"] == {"id": 1}
    (check,) = check_signatures(make_message({}, signed.body), [secret])
    assert (check.result, check.timestamp) == ("valid", NOW_S)


@pytest.mark.parametrize(
    "text",
    [
        "github:hush", "zammad:hush", "shopify:hush", "zendesk:hush", "token:hush",
        '{"scheme": "token", "header": "Authorization", "prefix": "Bearer ", "secret": "x"}',
        '{"scheme": "hmac", "header": "X-Sign", "algorithm": "sha512", "encoding": "base64",'
        ' "prefix": "a=", "signed": "{id}|{timestamp}|{url}|{body}", "secret": "hush"}',
    ],
)  # fmt: skip
def test_the_others_are_right_by_their_own_and_wrong_when_tampered_with(text: str) -> None:
    secret = parse_secret(text)
    (check,) = check_signatures(make_message(sign_with(secret)), [secret])
    assert check.result == "valid", check
    (check,) = check_signatures(make_message(sign_with(secret, tampered=True)), [secret])
    assert check.result == "invalid", check


def test_github_is_checked_as_its_documentation_shows() -> None:
    # Source: GitHub's documentation, "Validating webhook deliveries", testing.
    digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    message = make_message({"X-Hub-Signature-256": f"sha256={digest}"}, b"Hello, World!")
    (check,) = check_signatures(message, [parse_secret("github:It's a Secret to Everybody")])
    assert check.result == "valid"
