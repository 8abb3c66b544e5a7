"""Captured requests and deliveries sent once more: what stays to the byte, and what cannot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain import CapturedRequest
from inspector.emitter import (
    DeliveryOptions,
    WebhookAction,
    make_delivery,
    render,
    repeat,
    replay,
    sample_context,
    send,
)
from inspector.errors import InspectorError
from tests.emitter.receiver import Receiver
from tests.reading.captures import make_captured

HEAD = (
    b"PUT /orders/a%20b?x=1&y HTTP/1.1\r\n"
    b"host: inspector\r\n"
    b"X-One: 1\r\nx-one: 2\r\nX-Latin: \xe4\r\nX-Utf: \xc3\xa4\r\n"
    b"Connection: close, X-Mine\r\nX-Mine: 1\r\nTE: trailers\r\nExpect: 100-continue\r\n"
    b"Transfer-Encoding: chunked\r\nX-Folded: a\r\n b\r\nno colon here\r\n"
    b"Content-Type: text/plain\r\n"
)


def captured(
    head: bytes = HEAD, body: bytes = b"\0\xffbytes", *, truncated: bool = False
) -> CapturedRequest:
    return make_captured(head, body, bin_name="orders", chunked=True, truncated=truncated)


def test_a_replay_is_the_request_to_the_byte_but_for_its_connection() -> None:
    prepared = replay(captured(), "http://127.0.0.1:9/new/?z=0")
    assert prepared.raw == (
        b"PUT /new/a%20b?z=0&x=1&y HTTP/1.1\r\n"
        b"Host: 127.0.0.1:9\r\n"
        b"X-One: 1\r\nx-one: 2\r\nX-Latin: \xe4\r\nX-Utf: \xc3\xa4\r\n"
        b"Content-Type: text/plain\r\n"
        b"Content-Length: 7\r\n\r\n\0\xffbytes"
    )
    left_out = {each.what for each in prepared.left_out}
    assert left_out == {
        "Connection", "X-Mine", "TE", "Expect", "Transfer-Encoding", "X-Folded", "no colon here",
    }  # fmt: skip


def test_a_request_for_the_bin_itself_goes_to_the_url_itself() -> None:
    prepared = replay(captured(b"GET /orders HTTP/1.1\r\n", b""), "http://127.0.0.1:9/a/b")
    assert prepared.raw == b"GET /a/b HTTP/1.1\r\nHost: 127.0.0.1:9\r\n\r\n"


@pytest.mark.parametrize("method", [b"CONNECT", b"G\xffT", b"A" * 101, b""])
def test_a_method_that_cannot_be_sent_is_refused(method: bytes) -> None:
    with pytest.raises(InspectorError) as caught:
        replay(captured(method + b" /orders HTTP/1.1\r\n"), "http://127.0.0.1:9")
    assert caught.value.code == "cannot_replay"


def test_an_answer_to_head_has_no_body_whatever_it_announces() -> None:
    with Receiver(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n") as receiver:
        request = replay(captured(b"HEAD /orders HTTP/1.1\r\n", b""), receiver.url)
        result = send(request, options=DeliveryOptions(timeout_s=10))
    assert receiver.requests[0].startswith(b"HEAD / HTTP/1.1\r\n")
    assert result.answer is not None
    assert (result.status, result.answer.body) == (200, b"")


@given(st.binary(), st.binary(max_size=20))
def test_any_capture_can_be_replayed_and_stays_one_request(rest: bytes, body: bytes) -> None:
    again = replay(captured(b"POST / HTTP/1.1\r\n" + rest, body), "http://h/x")
    lines = again.head.split(b"\r\n")
    assert len(lines) == len(again.headers) + 3
    assert not any(b"\n" in line or b"\r" in line or b"\0" in line for line in lines)
    names = [name.lower() for name, _ in again.headers]
    assert names.count("host") == 1
    assert names.count("content-length") <= 1
    assert "transfer-encoding" not in names


def test_half_a_body_is_not_sent_as_if_it_were_whole() -> None:
    with pytest.raises(InspectorError) as caught:
        replay(captured(truncated=True), "http://127.0.0.1:9")
    assert caught.value.code == "cannot_replay"


def test_a_delivery_is_repeated_to_the_byte() -> None:
    with Receiver() as receiver:
        action = WebhookAction(
            url=f"{receiver.url}/ä?x=1",
            method="DELETE",
            headers=(("X-Name", "Zoë {{ ticket.id }}"), ("X-No", "{{ ticket.sla.id }}")),
            custom_data="é",
        )
        options = DeliveryOptions(timeout_s=5)
        first = make_delivery(
            send(render(action, sample_context()), options=options), name="a", source="trigger"
        )
        again = repeat(first)
        send(again, options=options)
        assert receiver.requests[0] == receiver.requests[1] == first.raw_head + first.body
    assert [(each.what, each.why) for each in again.left_out] == list(first.left_out)
