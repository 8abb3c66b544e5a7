"""Commands that read captured requests: requests, search, show, wait and diff."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from typing import Any
from uuid import uuid4

import pytest
import requests

from tests.cli.test_commands import Command
from tests.programs import INSPECTOR, run_program
from tests.servers import LiveServer


@pytest.fixture
def command(live_server: LiveServer) -> Command:
    return Command(live_server)


@pytest.fixture
def bin_name(live_server: LiveServer) -> str:
    """A bin with three requests, of which the first two differ a little."""
    name = f"reading-{uuid4().hex[:8]}"
    requests.post(f"{live_server.url}/api/v1/bins", json={"name": name}, timeout=10)
    for status, stamp in (("open", 1), ("closed", 2)):
        body = {"ticket": {"id": 5, "status": status}, "stamp": stamp, "price": 1.50}
        requests.post(f"{live_server.url}/{name}/orders", json=body, timeout=10)
    requests.put(f"{live_server.url}/{name}", data="plain \x1b[31m", timeout=10)
    return name


def test_requests_are_listed(command: Command, bin_name: str) -> None:
    lines = command.run("requests", bin_name).stdout.splitlines()
    assert [line.split()[1:3] for line in lines] == [["#3", "PUT"], ["#2", "POST"], ["#1", "POST"]]
    lines = command.run("requests", bin_name, "--match", "ticket.status=open").stdout.splitlines()
    assert len(lines) == 1
    assert "#1" in lines[0]
    (line,) = command.run("requests", bin_name, "--limit", "1", "--json").stdout.splitlines()
    assert json.loads(line)["number"] == 3
    assert '"price": 1.5' in command.run("requests", bin_name, "--json").stdout


def test_a_number_of_more_digits_than_python_reads_is_printed_as_it_came(
    command: Command, live_server: LiveServer, bin_name: str
) -> None:
    digits = "9" * 6000
    sent = f'{{"n": {digits}}}'
    requests.post(
        f"{live_server.url}/{bin_name}",
        data=sent,
        headers={"Content-Type": "application/json"},
        timeout=10,
    )
    assert "#4" in command.run("requests", bin_name).stdout
    assert "#4" in command.run("wait", bin_name, "--after", "3").stdout
    assert f'"n": {digits}' in command.run("requests", bin_name, "--json", "--limit", "1").stdout
    assert "6" in command.run("diff", f"{bin_name}/#4", f"{bin_name}/#1").stdout


def test_lines_say_what_was_answered_and_which_signature_is_wrong(
    command: Command, live_server: LiveServer, bin_name: str
) -> None:
    call = f"{live_server.url}/api/v1/bins/{bin_name}"
    turns = [{"status": 503}, {"drop": True}, {"status": 200}]
    requests.put(f"{call}/answers", json={"rules": [{"answers": turns}]}, timeout=10)
    secrets = {"signatures": [{"scheme": "github", "secret": "hush"}]}
    requests.put(f"{call}/signatures", json=secrets, timeout=10)
    url = f"{live_server.url}/{bin_name}/tries"
    requests.post(url, headers={"X-Hub-Signature-256": "sha256=" + "0" * 64}, timeout=10)
    with pytest.raises(requests.ConnectionError):
        requests.post(url, timeout=10)
    requests.post(url, timeout=10)
    lines = [line.split() for line in command.run("requests", bin_name).stdout.splitlines()[:3]]
    assert [line[2:5] for line in lines] == [
        ["POST", "200", f"/{bin_name}/tries"],
        ["POST", "-", f"/{bin_name}/tries"],
        ["POST", "503", f"/{bin_name}/tries"],
    ]
    assert [" ".join(line[5:]).startswith("signature invalid") for line in lines] == [
        False, False, True,
    ]  # fmt: skip
    assert ["not signed" in " ".join(line) for line in lines] == [True, True, False]


def test_a_terminal_is_told_of_answer_and_signature_before_the_message(
    command: Command, live_server: LiveServer, bin_name: str
) -> None:
    call = f"{live_server.url}/api/v1/bins/{bin_name}"
    rule = {"name": "a\x1b[31mb", "answers": [{"status": 503}, {"status": 200}]}
    requests.put(f"{call}/answers", json={"rules": [rule]}, timeout=10)
    secrets = {"signatures": [{"scheme": "github", "secret": "hush"}]}
    requests.put(f"{call}/signatures", json=secrets, timeout=10)
    requests.post(f"{live_server.url}/{bin_name}/signed", data=b"x", timeout=10)
    piped = command.run("show", f"{bin_name}/last")
    assert piped.stderr == ""
    assert piped.stdout.startswith(f"POST /{bin_name}/signed HTTP/1.1\n")
    ours, theirs = pty.openpty()
    shown = run_program(
        [INSPECTOR, "show", f"{bin_name}/last"],
        stdout=theirs,
        stderr=subprocess.PIPE,
        env={**command.environment, "NO_COLOR": "1"},
        text=True,
        timeout=60,
        check=True,
    )
    os.close(theirs)
    assert os.read(ours, 65_536).decode().startswith(f"POST /{bin_name}/signed HTTP/1.1")
    os.close(ours)
    line, answered, signed, empty = shown.stderr.split("\n", 3)
    assert line.split()[2:4] == ["POST", "503"]
    assert answered == r"Answered by rule 1 (a\x1b[31mb), turn 1."
    assert signed.startswith("Signature of github: absent. ")
    assert empty == "\n"


def test_columns_are_printed_as_asked_for_or_as_the_bin_remembers(
    command: Command, live_server: LiveServer, bin_name: str
) -> None:
    lines = command.run("requests", bin_name, "--columns", "ticket.status,a").stdout.splitlines()
    assert ["ticket.status=open" in line for line in lines] == [False, False, True]
    assert all("a=-" in line for line in lines)
    columns = {"columns": ["stamp"]}
    requests.patch(f"{live_server.url}/api/v1/bins/{bin_name}", json=columns, timeout=10)
    lines = command.run("requests", bin_name).stdout.splitlines()
    assert ["stamp=1" in line for line in lines] == [False, False, True]
    done = command.run("requests", bin_name, "--columns", "a..b")
    assert done.returncode == 1
    assert "names no field" in done.stderr


def test_a_schema_is_printed(command: Command, bin_name: str) -> None:
    schema = json.loads(command.run("schema", bin_name).stdout)
    assert schema["required"] == ["ticket", "stamp", "price"]
    assert "interface Body {" in command.run("schema", bin_name, "--format", "typescript").stdout
    done = command.run("schema", bin_name, "--event", "none")
    assert done.returncode == 1
    assert "no body of the event 'none'" in done.stderr


def test_all_bins_are_searched(command: Command, bin_name: str) -> None:
    done = command.run("search", f"path:/{bin_name}", "method:POST", "--json")
    assert [json.loads(line)["number"] for line in done.stdout.splitlines()] == [2, 1]
    done = command.run("search", f"no-such-{bin_name}")
    assert (done.returncode, done.stderr) == (1, "No request matches.\n")


@pytest.mark.parametrize("name", ["1", "#1"])
def test_a_request_is_shown(command: Command, bin_name: str, name: str) -> None:
    done = command.run("show", f"{bin_name}/{name}")
    assert done.stdout.startswith(f"POST /{bin_name}/orders HTTP/1.1\n")
    assert '"status": "open"' in done.stdout
    assert command.run("show", f"{bin_name}/{name}", "--as", "curl").stdout.startswith("curl ")
    shown = json.loads(command.run("show", f"{bin_name}/last", "--json").stdout)
    assert (shown["number"], shown["method"]) == (3, "PUT")


def test_a_request_that_is_not_there_is_said(command: Command, bin_name: str) -> None:
    done = command.run("show", f"{bin_name}/99")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "There is no request 99 in this bin.\n"
    done = command.run("show", bin_name)
    assert done.returncode == 2
    assert "say BIN/ID, BIN/#7 or BIN/last." in done.stderr


def test_a_wait_ends_with_its_request(
    command: Command, live_server: LiveServer, bin_name: str
) -> None:
    process = command.start(
        "wait", bin_name, "--after", "0", "--where", "ticket.id=8", "--timeout", "50", "--json"
    )
    url = f"{live_server.url}/{bin_name}"
    requests.post(url, json={"ticket": {"id": 7}}, timeout=10)
    requests.post(url, json={"ticket": {"id": 8}}, timeout=10)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert json.loads(out)["ticket"] == {"id": 8}
    found = command.run(
        "wait", bin_name, "--after", "0", "--match", "ticket.id>7", "--timeout", "50"
    )
    assert found.returncode == 0, found.stderr
    done = command.run("wait", bin_name, "--method", "PATCH", "--timeout", "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_two_requests_are_compared(command: Command, bin_name: str) -> None:
    names = (f"{bin_name}/1", f"{bin_name}/#2")
    lines = command.run("diff", *names).stdout.splitlines()
    assert '~ ticket.status: "open" -> "closed"' in lines
    assert '~ stamp: "1" -> "2"' in lines
    lines = command.run("diff", *names, "--ignore", "stamp").stdout.splitlines()
    assert not [line for line in lines if "stamp" in line]
    found = json.loads(command.run("diff", *names, "--json").stdout)
    assert found["differs"]
    assert "ticket.status" in [each["name"] for each in found["differences"]]
    ignored = ("--ignore", "ticket", "--ignore", "st*", "--ignore", "header:*")
    assert command.run("diff", *names, *ignored, "--exit-code").returncode == 0
    assert command.run("diff", *names, "--exit-code").returncode == 1


def test_a_search_goes_on_over_pages(
    command: Command, live_server: LiveServer, bin_name: str
) -> None:
    url = f"{live_server.url}/api/v1/requests"
    found: list[int] = []
    following: str | None = f"{url}?q=path:/{bin_name}&limit=1"
    while following and len(found) < 10:
        answer = requests.get(following, timeout=10)
        found += [each["number"] for each in answer.json()]
        following = answer.links.get("next", {}).get("url")
    assert found == [3, 2, 1]


def test_a_request_is_pinned_and_noted(command: Command, bin_name: str) -> None:
    line = command.run("pin", f"{bin_name}/#2", "--note", "the odd\x1b[31m one").stdout
    assert "#2" in line
    assert "pinned" in line
    assert "\x1b" not in line
    assert len(command.run("requests", bin_name, "--match", "is:pinned").stdout.splitlines()) == 1
    done = command.run("note", f"{bin_name}/last", "look again", "--json")
    assert json.loads(done.stdout)["note"] == "look again"
    found = command.run("requests", bin_name, "--match", "note:again or note:odd").stdout
    assert len(found.splitlines()) == 2
    command.run("pin", f"{bin_name}/2", "--off", "--note", "")
    assert command.run("requests", bin_name, "--match", "is:pinned or note:odd").stdout == ""
    done = command.run("pin", f"{bin_name}/99")
    assert (done.returncode, done.stderr) == (1, "There is no request 99 in this bin.\n")


def test_a_selection_and_a_request_are_written_as_pages(command: Command, bin_name: str) -> None:
    page = command.run("export", bin_name, "--format", "html", "--match", "ticket.status=open")
    assert page.stdout.startswith("<!doctype html>")
    assert page.stdout.count('class="request"') == 1
    shown = command.run("show", f"{bin_name}/#2", "--as", "html").stdout
    assert "closed" in shown
    lines = command.run("export", bin_name, "--match", "method:PUT").stdout.splitlines()
    assert [json.loads(line)["number"] for line in lines] == [3]


def test_every_command_that_shows_what_the_api_says_gives_its_json(
    command: Command, live_server: LiveServer, bin_name: str
) -> None:
    def run(*arguments: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in command.run(*arguments, "--json").stdout.splitlines()]

    api = f"{live_server.url}/api/v1/bins"
    described = requests.get(f"{api}/{bin_name}", timeout=10).json()
    assert described in run("bins")
    assert described in run("bins", "list")
    assert run("bins", "answer", bin_name) == [described["answer"]]
    assert run("bins", "answer", bin_name, "--status", "201")[0]["status"] == 201
    assert run("bins", "keep", bin_name, "--capacity", "7")[0]["capacity"] == 7
    (made,) = run("bins", "create", f"{bin_name}-own", "--private")
    assert made["private"] is True
    assert made["secret"]
    (rules,) = run("answers", bin_name)
    assert rules == requests.get(f"{api}/{bin_name}/answers", timeout=10).json()
    assert run("prune", "--ttl", "30d", "--bin", bin_name) == [{"name": bin_name, "deleted": 0}]
    schema = json.loads(command.run("schema", bin_name, "--json", "--format", "python").stdout)
    assert "properties" in schema
