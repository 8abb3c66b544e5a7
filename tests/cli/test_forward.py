"""Forwarding: strangers send to the bin, and choose nothing about where it goes from there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.capture import Refusal
from inspector.cli.following.forward import forward, read_request
from inspector.domain import CapturedRequest
from inspector.emitter import replay
from inspector.errors import InspectorError
from inspector.web.api.request_json import request_to_json
from tests.emitter.receiver import Receiver
from tests.emitter.test_replaying import captured
from tests.reading.captures import make_captured


def arriving(
    head: bytes, body: bytes = b"", refusal: Refusal | None = None, *, truncated: bool = False
) -> CapturedRequest:
    """A request as a tail has it: by way of the API's JSON."""
    stored = make_captured(head, body, refusal=refusal, truncated=truncated)
    return read_request(dict(request_to_json(stored)))


CLIMBING = [
    b"/b1/../../admin/delete",
    b"/b1/%2e%2e/%2E%2e/admin",
    b"/b1/a/../../../admin",
    b"/b1/..%2f..%2fadmin",
    b"/b1/..%5c..%5cadmin",
    b"/b1/..\\admin",
    b"/b1/%252e%252e/admin",
    b"/b1/%25252e%25252e/admin",
    b"/b1/..;x=1/admin",
    b"/b1//..//admin",
    b"/b1/./../admin",
    b"/b1%2F../admin",
    b"/%62%31/../admin",
    b"/b1/..",
    b"/b1/..?x=1",
    b"//b1/../../admin",
    b"http://h/b1/../../admin",
]


@pytest.mark.parametrize("path", CLIMBING)
def test_no_path_leads_out_of_the_url_it_is_forwarded_to(path: bytes) -> None:
    with Receiver() as receiver:
        line = forward(arriving(b"POST " + path + b" HTTP/1.1\r\n"), f"{receiver.url}/hook")
    assert receiver.requests == []
    assert "not sent: Its path has .. in it, which would lead out of /hook." in line


@pytest.mark.parametrize(
    ("path", "target"),
    [
        (b"/%62%31/enc", b"/hook/enc"),
        (b"/b1/a/../b", b"/hook/a/../b"),
        (b"/b1/..a/a..", b"/hook/..a/a.."),
        (b"/b1%2Fx", b"/hook/x"),
        (b"/b1/x#y?z", b"/hook/x?z"),
        (b"/b1/Jos\xc3\xa9/\xe4?n=\xe4", b"/hook/Jos%C3%A9/%E4?n=%E4"),
        (b"/b1?to=../..", b"/hook?to=../.."),
    ],
)
def test_what_follows_the_name_is_put_behind_the_url(path: bytes, target: bytes) -> None:
    with Receiver() as receiver:
        forward(arriving(b"GET " + path + b" HTTP/1.1\r\n"), f"{receiver.url}/hook")
    assert receiver.requests[0].split(b" ")[1] == target


@given(st.lists(st.sampled_from([*"./;%25\\ae", "%2e", "%2f", "%5c", "%252e", ".."]), max_size=12))
def test_whatever_a_receiver_decodes_it_stays_below(pieces: list[str]) -> None:
    from urllib.parse import unquote

    path = f"/b1/{''.join(pieces)}"
    try:
        sent = replay(captured(f"GET {path} HTTP/1.1\r\n".encode(), b""), "http://h/hook").url.path
    except InspectorError:
        return
    for _ in range(4):
        depth = 0
        for segment in sent.removeprefix("/hook").replace("\\", "/").split("/"):
            depth += {"..": -1, "": 0, ".": 0}.get(segment.partition(";")[0], 1)
            assert depth >= 0, sent
        sent = unquote(sent)


def test_no_framing_of_the_sender_goes_on() -> None:
    head = (
        b"POST /b1 HTTP/1.1\r\nTransfer-Encoding : chunked\r\nContent-Length: 5\r\n"
        b"Content-Length: 50\r\nConnection: X-Hop\r\nX-Hop: 1\r\nX-Latin: \xe4\r\n"
    )
    with Receiver() as receiver:
        line = forward(
            arriving(head, b"hello", Refusal(400, "two lengths")), receiver.url, refused_too=True
        )
    (sent,) = receiver.requests
    assert ": 200 OK in " in line
    assert sent.lower().count(b"content-length") == 1
    assert b"Content-Length: 5\r\n" in sent
    assert b"X-Latin: \xe4\r\n" in sent
    assert b"ransfer-" not in sent
    assert b"X-Hop" not in sent


def test_what_was_refused_stays_here_unless_asked_for() -> None:
    with Receiver() as receiver:
        line = forward(
            arriving(b"POST /b1 HTTP/1.1\r\n", refusal=Refusal(413, "too large")), receiver.url
        )
    assert receiver.requests == []
    assert line == "  -> not sent: it was refused with 413"


def test_half_a_body_is_not_forwarded_as_a_whole_one() -> None:
    with Receiver() as receiver:
        line = forward(arriving(b"POST /b1 HTTP/1.1\r\n", b"hal", truncated=True), receiver.url)
    assert receiver.requests == []
    assert "not sent: Only the first part of its body was kept" in line


def test_credentials_of_the_url_are_sent_and_not_printed() -> None:
    with Receiver() as receiver:
        url = receiver.url.replace("//", "//ann:pw%C3%A9@") + "/h\u00f6k"
        line = forward(arriving(b"GET /b1/x HTTP/1.1\r\nAuthorization: Bearer other\r\n"), url)
    (sent,) = receiver.requests
    assert sent.startswith(b"GET /h%C3%B6k/x HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Basic YW5uOnB3w6k=\r\n" in sent
    assert b"Bearer" not in sent
    assert "/h%C3%B6k/x: 200 OK" in line
    assert "pw" not in line


def test_nobody_there_is_said() -> None:
    line = forward(arriving(b"GET /b1 HTTP/1.1\r\n"), "http://127.0.0.1:1/")
    assert "not delivered, " in line
