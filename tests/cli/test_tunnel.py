"""``serve --tunnel``, with small programs in the place of those that make tunnels."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from inspector.cli.tunnel.programs import find_tunnel
from inspector.cli.tunnel.running import MAX_LINE_CHARS, Tunnel, check_installed
from inspector.errors import InspectorError
from tests.servers import LiveServer

URL = "https://proper-words-go.trycloudflare.com"
BOX = f"2026-01-01T00:00:00Z INF |  {URL}   |"
OPENS = f"print({BOX!r}, file=sys.stderr, flush=True)\ntime.sleep(600)\n"
INSPECTOR = str(Path(sys.executable).with_name("inspector"))
NGROK = 't=1 lvl=info msg="started tunnel" obj=tunnels name=command_line addr=http://127.0.0.1:1'


@pytest.mark.parametrize(
    ("name", "line", "url"),
    [
        ("cloudflared", BOX, URL),
        ("cloudflared", f"\x1b[32m{URL}/\x1b[0m", URL),
        ("cloudflared", "INF Terms https://www.cloudflare.com/website-terms/", None),
        ("cloudflared", 'ERR Post "https://api.trycloudflare.com/tunnel": no such host', None),
        ("cloudflared", "https://api.trycloudflare.com", None),
        ("cloudflared", "https://x.trycloudflare.com.evil.test", None),
        ("cloudflared", "http://x.trycloudflare.com", None),
        ("cloudflared", "https://user@x.trycloudflare.com", None),
        ("tailscale", "https://box.tail1234.ts.net/", "https://box.tail1234.ts.net"),
        ("tailscale", "https://box.tail1234.ts.net:8443/", "https://box.tail1234.ts.net:8443"),
        ("tailscale", "enable it: https://login.tailscale.com/f/funnel?node=n1", None),
        ("tailscale", "|-- proxy http://127.0.0.1:8787", None),
        ("ngrok", f"{NGROK} url=https://a1.ngrok-free.app", "https://a1.ngrok-free.app"),
        ("ngrok", f"{NGROK} url=https://hooks.example.com", "https://hooks.example.com"),
        ("ngrok", f"{NGROK} url=javascript:alert(1)", None),
        ("ngrok", "lvl=info msg=update url=https://ngrok.com", None),
        ("any {port}", "your url is: https://big-cow.loca.lt", "https://big-cow.loca.lt"),
        ("any {port}", "(http://203.0.113.9.sslip.io:80)", "http://203.0.113.9.sslip.io:80"),
        ("any {port}", "http://8.8.8.8:80, up", "http://8.8.8.8:80"),
        ("any {port}", "Forwarding to https://a.test.", "https://a.test"),
        ("any {port}", "http://localhost:4040 and https://a.test", "https://a.test"),
        ("any {port}", "http://127.0.0.1:9 http://10.0.0.1 http://box.local http://[::1]/", None),
        ("any {port}", "docs at https://a.test/docs", None),
        ("any {port}", "https://a.test?token=1", None),
        ("any {port}", "https://a.test#x https://a.test@b.test", None),
        ("any {port}", "javascript:alert(1)//https://a.test", None),
        ("any {port}", "ftp://a.test file:///etc tcp://a.test:9 wss://a.test", None),
        ("any {port}", "https://a.test:0 https://a.test:99999", None),
        ("any {port}", "https://999.1.1.1 https://-", None),
        ("any {port}", 'https://a.test"><script>', "https://a.test"),
    ],
)
def test_the_address_is_found_and_nothing_else_is(name: str, line: str, url: str | None) -> None:
    assert find_tunnel(name).find_url(line) == url


@pytest.mark.parametrize(
    "text", ["", "cloudflare", "run me", "{port}", "run 'open {port}", "run {port}\0", "{port} x"]
)
def test_what_is_no_tunnel_is_refused_with_what_is(text: str) -> None:
    with pytest.raises(InspectorError, match="cloudflared, tailscale, ngrok") as caught:
        find_tunnel(text)
    assert caught.value.code == "invalid_tunnel"


def test_a_command_is_read_by_no_shell() -> None:
    program = find_tunnel("ssh -R '80:127.0.0.1:{port}' host; touch $HOME {port}")
    assert program.argv(9) == ["ssh", "-R", "80:127.0.0.1:9", "host;", "touch", "$HOME", "9"]


def test_a_program_that_is_missing_is_named_with_where_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(InspectorError, match=r"cloudflared, which is not installed.*https") as each:
        check_installed(find_tunnel("cloudflared"))
    assert each.value.code == "tunnel_missing"


class Heard:
    """What a tunnel tells."""

    def __init__(self) -> None:
        self.urls: list[str] = []
        self.ends: list[InspectorError] = []
        self.told = threading.Event()

    def take_url(self, url: str) -> None:
        self.urls.append(url)
        self.told.set()

    def take_end(self, error: InspectorError) -> None:
        self.ends.append(error)
        self.told.set()


def start(code: str, url_s: float = 30.0) -> tuple[Tunnel, Heard]:
    heard = Heard()
    program = find_tunnel("any {port}")
    command = (sys.executable, "-S", "-c", f"import os, signal, sys, time\n{code}", "{port}")
    program = type(program)("any", command, program.find_url)
    return Tunnel(program, 1, heard.take_url, heard.take_end, url_s=url_s), heard


@pytest.mark.process
@pytest.mark.parametrize(
    ("code", "url_s", "expected", "words"),
    [
        ("print('no \\x1b[2Jdisk\\x07 left'); sys.exit(3)", 30, "tunnel_ended", "3.*no disk. left"),
        ("os.kill(os.getpid(), 9)", 30, "tunnel_ended", "status 1"),
        ("time.sleep(600)", 0.3, "tunnel_silent", "no address within 0.3 s"),
        ("while 1: print('http://127.0.0.1', flush=True)", 0.5, "tunnel_silent", "within"),
        ("while 1: sys.stdout.write('x' * 65536)", 0.5, "tunnel_silent", "within"),
        ("print('javascript:alert(1)', flush=True); time.sleep(600)", 0.3, "tunnel_silent", ""),
        ("sys.stdout.buffer.write(bytes(range(256)) * 99)", 30, "tunnel_ended", "status 0"),
    ],
)
def test_a_program_without_an_address_is_told_of_in_a_sentence(
    code: str, url_s: float, expected: str, words: str
) -> None:
    tunnel, heard = start(code, url_s)
    assert heard.told.wait(20)
    tunnel.stop()
    (error,) = heard.ends
    assert error.code == expected
    assert re.search(words, error.message)
    assert error.message.isprintable()
    assert len(error.message) < 500
    assert heard.urls == []


@pytest.mark.process
def test_an_address_behind_a_line_that_is_too_long_is_found() -> None:
    size = 50 * MAX_LINE_CHARS
    tunnel, heard = start(f"print('x' * {size}); print('https://a.test', flush=True); input()")
    assert heard.told.wait(20)
    tunnel.stop()
    assert heard.urls == ["https://a.test"]


@pytest.mark.process
def test_a_program_that_goes_on_talking_is_read_on() -> None:
    tunnel, heard = start(
        "print('https://a.test', flush=True)\n"
        "for _ in range(200): sys.stdout.write('x' * 9999 + '\\n')\n"
        "print('https://b.test', flush=True); sys.exit(7)"
    )
    assert heard.told.wait(20)
    wait_until(lambda: bool(heard.ends), "its end is told")
    tunnel.stop()
    assert heard.urls == ["https://a.test"]
    assert "status 7" in heard.ends[0].message


@pytest.mark.process
def test_an_address_that_is_said_at_once_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    class SlowTimer(threading.Timer):
        def __init__(self, interval: float, function: Callable[[], None]) -> None:
            time.sleep(1)  # while the program says its address
            super().__init__(interval, function)

    monkeypatch.setattr(threading, "Timer", SlowTimer)
    tunnel, heard = start(OPENS)
    assert heard.told.wait(20)
    tunnel.stop()
    assert heard.urls == [URL]


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups")
def test_what_ignores_being_told_to_end_is_ended_with_its_children() -> None:
    tunnel, heard = start(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = os.fork()\n"
        "if child: print(f'https://p{os.getpid()}-{child}.a.test', flush=True)\n"
        "time.sleep(600)"
    )
    assert heard.told.wait(20)
    pids = [int(each) for each in re.findall(r"\d+", heard.urls[0])]
    assert all(is_running(pid) for pid in pids)
    tunnel.stop()
    wait_until(lambda: not any(map(is_running, pids)), "both are gone")
    assert heard.ends == []


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.01)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder at the head of the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    return folder


def install(programs: Path, name: str, code: str) -> None:
    """A program that notes its arguments and environment, then runs the code."""
    path = programs / name
    path.write_text(
        f"#!{sys.executable} -S\nimport os, sys, time\n"
        f"open({str(programs / 'seen')!r}, 'w').write(repr((sys.argv, dict(os.environ))))\n"
        f"open({str(programs / 'pid')!r}, 'w').write(str(os.getpid()))\n{code}"
    )
    path.chmod(0o755)


def ask(port: int, head: str) -> bytes:
    """The whole answer to a request that came by the tunnel."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while data := connection.recv(65_536):
            answer += data
    return answer


