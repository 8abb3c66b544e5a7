"""Connections that begin with something else than HTTP/1: named, and what can be kept is kept."""

from __future__ import annotations

import shutil
import struct
import subprocess
from base64 import b64decode
from dataclasses import dataclass
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.server.preamble import HTTP_2, NONE, read_preamble, refuse_http_2
from tests.server.conftest import RunningServer, StartProcess, read_all

POST = b"POST /b1 HTTP/1.1\r\nContent-Length: 3\r\n\r\na=1"
SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
IPV4 = bytes([203, 0, 113, 7, 10, 0, 0, 1]) + struct.pack(">HH", 51234, 443)
IPV6 = bytes.fromhex("20010db8000000000000000000000007") * 2 + struct.pack(">HH", 51234, 443)


def binary(command: int, family: int, body: bytes) -> bytes:
    return SIGNATURE + struct.pack(">BBH", command, family, len(body)) + body


@dataclass(frozen=True)
class Line:
    id: str
    sent: bytes
    peer: str


LINES = [
    Line("TCP4", b"PROXY TCP4 203.0.113.7 10.0.0.1 51234 443\r\n", "203.0.113.7"),
    Line("TCP6", b"PROXY TCP6 2001:db8::7 2001:db8::1 51234 443\r\n", "2001:db8::7"),
    Line("UNKNOWN", b"PROXY UNKNOWN\r\n", "127.0.0.1"),
    Line("binary, IPv4", binary(0x21, 0x11, IPV4), "203.0.113.7"),
    Line("binary, IPv6", binary(0x21, 0x21, IPV6), "2001:db8::7"),
    Line("binary with more", binary(0x21, 0x11, IPV4 + b"\x03\x00\x04abcd"), "203.0.113.7"),
    Line("binary, local", binary(0x20, 0x00, b""), "127.0.0.1"),
    Line("binary, a socket's path", binary(0x21, 0x31, bytes(216)), "127.0.0.1"),
]


@pytest.mark.parametrize("line", LINES, ids=attrgetter("id"))
@pytest.mark.parametrize("step", [1, 1000])
def test_a_trusted_proxy_names_the_sender(
    start_process: StartProcess, line: Line, step: int
) -> None:
    server = start_process(proxy_protocol=True, trusted_proxies=("127.0.0.1",))
    sent = line.sent + POST
    answer = server.send(*(sent[i : i + step] for i in range(0, len(sent), step)))
    assert answer.startswith(b"HTTP/1.1 200")
    request = server.only()
    assert (request["peer"], request["body"]) == (line.peer, "a=1")
    assert request["request_line"] == "POST /b1 HTTP/1.1"


def test_a_proxy_that_sends_no_line_is_its_own_sender(start_process: StartProcess) -> None:
    server = start_process(proxy_protocol=True, trusted_proxies=("127.0.0.1",))
    server.send(POST)
    assert server.only()["peer"] == "127.0.0.1"


def test_a_line_counts_only_at_the_connections_beginning(start_process: StartProcess) -> None:
    server = start_process(proxy_protocol=True, trusted_proxies=("127.0.0.1",))
    server.send(POST + LINES[0].sent + POST)
    request = server.only()
    assert request["peer"] == "127.0.0.1"
    assert b64decode(request["leftover_base64"]).startswith(b"PROXY TCP4")


@pytest.mark.parametrize("line", LINES, ids=attrgetter("id"))
@pytest.mark.parametrize("is_read", [False, True], ids=["not read", "not trusted"])
def test_a_line_nobody_asked_for_is_named_and_its_request_kept(
    start_process: StartProcess, line: Line, is_read: bool
) -> None:
    server = start_process(proxy_protocol=is_read, trusted_proxies=("10.0.0.1",) * is_read)
    answer = server.exchange(line.sent + POST)
    assert answer.split()[1] == b"400"
    assert b"PROXY protocol" in answer
    request = server.only()
    assert (request["peer"], request["body"]) == ("127.0.0.1", "a=1")
    assert request["refused"]["status"] == 400
    assert ("--trusted-proxy" if is_read else "--proxy-protocol") in request["refused"]["reason"]


@pytest.mark.parametrize(
    "sent",
    [b"PROXY TCP4 x y 1 2\r\n", b"PROXY \r\n", b"PROXY /b1 HTTP/1.1\r\n\r\n", b"PROXY " * 100],
)
def test_what_only_looks_like_a_line_is_read_as_a_request(sent: bytes) -> None:
    assert read_preamble(sent) == NONE


def test_a_method_called_proxy_is_captured(server: RunningServer) -> None:
    assert server.send(b"PROXY /b1 HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200")
    assert server.only()["method"] == "PROXY"


@given(st.binary(max_size=300), st.sampled_from([b"", b"PROXY ", SIGNATURE, HTTP_2]))
def test_no_bytes_break_the_reading(data: bytes, begin: bytes) -> None:
    found = read_preamble(begin + data)
    assert found is None or found.size <= len(begin + data)
    refuse_http_2(HTTP_2 + data)


def test_curl_with_http_2_asks_again_by_http_1_and_is_captured(server: RunningServer) -> None:
    """Its first stream is reset with HTTP_1_1_REQUIRED (RFC 9113, 7)."""
    curl = shutil.which("curl")
    assert curl
    if "HTTP2" not in subprocess.run([curl, "-V"], capture_output=True, text=True).stdout:
        pytest.skip("this curl has no HTTP/2")
    done = subprocess.run(
        [curl, "-sS", "--http2-prior-knowledge", "-d", "a=1", f"http://127.0.0.1:{server.port}/b1"],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert (done.stdout, done.stderr) == ("ok\n", "")
    assert server.only()["body"] == "a=1"


def test_an_http_2_client_is_told_in_its_own_frames(server: RunningServer) -> None:
    settings = b"\0\0\0\x04\0\0\0\0\0"
    headers = b"\0\0\1\x01\5" + struct.pack(">I", 1) + b"\x82"
    with server.connect() as connection:
        connection.sendall(HTTP_2)
        connection.sendall(settings + headers)
        got = read_all(connection)
    assert got == settings + b"\0\0\4\x03\0" + struct.pack(">II", 1, 0xD)


def test_connect_is_named(server: RunningServer) -> None:
    answer = server.exchange(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n")
    assert answer.split()[1] == b"400"
    assert b"asks for a tunnel, and this is no proxy" in answer


def test_connect_to_a_path_is_a_method_like_all(server: RunningServer) -> None:
    server.send(b"CONNECT /b1/x HTTP/1.1\r\n\r\n")
    assert server.only()["method"] == "CONNECT"
