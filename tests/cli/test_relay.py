"""``inspector relay``: from the sender to a program and back, in a terminal."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue

import pytest
import requests

from tests.emitter.receiver import Receiver, answer
from tests.programs import INSPECTOR, Program, run_program
from tests.servers import LiveServer

DEADLINE_S = 30


class Relaying:
    """The command under way; its lines come with a deadline."""

    def __init__(self, *arguments: str) -> None:
        self.process = Program[str](
            [INSPECTOR, "relay", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def next_line(self) -> str:
        return self._lines.get(timeout=DEADLINE_S)

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(DEADLINE_S)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE_S)
        self._thread.join(DEADLINE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()


StartRelay = Callable[..., Relaying]


@pytest.fixture
def relaying(live_server: LiveServer) -> Iterator[StartRelay]:
    """Starts the command; it has begun when it is returned."""
    running: list[Relaying] = []

    def start(*arguments: str) -> Relaying:
        running.append(Relaying("--server", live_server.url, *arguments))
        while "Ctrl-C ends that" not in running[-1].next_line():
            pass
        return running[-1]

    yield start
    for each in running:
        each.close()


def test_the_sender_hears_the_program_and_the_terminal_shows_it(
    live_server: LiveServer, relaying: StartRelay
) -> None:
    url = live_server.create_bin("cli-relay")
    with Receiver(answer(201, body=b"made"), answer(500)) as program:
        command = relaying("cli-relay", f"{program.url}/hook", "--match", "method:POST")
        assert requests.post(f"{url}/a", data="x=1", timeout=DEADLINE_S).text == "made"
        assert requests.get(f"{url}/b", timeout=DEADLINE_S).text == "ok\n"
        assert requests.post(f"{url}/c", data="x=1", timeout=DEADLINE_S).status_code == 500
        assert command.next_line().startswith("#1 POST /cli-relay/a -> 201 in ")
        assert command.next_line().startswith("#3 POST /cli-relay/c -> 500 in ")
        assert [each.split(b" ")[1] for each in program.requests] == [b"/hook/a", b"/hook/c"]
        assert command.interrupt() == 0
        assert requests.post(f"{url}/d", timeout=DEADLINE_S).text == "ok\n"
    assert (
        requests.get(f"{live_server.url}/api/v1/bins/cli-relay/relay", timeout=20).status_code
        == 404
    )


def test_a_cookie_that_is_kept_back_is_said_with_the_flag_that_lets_it_go(
    live_server: LiveServer, relaying: StartRelay
) -> None:
    url = live_server.create_bin("cli-insist")
    with Receiver(*[answer(200, "Set-Cookie: a=1")] * 2) as program:
        command = relaying("cli-insist", program.url)
        assert "Set-Cookie" not in requests.post(url, data="x=1", timeout=DEADLINE_S).headers
        assert command.next_line().endswith(", without its Set-Cookie (--insist lets it go back)\n")
        assert command.interrupt() == 0
        command = relaying("cli-insist", program.url, "--insist")
        got = requests.post(url, data="x=1", timeout=DEADLINE_S)
        assert got.headers["Set-Cookie"] == "a=1"
        assert command.next_line().endswith(" ms\n")


def test_what_came_before_is_passed_on_first(live_server: LiveServer, relaying: StartRelay) -> None:
    url = live_server.create_bin("cli-since")
    for value in "123":
        requests.post(url, data=f"n={value}", timeout=DEADLINE_S)
    with Receiver() as program:
        command = relaying("cli-since", program.url, "--since", "#2", "--no-wait", "--json")
        found = [json.loads(command.next_line()) for _ in range(2)]
        assert [(each["number"], each["relay"]["status"]) for each in found] == [(2, 200), (3, 200)]
        assert [each[-3:] for each in program.requests] == [b"n=2", b"n=3"]
        assert command.interrupt() == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["cli-wrong", "x"], "x is no URL: it must begin with http:// or https://."),
        (["cli-wrong", "http://h/", "--timeout", "0"], "timeout is a number from 0.1 to 300."),
        (["cli-wrong", "http://h/", "--match", "after:never"], "is no time"),
        (["no-such-bin", "http://h/"], "There is no bin named no-such-bin."),
    ],
)
def test_what_cannot_be_is_a_sentence(
    live_server: LiveServer, arguments: list[str], said: str
) -> None:
    if "cli-wrong" in arguments:
        requests.post(f"{live_server.url}/api/v1/bins", json={"name": "cli-wrong"}, timeout=20)
    done = run_program(
        [INSPECTOR, "relay", "--server", live_server.url, *arguments],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
