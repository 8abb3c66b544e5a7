"""Where the server listens, what its probes say, and how it stops."""

from __future__ import annotations

import itertools
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from inspector.domain.proxies import TrustedProxies, is_loopback
from inspector.errors import InspectorError
from inspector.server import ServerProcess
from inspector.settings import Settings
from tests.programs import INSPECTOR
from tests.server.conftest import RunningServer, StartProcess, read_all, wait_for
from tests.servers import LiveServer

POST = b"POST /b1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=1"
GET = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
has_unix = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets here")


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return socket.has_dualstack_ipv6()


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_two_colons_are_all_addresses_of_both_kinds(start_process: StartProcess) -> None:
    server = start_process(host="::", token="t0ken-of-this-test")
    for address in ("127.0.0.1", "::1"):
        with closing(socket.create_connection((address, server.port), timeout=10)) as connection:
            connection.sendall(POST)
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    with server.process.app.app_context():
        services = server.process.services
        found = services.requests.iterate(services.bins.get("b1"))
        assert [each.peer for each in found] == ["127.0.0.1", "::1"]


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_one_ipv6_address_is_that_one_alone(start_process: StartProcess) -> None:
    server = start_process(host="::1")
    assert server.process.services.own_url() == f"http://[::1]:{server.port}"
    with closing(socket.create_connection(("::1", server.port), timeout=10)) as connection:
        connection.sendall(POST)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", server.port), timeout=10)


@pytest.fixture
def path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = Path(f"/tmp/inspector-{os.getpid()}")  # a socket's path is short
    folder.mkdir(exist_ok=True)
    yield folder / "s"
    (folder / "s").unlink(missing_ok=True)
    folder.rmdir()


def ask(path: Path, sent: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(path))
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return read_all(connection)


@has_unix
def test_a_path_is_listened_on_and_gone_at_the_end(start_process: StartProcess, path: Path) -> None:
    server = start_process(unix_socket=path)
    assert path.stat().st_mode & 0o777 == 0o660
    assert ask(path, POST).startswith(b"HTTP/1.1 200")
    assert ask(path, GET % b"/bins/b1").startswith(b"HTTP/1.1 200")
    with server.process.app.app_context():
        services = server.process.services
        (request,) = services.requests.iterate(services.bins.get("b1"))
    assert request.peer == "unix"
    server.process.stop()
    assert not path.exists()


@has_unix
def test_a_proxy_on_the_path_may_name_the_sender(start_process: StartProcess, path: Path) -> None:
    server = start_process(unix_socket=path, trusted_proxies=("unix",))
    ask(path, POST.replace(b"Host: x", b"Host: x\r\nX-Forwarded-For: 203.0.113.7"))
    with server.process.app.app_context():
        services = server.process.services
        (request,) = services.requests.iterate(services.bins.get("b1"))
    assert request.remote_addr == "203.0.113.7"


