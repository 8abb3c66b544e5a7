"""curl and HTTPie commands: only that program runs, and it is told what was captured."""

from __future__ import annotations

import shutil
import socket
import subprocess
from base64 import b64decode
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests

from inspector.domain import CapturedRequest
from inspector.errors import InspectorError
from inspector.exports import export_request
from tests.exports.shells import SHELLS, Sandbox, find_shell
from tests.machine import skip_without
from tests.reading.captures import make_captured
from tests.servers import LiveServer

BASE = "http://127.0.0.1:8787"
STRAY = b"$(: > stray)`: > stray`'; : > stray; '\"; : > stray; \""
HOSTILE_HEAD = (
    b"POST /orders/a%2Fb/../c;d?x[1]={2}&y='" + STRAY.replace(b" ", b"") + b"&z=%27 HTTP/1.1\r\n"
    b"Host: 127.0.0.1:8787\r\n"
    b"X-Quote: it's \"" + STRAY + b"\" \\ \\\\ \\' !x !! $HOME %s\r\n"
    b"x_under: @/etc/passwd\r\n"
    b"X-Empty:\r\n"
    b"X-Twice: =1\r\n"
    b"X-Twice: @2\r\n"
    b"X-Name: J\xc3\xbcrgen \xe2\x80\xae\r\n"
    b"X-Latin: J\xfcrgen\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 5\r\n"
)


def make(head: bytes, body: bytes = b"", bin_name: str = "orders") -> CapturedRequest:
    return make_captured(head, body, bin_name=bin_name)


def export(request: CapturedRequest, form: str, base_url: str = BASE) -> str:
    return export_request(request, form, base_url).data.decode()


def list_values(arguments: list[bytes], flag: bytes) -> list[bytes]:
    return [after for each, after in pairwise(arguments) if each == flag]


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path, "curl", "http")


BODIES = [
    b"a=1&b=%27",
    b"@/etc/passwd",
    b"-d",
    STRAY,
    b"line\nline\r\n\n",
    b"\x00\xff" + STRAY + b"\x1b[31m!\n",
    bytes(range(256)) * 40,
    b"x" * 200_000,
]


CURLS = [("bash", "curl"), ("bash", "curl-fish"), ("fish", "curl-fish")]


@pytest.mark.parametrize(("shell", "form"), CURLS)
@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:20]))
def test_only_curl_runs_and_gets_the_very_bytes(
    sandbox: Sandbox, shell: str, form: str, body: bytes
) -> None:
    (run,) = sandbox.paste(shell, export(make(HOSTILE_HEAD, body), form))
    assert sandbox.list_strays() == []
    assert run.name == "curl"
    given = list_values(run.arguments, b"--data-raw")
    assert (given or [run.piped]) == [body]
    assert (b"@-" in run.arguments) is not bool(given)
    assert list_values(run.arguments, b"-H") == [
        b"X-Quote: it's \"" + STRAY + b"\" \\ \\\\ \\' !x !! $HOME %s",
        b"x_under: @/etc/passwd",
        b"X-Empty;",
        b"X-Twice: =1",
        b"X-Twice: @2",
        b"X-Name: J\xc3\xbcrgen \xe2\x80\xae",
        b"X-Latin: J\xfcrgen",
        b"Content-Type: application/x-www-form-urlencoded",
        b"User-Agent:",
        b"Accept:",
    ]
    (url,) = [each for each in run.arguments if each.startswith(b"http")]
    target = HOSTILE_HEAD.split(b" HTTP")[0].removeprefix(b"POST ")
    assert url == BASE.encode() + target


@pytest.mark.parametrize("body", BODIES[:5], ids=lambda body: repr(body[:20]))
def test_any_text_is_an_argument_that_api_clients_import(sandbox: Sandbox, body: bytes) -> None:
    text = export(make(HOSTILE_HEAD, body), "curl")
    assert text.startswith("curl ")
    (run,) = sandbox.paste("bash", text)
    assert list_values(run.arguments, b"--data-raw") == [body]


FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
IMPORTED = [
    ("curl", b"POST / HTTP/1.1\r\nContent-Length: 0\r\n", b"", [b"-X", b"POST"], b""),
    ("curl", b"HEAD / HTTP/1.1\r\n", b"", [b"--head", b"-X", b"HEAD"], b""),
    ("curl", b"POST / HTTP/1.1\r\n" + FORM, b"a=x+y%2B", [], b"a=x+y%2B"),
    ("curl-insomnia", b"POST / HTTP/1.1\r\n" + FORM, b"a=x+y%2B", [], b"a=x%20y%2B"),
    ("curl-insomnia", b"POST / HTTP/1.1\r\nContent-Type: text/plain\r\n", b"1+1", [], b"1+1"),
    ("curl-insomnia", b"POST / HTTP/1.1\r\n" + FORM, b"a=+&b=\xff", [], b"a=%20&b=\xff"),
    ("curl", b"POST / HTTP/1.1\r\n", b'{"a": 1}', [], b'{"a": 1}'),
    ("curl", b"POST / HTTP/1.1\r\n", b"@a", [], b"@a"),
]


@pytest.mark.parametrize(("form", "head", "body", "options", "data"), IMPORTED)
def test_api_clients_import_the_method_and_the_body(
    sandbox: Sandbox, form: str, head: bytes, body: bytes, options: list[bytes], data: bytes
) -> None:
    """As curl-to-postmanv2 1.8 and Insomnia's importer of 2026 read the line."""
    (run,) = sandbox.paste("bash", export(make(head, body), form))
    assert run.arguments[3 : run.arguments.index(b"-H")] == options
    is_typed = b"Content-Type" in head or body.startswith(b"@") or not body
    flag = b"--data-raw" if is_typed else b"--data-binary"
    given = list_values(run.arguments, flag)
    assert (given or [run.piped]) == [data]


def test_a_body_that_is_no_text_can_be_taken_from_its_file(sandbox: Sandbox) -> None:
    text = export(make(HOSTILE_HEAD, bytes(range(256))), "curl-file")
    (run,) = sandbox.paste("bash", text)
    assert list_values(run.arguments, b"--data-binary") == [b"@orders-1.bin"]


@pytest.mark.parametrize(("shell", "form"), CURLS)
def test_nothing_happens_while_a_command_is_typed(sandbox: Sandbox, shell: str, form: str) -> None:
    text = export(make(HOSTILE_HEAD, b"\x03\x04'\"!!\n" + STRAY), form)
    assert text.replace("\n", "").isprintable()
    (typed,) = sandbox.type(shell, text)
    (pasted,) = sandbox.paste(shell, text)
    assert typed == pasted
    assert sandbox.list_strays() == []


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:20]))
def test_only_httpie_runs_and_gets_the_very_bytes(
    sandbox: Sandbox, shell: str, body: bytes
) -> None:
    head = HOSTILE_HEAD.replace(b"X-Latin: J\xfcrgen\r\n", b"")
    (run,) = sandbox.paste(shell, export(make(head, body), "httpie"))
    assert sandbox.list_strays() == []
    assert run.name == "http"
    assert run.piped == body
    target = HOSTILE_HEAD.split(b" HTTP")[0].removeprefix(b"POST ")
    assert run.arguments == [
        b"--path-as-is",
        b"POST",
        BASE.encode() + target,
        b"X-Quote:it's \"" + STRAY + b"\" \\ \\\\ \\' !x !! $HOME %s",
        b"x_under:\\@/etc/passwd",
        b"X-Empty;",
        b"X-Twice:\\=1",
        b"X-Twice:\\@2",
        b"X-Name:J\xc3\xbcrgen \xe2\x80\xae",
        b"Content-Type:application/x-www-form-urlencoded",
        *(b"User-Agent:", b"Accept:", b"Accept-Encoding:", b"Connection:"),
    ]


@pytest.mark.parametrize(
    "head",
    [
        b"M-SEARCH /orders HTTP/1.1\r\n",
        b"POST /orders HTTP/1.1\r\nX-A: J\xfcrgen\r\n",
        b"POST /orders HTTP/1.1\r\nX-A: C\\:x\r\n",
        b"POST /orders HTTP/1.1\r\n-f: x\r\n",
    ],
)
def test_what_httpie_cannot_say_is_refused_in_a_sentence(head: bytes) -> None:
    with pytest.raises(InspectorError, match="HTTPie") as caught:
        export(make(head), "httpie")
    assert caught.value.code == "cannot_express"