def door_of(programs: Path) -> int:
    found = re.search(r"127\.0\.0\.1:(\d+)", (programs / "seen").read_text())
    assert found
    return int(found[1])


@pytest.mark.process
def test_a_tunnel_brings_captures_and_nothing_else(programs: Path, tmp_path: Path) -> None:
    install(programs, "cloudflared", OPENS)
    config = tmp_path / "c.toml"
    config.write_text('tunnel = "cloudflared"\n')
    arguments = ["--bin", "b1", "--config", str(config)]
    secret = {"INSPECTOR_LIMIT": "max-requests-per-s=50"}
    with LiveServer(tmp_path / "s", arguments, secret) as server:
        wait_until(lambda: URL in server.output, "the address is printed")
        assert f"come by {URL}/b1 (cloudflared)." in server.output
        assert "INSPECTOR_" not in (programs / "seen").read_text()
        port = door_of(programs)
        for host in (URL.removeprefix("https://"), "localhost", "127.0.0.1", server.url[7:]):
            for line in (
                "GET /", "GET /bins/b1", "GET /api/v1/bins", "GET /b1?inspect", "GET /metrics",
                "POST /api/v1/bins", "GET /healthz", "GET /readyz", "HEAD /", "GET /static/x",
                "GET http://127.0.0.1/api/v1/bins", "GET //api/v1/bins", "GET /%61pi/v1/bins",
            ):  # fmt: skip
                answer = ask(port, f"{line} HTTP/1.1\nHost: {host}\nContent-Length: 0")
                # A name that no bin may have is ours or nobody's.
                assert answer.split()[1] in (b"403", b"404"), (line, host, answer)
                assert b"b1" not in answer.partition(b"\r\n\r\n")[2], line
        client = "X-Forwarded-For: 10.1.1.1, 203.0.113.7"
        answer = ask(port, f"POST /b1/x?a=1 HTTP/1.1\nHost: h.test\n{client}\nContent-Length: 0")
        assert answer.startswith(b"HTTP/1.1 200")
        (kept,) = requests.get(f"{server.url}/api/v1/bins/b1/requests", timeout=10).json()
        assert (kept["path"], kept["remote_addr"]) == ("/b1/x", "203.0.113.7")

        described = requests.get(f"{server.url}/api/v1/bins/b1", timeout=10).json()
        assert described["url"] == f"{URL}/b1"
        assert described["inspect_url"] == f"{server.url}/b1?inspect"
        assert f"<code>{URL}/b1</code>" in requests.get(f"{server.url}/bins/b1", timeout=10).text
        pid = int((programs / "pid").read_text())
        assert is_running(pid)
    wait_until(lambda: not is_running(pid), "the program ends with the server")


