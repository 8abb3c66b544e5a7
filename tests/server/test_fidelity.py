"""Byte for byte: what a socket sent is what the record says."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import ssl
import struct
from base64 import b64decode
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import pytest

from tests.server.conftest import RunningServer, StartProcess


@dataclass(frozen=True)
class Case:
    id: str
    sent: bytes
    expected: dict[str, Any]


CASES = [
    Case(
        "names keep case, order, repeats and underscores",
        b"GET /b1 HTTP/1.1\r\nhOsT: x\r\nX_B: 1\r\nX-Dup: a\r\nx-dup: b\r\nX-Dup: a\r\n\r\n",
        {
            "raw_headers": [
                ["hOsT", "x"],
                ["X_B", "1"],
                ["X-Dup", "a"],
                ["x-dup", "b"],
                ["X-Dup", "a"],
            ],
            "headers": {"hOsT": "x", "X_B": "1", "X-Dup": "a, b, a"},
        },
    ),
    Case(
        "an empty value and layout around one",
        b"GET /b1 HTTP/1.1\r\nX-Empty:\r\nX-Wide: \t v \t\r\n\r\n",
        {"raw_headers": [["X-Empty", ""], ["X-Wide", "v"]]},
    ),
    Case(
        "bytes that are not ASCII",
        b"GET /b1 HTTP/1.1\r\nX-Utf: caf\xc3\xa9\r\nX-Latin: caf\xe9\r\n\r\n",
        {"raw_headers": [["X-Utf", "café"], ["X-Latin", "café"]]},
    ),
    Case(
        "a folded line stays folded",
        b"GET /b1 HTTP/1.1\r\nX-Fold: one\r\n two\r\nX-Next: n\r\n\r\n",
        {"raw_headers": [["X-Fold", "one\r\n two"], ["X-Next", "n"]]},
    ),
    Case(
        "forwarding headers are shown and change nothing",
        b"GET /b1 HTTP/1.1\r\nX-Forwarded-For: 9.9.9.9\r\nForwarded: for=8.8.8.8\r\n\r\n",
        {
            "raw_headers": [["X-Forwarded-For", "9.9.9.9"], ["Forwarded", "for=8.8.8.8"]],
            "remote_addr": "127.0.0.1",
        },
    ),
    Case(
        "an undecoded path",
        b"GET /b1/a%2Fb/%C3%A9//c/../d?x=%20&x=2&y HTTP/1.1\r\n\r\n",
        {
            "path": "/b1/a%2Fb/%C3%A9//c/../d",
            "request_line": "GET /b1/a%2Fb/%C3%A9//c/../d?x=%20&x=2&y HTTP/1.1",
            "query_string": {"x": [" ", "2"], "y": ""},
        },
    ),
    Case(
        "an absolute target",
        b"GET http://hooks.example/b1/x?q=1 HTTP/1.1\r\nHost: hooks.example\r\n\r\n",
        {"path": "/b1/x", "request_line": "GET http://hooks.example/b1/x?q=1 HTTP/1.1"},
    ),
    Case("HTTP/1.0", b"POST /b1 HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi", {"http_version": "1.0"}),
    Case("OPTIONS", b"OPTIONS /b1 HTTP/1.1\r\n\r\n", {"method": "OPTIONS"}),
    Case("TRACE", b"TRACE /b1 HTTP/1.1\r\n\r\n", {"method": "TRACE"}),
    Case("HEAD", b"HEAD /b1 HTTP/1.1\r\n\r\n", {"method": "HEAD"}),
    Case("a method nobody knows", b"BREW /b1 HTTP/1.1\r\n\r\n", {"method": "BREW"}),
    Case("a method in small letters", b"purge /b1 HTTP/1.1\r\n\r\n", {"method": "purge"}),
    Case("a token of signs", b"M-SEARCH~1 /b1 HTTP/1.1\r\n\r\n", {"method": "M-SEARCH~1"}),
    Case(
        "a body that is not text",
        b"PUT /b1 HTTP/1.1\r\nContent-Length: 4\r\n\r\n\x00\xff\r\n",
        {"body_base64": "AP8NCg==", "body": None, "body_size": 4},
    ),
    Case(
        "chunks are joined and said",
        b"POST /b1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3;note=1\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n",
        {
            "body": "abcde",
            "chunked": True,
            "body_size": 5,
            "raw_headers": [["Transfer-Encoding", "chunked"]],
        },
    ),
]


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_the_record_is_what_was_sent(server: RunningServer, case: Case) -> None:
    server.send(case.sent)
    request = server.only()
    assert {name: request[name] for name in case.expected} == case.expected
    assert request["fidelity"] == "exact"
    assert request["refused"] is None


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_it_does_not_matter_how_the_bytes_are_cut(server: RunningServer, case: Case) -> None:
    cut = [case.sent[i : i + 7] for i in range(0, len(case.sent), 7)]
    server.send(*cut, pause_s=0.0005)
    request = server.only()
    assert {name: request[name] for name in case.expected} == case.expected


def test_pipelined_requests_are_numbered_and_answered_in_order(server: RunningServer) -> None:
    sent = b"".join(
        b"POST /b1/%d HTTP/1.1\r\nContent-Length: 1\r\n\r\n%d" % (i, i % 10) for i in range(20)
    )
    answer = server.send(sent)
    assert answer.count(b"HTTP/1.1 200 OK") == 20
    requests = server.captured(count=20)
    assert [each["number"] for each in requests] == list(range(1, 21))
    assert [each["path"] for each in requests] == [f"/b1/{i}" for i in range(20)]


def test_head_gets_the_head_alone(server: RunningServer) -> None:
    answer = server.send(b"HEAD /b1 HTTP/1.1\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Length: 3" in head
    assert body == b""


def test_expect_continue_is_answered_before_the_body(server: RunningServer) -> None:
    head = b"POST /b1 HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    with server.connect() as connection:
        connection.sendall(head)
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"abc")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")
    assert server.only()["body"] == "abc"


def test_a_kept_alive_connection_serves_captures_and_pages_alike(server: RunningServer) -> None:
    post = b"POST /b1 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\n\r\nx"
    probe = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with server.connect() as connection:
        for request in (post, probe, post, probe):
            connection.sendall(request)
            answer = b""
            while not answer.endswith(b"\r\n\r\nok\n"):
                answer += connection.recv(4000)
            assert answer.startswith(b"HTTP/1.1 200")


def test_a_coded_body_is_kept_as_sent_and_shown_decoded(server: RunningServer) -> None:
    coded = gzip.compress(b"ticket[id]=5")
    server.send(
        b"POST /b1 HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(coded) + coded
    )
    request = server.only()
    assert b64decode(request["body_base64"]) == coded
    assert request["ticket"] == {"id": "5"}


@dataclass(frozen=True)
class Refused:
    id: str
    sent: bytes
    status: int
    reason: str
    body: str = ""


REFUSED = [
    Refused(
        "a header line without a colon",
        b"GET /b1 HTTP/1.1\r\nbroken line\r\n\r\n",
        400,
        "Invalid header",
    ),
    Refused(
        "white space before the colon",
        b"GET /b1 HTTP/1.1\r\nX-A : 1\r\n\r\n",
        400,
        "Invalid header",
    ),
    Refused("a version of nothing", b"GET /b1 HTTX/1\r\nA: b\r\n\r\n", 400, "Start line"),
    Refused(
        "a length that is no number",
        b"POST /b1 HTTP/1.1\r\nContent-Length: five\r\n\r\n",
        400,
        "Content-Length is invalid",
    ),
    Refused(
        "a chunk size that is no number",
        b"POST /b1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
        400,
        "Invalid chunk size",
        "abc",
    ),
    Refused(
        "a transfer coding we do not have",
        b"POST /b1 HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        400,
        "other than chunked",
    ),
    Refused("bare line feeds", b"GET /b1 HTTP/1.1\nHost: x\n\n", 400, "LF"),
    Refused(
        "a head that is too large",
        b"GET /b1 HTTP/1.1\r\nX-Long: " + b"a" * 5000 + b"\r\n\r\n",
        431,
        "exceeds max_header",
    ),
]


@pytest.mark.parametrize("case", REFUSED, ids=attrgetter("id"))
def test_what_is_refused_is_captured_with_the_reason(
    start_process: StartProcess, case: Refused
) -> None:
    server = start_process(max_head_bytes=4096)
    answer = server.exchange(case.sent)
    assert int(answer.split()[1]) == case.status
    request = server.only()
    assert request["refused"]["status"] == case.status
    assert case.reason in request["refused"]["reason"]
    assert (request["body"] or "") == case.body


def test_a_tls_handshake_is_answered_at_once_in_plain_words(server: RunningServer) -> None:
    context = ssl.create_default_context()
    with server.connect() as sock, pytest.raises(ssl.SSLError, match="WRONG_VERSION_NUMBER"):
        context.wrap_socket(sock, server_hostname="127.0.0.1")
    hello = b"\x16\x03\x01\x02\x00" + bytes(512)
    answer = server.exchange(hello)
    assert answer.split()[1] == b"400"
    assert b"This is TLS, and this port speaks plain HTTP" in answer


def test_a_refused_sender_that_is_gone_at_once_is_no_error_of_ours(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    at_once = struct.pack("ii", 1, 0)  # a reset instead of an orderly end
    for number in range(200):
        with server.connect() as sock:
            sock.sendall(REFUSED[number % len(REFUSED)].sent)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    assert server.get("/healthz")[0] == 200
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_refused_request_for_no_bin_is_answered_all_the_same(server: RunningServer) -> None:
    answer = server.exchange(b"GET / HTTP/1.1\r\nbroken\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400") or answer.startswith(b"HTTP/1.0 400")


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"Content-Length: 5000000\r\nExpect: 100-continue\r\n", 413, "too_large"),
        (b"Content-Length: x\r\n", 400, "bad_request"),
        (b"broken\r\n", 400, "bad_request"),
        (b"Transfer-Encoding: gzip\r\n", 400, "bad_request"),
    ],
)
def test_a_refused_call_of_the_api_is_told_as_all_its_errors(
    start_process: StartProcess, sent: bytes, status: int, code: str
) -> None:
    server = start_process(max_call_bytes=1_000_000)
    answer = server.exchange(b"POST /api/v1/bins HTTP/1.1\r\n" + sent + b"\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert int(head.split()[1]) == status
    assert b"Content-Type: application/json" in head
    error = json.loads(body)["error"]
    assert error["code"] == code
    assert error["message"].endswith(".")


@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "in chunks"])
def test_a_body_over_the_limit_is_cut_marked_and_answered_413(
    start_process: StartProcess, chunked: bool
) -> None:
    server = start_process(max_body_bytes=100_000)
    body = bytes(range(256)) * 1000
    if chunked:
        head = b"POST /b1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        sent = head + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
    else:
        sent = b"POST /b1 HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    answer = server.exchange(sent)
    assert answer.split()[1] == b"413"
    request = server.only()
    assert request["truncated"] is True
    assert b64decode(request["body_base64"]) == body[:100_000]
    assert request["refused"]["status"] == 413
    assert request["body_size"] >= (100_001 if chunked else 256_000)


def test_a_body_of_exactly_the_limit_is_whole(start_process: StartProcess) -> None:
    server = start_process(max_body_bytes=1000)
    server.send(b"POST /b1 HTTP/1.1\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000)
    request = server.only()
    assert (request["truncated"], request["body_size"]) == (False, 1000)


def test_too_large_with_expect_is_refused_before_the_body(start_process: StartProcess) -> None:
    server = start_process(max_body_bytes=1000)
    answer = server.exchange(
        b"POST /b1 HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n"
    )
    assert b"100 Continue" not in answer
    assert answer.split()[1] == b"413"
    request = server.only()
    assert (request["truncated"], request["body_size"], request["body_base64"]) == (True, 5000, "")


def test_a_sender_that_goes_away_leaves_what_it_sent(server: RunningServer) -> None:
    with server.connect() as connection:
        connection.sendall(b"POST /b1 HTTP/1.1\r\nContent-Length: 50\r\n\r\nhalf a body")
    request = server.only()
    assert request["body"] == "half a body"
    assert request["truncated"] is True
    assert "11 of 50 bytes" in request["refused"]["reason"]


@pytest.mark.slow
def test_a_large_body_waits_in_a_file_and_is_whole(server: RunningServer) -> None:
    body = bytes(range(256)) * 20_000
    server.send(b"POST /b1 HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    request = server.only()
    assert b64decode(request["body_base64"]) == body


@pytest.mark.parametrize("path", [b"/nobody", b"/UPPER", b"/a.php", b"/nobody/x?inspect=1"])
def test_a_name_that_is_no_bin_is_answered_404_in_a_sentence(
    server: RunningServer, path: bytes
) -> None:
    answer = server.send(b"POST " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 404")
    assert b"text/plain" in head
    assert body.startswith(b"There is no bin named ")


def test_inspect_leads_to_the_page_and_is_not_captured(server: RunningServer) -> None:
    answer = server.send(b"GET /b1?inspect HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 302")
    assert b"Location: /bins/b1" in answer
    server.send(b"POST /b1?inspect HTTP/1.1\r\n\r\n")
    assert server.only()["method"] == "POST"
