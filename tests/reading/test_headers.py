"""Headers explained: every sender's and the standard's, secrets hidden, oddities in sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain import CapturedRequest
from inspector.domain.senders.table import SENDERS
from inspector.reading.headers import explain_headers, find_header_notes
from inspector.reading.headers.explaining import describe_credential, explain_name
from inspector.reading.headers.oddities import MAX_NOTES
from inspector.reading.headers.standard import FAMILIES, STANDARD
from inspector.reading.headers.vendors import VENDORS
from inspector.signatures import SCHEMES
from tests.reading.captures import make_request

UA = ("User-Agent", "curl/8")
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


def capture(*headers: tuple[str, str], kind: str = "text/plain") -> CapturedRequest:
    return make_request(b"x", kind, headers=headers)


def notes_of(*headers: tuple[str, str]) -> dict[str, str]:
    return {note.code: note.message for note in find_header_notes(capture(*headers))}


def test_every_header_that_a_known_sender_is_known_by_is_explained() -> None:
    names = {name for sender in SENDERS for name in sender.headers}
    places = [place for each in SENDERS for place in (*each.event, *each.delivery, *each.title)]
    parts = [part for place in places for part in place.split("+")]
    names |= {part.removeprefix("header:") for part in parts if part.startswith("header:")}
    for scheme in SCHEMES.values():
        names |= {scheme.header, scheme.timestamp_header, scheme.id_header} - {""}
    assert [name for name in sorted(names) if not explain_name(name)] == []


def test_each_explanation_is_a_short_sentence_by_its_name_in_small_letters() -> None:
    assert not STANDARD.keys() & VENDORS.keys()
    for name, meaning in (STANDARD | VENDORS | FAMILIES).items():
        assert name == name.lower()
        assert meaning.endswith("."), name
        assert len(meaning) <= 120, name
        assert "{" not in meaning, name


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("Bearer abcdef", "Bearer token, 6 characters"),
        (f"Bearer {JWT}", f"Bearer token, a JWT, {len(JWT)} characters"),
        ("Basic YW5uOnNlY3JldA==", "Basic: user and password, 16 characters"),
        ("Basic YW5uOg==", "Basic: a user without a password, 8 characters"),
        ("Basic OnNlY3JldA==", "Basic: a password without a user, 12 characters"),
        ("Basic !!", "Basic: not base64, 2 characters"),
        ("AWS4-HMAC-SHA256 Credential=x", "Amazon signature, version 4, 12"),
        ("Custom abc", "Custom, 3 characters"),
        ("abc", "3 characters"),
    ],
)
def test_authorization_says_its_kind_and_not_its_value(value: str, said: str) -> None:
    described = describe_credential("Authorization", value)
    assert described.startswith(said)
    secret = value.partition(" ")[2] or value
    assert secret not in described
    assert "ann" not in described


def test_other_secrets_are_hidden_too_and_what_is_none_is_not() -> None:
    for name in ("X-Api-Key", "X-Gitlab-Token", "X-Telegram-Bot-Api-Secret-Token"):
        assert describe_credential(name, "hush") == "4 characters"
    for name in ("Content-Type", "X-GitHub-Event", "Cookie"):
        assert describe_credential(name, "hush") == ""
    assert describe_credential("Authorization", "") == ""


def test_nothing_is_noted_of_a_usual_request() -> None:
    assert notes_of(UA, ("Date", "Wed, 02 Jul 2014 09:02:00 GMT"), ("X-A", "1")) == {}


def test_what_is_unusual_is_noted() -> None:
    assert list(notes_of()) == ["no_user_agent"]
    repeated = notes_of(UA, ("content-type", "application/json"))["repeated_header"]
    assert repeated.startswith("Content-Type was sent 2 times, and not the same")
    assert "drop" in notes_of(UA, ("ticket_id", "5"))["underscore_in_name"]
    assert "9,000 characters" in notes_of(UA, ("X-Long", "x" * 9_000))["long_header"]
    assert "not_ascii" in notes_of(UA, ("X-Name", "é"))
    for date, said in (
        ("Wed, 02 Jul 2014 07:00:00 GMT", "2 h behind"),
        ("Sat, 05 Jul 2014 10:00:00 GMT", "3 days ahead"),
    ):
        assert said in notes_of(UA, ("Date", date))["clock_differs"]
    assert "odd_date" in notes_of(UA, ("Date", "yesterday"))
    request = capture(UA, kind="json")
    assert [note.code for note in find_header_notes(request)] == ["odd_content_type"]


@pytest.mark.parametrize(
    "date",
    ["Mon, 99 Foo 99999999 99:99:99", "Fri, 31 Dec 9999 23:59:59 -9999", "0", "(" * 500, "\x00"],
)
def test_a_hostile_date_is_no_error(date: str) -> None:
    notes_of(UA, ("Date", date))


def test_notes_are_bounded() -> None:
    assert len(find_header_notes(capture(*[("a_b", "é")] * 500))) == MAX_NOTES


@given(st.text(), st.text())
def test_no_name_and_no_value_is_an_error(name: str, value: str) -> None:
    explain_name(name)
    describe_credential(name, value)
    describe_credential("Authorization", f"Basic {value}")
    describe_credential("Authorization", f"{name} {value}")


def test_the_order_and_repeats_of_headers_stay() -> None:
    rows = explain_headers(capture(("X-A", "1"), ("x-a", "2")))
    assert [(row.name, row.value) for row in rows][-2:] == [("X-A", "1"), ("x-a", "2")]