@pytest.mark.parametrize("form", ["curl", "httpie"])
def test_the_senders_host_does_not_decide_where_a_paste_goes(form: str) -> None:
    head = b"GET http://evil.example/orders/x?y HTTP/1.1\r\nHost: evil.example\r\n"
    text = export(make(head), form)
    assert f" {BASE}/orders/x?y " in text.replace("'", "")
    assert "http://evil.example" not in text


def test_lines_that_no_client_can_send_are_left_out_or_mended() -> None:
    head = (
        b"GET /orders HTTP/1.1\r\nHost: x\r\n"
        b"no colon\r\n@file: x\r\nX-Fold: a\r\n  b\r\nX-Nul: a\0b\rc\r\n: x\r\n"
    )
    text = export(make(head), "curl")
    assert text == (
        "curl --globoff --path-as-is http://127.0.0.1:8787/orders \\\n  -H 'Host: x' \\\n"
        "  -H 'X-Fold: a b' \\\n  -H 'X-Nul: a b c' \\\n  -H User-Agent: \\\n  -H Accept:\n"
    )


@pytest.mark.parametrize(
    "head", [b"", b"\r\n", b"GET", b"\xff\0\xfe /\r\n", b"GET  \r\n", b"a b c d"]
)
@pytest.mark.parametrize("form", ["curl", "python", "requests", "pytest", "har", "raw"])
def test_a_broken_head_is_no_error(head: bytes, form: str) -> None:
    assert export_request(make(head), form, BASE).data


ROUND_TRIPS = [
    HOSTILE_HEAD + b"\r\n\x00'\"!\n",
    b"GET /orders HTTP/1.1\r\nHost: x\r\nAccept: a\r\nUser-Agent: b\r\n\r\n",
    b"GET /orders? HTTP/1.0\r\nHost: x\r\n\r\n",
    b"HEAD /orders HTTP/1.1\r\nHost: x\r\n\r\n",
    b"PURGE /orders/ HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    b"GET /orders//a/./b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n@a=1",
    b"PUT /orders HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"DELETE /orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + b"a" * 200_000,
]


@pytest.fixture
def send_to(live_server: LiveServer) -> Callable[[bytes, str], dict[str, Any]]:
    """Sends raw bytes to a bin and gives what was captured."""

    def send(raw: bytes, name: str) -> dict[str, Any]:
        host, port = live_server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(raw.replace(b" /orders", b" /" + name.encode(), 1))
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):
                pass
        return newest(live_server, name)

    return send


def newest(server: LiveServer, name: str) -> dict[str, Any]:
    answer = requests.get(f"{server.url}/api/v1/bins/{name}/requests?limit=1", timeout=10)
    (request,) = answer.json()
    assert isinstance(request, dict)
    return request


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("raw", ROUND_TRIPS, ids=lambda raw: repr(raw[:24]))
def test_what_curl_sends_is_what_was_captured(
    live_server: LiveServer,
    send_to: Callable[[bytes, str], dict[str, Any]],
    shell: str,
    raw: bytes,
) -> None:
    if shutil.which("curl") is None:
        skip_without("curl", "curl")
    name = live_server.create_bin().rpartition("/")[2]
    sent = send_to(raw, name)
    form = "curl" if shell == "bash" else "curl-fish"
    url = f"{live_server.url}/api/v1/bins/{name}/requests/{sent['id']}?format={form}"
    text = requests.get(url, timeout=10).text
    done = subprocess.run(
        [find_shell(shell)], input=text.encode(), capture_output=True, timeout=30, check=False
    )
    again = newest(live_server, name)
    assert again["number"] == sent["number"] + 1, done.stderr
    assert again["request_line"] == sent["request_line"]
    assert b64decode(again["body_base64"]) == b64decode(sent["body_base64"])
    assert sorted(again["raw_headers"]) == sorted(sent["raw_headers"])
