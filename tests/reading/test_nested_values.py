"""JSON, JWTs and base64 inside texts: in the tree, through paths, in searches; hostile ones too."""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain import CapturedRequest
from inspector.domain.nested_values import MAX_OPENINGS, OPENING_SIGNS, open_text
from inspector.reading.detail import find_detail
from inspector.reading.query import parse_query
from inspector.reading.tree import build_reading
from inspector.testing.received import FieldNotFoundError, ReceivedRequest
from tests.reading.captures import make_form, make_request


def part(value: Any) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def make_jwt(claims: Any, header: Any = None) -> str:
    return f"{part(header or {'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}.c2ln"


def make_json(value: Any) -> CapturedRequest:
    return make_request(json.dumps(value).encode(), "application/json")


SLACK = make_form(("payload", '{"user":{"id":"U1","name":"José"},"actions":[{"value":1.50}]}'))


def test_a_path_goes_through_json_in_a_forms_field() -> None:
    request = ReceivedRequest(SLACK)
    assert request.at("payload.user.id") == "U1"
    assert request.at("payload.actions[0].value") == 1.5
    assert request.at("payload").startswith('{"user"')
    with pytest.raises(FieldNotFoundError):
        request.at("payload.user.nobody")


@pytest.mark.parametrize(
    "query", ["payload.user.id=U1", "payload.actions[].value=1.5", "has:payload.user", "josé"]
)
def test_a_search_finds_what_is_inside(query: str) -> None:
    assert parse_query(query).matches(SLACK)


URLS = [
    ("https://a/b?x=1", None),
    ("https://a/%20", None),
    ("http%", None),
    ("http%3A%2F%2F", None),
    ("http://?a=%41", None),
    (
        "https://a/b?to=ann%40b.c&z[d]=1#f%20",
        {"url": "https://a/b", "query": {"to": "ann@b.c", "z": {"d": "1"}}, "fragment": "f "},
    ),
    ("https%3A%2F%2Fa.b%2Fc%3Fd%3De", {"url": "https://a.b/c", "query": {"d": "e"}}),
    (
        "HTTPS://a?n=https%3A%2F%2Fb%3Fc%3D%2520",
        {"url": "HTTPS://a", "query": {"n": "https://b?c=%20"}},
    ),
    ("https://a?b=%20" + "x" * 8_000, None),
]


@pytest.mark.parametrize(("text", "value"), URLS, ids=[each[0][:40] for each in URLS])
def test_an_encoded_url_is_taken_apart(text: str, value: Any) -> None:
    opened = open_text(text)
    assert (opened and opened.value) == value


def test_a_search_goes_through_urls_in_urls() -> None:
    request = make_json({"link": "https://a?next=https%3A%2F%2Fb%2F%3Fmail%3Dann%2540c.d"})
    assert parse_query("link.query.next.query.mail=ann@c.d").matches(request)


def test_the_tree_opens_the_text_and_says_so() -> None:
    rows = {row.path: row for row in build_reading(SLACK).rows}
    assert rows["payload"].opens
    assert rows["payload"].note == "JSON in a text"
    assert rows["payload.user.name"].text == "José"


def test_a_field_inside_has_its_path_and_no_name_that_would_not_work() -> None:
    detail = find_detail(SLACK, ("payload", "user", "id"))
    assert detail is not None
    assert detail.value == "U1"
    assert detail.names == (("Inspector", "payload.user.id"),)
    whole = find_detail(SLACK, ("payload",))
    assert whole is not None
    assert whole.value.startswith('{"user"')


@pytest.mark.parametrize(("expiry", "state"), [(1, "expired"), (9_999_999_999, "not expired")])
def test_a_jwt_tells_header_and_claims_and_is_never_verified(expiry: int, state: str) -> None:
    request = make_json({"token": make_jwt({"sub": "ann", "exp": expiry})})
    assert ReceivedRequest(request).at("token.claims.sub") == "ann"
    assert ReceivedRequest(request).at("token.header.alg") == "HS256"
    note = next(row.note for row in build_reading(request).rows if row.path == "token")
    assert note == f"JWT, signature not checked; {state} when it came"


@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
def test_json_in_base64_is_opened(encode: Any) -> None:
    data = encode(json.dumps({"order": 5, "sign": "ÿ?>"}, ensure_ascii=False).encode()).decode()
    assert ReceivedRequest(make_json({"message": {"data": data}})).at("message.data.order") == 5


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "{}", "[]", "[x]", "{not json}", "eyJhIjoxfQ=x", "ey" * 10, "a.b.c", "W" * 20),
        *(make_jwt([1]), make_jwt({"a": 1}, [1]), make_jwt({"a": 1}, {"typ": "JWT"})),
    ],
)
def test_other_texts_stay_texts(text: str) -> None:
    assert open_text(text) is None


def nest(count: int) -> str:
    text = json.dumps({"a": 1})
    for _ in range(count):
        text = json.dumps({"a": text})
    return text


@pytest.mark.attack
@pytest.mark.parametrize(
    "text",
    [
        nest(14),
        make_jwt({"exp": 1e308}),
        make_jwt({"exp": True}),
        make_jwt({"a": "x" * 3_000_000}),
        "ey" + "A" * 5_000_000,
        "eyJ" + "." * 1_000_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        "[" + "1," * 900_000 + "1]",
        '{"a":"' + "\\" * 1_000_001 + '"}',
        json.dumps({str(n): '{"b":{"c":1}}' for n in range(20_000)}),
    ],
    ids=str.__len__,
)
def test_hostile_texts_cost_little_and_break_nothing(text: str) -> None:
    request = make_json({"field": text})
    reading = build_reading(request)
    assert len(reading.rows) < 10_000
    assert parse_query("field.a.b.c=2").matches(request) is False


def test_what_comes_out_of_texts_is_opened_so_often_and_no_further() -> None:
    rows = build_reading(make_json({"field": nest(10)})).rows
    assert sum(row.opens for row in rows) == MAX_OPENINGS


@pytest.mark.parametrize("space", re.findall(r"\s", "".join(map(chr, range(0x110000)))))
def test_a_text_that_may_be_opened_is_known_by_its_first_sign(space: str) -> None:
    for text in ('{"a":1}', "[1]", "W3siYSI6MX1d", "eyJhIjoxfQ==", "HTTP://a.example/?b=%31"):
        assert open_text(text) is not None
        assert text[0] in OPENING_SIGNS
    assert open_text(f"{space}[1]") is not None
    assert space in OPENING_SIGNS


@given(st.text(st.sampled_from('{}[]"1: eyWBhH%/?htp\u2003\n'), max_size=20))
def test_no_text_is_opened_that_begins_with_another_sign(text: str) -> None:
    assert open_text(text) is None or text[0] in OPENING_SIGNS
