"""Each command against a running server, as a user would type it."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import StartServer
from tests.emitter.receiver import Receiver
from tests.programs import INSPECTOR, Program, run_program
from tests.servers import LiveServer

DEADLINE_S = 60


class Command:
    """``inspector`` for one server."""

    def __init__(self, server: LiveServer) -> None:
        self.environment = {**os.environ, "INSPECTOR_SERVER": server.url}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run_program(
            [INSPECTOR, *arguments],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            env=self.environment,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return Program[str](
            [INSPECTOR, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**self.environment, "PYTHONUNBUFFERED": "1"},
        )


@pytest.fixture
def command(live_server: LiveServer) -> Command:
    return Command(live_server)


@pytest.fixture
def bin_url(live_server: LiveServer) -> str:
    return live_server.create_bin()


@pytest.fixture
def bin_name(bin_url: str) -> str:
    return bin_url.rsplit("/", 1)[1]


TICKET = {"ticket[id]": "5", "ticket[subject]": "Printer on fire", "ticket[agent][id]": "3"}


def test_bins_are_made_listed_and_deleted(command: Command) -> None:
    made = command.run("bins", "create", "made-here")
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.endswith("/made-here\n")
    requests.post(made.stdout.strip(), data=TICKET, timeout=10)
    listed = command.run("bins", "list").stdout.splitlines()
    assert listed[0].split() == ["NAME", "REQUESTS", "LET", "GO", "URL"]
    assert next(line.split() for line in listed if line.startswith("made-here"))[1] == "1"
    assert command.run("bins").stdout.splitlines() == listed
    assert command.run("bins", "delete", "made-here").returncode == 0
    assert "made-here" not in command.run("bins", "list").stdout


def test_a_bin_answers_what_it_is_told(command: Command, bin_url: str, bin_name: str) -> None:
    told = command.run(
        *("bins", "answer", bin_name, "--status", "503", "--header", "Retry-After: 5"),
        *("--header", "X-A: b", "--body", "später", "--delay", "0.01"),
    )
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == f"{bin_name} answers 503 after 0.01 s, 7 bytes.\n"
    given = requests.post(bin_url, data=TICKET, timeout=10)
    assert (given.status_code, given.text) == (503, "später")
    assert (given.headers["Retry-After"], given.headers["X-A"]) == ("5", "b")
    for _ in range(2):  # To look changes nothing.
        assert command.run("bins", "answer", bin_name).stdout == told.stdout
    reset = command.run("bins", "answer", bin_name, "--status", "200")
    assert reset.stdout == f"{bin_name} answers 200, 3 bytes.\n"
    assert requests.post(bin_url, timeout=10).text == "ok\n"


def test_rules_come_from_a_file_and_are_shown(
    command: Command, bin_url: str, bin_name: str, tmp_path: Path
) -> None:
    file = tmp_path / "answers.toml"
    file.write_text(
        '[[rules]]\nmatch = {path = "/hook"}\nanswers = [{preset = "unavailable-then-ok"}]\n'
    )
    told = command.run("answers", bin_name, str(file))
    assert (told.returncode, told.stderr) == (0, "")
    assert command.run("answers", bin_name).stdout == told.stdout
    kept = json.loads(told.stdout)["rules"]
    assert [answer["status"] for answer in kept[0]["answers"]] == [503, 503, 200]
    statuses = [requests.post(f"{bin_url}/hook", timeout=10).status_code for _ in range(4)]
    assert statuses == [503, 503, 200, 200]
    command.run("answers", bin_name, "--reset")
    assert requests.post(f"{bin_url}/hook", timeout=10).status_code == 503
    assert json.loads(command.run("answers", bin_name, "--clear").stdout) == {"rules": []}
    file.write_text('{"rules": [{"answers": [{"status": 9}]}]}')
    wrong = command.run("answers", bin_name, str(file))
    assert (wrong.returncode, "rules[0].answers[0].status" in wrong.stderr) == (1, True)


def test_serve_takes_rules_from_a_file_and_keeps_their_turns(
    start_server: StartServer, tmp_path: Path
) -> None:
    file = tmp_path / "answers.json"
    file.write_text('{"desk": {"rules": [{"answers": [{"status": 503}, {"status": 201}]}]}}')
    for expected in (503, 201):
        server = start_server("--answers", str(file))
        assert requests.post(f"{server.url}/desk", timeout=10).status_code == expected
        server.stop()


def test_a_private_bins_secret_is_shown_once_on_stderr(command: Command) -> None:
    made = command.run("bins", "create", "--private")
    assert made.returncode == 0
    assert made.stdout.count("\n") == 1
    assert made.stderr.startswith("Its secret, shown this once: ")


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["bins", "create", "UPPER"], 1, "name"),
        (["bins", "delete", "nobody"], 1, "There is no bin named nobody."),
        (["bins", "answer", "nobody"], 1, "There is no bin named nobody."),
        (["bins", "answer", "x", "--header", "broken"], 1, "write it as Name: value"),
        (["bins", "answer", "x", "--status", "99"], 2, "status"),
        (["tail", "nobody"], 1, "There is no bin named nobody."),
        (["export", "nobody"], 1, "There is no bin named nobody."),
        (["tail", "x", "--match", "is:odd"], 2, "is:odd is not known"),
        (["tail", "x", "--forward-to", "ftp://x"], 2, "ftp: is not a scheme"),
        (["prune", "--ttl", "soon"], 2, "is not a duration"),
        (["bins", "create", "x1", "--server", "ftp://x"], 2, "is no server"),
        (["tail", "x", "--forward-to", "http://127.0.0.1:99999/"], 2, "99999 is no port"),
        (["tail", "x", "--forward-to", "http://a:SECRET@"], 2, "The URL names no host. Write"),
        (["bins", "--server", "http://127.0.0.1:abc"], 2, "is no server"),
        (["bins", "--server", "http://ann:pw@127.0.0.1"], 2, "takes no user and password"),
        (["bins", "delete", ""], 2, "name is empty"),
        (["serve", "--port", "0", "--host", "no.invalid", "--data-dir", "TMP"], 1, "no such host"),
        (["nonsense"], 2, "No such command"),
        (["emit", "http://127.0.0.1:1/x"], 2, "Where to send is --to URL"),
        (["bins", "--server", "http://127.0.0.1:1"], 1, "No server answers"),
        (
            ["bins", "list", "--server", "http://127.0.0.1:1"],
            1,
            "No server answers at http://127.0.0.1:1 (Connection refused). "
            "Start one with: inspector serve",
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    command: Command, tmp_path: Path, arguments: list[str], status: int, says: str
) -> None:
    done = command.run(*(str(tmp_path) if each == "TMP" else each for each in arguments))
    assert done.returncode == status
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.fixture
def tailing(command: Command, bin_name: str) -> Iterator[Any]:
    """``tailing("--json")``: a tail that is connected."""
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = command.start("tail", bin_name, *arguments)
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def send_until_printed(
    url: str, process: subprocess.Popen[str], fields: Any = TICKET, **more: Any
) -> str:
    """Post again and again until the tail, which takes a moment to connect, prints a line."""
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.append(read_line(process)))
    reader.start()
    for _ in range(DEADLINE_S * 5):
        requests.post(url, data=fields, timeout=10, **more)
        reader.join(0.2)
        if lines:
            return lines[0]
    raise AssertionError("the tail printed nothing")


def test_tail_prints_a_calm_line_a_request(bin_url: str, tailing: Any) -> None:
    line = send_until_printed(f"{bin_url}/hook", tailing())
    assert "POST" in line
    assert "/hook" in line
    assert "ticket 5 Printer on fire" in line
    assert line.endswith(" B\n")
    assert "\x1b" not in line  # no terminal, no colour


@pytest.mark.parametrize(("no_color", "is_colored"), [("", True), ("1", False)])
def test_tail_has_colour_on_a_terminal_whose_owner_likes_it(
    command: Command, bin_url: str, bin_name: str, no_color: str, is_colored: bool
) -> None:
    ours, theirs = pty.openpty()
    process = Program[bytes](
        [INSPECTOR, "tail", bin_name, "--once"],
        stdout=theirs,
        stderr=subprocess.PIPE,
        env={**command.environment, "NO_COLOR": no_color},
    )
    os.close(theirs)
    deadline = time.monotonic() + DEADLINE_S
    while process.poll() is None:
        assert time.monotonic() < deadline
        requests.post(bin_url, data=TICKET, timeout=10)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
    printed = os.read(ours, 65_536).decode()
    os.close(ours)
    assert process.communicate()[1] == b""
    assert "ticket 5 Printer on fire" in printed
    assert ("\x1b[" in printed) is is_colored


def test_a_table_on_a_terminal_does_not_steer_it(
    command: Command, bin_url: str, bin_name: str
) -> None:
    value = "a\x1b]0;owned\x07b\u202ec\x9b31m"
    requests.post(bin_url, data={"x": value}, timeout=10)
    piped = command.run("export", bin_name, "--format", "csv")
    assert value in piped.stdout, "what goes into a file or a pipe is exact"
    ours, theirs = pty.openpty()
    run_program(
        [INSPECTOR, "export", bin_name, "--format", "csv"],
        stdout=theirs,
        env=command.environment,
        timeout=DEADLINE_S,
        check=True,
    )
    os.close(theirs)
    shown = os.read(ours, 65_536).decode()
    os.close(ours)
    assert r"a\x1b]0;owned\x07b\u202ec\x9b31m" in shown
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown)


def test_tail_prints_json_and_ends_after_one(bin_url: str, tailing: Any) -> None:
    process = tailing("--json", "--once")
    assert json.loads(send_until_printed(bin_url, process))["ticket"]["id"] == "5"
    assert process.wait(DEADLINE_S) == 0


def test_tail_and_export_show_a_form_as_its_receiver_sees_it(
    command: Command, bin_url: str, bin_name: str, tailing: Any
) -> None:
    process = tailing("--json", "--once", "--as-seen-by", "flat")
    found = json.loads(send_until_printed(bin_url, process))
    assert found["form"]["ticket[id]"] == ["5"]
    assert process.wait(DEADLINE_S) == 0
    exported = command.run("export", bin_name, "--as-seen-by", "flat").stdout
    assert json.loads(exported.splitlines()[0])["form"] == found["form"]


def test_tail_prints_numbers_as_they_were_sent(bin_url: str, tailing: Any) -> None:
    sent, headers = b'{"a": 1.50, "b": 1e400}', {"Content-Type": "application/json"}
    process = tailing("--json", "--once")
    line = send_until_printed(bin_url, process, sent, headers=headers)
    assert '"json": {"a": 1.50, "b": 1e400}, ' in line
    assert process.wait(DEADLINE_S) == 0


def test_tail_prints_only_what_matches(bin_url: str, tailing: Any) -> None:
    process = tailing("--json", "--match", "ticket.agent.id=9 method:POST")
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.append(read_line(process)))
    reader.start()
    for _ in range(DEADLINE_S * 5):
        requests.post(bin_url, data=TICKET, timeout=10)
        requests.post(bin_url, data={**TICKET, "ticket[agent][id]": "9"}, timeout=10)
        reader.join(0.2)
        if lines:
            break
    assert json.loads(lines[0])["ticket"]["agent"]["id"] == "9"


def test_tail_shows_escapes_and_does_not_obey_them(bin_url: str, tailing: Any) -> None:
    hostile = {"ticket[subject]": "\x1b[31mred\x07 \u202egnp.exe\r\nnew"}
    line = send_until_printed(f"{bin_url}/%1b[2J", tailing(), hostile)
    assert "\\x1b[31mred\\x07" in line
    assert "\\u202e" in line
    assert line.isprintable() or line[:-1].isprintable()


class LosingServer(BaseHTTPRequestHandler):
    """Says where a stream begins and ends it; gives one event to who comes back."""

    asked_after: list[str | None]

    def do_GET(self) -> None:
        self.asked_after.append(self.headers["Last-Event-ID"])
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"retry: 2000\n\nid: 1-7\n\n: still here\n\n")
        if len(self.asked_after) > 1:
            self.wfile.write(b'id: 1-8\nevent: request\ndata: {"number": 8}\n\n')

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        pass


def test_tail_goes_on_from_where_it_was_lost_before_anything_came(command: Command) -> None:
    asked: list[str | None] = []
    server = HTTPServer(("127.0.0.1", 0), type("Handler", (LosingServer,), {"asked_after": asked}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    command.environment["INSPECTOR_SERVER"] = f"http://127.0.0.1:{server.server_port}"
    tailed = command.run("tail", "orders", "--json", "--once")
    server.shutdown()
    server.server_close()
    assert tailed.stdout == '{"number": 8}\n'
    assert "trying again" in tailed.stderr
    assert asked == [None, "1-7"]


SAID = "\n\x1b[2Jshort and stout \u2615\n".encode() + b"x" * 500
TEAPOT = b"HTTP/1.1 418 I'm a Teapot\r\nContent-Length: %d\r\n\r\n%s" % (len(SAID), SAID)


def test_tail_passes_captures_on(bin_url: str, tailing: Any) -> None:
    def send() -> None:
        while not stop.is_set():
            requests.put(
                f"{bin_url}/a%2Fb?x=1", data=b"\x00\xffbody", headers={"X-Own": "1"}, timeout=10
            )
            stop.wait(0.2)

    stop = threading.Event()
    with Receiver(otherwise=TEAPOT) as receiver:
        process = tailing("--forward-to", f"{receiver.url}/app?k=v")
        sender = threading.Thread(target=send)
        sender.start()
        assert "PUT" in read_line(process)
        answered = read_line(process)
        stop.set()
        sender.join()
    assert "-> http://127.0.0.1:" in answered
    assert ": 418 I'm a Teapot in " in answered
    assert " ms: \\x1b[2Jshort and stout ☕" in answered
    assert answered.endswith("x…\n")
    head, _, body = receiver.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"PUT /app/a%2Fb?k=v&x=1 HTTP/1.1\r\n")
    assert body == b"\x00\xffbody"
    assert b"\r\nX-Own: 1" in head


def test_ctrl_c_is_how_a_tail_ends(bin_url: str, tailing: Any) -> None:
    process = tailing("--json")
    send_until_printed(bin_url, process)
    process.send_signal(signal.SIGINT)
    assert process.wait(DEADLINE_S) == 0
    assert process.stderr.read().strip() == ""


@pytest.mark.slow
def test_tail_goes_on_after_a_lost_connection(start_server: Any, tmp_path: Path) -> None:
    first = start_server("--bin", "b1", "--database", f"sqlite:///{tmp_path}/t.sqlite3")
    port = first.url.rsplit(":", 1)[1]
    process = Command(first).start("tail", "b1", "--json")
    try:
        seen = json.loads(send_until_printed(f"{first.url}/b1", process))["number"]
        first.stop()
        second = start_server(
            "--port", port, "--bin", "b1", "--database", f"sqlite:///{tmp_path}/t.sqlite3"
        )
        requests.post(f"{second.url}/b1", data={"a": "again"}, timeout=10)
        while True:
            request = json.loads(read_line(process))
            seen += 1
            assert request["number"] == seen
            if request["form"] == {"a": "again"}:
                break
    finally:
        process.kill()
        _, said = process.communicate()
    assert "The connection was lost" in said
    assert "Connected again." in said


@pytest.mark.parametrize("form", ["jsonl", "har", "csv"])
def test_export_writes_a_file_or_standard_output(
    command: Command, bin_url: str, bin_name: str, tmp_path: Path, form: str
) -> None:
    for _ in range(3):
        requests.post(bin_url, data=TICKET, timeout=10)
    target = tmp_path / f"out.{form}"
    done = command.run("export", bin_name, "--format", form, "-o", str(target))
    assert done.returncode == 0
    assert done.stdout == ""
    written = target.read_text(encoding="utf-8")
    assert written.count("Printer") >= 3
    assert command.run("export", bin_name, "--format", form).stdout == written
    assert list(tmp_path.iterdir()) == [target]


def test_an_export_that_fails_leaves_no_file(command: Command, tmp_path: Path) -> None:
    target = tmp_path / "out.har"
    target.write_text("what was there before")
    assert command.run("export", "nobody", "-o", str(target)).returncode == 1
    assert target.read_text() == "what was there before"
    assert list(tmp_path.iterdir()) == [target]
    no_folder = command.run("export", "nobody", "-o", str(tmp_path / "no" / "x"))
    assert no_folder.returncode == 1
    assert "cannot be written" in no_folder.stderr


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.is_char_device(), reason="this system has no device that is full")
def test_a_full_disk_is_told(command: Command, bin_url: str, bin_name: str) -> None:
    requests.post(bin_url, data=TICKET, timeout=10)
    said = "cannot be written: No space left on device.\n"
    done = command.run("export", bin_name, "-o", str(FULL))
    assert (done.returncode, done.stderr) == (1, f"{FULL} {said}")
    assert FULL.is_char_device(), "a device is written to, not replaced"
    for arguments in (["export", bin_name], ["bins"]):
        with FULL.open("wb") as full:
            done = run_program(
                [INSPECTOR, *arguments],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                timeout=DEADLINE_S,
                env=command.environment,
                check=False,
            )
        assert (done.returncode, done.stderr) == (1, f"The output {said}")


def test_an_export_has_the_mode_of_any_new_file(
    command: Command, bin_url: str, bin_name: str, tmp_path: Path
) -> None:
    (tmp_path / "other").touch()
    (tmp_path / "link").symlink_to(tmp_path / "out")
    command.run("export", bin_name, "-o", str(tmp_path / "link"))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_reader_that_goes_ends_an_export_quietly(
    command: Command, bin_url: str, bin_name: str
) -> None:
    requests.post(bin_url, data="x" * 1_000_000, timeout=10)
    process = command.start("export", bin_name)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.wait(DEADLINE_S) == 1
    assert process.stderr.read() == ""
    process.stderr.close()


def test_an_export_is_imported_into_a_new_bin(
    command: Command, bin_url: str, bin_name: str, tmp_path: Path
) -> None:
    for _ in range(3):
        requests.post(bin_url, data=TICKET, timeout=10)
    for form in ("jsonl", "har"):
        target = tmp_path / f"out.{form}"
        command.run("export", bin_name, "--format", form, "-o", str(target))
        done = command.run("import", str(target), "--bin", f"{bin_name}-{form}")
        assert done.returncode == 0
        assert done.stdout.startswith("Imported 3 requests into http://")
        again = command.run("export", f"{bin_name}-{form}").stdout
        assert [json.loads(line)["ticket"]["id"] for line in again.splitlines()] == ["5"] * 3


def test_a_bin_made_for_a_file_keeps_all_of_it(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl"
    file.write_text('{"request_line": "GET /x HTTP/1.1"}\n' * 1500)
    made = command.run("import", str(file), "--bin", "keeps-all")
    assert (made.returncode, made.stderr) == (0, "")
    assert command.run("export", "keeps-all").stdout.count("\n") == 1500
    command.run("bins", "create", "keeps-few", "--capacity", "7")
    full = command.run("import", str(file), "--bin", "keeps-few")
    assert full.returncode == 0
    assert full.stderr == "The bin keeps 7 requests: earlier ones have gone.\n"


@pytest.mark.parametrize("form", ["jsonl", "har"])
def test_an_export_is_imported_from_a_pipe(
    command: Command, bin_url: str, bin_name: str, form: str
) -> None:
    requests.post(bin_url, data=TICKET, timeout=10)
    exported = command.run("export", bin_name, "--format", form).stdout
    arguments = ["import", "-", "--bin", f"{bin_name}-{form}"]
    done = run_program(
        [INSPECTOR, *arguments],
        input=exported,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        env=command.environment,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Imported 1 request into http://")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        (b"Dear Sir", "This is no HTTP request"),
        (b"", "is empty"),
        (b'{"request_line": "GET / HTTP/1.1"}\n{"', "Line 2 is no request"),
    ],
)
def test_what_cannot_be_imported_is_explained(
    command: Command, tmp_path: Path, content: bytes | None, says: str
) -> None:
    file = tmp_path / "file"
    if content is not None:
        file.write_bytes(content)
    done = command.run("import", str(file), "--bin", "never-made")
    assert done.returncode == 1
    assert says in done.stderr
    assert "never-made" not in command.run("bins").stdout


def test_what_cannot_be_read_of_a_file_is_left_out_when_asked(
    command: Command, bin_name: str, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b'{"request_line": "GET / HTTP/1.1"}\n{"a": 1}\n')
    done = command.run("import", str(file), "--bin", bin_name, "--skip-unreadable")
    assert (done.returncode, done.stdout.split(" into ")[0]) == (0, "Imported 1 request")
    assert done.stderr.startswith("Left out: Line 2 is no request that can be read")
    assert done.stderr.count("Left out") == 1


def test_prune_deletes_what_is_older(command: Command, bin_url: str, bin_name: str) -> None:
    for _ in range(3):
        requests.post(bin_url, data=TICKET, timeout=10)
    for ttl in ("1h", "30d", "52w"):
        kept = command.run("prune", "--ttl", ttl, "--bin", bin_name)
        assert (kept.stdout, kept.stderr) == ("Deleted 0 requests.\n", "")
    gone = command.run("prune", "--ttl", "0s", "--bin", bin_name)
    assert gone.stdout == "Deleted 3 requests.\n"


def test_prune_is_one_call_however_much_goes(command: Command, live_server: LiveServer) -> None:
    name = command.run("bins", "create").stdout.strip().rsplit("/", 1)[1]
    api = f"{live_server.url}/api/v1/bins/{name}"
    requests.post(f"{live_server.url}/{name}", timeout=10)
    line = requests.get(f"{api}/export?format=jsonl", timeout=10).text
    sent_at = json.loads(line)["time"]
    old = "".join(line.replace(str(sent_at), str(number)) for number in range(1, 400))
    imported = requests.post(f"{api}/import", data=old, timeout=60)
    assert imported.status_code == 201, imported.text
    gone = command.run("prune", "--ttl", "1d", "--bin", name)
    assert gone.stdout == "Deleted 399 requests.\n"
    found = requests.get(api, timeout=10).json()
    assert (found["request_count"], found["let_go_count"], found["deleted_count"]) == (1, 399, 0)
    assert "399" in command.run("bins", "list").stdout


def test_the_command_is_a_module_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "inspector", "--version"],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=True,
    )
    assert done.stdout.startswith("inspector")


@pytest.mark.slow
def test_prune_of_all_bins_names_those_that_had_something_old(
    command: Command, live_server: LiveServer
) -> None:
    names = [command.run("bins", "create").stdout.strip().rsplit("/", 1)[1] for _ in range(2)]
    command.run("prune", "--ttl", "0s")
    requests.post(f"{live_server.url}/{names[0]}", timeout=10)
    assert command.run("prune", "--ttl", "0s").stdout == f"{names[0]}: 1\nDeleted 1 request.\n"


def test_a_server_without_tls_is_told_from_none(command: Command, live_server: LiveServer) -> None:
    server = live_server.url.replace("http://", "https://")
    done = command.run("bins", "--server", server)
    assert done.returncode == 1
    assert f"{server} speaks plain HTTP: write http://" in done.stderr


def test_a_header_that_reaches_further_is_insisted_on(command: Command, bin_name: str) -> None:
    answer = ("bins", "answer", bin_name, "--header", "Set-Cookie: a=1")
    refused = command.run(*answer)
    assert refused.returncode == 1
    assert "Set-Cookie acts beyond this one answer" in refused.stderr
    assert "--insist" in refused.stderr
    assert command.run(*answer, "--insist").returncode == 0


# What each shell does at the tab key.
COMPLETE = {
    "bash": """
