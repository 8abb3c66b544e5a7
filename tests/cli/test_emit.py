"""``inspector emit`` as one types it: what goes over the wire, what is said, how it ends."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from click import UsageError
from click.testing import CliRunner, Result

from inspector.cli.emit import command
from inspector.cli.emitting import report
from inspector.cli.emitting.report import draw_histogram, draw_progress, run_series
from inspector.emitter import Composition, Series, SeriesPlan, SeriesProgress, WebhookAction
from inspector.errors import InspectorError
from tests.emitter.receiver import Receiver
from tests.programs import INSPECTOR, Program, run_program
from tests.servers import LiveServer

RECORDED = json.loads((Path(__file__).parent / "data" / "emitted.json").read_text("utf-8"))
PROGRAM = [INSPECTOR, "emit"]
URL = "http://127.0.0.1:9/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def emit(*arguments: str, stdin: bytes | None = None) -> Result:
    """Run it in this process; ``return_value`` is the exit status."""
    return CliRunner().invoke(command, arguments, input=stdin, standalone_mode=False)


FOUR = [
    ("trigger", "POST", ["--data", "Ünïcode & more = ✓"]),
    ("sla", "PUT", ["--data", "a[b]=1", "--data", "url=http://x/?y=1&z"]),
    ("macro", "GET", ["--data", "never sent"]),
    ("escalation", "DELETE", []),
]


@pytest.mark.parametrize(("source", "method", "data"), FOUR, ids=[each[0] for each in FOUR])
def test_each_source_sends_what_php_would_to_the_byte(
    receiver: Receiver, source: str, method: str, data: list[str]
) -> None:
    arguments = [
        *("--to", f"{receiver.url}/hook", "--source", source, "--method", method),
        *("--set", "ticket.id=5", "--header", "X-Ticket: {{ ticket.id }}"),
        *("--header", "X-Nobody: {{ ticket.agent.nobody }}"),
    ]
    done = run_program(
        [*PROGRAM, *arguments, *data], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "X-Nobody: not sent, `ticket.agent.nobody` has no value" in done.stderr
    (raw,) = receiver.requests
    head, _, body = raw.partition(b"\r\n\r\n")
    assert head.startswith(f"{method} /hook HTTP/1.1\r\n".encode())
    assert b"\r\nX-Ticket: 5" in head
    assert b"X-Nobody" not in head
    if method == "GET":
        assert body == b""
        assert b"content-" not in head.lower()
    else:
        assert body.decode() == RECORDED["bodies"][source]["body"]
        assert f"\r\nContent-Length: {len(body)}\r\n".encode() in head
        assert b"\r\nContent-Type: application/x-www-form-urlencoded\r\n" in head


def test_a_dry_run_prints_what_would_be_sent_and_sends_nothing(receiver: Receiver) -> None:
    arguments = ["--to", receiver.url, "--header", "X-No: {{ nobody }}", "--set", "ticket.id={n}"]
    dry = emit(*arguments, "--dry-run")
    assert (dry.return_value, receiver.connections) == (0, 0)
    assert "X-No: not sent" in dry.stderr
    assert emit(*arguments).return_value == 0
    assert receiver.requests == [dry.stdout_bytes]
    assert b"ticket%5Bid%5D=1&" in dry.stdout_bytes


def test_ones_own_ticket_is_read_from_a_file_or_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "ticket.json"
    path.write_text('{"id": 7, "labels": ["a", "b"]}', "utf-8")
    arguments = ["--to", URL, "--dry-run", "--ticket", str(path)]
    sent = b"ticket%5Bid%5D=7&ticket%5Blabels%5D%5B0%5D=a&ticket%5Blabels%5D%5B1%5D=b&"
    assert emit(*arguments).stdout_bytes.endswith(b"\r\n\r\n" + sent + b"custom_data=")
    filled = emit(*arguments, "--variation", "macro").stdout_bytes
    assert sent + b"person_context" in filled
    lines = emit("--to", URL, "--dry-run", "--ticket", "-", stdin=b"ticket[id]: 8\n")
    assert lines.stdout_bytes.endswith(b"\r\n\r\nticket%5Bid%5D=8&custom_data=")
    form = emit("--to", URL, "--dry-run", "--ticket", "-", stdin=b"ticket[id]=%FF&ticket[b]=\xe4")
    assert form.stdout_bytes.endswith(b"ticket%5Bid%5D=%FF&ticket%5Bb%5D=%E4&custom_data=")


@pytest.mark.parametrize(
    ("texts", "sent"),
    [
        (["https://x/?id={{ ticket.id }}"], b"custom_data=https%3A%2F%2Fx%2F%3Fid%3D7"),
        (['{"a": "b=c"}'], b"custom_data=%7B%22a%22%3A+%22b%3Dc%22%7D"),
        (["total: 5=five"], b"custom_data=total%3A+5%3Dfive"),
        (["a[b]=c=d"], b"custom_data%5Ba%5Bb%5D%5D=c%3Dd"),
        (["url=https://x/?id=1", "b="], b"custom_data%5Burl%5D=https%3A%2F%2Fx%2F%3Fid%3D1"),
    ],
)
def test_only_what_looks_like_a_name_is_one(texts: list[str], sent: bytes) -> None:
    data = [part for text in texts for part in ("--data", text)]
    shown = emit("--to", URL, "--dry-run", "--ticket", "-", *data, stdin=b'{"id": 7}')
    assert sent in shown.stdout_bytes


def test_no_custom_data_is_lost_in_silence() -> None:
    twice = emit("--to", URL, "--dry-run", "--data", "same=1", "--data", "same=2")
    assert isinstance(twice.exception, InspectorError)
    assert "two values named same" in twice.exception.message
    odd = emit("--to", URL, "--dry-run", "--data", "a=1", "--data", "https://x/?b=2")
    assert isinstance(odd.exception, UsageError)
    assert "'https://x/?b=2' has no such name" in odd.exception.message


def test_something_is_taken_out_and_a_variation_chosen() -> None:
    shown = emit(
        *("--to", URL, "--dry-run", "--source", "sla", "--variation", "sla-failure"),
        *("--unset", "person_context", "--basic-auth", "ann:secret"),
    ).stdout_bytes
    assert b"person_context" not in shown
    assert b"\r\nAuthorization: Basic YW5uOnNlY3JldA==\r\n" in shown
    assert shown != emit("--to", URL, "--dry-run", "--source", "sla").stdout_bytes


def test_a_saved_action_is_the_same_again_and_flags_change_it(tmp_path: Path) -> None:
    path = tmp_path / "action.json"
    arguments = ["--to", URL, "--source", "macro", "--set", "ticket.id=5", "--data", "a=1"]
    first = emit(*arguments, "--timeout", "9", "--dry-run", "--save", str(path)).stdout_bytes
    assert emit("--action", str(path), "--dry-run").stdout_bytes == first
    assert json.loads(path.read_text("utf-8"))["action"]["options"]["timeout_s"] == 9
    changed = emit("--action", str(path), "--dry-run", "--set", "ticket.id=6").stdout_bytes
    assert changed == first.replace(b"ticket%5Bid%5D=5", b"ticket%5Bid%5D=6")


def test_a_captured_requests_ticket_is_sent(live_server: LiveServer) -> None:
    bin_url = live_server.create_bin("emit-of")
    body = {"ticket[id]": "77", "ticket[a b][]": "é", "custom_data": "theirs"}
    requests.post(bin_url, data=body, timeout=10)
    requests.post(bin_url, data=b"no ticket", timeout=10)
    newest, first = requests.get(
        f"{live_server.url}/api/v1/bins/emit-of/requests", timeout=10
    ).json()
    server = ["--server", live_server.url, "--to", URL, "--dry-run"]
    shown = emit(*server, "--ticket-of", f"emit-of/{first['id']}").stdout_bytes
    sent = b"ticket%5Bid%5D=77&ticket%5Ba+b%5D%5B0%5D=%C3%A9&custom_data="
    assert shown.endswith(b"\r\n\r\n" + sent)
    said = emit(*server, "--ticket-of", f"emit-of/{first['id']}").stderr
    assert "custom_data: not taken over" in said
    for place in (f"emit-of/{newest['id']}", "emit-of/9", "nobody/1-1"):
        assert isinstance(emit(*server, "--ticket-of", place).exception, InspectorError)


def test_the_pages_actions_are_the_commands_too(
    live_server: LiveServer, receiver: Receiver
) -> None:
    server = ["--server", live_server.url]
    begun = ["--to", receiver.url, "--set", "ticket.id=5", "--basic-auth", "ann:s3cret"]
    first = emit(*begun, *server, "--dry-run", "--save-as", "From Ann").stdout_bytes
    assert emit(*server, "--action", "From Ann", "--dry-run").stdout_bytes == first
    assert emit(*server, "--action", "From Ann").return_value == 0
    assert receiver.requests == [first]
    emit(*server, "--action", "From Ann", "--method", "GET", "--dry-run", "--save-as", "From Ann")
    saved = requests.get(f"{live_server.url}/api/v1/actions", timeout=10).json()
    assert [each["method"] for each in saved if each["name"] == "From Ann"] == ["GET"]
    with pytest.raises(InspectorError, match=r"no action of that name; it has .*From Ann"):
        CliRunner().invoke(
            command, [*server, "--action", "x"], standalone_mode=False, catch_exceptions=False
        )


def test_an_answer_is_shown_without_what_could_steer_the_terminal() -> None:
    body = b"\x1b[31mred\x07 caf\xc3\xa9 \xff\n"
    reply = b"HTTP/1.1 500 No\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with Receiver(reply) as receiver:
        done = emit("--to", receiver.url)
    assert done.return_value == 1
    assert done.stdout.startswith("500 Internal Server Error in ")
    assert "\\x1b[31mred\\x07 café" in done.stdout
    assert "\x1b" not in done.output


def test_a_redirect_is_told_of_and_followed_only_when_asked() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
    with Receiver(moved, moved) as receiver:
        told = emit("--to", receiver.url)
        assert told.return_value == 1
        assert f"Not followed: it redirects to {receiver.url}/there" in told.stderr
        assert emit("--to", receiver.url, "--follow-redirects").return_value == 0
        assert receiver.requests[2].startswith(b"GET /there ")


def test_a_failed_delivery_is_tried_again_and_told(receiver: Receiver) -> None:
    with Receiver(b"HTTP/1.1 503 X\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n") as other:
        done = emit("--to", other.url, "--retries", "1")
    assert done.return_value == 0
    assert "attempt 1: 503 Service Unavailable" in done.stderr


def test_nothing_listening_is_one_sentence() -> None:
    done = emit("--to", URL)
    assert done.return_value == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "refused" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--set", "ticket.id"],
        ["--set", "custom_data="],
        ["--unset", ""],
        ["--header", "no colon"],
        ["--data", "a=1", "--data", "a text"],
        ["--count", "0"],
        ["--rate", "0"],
        ["--concurrency", "1000"],
        ["--timeout", "0"],
        ["--source", "cron"],
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    done = CliRunner().invoke(command, ["--to", URL, "--dry-run", *arguments])
    # What only the ticket can tell ends with an error of its own.
    assert done.exit_code == 2 or isinstance(done.exception, InspectorError), done.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--header", "A: 1", "--header", "X-Id: {{ ticket."], "--header X-Id: Line 1: "),
        (["--data", "a=1", "--data", "b=\n{{ 1|no }}"], "--data b: Line 2: there is no filter no"),
        (["--data", "{{ 1 / 0 }}"], "--data: Line 1: a division by zero."),
        (["--to", "http://h/{{"], "--to: Line 1: "),
        (["--header", "X: a\nb"], "The value of X has a line break"),
    ],
)
def test_a_wrong_template_is_named_by_its_flag(arguments: list[str], says: str) -> None:
    done = emit("--to", URL, "--dry-run", *arguments)
    assert isinstance(done.exception, InspectorError)
    assert done.exception.message.startswith(says)


def test_a_file_that_is_no_action_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for text in ("", "[]", '{"action": 5, "ticket": {}}', "[" * 100_000):
        path.write_text(text)
        done = emit("--action", str(path), "--dry-run")
        assert isinstance(done.exception, InspectorError)


def test_without_a_destination_the_newest_bin_is_taken(live_server: LiveServer) -> None:
    name = requests.post(f"{live_server.url}/api/v1/bins", timeout=10).json()["name"]
    done = emit("--server", live_server.url)
    assert done.return_value == 0, done.output
    captured = requests.get(f"{live_server.url}/api/v1/bins/{name}/requests", timeout=10).json()
    assert [each["method"] for each in captured] == ["POST"]
    nobody = emit("--server", "http://127.0.0.1:9")
    assert isinstance(nobody.exception, InspectorError)
    assert "--to URL" in nobody.exception.message


def test_a_series_is_numbered_and_ends_in_a_summary(receiver: Receiver) -> None:
    done = emit(
        *("--to", receiver.url, "--count", "20", "--concurrency", "4", "--first", "100"),
        *("--set", "ticket.id={n}"),
    )
    assert done.return_value == 0
    numbers = {
        int(raw.partition(b"ticket%5Bid%5D=")[2].split(b"&")[0]) for raw in receiver.requests
    }
    assert numbers == set(range(100, 120))
    first, *rest = done.stdout.splitlines()
    assert first.startswith("20 of 20 sent in ")
    assert rest[0].split() == ["200", "OK", "20"]
    assert "p50 " in rest[1]
    assert "#" in rest[2]


def test_a_series_with_failures_ends_with_1(receiver: Receiver) -> None:
    with Receiver(b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n") as other:
        done = emit("--to", other.url, "--count", "3")
    assert done.return_value == 1
    assert "404 Not Found" in done.stdout
    refused = emit("--to", URL, "--count", "3")
    assert refused.return_value == 1
    assert "connection_refused" in refused.stdout


def test_ctrl_c_stops_a_series_with_its_summary_and_a_bar_on_a_terminal(receiver: Receiver) -> None:
    ours, theirs = pty.openpty()
    process = Program[str](
        [*PROGRAM, "--to", receiver.url, "--count", "100000", "--rate", "200"],
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    os.close(theirs)
    try:
        deadline = time.monotonic() + 20
        while len(receiver.requests) < 40 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=20)
    finally:
        process.kill()
    drawn = read_all(ours)
    assert process.returncode == 1
    assert " of 100,000 sent in " in out.splitlines()[0]
    assert out.splitlines()[0].endswith(", stopped")
    assert "/100,000 " in drawn
    assert "200: " in drawn
    assert "Traceback" not in drawn


def read_all(descriptor: int) -> str:
    """What was written to a terminal whose other end is closed."""
    parts = []
    try:
        while part := os.read(descriptor, 65_536):
            parts.append(part)
    except OSError:  # Linux says EIO at the end.
        pass
    os.close(descriptor)
    return b"".join(parts).decode()


@pytest.mark.parametrize("presses", [1, 2])
def test_each_ctrl_c_ends_more(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, presses: int
) -> None:
    """The first lets what is under way finish, the second breaks it off."""
    waits = iter([KeyboardInterrupt] * (presses - 1))
    wait = Series.wait

    def watch(series: Series) -> None:
        wait_until(lambda: len(receiver.requests) >= 3)
        raise KeyboardInterrupt

    def interrupted_wait(series: Series, timeout_s: float | None = None) -> bool:
        for press in waits:
            raise press
        return wait(series, timeout_s)

    monkeypatch.setattr(report, "_watch", watch)
    monkeypatch.setattr(Series, "wait", interrupted_wait)
    done = emit("--to", receiver.url, "--count", "9999", "--rate", "100")
    assert done.return_value == 1
    assert ", stopped" in done.stdout.splitlines()[0]


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_progress_is_one_line_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    progress = SeriesProgress(
        total=200,
        done=100,
        delivered=90,
        statuses={200: 90, 503: 6},
        failures={"timed_out": 4},
        examples={"timed_out": "No answer."},
        elapsed_s=2.0,
        mean_ms=1.0,
        max_ms=2.0,
        percentiles={50.0: 1.0},
        histogram=[],
        stopped=False,
        finished=False,
    )
    monkeypatch.setenv("COLUMNS", "200")
    assert draw_progress(progress) == (
        f"[{'#' * 15}{'-' * 15}] 100/200 50/s  200: 90  503: 6  no answer: 4"
    )
    monkeypatch.setenv("COLUMNS", "40")
    assert len(draw_progress(progress)) == 39


def test_a_bar_is_drawn_on_a_terminal_only(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    composition = Composition(WebhookAction(url=receiver.url))
    assert run_series(SeriesPlan(30, rate_per_s=100), composition).delivered == 30
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert run_series(SeriesPlan(30, rate_per_s=100), composition).delivered == 30
    assert "30/30" in capsys.readouterr().err


def test_a_long_answer_is_cut_and_says_so() -> None:
    with Receiver(b"HTTP/1.1 299 \r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000) as receiver:
        done = emit("--to", receiver.url)
    assert done.return_value == 0
    assert done.stdout.startswith("299 in ")
    assert "x" * 4000 in done.stdout
    assert "x" * 4001 not in done.stdout
    assert "only the first 4,000 characters" in done.stderr


def test_an_action_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    done = emit("--to", URL, "--dry-run", "--save", str(tmp_path / "no" / "x.json"))
    assert isinstance(done.exception, InspectorError)
    assert "cannot be written" in done.exception.message


def test_a_histogram_begins_with_the_first_that_is_used() -> None:
    lines = draw_histogram([(1, 0), (2, 60), (5, 0), (10, 1)])
    assert [line.split()[2:] for line in lines] == [
        ["2", "ms", "60", "#" * 30], ["5", "ms", "0"], ["10", "ms", "1", "#"],
    ]  # fmt: skip
    assert draw_histogram([]) == []


def test_any_flag_can_be_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECTOR_TO", URL)
    shown: Any = emit("--dry-run").stdout_bytes
    assert b"\r\nHost: 127.0.0.1:9\r\n" in shown


def test_what_goes_to_the_server_is_among_its_deliveries(
    live_server: LiveServer, receiver: Receiver
) -> None:
    url = live_server.create_bin("recorded")
    before = live_server.get_json("/api/v1/deliveries?limit=1")
    program = [*PROGRAM, "--server", live_server.url]
    said = [
        run_program([*program, *arguments], capture_output=True, text=True, check=False)
        for arguments in (
            ["--to", url, "--header", "X-None: {{ ticket.nothing }}"],
            ["--to", receiver.url],
            ["--to", url, "--count", "3"],
        )
    ]
    assert [done.returncode for done in said] == [0, 0, 0]
    series, single = live_server.get_json("/api/v1/deliveries?limit=2")
    assert [series["in_run"], single["in_run"]] == [3, None]
    assert [series["status"], single["status"]] == [200, 200]
    assert {series["url"], single["url"]} == {url}
    assert live_server.get_json("/api/v1/deliveries?limit=3")[2:] == before
    kept = live_server.get_json(f"/api/v1/deliveries/{single['id']}")
    assert [each["what"] for each in kept["left_out"]] == ["X-None"]
    page = requests.get(f"{live_server.url}/emitter/deliveries/{single['id']}", timeout=10).text
    assert "X-None" in page
    again = requests.post(f"{live_server.url}/api/v1/deliveries/{single['id']}/repeat", timeout=10)
    assert again.json()["status"] == 200
    assert len(live_server.get_json("/api/v1/bins/recorded/requests")) == 5


def test_a_server_of_this_machine_has_its_deliveries_without_being_named(
    live_server: LiveServer, receiver: Receiver
) -> None:
    url = live_server.create_bin("recorded-unnamed")
    done = emit("--to", f"{url}/below?a=1", "--token", "of-another-server")
    assert (done.exit_code, done.stderr) == (0, "")
    emit("--to", receiver.url)  # A program of the user's own is asked nothing besides.
    assert len(receiver.requests) == 1
    emit("--to", url, "--server", receiver.url.rpartition("/")[0])  # That is where to log.
    kept = [each["url"] for each in live_server.get_json("/api/v1/deliveries?limit=2")]
    assert kept[0] == f"{url}/below?a=1"
    assert url not in kept


def test_a_server_that_keeps_no_log_changes_nothing(receiver: Receiver) -> None:
    server = receiver.url.rpartition("/")[0]
    done = emit("--to", receiver.url, "--server", server)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "200 OK" in done.stdout
