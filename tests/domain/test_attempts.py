"""Which requests are one delivery sent again, and which only look so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain.attempts import MAX_BODY_GAP_US, Attempt, count_attempts, make_delivery_key
from inspector.domain.summaries import LISTED_BODY_BYTES
from tests.reading.captures import make_request

JSON = "application/json"
STRIPE = (
    b'{"id":"evt_1","object":"event","api_version":"2024-06-20","type":"a","data":{"object":{}}}'
)


def key_of(body: bytes = b"", *headers: tuple[str, str], line: str = "POST /b1 HTTP/1.1") -> object:
    made = make_request(body, JSON, headers=headers, request_line=line)
    return made.summary.delivery_key


@pytest.mark.parametrize(
    "header",
    [
        ("webhook-id", "msg_1"),
        ("svix-id", "msg_1"),
        ("X-GitHub-Delivery", "72d3162e"),
        ("Idempotency-Key", "8e03978e"),
        ("X-Delivery-Id", "1"),
    ],
    ids=lambda header: header[0],
)
def test_an_id_in_a_header_joins_what_has_other_bodies(header: tuple[str, str]) -> None:
    more = (("X-GitHub-Event", "push"),) if header[0] == "X-GitHub-Delivery" else ()
    first, again = key_of(b"{}", header, *more), key_of(b'{"again":1}', header, *more)
    assert first == again is not None
    assert first != key_of(b"{}", (header[0], "another"), *more)


def test_an_id_in_the_body_joins_what_differs_elsewhere() -> None:
    again = STRIPE.replace(b"2024-06-20", b"2025-01-01")
    assert key_of(STRIPE) == key_of(again) != key_of(STRIPE.replace(b"evt_1", b"evt_2"))


def test_one_event_at_two_paths_is_two_deliveries() -> None:
    assert key_of(STRIPE) != key_of(STRIPE, line="POST /b1/other HTTP/1.1")
    assert key_of(b"{}") != key_of(b"{}", line="POST /b1/other HTTP/1.1")
    assert key_of(b"{}") != key_of(b"{}", line="PUT /b1 HTTP/1.1")


def test_equal_bodies_with_other_ids_are_two_deliveries() -> None:
    assert key_of(b"{}", ("webhook-id", "1")) != key_of(b"{}", ("webhook-id", "2"))


def test_what_has_no_id_and_no_body_is_no_delivery() -> None:
    assert key_of(line="GET /b1?ping HTTP/1.1") is None


def test_a_large_body_counts_by_its_headers_alone() -> None:
    large = b'{"id":"evt_1","object":"event","api_version":"1","type":"a","data":{"object":"%b"}}'
    body = large % (b"x" * LISTED_BODY_BYTES)
    assert key_of(body) is None
    assert key_of(body, ("webhook-id", "1")) == key_of(b"{}", ("webhook-id", "1"))


@given(st.text(), st.text(), st.text(), st.binary())
def test_no_text_is_an_error(sender: str, delivery: str, place: str, body: bytes) -> None:
    by_id = make_delivery_key(sender, delivery, {}, place, body)
    assert by_id is not None
    assert by_id.by_id
    assert -(2**63) <= by_id.value < 2**63
    make_delivery_key(None, None, {place: delivery}, place, body)


def test_lone_surrogates_in_an_id_are_no_error() -> None:
    body = b'{"id":"\\ud800","object":"event","api_version":"1","type":"a","data":{"object":1}}'
    assert key_of(body) is not None


def count(times: dict[int, int], *, by_id: bool) -> dict[int, Attempt]:
    return count_attempts(times, "1-{}".format, by_id=by_id)


def test_tries_of_one_id_count_however_far_apart() -> None:
    assert count({9: 0, 11: 10_000_000_000_000, 30: 10_000_014_000_000}, by_id=True) == {
        9: Attempt(1, "1-9", None, None, "delivery"),
        11: Attempt(2, "1-9", "1-9", 10_000_000.0, "delivery"),
        30: Attempt(3, "1-9", "1-11", 14.0, "delivery"),
    }


def test_equal_bodies_count_within_minutes_of_one_another() -> None:
    gap = MAX_BODY_GAP_US
    times = {1: 0, 2: gap, 3: 2 * gap, 7: 3 * gap + 1, 8: 3 * gap + 2}
    assert count(times, by_id=False) == {
        2: Attempt(2, "1-1", "1-1", 600.0, "body"),
        3: Attempt(3, "1-1", "1-2", 600.0, "body"),
        8: Attempt(2, "1-7", "1-7", 0.000001, "body"),
    }