@has_unix
def test_a_path_in_use_is_left_alone_and_a_stale_one_replaced(
    start_process: StartProcess, path: Path, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    start_process(unix_socket=path)
    assert ask(path, POST).startswith(b"HTTP/1.1 200")
    second = ServerProcess(Settings(data_dir=tmp_path, unix_socket=path))
    with pytest.raises(InspectorError, match="in use"):
        second.start()
    second.services.close()
    assert ask(path, POST).startswith(b"HTTP/1.1 200")


@has_unix
def test_a_file_is_never_taken_for_a_stale_path(path: Path, tmp_path: Path) -> None:
    path.write_text("kept")
    process = ServerProcess(Settings(data_dir=tmp_path, unix_socket=path))
    with pytest.raises(InspectorError, match="a file of this name"):
        process.start()
    process.services.close()
    assert path.read_text() == "kept"


def test_trusting_a_path_is_trusting_no_address() -> None:
    proxies = TrustedProxies.parse(("unix",))
    assert proxies.trusts("unix")
    assert not proxies.trusts("127.0.0.1")
    assert not TrustedProxies.parse(("127.0.0.1",)).trusts("unix")
    assert is_loopback("unix")


ACTIVATE = """
import os, socket, sys
is_path = sys.argv[1].startswith("/")
listener = socket.socket(socket.AF_UNIX if is_path else socket.AF_INET)
listener.bind(sys.argv[1] if is_path else (sys.argv[1], 0))
listener.listen()
print(sys.argv[1] if is_path else listener.getsockname()[1], flush=True)
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="no descriptors to hand over")
@pytest.mark.parametrize(("address", "status"), [("127.0.0.1", 200), ("0.0.0.0", 401)])
def test_a_socket_that_is_handed_over_is_served_and_its_address_decides(
    tmp_path: Path, address: str, status: int
) -> None:
    """As systemd does it; bound for others, pages open by a token."""
    server = LiveServer(tmp_path, ("--bin", "b1"))
    server.command = [sys.executable, "-c", ACTIVATE, address, *server.command]
    with server:
        port = int(server.output.split()[0])
        url = f"http://127.0.0.1:{port}"
        assert server.url == url
        assert requests.post(f"{url}/b1", data="a=1", timeout=10).text == "ok\n"
        assert requests.get(f"{url}/bins/b1", timeout=10).status_code == status


@has_unix
@pytest.mark.process
def test_a_path_that_is_handed_over_is_said_and_left_to_systemd(tmp_path: Path, path: Path) -> None:
    command = [INSPECTOR, "serve", "--bin", "b1", "--data-dir", str(tmp_path)]
    server = subprocess.Popen(
        [sys.executable, "-c", ACTIVATE, str(path), *command], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        said = "".join(itertools.islice(server.stdout, 7))
        assert f"Inspector listens on {path}\n" in said
        assert f"curl --unix-socket {path} http://localhost/b1 " in said
        assert ask(path, POST).startswith(b"HTTP/1.1 200")
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=60)
        assert server.returncode == 0
    finally:
        server.kill()
        server.wait()
    assert path.exists()


class Draining:
    """A server that is being told to stop."""

    def __init__(self, server: RunningServer) -> None:
        self.thread = threading.Thread(target=server.process.stop)
        self.thread.start()
        wait_for(lambda: server.process._server.is_draining or None)  # type: ignore[union-attr]


def test_a_server_told_to_stop_serves_on_and_says_so(start_process: StartProcess) -> None:
    server = start_process(drain_s=30.0)
    assert server.get("/readyz") == (200, "ok\n")
    with server.connect() as kept:
        kept.sendall(POST)
        assert b"Connection: close" not in kept.recv(1000)
        draining = Draining(server)
        status, text = server.get("/readyz")
        assert (status, "told to stop" in text) == (503, True)
        assert server.get("/healthz") == (200, "ok\n")
        kept.sendall(POST)
        answer = read_all(kept)  # until it is closed
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"\r\nConnection: close\r\n" in answer
    page = server.exchange(GET % b"/bins/b1")
    assert page.startswith(b"HTTP/1.1 200")
    assert b"\r\nConnection: close\r\n" in page
    assert server.exchange(POST).startswith(b"HTTP/1.1 200")  # new connections still come
    server.process.stop()  # asked twice, it does not wait for the rest of the time
    draining.thread.join(10)
    assert not draining.thread.is_alive()


def test_without_draining_it_stops_at_once(server: RunningServer) -> None:
    server.process.stop()
    with pytest.raises(OSError):
        server.connect()


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="no signals there")
def test_the_command_drains_on_sigterm(tmp_path: Path) -> None:
    with LiveServer(tmp_path, ("--bin", "b1", "--drain", "30s"), own_python=True) as server:
        server.process.send_signal(signal.SIGTERM)
        wait_for(
            lambda: requests.get(f"{server.url}/readyz", timeout=10).status_code == 503 or None
        )
        assert requests.post(f"{server.url}/b1", data="a=1", timeout=10).status_code == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(15) == 0


class Hanging:
    """The database takes questions and answers none."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.goes_on = threading.Event()
        self.asked = 0
        monkeypatch.setattr("inspector.web.probes.current_services", self.wait)

    def wait(self) -> Any:
        self.asked += 1
        self.goes_on.wait(60)
        raise InspectorError("storage_unavailable", "It hung.")


def test_a_database_that_hangs_makes_nobody_look_dead(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for readiness again and again, as those who watch do."""
    assert server.get("/readyz")[0] == 200
    hanging = Hanging(monkeypatch)
    connections = [server.connect() for _ in range(40)]
    try:
        for connection in connections:
            connection.sendall(GET % b"/readyz")
        wait_for(lambda: hanging.asked or None)
        for _ in range(5):
            assert server.get("/healthz") == (200, "ok\n")
            assert server.get("/bins/b1")[0] == 200  # the worker threads are free
        refused, _, _ = select.select(connections, [], [], 10)  # too many wait already
        assert refused[0].recv(1000).startswith(b"HTTP/1.1 503")
    finally:
        hanging.goes_on.set()
        for connection in connections:
            connection.close()


def test_probes_need_no_name_of_ours(server: RunningServer) -> None:
    """A watcher in a cluster calls by whatever name the service has there."""
    answer = server.send(b"GET /healthz HTTP/1.1\r\nHost: inspector.ns.svc\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert server.send(b"HEAD /healthz HTTP/1.1\r\n\r\n").endswith(b"\r\n\r\n")
    assert server.send(b"POST /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").split()[1] == b"404"
