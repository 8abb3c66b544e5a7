"""Captures below a path of another server and by hosts of their own, beside Flask."""

from __future__ import annotations

import json

import pytest

from tests.server.conftest import RunningServer, StartProcess


@pytest.fixture
def server(start_process: StartProcess) -> RunningServer:
    limits = {"max_body_bytes": 10, "index_words": False}
    return start_process(path_prefix="/in/deep", bin_domain="hooks.test", **limits)


def post(server: RunningServer, target: str, host: str = "127.0.0.1", body: str = "x") -> bytes:
    head = f"POST {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n"
    return server.exchange(f"{head}Connection: close\r\n\r\n{body}".encode())


TARGETS = [
    ("/in/deep/b1/hook?a=1", "127.0.0.1", "/hook"),
    ("/b1/hook?a=1", "127.0.0.1", "/hook"),
    ("//in/deep/%621/hook", "127.0.0.1", "/hook"),
    ("http://h/in/deep/b1", "127.0.0.1", ""),
    ("/hook/bins/b1", "b1.hooks.test:80", "/hook/bins/b1"),
    ("/in/deep/healthz", "B1.Hooks.Test", "/in/deep/healthz"),
    ("/", "b1.hooks.test", ""),
    ("/b1/x", "b1.hooks.test", "/x"),
]


@pytest.mark.parametrize(("target", "host", "below"), TARGETS)
def test_a_capture_is_known_by_its_own_path(
    server: RunningServer, target: str, host: str, below: str
) -> None:
    assert post(server, target, host).startswith(b"HTTP/1.1 200 ")
    _, text = server.get("/in/deep/api/v1/bins/b1/requests/1-1")
    request = json.loads(text)
    assert request["fidelity"] == "exact"
    assert request["request_line"] == f"POST {target} HTTP/1.1"
    _, found = server.get(f"/api/v1/bins/b1/requests/wait?after=0&timeout=9&path={below or '/'}")
    assert len(json.loads(found)) == 1


def test_probes_and_limits_are_below_the_prefix_too(server: RunningServer) -> None:
    for path in ("/healthz", "/in/deep/healthz", "/in/deep/readyz", "/in/deep/metrics"):
        assert server.get(path)[0] == 200
    assert post(server, "/in/deep/b1", body="y" * 11).startswith(b"HTTP/1.1 413 ")
    assert post(server, "/x", "b1.hooks.test", "y" * 11).startswith(b"HTTP/1.1 413 ")
    assert server.get("/in/deepbins/b1")[0] == 404
    status, page = server.get("/in/deep/bins/b1")
    assert status == 200
    assert 'href="/in/deep/bins/b1/requests/1-1"' in page
    asked = server.exchange(
        b"GET /in/deep/b1?inspect HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    )
    assert b"/in/deep/bins/b1\r\n" in asked


@pytest.mark.parametrize("path", ["/in/deep/bins", "/in/deep/bins/"])
def test_an_address_above_all_bins_leads_below_the_prefix_once(
    server: RunningServer, path: str
) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    assert b"\r\nLocation: /in/deep/\r\n" in server.exchange(head.encode())


def test_a_stream_of_rows_has_the_prefix(server: RunningServer) -> None:
    with server.connect() as reader:
        reader.sendall(b"GET /in/deep/bins/b1/stream?after=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert reader.recv(9).startswith(b"HTTP/1.1")
        post(server, "/in/deep/b1/hook")
        received = b""
        while b"event: row" not in received or not received.endswith(b"\n\n"):
            received += reader.recv(65_536)
    assert b'href="/in/deep/bins/b1/requests/1-1"' in received
