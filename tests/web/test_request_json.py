"""A request's JSON as it is written quickly, held to the values that it is made of."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.capture import Capture
from inspector.domain import CapturedRequest
from inspector.domain.json_bodies import write_json
from inspector.forms import DIALECTS
from inspector.storage.records import read_capture
from inspector.web.api.request_json import render_array, render_request, request_to_json
from tests.forms.test_parser import BODIES
from tests.forms.test_recorded import CASES, get_body

FORM = "application/x-www-form-urlencoded"
JSON_BODIES = [
    b'{"ticket": {"id": 1.50, "big": 123456789012345678901234567890, "e": 1E400}, "n": -0}',
    b'[1e2, {"a": [0.1000000000000000055511151231257827]}, null, true]',
    b'{"a": "\xe2\x80\xa8 \xc2\x85"}',
    b'{"\\ud800": "\\udcff"}',
    b"[" * 190 + b"]" * 190,
    b"{" * 300,
    b'{"a":1}\n{"a":2.50}\n',
]


def make_request(body: bytes, kind: str = FORM, query: bytes = b"a=1&a=2") -> CapturedRequest:
    head = b"POST /orders?%s HTTP/1.1\r\nContent-Type: %s" % (query, kind.encode())
    return read_capture(
        Capture("orders", 1_700_000_000_123_456, head, lambda: body, len(body)), 1, 7
    )


def read(text: str | bytes) -> Any:
    """A JSON text with the order of its names, repeats of them and its numbers as written."""
    return json.loads(text, parse_float=str, parse_int=str, object_pairs_hook=list)


def check(request: CapturedRequest, dialect: str = "php") -> None:
    line = render_request(request, dialect)
    expected = {**request_to_json(request, dialect)}
    assert read(line) == read(write_json(expected))
    assert len(line.decode().splitlines()) == 1


@pytest.mark.slow
def test_recorded_forms() -> None:
    for case in CASES:
        for _ in range(3):  # Of a new shape, and of a known one.
            check(make_request(get_body(case), query=get_body(case).replace(b"\n", b"")))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_forms_as_any_receiver_reads_them(dialect: str) -> None:
    for case in CASES[::10]:
        check(make_request(get_body(case)), dialect)


@pytest.mark.parametrize("body", JSON_BODIES, ids=lambda body: repr(body[:20]))
def test_json_bodies_with_each_number_as_it_was_sent(body: bytes) -> None:
    check(make_request(body, "application/json"))


@given(BODIES | st.binary(), st.sampled_from([FORM, "application/json", "text/plain", "x"]))
def test_any_body(body: bytes, kind: str) -> None:
    check(make_request(body, kind, query=body.replace(b"\n", b"").replace(b" ", b"")))


def test_a_ticket_s_numbers_are_json() -> None:
    found = read(render_request(make_request(b'{"ticket": {"id": 1E400}}', "application/json")))
    assert dict(found)["ticket"] == [("id", "1E400")]


def test_an_array_of_requests_is_json() -> None:
    one, two = make_request(b"a=1"), make_request(b"a=%FF")
    assert json.loads(b"".join(render_array([]))) == []
    assert len(json.loads(b"".join(render_array([one, two])))) == 2