@pytest.mark.process
def test_who_floods_the_tunnel_is_held_back_and_others_are_not(
    programs: Path, tmp_path: Path
) -> None:
    install(programs, "cloudflared", OPENS)
    arguments = ["--bin", "b1", "--tunnel", "cloudflared", "--limit", "max-requests-per-s=1"]
    with LiveServer(tmp_path / "s", arguments) as server:
        wait_until(lambda: URL in server.output, "the address is printed")

        def send(client: str) -> bytes:
            head = f"GET /b1 HTTP/1.1\nHost: h.test\nX-Forwarded-For: {client}\nConnection: close"
            return ask(door_of(programs), head).split()[1]

        # Who names us as the sender is none of us, either.
        for client in ("203.0.113.7", "127.0.0.1"):
            assert {send(client) for _ in range(6)} == {b"200", b"429"}
        assert send("203.0.113.8") == b"200"
        assert requests.get(f"{server.url}/b1", timeout=10).status_code == 200


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups")
def test_a_server_that_is_killed_leaves_no_tunnel(programs: Path, tmp_path: Path) -> None:
    install(programs, "cloudflared", OPENS)
    server = LiveServer(tmp_path / "s", ["--tunnel", "cloudflared"])
    with server:
        wait_until(lambda: URL in server.output, "the address is printed")
        pid = int((programs / "pid").read_text())
        server.kill()
        wait_until(lambda: not is_running(pid), "the program is gone")


@pytest.mark.process
def test_a_tunnel_that_ends_leaves_the_server_to_this_machine(
    programs: Path, tmp_path: Path
) -> None:
    install(programs, "cloudflared", OPENS)
    with LiveServer(tmp_path / "s", ["--bin", "b1", "--tunnel", "cloudflared"]) as server:
        wait_until(lambda: URL in server.output, "the address is printed")
        os.kill(int((programs / "pid").read_text()), signal.SIGKILL)
        wait_until(lambda: "any more." in server.output, "its end is told")
        described = requests.get(f"{server.url}/api/v1/bins/b1", timeout=10).json()
        assert described["url"] == f"{server.url}/b1"


@pytest.mark.process
@pytest.mark.parametrize(
    ("code", "arguments", "status", "words"),
    [
        ("sys.exit('failed to request')", [], 1, "ended with status 1 before.*failed to request"),
        ("", ["--public-url", "https://h.test"], 2, "leave --public-url away"),
        ("", ["--tunnel", "nope"], 2, "'nope' is no tunnel"),
        ("", ["--tunnel", "not-there-at-all {port}"], 1, "not-there-at-all, which is not inst"),
    ],
)
def test_a_server_whose_tunnel_cannot_open_ends_with_the_reason(
    programs: Path, tmp_path: Path, code: str, arguments: list[str], status: int, words: str
) -> None:
    install(programs, "cloudflared", code)
    command = [INSPECTOR, "serve", "--port", "0", "--data-dir", str(tmp_path / "d"), *arguments]
    variable = {**os.environ, "INSPECTOR_TUNNEL": "cloudflared"}
    done = subprocess.run(command, env=variable, capture_output=True, text=True, timeout=60)
    assert done.returncode == status
    assert re.search(words, done.stderr)
    assert "Traceback" not in done.stderr