COMP_WORDS=(inspector export --form) COMP_CWORD=2
_inspector_completion inspector
echo "${COMPREPLY[@]}"
""",
    "fish": "\ncomplete --do-complete 'inspector export --form'\n",
    "zsh": """
words=(inspector export --form) CURRENT=3
compadd() { echo "${completions[@]}" }
_describe() { echo "${completions_with_descriptions[@]}" | tr : ' ' }
_inspector_completion
""",
}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_loads_and_completes(command: Command, shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    script = command.run("completion", shell)
    assert script.returncode == 0
    prepare = "autoload -U compinit; compinit -u -D\n" if shell == "zsh" else ""
    path = {"PATH": f"{Path(INSPECTOR).parent}{os.pathsep}{os.environ['PATH']}"}
    completed = subprocess.run(
        [program, "-c", prepare + script.stdout + COMPLETE[shell]],
        env={**os.environ, **path},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert (completed.returncode, completed.stderr) == (0, "")
    assert "--format" in completed.stdout.split()


def test_a_command_starts_without_flask_and_database() -> None:
    code = (
        "import sys, inspector.cli.main, inspector.cli.following.tail, inspector.cli.bins, "
        "inspector.cli.export, inspector.cli.prune; "
        "print(sorted({'flask', 'sqlalchemy', 'waitress', 'alembic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
