"""Two servers behind nginx, each restarted in its turn under load: no sender gets a 502."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from tests.machine import skip_without
from tests.server.conftest import wait_for
from tests.servers import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.process, pytest.mark.postgres]

DEADLINE_S = 60.0
STEP = 60
SENDERS = 4
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
        wait_for(lambda: (folder / "socket").exists() or None)
        yield folder / "socket"
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
        while not self._stop.is_set():
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


def test_two_servers_are_restarted_behind_nginx_and_no_sender_notices(
    postgresql_database: str, tmp_path: Path
) -> None:
    ports = (free_port(), free_port())
    flags = ["--database", postgresql_database, "--bin", "b1", "--quiet", "--drain", "1s"]
    flags += ["--capacity", "100000"]
    with ExitStack() as stack:

        def start(port: int) -> LiveServer:
            chosen = (*flags, "--port", str(port))
            return stack.enter_context(LiveServer(tmp_path / str(port), chosen))

        servers = [start(port) for port in ports]
        senders = Senders(stack.enter_context(nginx(tmp_path / "nginx", ports)))
        stack.callback(senders.stop)
        for _ in range(2):
            for place, port in enumerate(ports):
                senders.wait_for_more()
                assert servers[place].stop() == 0
                senders.wait_for_more()
                servers[place] = start(port)
        senders.wait_for_more()
        senders.stop()
        errors = (tmp_path / "nginx" / "error.log").read_text().splitlines()
        strange = [each for each in errors if "Connection refused" not in each]
        assert set(senders.statuses) == {200}, (senders.statuses, strange)
        held = servers[0].get_json("/api/v1/bins/b1")["request_count"]
        assert held == len(senders.acknowledged)
