"""What each command says to programs, and verbs that page and API have as commands, too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import click
import pytest
import requests

from inspector.cli.main import root
from tests.cli.test_commands import Command
from tests.emitter.receiver import Receiver
from tests.servers import LiveServer

# Their output is a file, lines for people only, or nothing.
WITHOUT_JSON = {
    "serve", "export", "backup", "copy", "mcp", "completion",
    "delete", "bins delete", "bins clear",
}  # fmt: skip
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def command(live_server: LiveServer) -> Command:
    return Command(live_server)


@pytest.fixture
def bin_name(live_server: LiveServer) -> str:
    """A bin with three requests."""
    name = f"verbs-{uuid4().hex[:8]}"
    requests.post(f"{live_server.url}/api/v1/bins", json={"name": name}, timeout=10)
    for number in (1, 2, 3):
        requests.post(f"{live_server.url}/{name}", json={"n": number}, timeout=10)
    return name


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def list_commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(root)
    for name in root.list_commands(context):
        found = root.get_command(context, name)
        assert found is not None
        yield name, found
        for inner, each in getattr(found, "commands", {}).items():
            yield f"{name} {inner}", each


def test_each_command_that_says_something_says_it_as_json() -> None:
    without = {
        name
        for name, each in list_commands()
        if not any("--json" in parameter.opts for parameter in each.params)
    }
    assert without == WITHOUT_JSON


def read(text: str) -> Any:
    (line,) = text.splitlines()
    return json.loads(line)


def test_ready_says_why_it_is_not(command: Command) -> None:
    done = command.run("ready", "--json")
    assert (done.returncode, read(done.stdout)) == (0, {"ready": True, "reason": None})
    done = command.run("ready", "--json", "--server", NOBODY)
    assert done.returncode == 1
    assert done.stderr == ""
    found = read(done.stdout)
    assert found["ready"] is False
    assert NOBODY in found["reason"]


def test_an_import_says_what_it_left_out(command: Command, bin_name: str, tmp_path: Path) -> None:
    line = command.run("export", bin_name).stdout.splitlines()[0]
    file = tmp_path / "a.jsonl"
    file.write_text(f'{line}\n{{"method": 5}}\n')
    arguments = ["import", str(file), "--bin", bin_name, "--json"]
    refused = command.run(*arguments)
    assert (refused.returncode, refused.stdout) == (1, "")
    done = command.run(*arguments, "--skip-unreadable")
    found = read(done.stdout)
    assert found["imported"] == 1
    assert len(found["left_out"]) == 1
    assert done.stderr == ""
    whole = tmp_path / "b.jsonl"
    whole.write_text(f"{line}\n")
    done = command.run("import", str(whole), "--bin", bin_name, "--json")
    assert read(done.stdout) == {"imported": 1}


def test_a_delivery_is_printed_as_the_api_has_it(command: Command, receiver: Receiver) -> None:
    arguments = ["emit", "--to", f"{receiver.url}/hook", "--set", "ticket.id=5", "--json"]
    done = command.run(*arguments, "--header", "X-None: {{ ticket.nobody }}")
    found = read(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert (found["id"], found["status"], found["delivered"]) == (None, 200, True)
    assert found["request"]["request_line"] == "POST /hook HTTP/1.1"
    assert [each["what"] for each in found["left_out"]] == ["X-None"]
    assert found["ticket"]["changes"] == [["ticket.id", "5"]]


def test_credentials_are_not_printed(command: Command, receiver: Receiver) -> None:
    done = command.run("emit", "--to", receiver.url, "--basic-auth", "ann:secret-7", "--json")
    assert done.returncode == 0
    assert "secret-7" not in done.stdout


def test_what_was_not_delivered_has_a_code(command: Command) -> None:
    done = command.run("emit", "--to", NOBODY, "--json")
    found = read(done.stdout)
    assert done.returncode == 1
    assert (found["status"], found["failure"]["code"]) == (None, "connection_refused")


def test_a_preview_is_printed_and_nothing_sent(command: Command, receiver: Receiver) -> None:
    done = command.run("emit", "--to", f"{receiver.url}/hook", "--dry-run", "--json")
    found = read(done.stdout)
    assert (found["method"], found["url"]) == ("POST", f"{receiver.url}/hook")
    assert found["request"]["body"].startswith("ticket%5B")
    assert receiver.requests == []


def test_a_series_is_printed_as_a_summary(command: Command, receiver: Receiver) -> None:
    done = command.run("emit", "--to", receiver.url, "--count", "3", "--json")
    found = read(done.stdout)
    assert done.returncode == 0
    assert (found["total"], found["sent"], found["delivered"], found["failed"]) == (3, 3, 3, 0)
    assert found["statuses"] == {"200": 3}
    failed = command.run("emit", "--to", NOBODY, "--count", "2", "--json")
    assert failed.returncode == 1
    assert read(failed.stdout)["failures"] == {"connection_refused": 2}


def list_numbers(command: Command, bin_name: str) -> list[int]:
    lines = command.run("requests", bin_name, "--json").stdout.splitlines()
    return [json.loads(line)["number"] for line in lines]


def test_requests_are_deleted_by_name_or_by_a_search(command: Command, bin_name: str) -> None:
    assert command.run("delete", bin_name).returncode == 2
    assert command.run("delete", bin_name, "--match", " ").returncode == 2
    missing = command.run("delete", f"{bin_name}/#99")
    assert (missing.returncode, "99" in missing.stderr) == (1, True)
    assert list_numbers(command, bin_name) == [3, 2, 1]
    assert command.run("delete", bin_name, "--match", "n=2").returncode == 0
    assert list_numbers(command, bin_name) == [3, 1]
    assert command.run("delete", f"{bin_name}/#1", f"{bin_name}/#1").returncode == 0
    assert list_numbers(command, bin_name) == [3]
    assert command.run("delete", f"{bin_name}/last").returncode == 0
    assert list_numbers(command, bin_name) == []


def test_a_bin_is_emptied_and_the_log_says_by_whom(command: Command, bin_name: str) -> None:
    assert command.run("bins", "clear", f"{bin_name}-nobody").returncode == 1
    assert command.run("bins", "clear", bin_name).returncode == 0
    assert list_numbers(command, bin_name) == []
    entry = read(command.run("audit", bin_name, "--json").stdout)
    assert (entry["action"], entry["bin"]) == ("bin_emptied", bin_name)
    head, line = command.run("audit", bin_name).stdout.splitlines()
    assert head.split() == ["AT", "ACTION", "BIN", "BY", "ADDRESS", "DETAILS"]
    assert "bin_emptied" in line
    newest, *_ = command.run("audit", "--json").stdout.splitlines()
    assert json.loads(newest)["at"] >= entry["at"]
    assert command.run("audit", f"{bin_name}-nobody").returncode == 1
