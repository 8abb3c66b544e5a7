"""Each mistake that people make with signatures, made, and found by its reason."""

import gzip
import hashlib
import hmac
import json
from base64 import b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain.messages import Message
from inspector.domain.signatures import SignatureCheck
from inspector.errors import InspectorError
from inspector.signatures import (
    SCHEMES,
    check_signatures,
    dump_secrets,
    load_secrets,
    parse_secret,
    read_secrets,
    sign,
)

NOW_S = 1_750_000_000
BODY = b'{"b": 1, "a": "x"}\r\n'
PLAIN = b"whsec_hush"


def make_message(
    *headers: tuple[str, str], body: bytes = BODY, target: str = "/b?x=1", kind: str = "text/plain"
) -> Message:
    lines = [f"POST {target} HTTP/1.1", "Host: r.test", f"Content-Type: {kind}"]
    lines += [f"{name}: {value}" for name, value in headers]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode()
    return Message(raw_head=head, body=body, received_us=NOW_S * 1_000_000)


def hub(key: bytes, body: bytes = BODY) -> tuple[str, str]:
    return "X-Hub-Signature-256", "sha256=" + hmac.new(key, body, "sha256").hexdigest()


def check(message: Message, *secrets: str) -> SignatureCheck:
    return check_signatures(message, [parse_secret(text) for text in secrets])[0]


SECRETS = [
    ("github:hush ", b"hush", "white space"),
    ("github:hush\n", b"hush", "line end after"),
    ("github:hush", b"hush\n", "sender's secret ends with a line end"),
    ("github:hush", b"hush\r\n", "sender's secret ends with a line end"),
    ("github:whsec_whsec_hush", b"whsec_hush", "twice"),
    ("github:whsec_hush", b"hush", "leaves whsec_ out"),
    ("github:hush", b"whsec_hush", "lacks whsec_"),
    ("github:aHVzaA==", b"hush", "still base64"),
    ("github:hush", b"aHVzaA==", "still base64 of"),
    ("github:68757368", b"hush", "hexadecimal"),
    ("github:aHVzaA==", b"hush\n", "decoded from base64, with a line end after it"),
    ("github:/wAB/g==", b"\xff\0\1\xfe\r\n", "decoded from base64, with a line end after it"),
    ("github:ff0001fe", b"\xff\0\1\xfe\n", "decoded from hexadecimal, with a line end"),
]


@pytest.mark.parametrize(("secret", "key", "reason"), SECRETS)
def test_a_mistaken_secret_is_named(secret: str, key: bytes, reason: str) -> None:
    found = check(make_message(hub(key)), secret)
    assert found.result == "invalid"
    assert reason in found.reason


VALUE = {"b": 1, "a": "ü"}
BODIES = [
    (json.dumps(VALUE).encode(), json.dumps(VALUE, separators=(",", ":")).encode(), "in ASCII"),
    (json.dumps(VALUE).encode(), json.dumps(VALUE, indent=2, ensure_ascii=False).encode(), "by 2"),
    (
        json.dumps(VALUE).encode(),
        json.dumps(VALUE, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(),
        "sorted",
    ),
    (b"a\r\nb", b"a\nb", "line ends LF"),
    (b"a\nb", b"a\r\nb", "line ends CR LF"),
    (b"a\n", b"a", "without the body's last line end"),
    (b"a", b"a\n", "line end after the body"),
    (b"a", b"", "empty body"),
]


@pytest.mark.parametrize(("came", "signed", "reason"), BODIES)
def test_a_changed_body_is_told(came: bytes, signed: bytes, reason: str) -> None:
    found = check(make_message(hub(b"hush", signed), body=came), "github:hush")
    assert (found.result, reason in found.reason) == ("invalid", True), found


def test_a_body_that_was_compressed_after_signing_is_told() -> None:
    message = make_message(
        hub(b"hush"), ("Content-Encoding", "gzip"), body=gzip.compress(BODY, mtime=0)
    )
    assert "decompressed" in check(message, "github:hush").reason


@pytest.mark.parametrize(
    ("signed", "reason"),
    [
        ("https://r.test/b?x=1", "https instead of http"),
        ("http://r.test/b", "without its query"),
        ("https://r.test:443/b?x=1", "https instead of http"),
    ],
)
def test_another_address_is_told(signed: str, reason: str) -> None:
    digest = hmac.new(b"hush", signed.encode(), "sha1").digest()
    message = make_message(("X-Twilio-Signature", b64encode(digest).decode()))
    found = check(message, "twilio:hush")
    assert (found.result, reason in found.reason) == ("invalid", True), found


def test_an_address_that_a_proxy_tells_of_is_right() -> None:
    digest = hmac.new(b"hush", b"https://public.test/b?x=1", "sha1").digest()
    message = make_message(
        ("X-Twilio-Signature", b64encode(digest).decode()),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "public.test"),
    )
    assert check(message, "twilio:hush").result == "valid"


def test_twilios_hash_of_the_body_counts() -> None:
    for hashed, result in ((BODY, "valid"), (b"other", "invalid")):
        target = f"/b?bodySHA256={hashlib.sha256(hashed).hexdigest()}"
        digest = hmac.new(b"hush", f"http://r.test{target}".encode(), "sha1").digest()
        message = make_message(("X-Twilio-Signature", b64encode(digest).decode()), target=target)
        assert check(message, "twilio:hush").result == result


