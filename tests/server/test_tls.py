"""HTTPS: the same bytes are captured, and a bad handshake harms nobody."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from inspector.errors import InspectorError
from inspector.server.tls import load_certificate
from inspector.testing import InspectorServer
from tests.cli.test_paths import refuse
from tests.server.conftest import read_all
from tests.servers import ADDRESS, LiveServer

DEADLINE_S = 60.0


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def client_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture(scope="module")
def server(authority: trustme.CA) -> Iterator[InspectorServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with InspectorServer(tls=context) as server:
        yield server


def connect(server: InspectorServer, context: ssl.SSLContext | None) -> socket.socket:
    port = urlsplit(server.url).port
    plain = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S)
    return plain if context is None else context.wrap_socket(plain, server_hostname="127.0.0.1")


def test_what_comes_by_tls_is_captured_byte_for_byte(
    server: InspectorServer, client_context: ssl.SSLContext
) -> None:
    bin_ = server.create_bin("exact")
    assert bin_.url.startswith("https://127.0.0.1:")
    head = b"POST /exact/x HTTP/1.1\r\nhOST: a\r\nX-Odd:  caf\xe9\r\n"
    body = bytes(range(256)) * 2000
    with connect(server, client_context) as sender:
        for _ in range(2):
            sender.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            assert sender.recv(65_536).startswith(b"HTTP/1.1 200 ")
        sender.sendall(b"GET /exact HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert read_all(sender).endswith(b"ok\n")
    first, second, _ = bin_.wait_all(count=3)
    assert first.body == second.body == body
    assert first.raw_headers[:2] == [["hOST", "a"], ["X-Odd", "café"]]
    assert first.remote_addr == "127.0.0.1"


def test_a_slow_answer_and_a_large_page_come_by_tls(
    server: InspectorServer, client_context: ssl.SSLContext
) -> None:
    bin_ = server.create_bin("slow")
    bin_.respond_with({"delay": 0.05, "body": "x" * 900_000, "drip": 0.1})
    parts = urlsplit(server.url)
    with closing(
        http.client.HTTPSConnection(
            "127.0.0.1", parts.port, timeout=DEADLINE_S, context=client_context
        )
    ) as connection:
        connection.request("POST", "/slow", "a=1")
        assert connection.getresponse().read() == b"x" * 900_000
        connection.request("GET", "/api/v1/bins/slow")
        assert json.loads(connection.getresponse().read())["url"] == bin_.url


HOSTILE = {
    "plain HTTP": b"POST /plain HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "noise": bytes(range(255, 0, -1)) * 10,
    "half a greeting": b"\x16\x03\x01\x02\x00\x01",
    "nothing": b"",
}


@pytest.mark.parametrize("sent", HOSTILE.values(), ids=HOSTILE)
def test_a_handshake_that_fails_harms_nobody(
    server: InspectorServer, client_context: ssl.SSLContext, sent: bytes
) -> None:
    bin_ = server.create_bin()
    with connect(server, None) as stranger:
        stranger.sendall(sent)
        with connect(server, client_context) as sender:  # while that one hangs
            path = urlsplit(bin_.url).path.encode()
            sender.sendall(b"POST " + path + b" HTTP/1.1\r\nConnection: close\r\n\r\n")
            assert read_all(sender).endswith(b"ok\n")
        stranger.shutdown(socket.SHUT_WR)
        assert not read_all(stranger).startswith(b"HTTP/")
    assert len(bin_.requests) == 1


@pytest.mark.process
def test_serve_speaks_tls(
    tmp_path: Path, authority: trustme.CA, client_context: ssl.SSLContext
) -> None:
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "both.pem"))
    with LiveServer(tmp_path, ("--bin", "b1", "--tls-cert", str(tmp_path / "both.pem"))) as server:
        found = ADDRESS.search(server.output)
        assert found is not None
        assert found[0].startswith("https://")
        parts = urlsplit(found[0])
        with closing(
            http.client.HTTPSConnection(
                "127.0.0.1", parts.port, timeout=DEADLINE_S, context=client_context
            )
        ) as connection:
            connection.request("POST", "/b1", "a=1")
            assert connection.getresponse().read() == b"ok\n"


def test_a_certificate_that_is_none_is_a_sentence(tmp_path: Path, authority: trustme.CA) -> None:
    (tmp_path / "none.pem").write_text("none")
    with pytest.raises(InspectorError, match=r"none\.pem cannot be used for TLS") as caught:
        load_certificate(tmp_path / "none.pem", None)
    assert caught.value.code == "invalid_certificate"
    said = refuse(tmp_path, "--tls-cert", str(tmp_path / "none.pem"))
    assert "cannot be used for TLS" in said
    assert "--tls-cert" in refuse(tmp_path, "--tls-key", str(tmp_path / "none.pem"))
