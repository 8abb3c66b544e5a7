"""Two servers behind nginx or Caddy, restarted in turn under load: no sender gets a 502."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest
import requests

from tests.machine import skip_without
from tests.server.conftest import wait_for, wait_until_accepting
from tests.servers import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.process, pytest.mark.postgres]

DEADLINE_S = 60.0
STEP = 60
SENDERS = 4
# Of each sender between two requests: some hundred in a second are under way in each restart.
PAUSE_S = 0.01
STORED = re.compile(r'^inspector_captures_total\{outcome="stored"\} [1-9]', re.MULTILINE)
CADDYFILE = Path(__file__).parents[2] / "deploy" / "Caddyfile"
OPERATE = Path(__file__).parents[2] / "docs" / "operate.md"
CONFIG = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {upstream}
    server {{
        listen unix:{folder}/socket;
        {location}
    }}
}}
"""


def read_example(word: str) -> str:
    """The block of nginx's configuration in docs/operate.md that begins with this word."""
    found = re.findall(rf"(?ms)^    {word} .*?^    }}$", OPERATE.read_text("utf-8"))
    assert len(found) == 1, found
    block: str = found[0]
    return block


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class ToSocketFile(HTTPConnection):
    """A connection to a server that listens on a path."""

    def __init__(self, path: Path) -> None:
        super().__init__("127.0.0.1", timeout=DEADLINE_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(DEADLINE_S)
        self.sock.connect(str(self._path))


@contextmanager
def nginx(folder: Path, ports: tuple[int, int]) -> Iterator[Path]:
    """nginx before two ports; gives the path of its socket file."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        skip_without("nginx", "nginx-light")
    folder.mkdir()
    here, elsewhere = ports
    upstream = read_example("upstream")
    upstream = upstream.replace("10.0.0.1:8787", f"127.0.0.1:{here}")
    upstream = upstream.replace("10.0.0.2:8787", f"127.0.0.1:{elsewhere}")
    assert upstream.count("127.0.0.1:") == 2
    location = read_example("location").replace("location /inspector ", "location / ")
    config = CONFIG.format(folder=folder, upstream=upstream, location=location)
    if os.geteuid() == 0:
        config = f"user root;\n{config}"
    (folder / "conf").write_text(config)
    running = subprocess.Popen(
        [program, "-p", str(folder), "-c", str(folder / "conf"), "-e", str(folder / "error.log")]
    )
    try:
        wait_until_accepting(folder / "socket")
        yield folder / "socket"
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(30)


@contextmanager
def caddy(folder: Path, ports: tuple[int, int]) -> Iterator[Path]:
    """Caddy before two ports, with the file that compose.yaml gives it; the path it listens on."""
    program = shutil.which("caddy")
    if program is None:
        skip_without("Caddy", "caddy")
    folder.mkdir()
    config = CADDYFILE.read_text("utf-8")
    for name, port in zip(("inspector-1", "inspector-2"), ports, strict=True):
        config = config.replace(f"{name}:8787", f"127.0.0.1:{port}")
    socket_file = folder / "socket"
    config = config.replace(
        "{$INSPECTOR_NAME:localhost} {", f"http:// {{\n\tbind unix/{socket_file}"
    )
    # As often during a drain of one second as the file's interval is in one of ten.
    assert "health_interval 2s" in config
    config = config.replace("health_interval 2s", "health_interval 200ms")
    # A composition's servers are asked by their names there, which are none of ours.
    config = config.replace(
        "health_uri", "health_headers {\n\t\t\tHost inspector-1:8787\n\t\t}\n\t\thealth_uri"
    )
    (folder / "Caddyfile").write_text(f"{{\n\tadmin off\n}}\n{config}")
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (folder / "error.log").open("wb") as log:
        running = subprocess.Popen(
            [program, "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")],
            stderr=log,
            env={**os.environ, **home},
        )
    try:
        wait_until_accepting(socket_file)
        yield socket_file
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(30)


class Senders:
    """Threads that send one request after the other; ``statuses`` counts the answers by status."""

    def __init__(self, socket_file: Path) -> None:
        self.statuses: Counter[int] = Counter()
        self.acknowledged: set[str] = set()
        self._names = itertools.count(1)
        self._socket_file = socket_file
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run) for _ in range(SENDERS)]
        for each in self._threads:
            each.start()

    def _run(self) -> None:
        while not self._stop.wait(PAUSE_S):
            path = f"/b1/n{next(self._names)}"
            connection, status = ToSocketFile(self._socket_file), 0
            with suppress(OSError, HTTPException):
                connection.request("POST", path, b"a=1")
                answer = connection.getresponse()
                answer.read()
                status = answer.status
            connection.close()
            with self._lock:
                self.statuses[status] += 1
                if status == 200:
                    self.acknowledged.add(path)

    def wait_for_more(self) -> None:
        """Wait until so many more are answered."""
        wanted = self.statuses.total() + STEP
        wait_for(lambda: self.statuses.total() >= wanted or None, DEADLINE_S)

    def stop(self) -> None:
        self._stop.set()
        for each in self._threads:
            each.join(DEADLINE_S)


def wait_until_used(server: LiveServer) -> None:
    """Wait until a proxy sends requests to a server: then the other one may go."""

    deadline = time.monotonic() + DEADLINE_S
    with requests.Session() as session:
        while not STORED.search(session.get(f"{server.url}/metrics", timeout=DEADLINE_S).text):
            assert time.monotonic() < deadline, "no request came"
            time.sleep(0.05)


@pytest.mark.parametrize("proxy", [nginx, caddy])
def test_two_servers_are_restarted_behind_a_proxy_and_no_sender_notices(
    postgresql_database: str,
    tmp_path: Path,
    proxy: Callable[[Path, tuple[int, int]], AbstractContextManager[Path]],
) -> None:
    ports = (free_port(), free_port())
    flags = ["--database", postgresql_database, "--bin", "b1", "--quiet", "--drain", "1s"]
    flags += ["--capacity", "100000"]
    with ExitStack() as stack:

        def start(port: int) -> LiveServer:
            chosen = (*flags, "--port", str(port))
            return stack.enter_context(LiveServer(tmp_path / str(port), chosen))

        servers = [start(port) for port in ports]
        senders = Senders(stack.enter_context(proxy(tmp_path / "proxy", ports)))
        stack.callback(senders.stop)
        for _ in range(2):
            for place, port in enumerate(ports):
                senders.wait_for_more()
                assert servers[place].stop() == 0
                senders.wait_for_more()
                servers[place] = start(port)
                wait_until_used(servers[place])
        senders.wait_for_more()
        senders.stop()
        errors = (tmp_path / "proxy" / "error.log").read_text().splitlines()
        strange = [each for each in errors if "onnection refused" not in each]
        assert set(senders.statuses) == {200}, (senders.statuses, strange)
        held = servers[0].get_json("/api/v1/bins/b1")["request_count"]
        assert held == len(senders.acknowledged)


@pytest.mark.parametrize(("proxy", "again"), [(nginx, ["GET", "PUT", "DELETE"]), (caddy, [])])
def test_a_request_that_a_server_broke_off_is_sent_to_another_as_the_guide_says(
    tmp_path: Path,
    proxy: Callable[[Path, tuple[int, int]], AbstractContextManager[Path]],
    again: list[str],
) -> None:
    """Each has read it and is gone before it answers."""
    arrived: list[str] = []
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in "12"]

        def serve(listener: socket.socket) -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        head = connection.recv(65536)
                        if b"/readyz" in head:
                            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                        else:
                            arrived.append(head.split()[0].decode())

        for each in listeners:
            threading.Thread(target=serve, args=(each,), daemon=True).start()
            stack.callback(each.shutdown, socket.SHUT_RDWR)
        here, elsewhere = (each.getsockname()[1] for each in listeners)
        connection = ToSocketFile(stack.enter_context(proxy(tmp_path / "proxy", (here, elsewhere))))
        stack.callback(connection.close)
        for method in ("GET", "PUT", "DELETE", "POST"):
            connection.request(method, "/b1/once")
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 502
    twice = [method for method, count in Counter(arrived).items() if count > 1]
    assert twice == again
    assert set(arrived) == {"GET", "PUT", "DELETE", "POST"}