@pytest.mark.parametrize(("age", "result"), [(299, "valid"), (301, "invalid"), (-301, "invalid")])
def test_time_is_judged_at_the_moment_of_capture(age: int, result: str) -> None:
    signed = sign(parse_secret("stripe:s"), headers=[], body=BODY, url="", now_s=NOW_S - age)
    found = check(make_message(*signed.headers), "stripe:s")
    assert (found.result, found.age_s) == (result, age)
    assert result == "valid" or "301 s" in found.reason


def test_an_older_secret_is_valid_and_told() -> None:
    found = check(make_message(hub(b"old")), "github:new", "github:old")
    assert (found.result, "older secret" in found.reason) == ("valid", True)


def test_no_header_or_anothers_header_is_absent() -> None:
    assert check(make_message(), "github:x").reason == "There is no X-Hub-Signature-256 header."
    checks = check_signatures(
        make_message(("Stripe-Signature", "t=1,v1=a")), [parse_secret("github:x")]
    )
    assert [each.result for each in checks] == ["absent", "unchecked"]
    assert "Stripe-Signature is there" in checks[0].reason


def test_a_scheme_is_recognised_without_being_told() -> None:
    (found,) = check_signatures(make_message(("Svix-Signature", "v1,a")))
    assert (found.scheme, found.result) == ("svix", "unchecked")
    assert check_signatures(make_message()) == ()


def test_githubs_older_header_is_not_taken_for_zammads() -> None:
    checks = check_signatures(make_message(hub(b"x"), ("X-Hub-Signature", "sha1=0")))
    assert [each.scheme for each in checks] == ["github"]


def test_a_wrong_spelling_of_the_right_hash_is_told() -> None:
    name, value = hub(b"x")
    bare = value.removeprefix("sha256=")
    for text, reason in ((bare, "missing before"), (f"sha256={bare.upper()}", "capital")):
        assert reason in check(make_message((name, text)), "github:x").reason


def test_a_truncated_body_is_not_judged() -> None:
    message = replace(make_message(hub(b"x")), truncated=True)
    assert check(message, "github:x").result == "unchecked"


def test_a_large_body_is_checked_but_not_guessed_at() -> None:
    large = b"x" * (1024 * 1024 + 1)
    assert check(make_message(hub(b"x", large), body=large), "github:x").result == "valid"
    found = check(make_message(hub(b"x", large + b"\n"), body=large), "github:x")
    assert "too large" in found.reason


def test_secrets_are_hidden_kept_and_put_back() -> None:
    kept = read_secrets([{"scheme": "github", "secret": "a"}, {"scheme": "github", "secret": "b"}])
    shown = [each.to_json() for each in kept]
    assert "'a'" not in f"{shown}{kept}"
    assert shown[0] == {"scheme": "github", "secret": "***"}
    assert read_secrets(shown, kept) == kept == load_secrets(dump_secrets(kept))
    with pytest.raises(InspectorError, match="no secret for github"):
        read_secrets(shown, kept[:1])


WRONG = [
    ("x", "signatures"),
    ([1], "signatures.0"),
    ([{"scheme": "nope", "secret": "s"}], "signatures.0.scheme"),
    ([{"scheme": "github"}], "signatures.0.secret"),
    ([{"scheme": "github", "secret": "s" * 5_000}], "signatures.0.secret"),
    ([{"scheme": "github", "secret": "s", "header": "X"}], "signatures.0.header"),
    ([{"scheme": "hmac", "secret": "s", "header": "a b"}], "signatures.0.header"),
    ([{"scheme": "hmac", "secret": "s", "algorithm": "md5"}], "signatures.0.algorithm"),
    ([{"scheme": "hmac", "secret": "s", "prefix": "a\r\nX: 1"}], "signatures.0.prefix"),
    ([{"scheme": "github", "secret": "s"}] * 21, "signatures"),
]


@pytest.mark.parametrize(("given_", "field"), WRONG)
def test_what_cannot_be_is_refused_by_its_place(given_: object, field: str) -> None:
    with pytest.raises(InspectorError) as caught:
        read_secrets(given_)
    assert (caught.value.code, caught.value.details["field"]) == ("invalid_signatures", field)


NAMES = [scheme.header for scheme in SCHEMES.values() if scheme.header] + [
    name
    for scheme in SCHEMES.values()
    for name in (scheme.timestamp_header, scheme.id_header)
    if name
]


@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.binary(max_size=60)), max_size=6),
    st.binary(max_size=200),
    st.sampled_from(sorted(SCHEMES)),
    st.text(min_size=1, max_size=30).filter(lambda text: text != "***"),
)
def test_no_content_raises(
    headers: list[tuple[str, bytes]], body: bytes, scheme: str, secret: str
) -> None:
    head = b"POST /b?\xff=\xed\xa0\x80 HTTP/1.1\r\n" + b"".join(
        name.encode() + b": " + value + b"\r\n" for name, value in headers
    )
    message = Message(raw_head=head + b"\r\n", body=body, received_us=1)
    given_ = read_secrets([{"scheme": scheme, "secret": secret}])
    for found in check_signatures(message, given_):
        assert found.result in ("valid", "invalid", "absent", "unchecked")
        assert len(found.reason) < 400
