"""RequestBin's own npm client, unchanged, with nothing but its baseURL set."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.machine import skip_without
from tests.servers import LiveServer

CLIENT = Path(__file__).with_name("requestbin_client")
DEADLINE_S = 120
# What RequestBin's own documentation says of a bin and of a request.
BIN_FIELDS = {"name", "color", "private", "request_count"}
REQUEST_FIELDS = {
    *("id", "method", "path", "query_string", "headers", "form_data", "body"),
    *("content_length", "content_type", "remote_addr", "time"),
}


@pytest.fixture(scope="session")
def client(request: pytest.FixtureRequest) -> Path:
    """A folder with the client installed: fetched once, by its lock, and kept by pytest."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        skip_without("Node.js, for which RequestBin's client is written,", "nodejs npm")
    cache: pytest.Cache = request.config.cache
    folder = cache.mkdir("requestbin-1.5.1")
    if not (folder / "node_modules" / "requestbin").is_dir():
        for path in CLIENT.iterdir():
            shutil.copy(path, folder)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=DEADLINE_S, check=False
        )
        if done.returncode != 0:
            skip_without(f"RequestBin's client ({done.stderr.strip()[-300:]})", "nodejs npm")
    return folder


@pytest.fixture(scope="session")
def got(client: Path, live_server: LiveServer) -> dict[str, Any]:
    """What the client got from the server, call by call."""
    shutil.copy(CLIENT / "session.js", client)
    done = subprocess.run(
        ["node", "session.js", f"{live_server.url}/api/v1/"],
        cwd=client,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_client_makes_and_gets_a_bin(got: dict[str, Any]) -> None:
    assert got["made"].keys() >= BIN_FIELDS
    assert got["made"]["private"] is False
    assert got["made"]["request_count"] == 0
    assert got["bin"] == got["made"] | {"request_count": 1, "last_number": 1}


def test_the_client_makes_a_private_bin(got: dict[str, Any]) -> None:
    assert got["private"]["private"] is True
    assert got["private"]["secret"]


def test_the_client_gets_what_was_sent(got: dict[str, Any]) -> None:
    assert got["sent"] == 200
    (request,) = got["requests"]
    assert got["request"] == request
    assert request.keys() >= REQUEST_FIELDS
    assert request["method"] == "POST"
    assert request["path"] == f"/{got['made']['name']}/hook"
    assert request["query_string"] == {"a": "1"}
    assert request["headers"]["X-One"] == "1"
    assert request["form_data"] == [["ticket[id]", "5"]]
    assert request["body"] == "ticket%5Bid%5D=5"
    assert request["content_length"] == 16
    assert request["remote_addr"] == "127.0.0.1"


def test_the_client_is_told_what_is_not_there(got: dict[str, Any]) -> None:
    assert got["missing"] == {"error": "HTTP error", "status": 404}
