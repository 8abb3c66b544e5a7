"""Programs in Python that send the request again: they run, and send what was captured."""

from __future__ import annotations

import subprocess
import sys
from base64 import b64decode
from typing import Any

import pytest
import requests

from inspector.domain import CapturedRequest
from inspector.exports import export_request
from inspector.testing import ReceivedRequest
from tests.exports.test_commands import make
from tests.reading.captures import make_form, make_request, make_sample
from tests.servers import LiveServer

HEAD = (
    b"POST /NAME/a%2Fb?x[1]={2}&y='\"\\ HTTP/1.1\r\n"
    b"X-Quote: '''\"\"\" \\ {x} %s @NAME@\r\n"
    b"X-Name: J\xc3\xbcrgen\r\n"
    b"X-Twice: 1\r\n"
    b"X-Twice: 2\r\n"
    b"Content-Type: text/plain\r\n"
)
BODIES = [b"", b"\x00\xff'\"\\\n'''{}" + bytes(range(256)), b"a=1&&b=2&" * 50, b"line\n" * 3]


def run_program(text: str) -> str:
    done = subprocess.run(
        [sys.executable, "-I", "-c", text], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("form", ["python", "requests"])
@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:12]))
def test_a_program_sends_what_was_captured(live_server: LiveServer, form: str, body: bytes) -> None:
    name = live_server.create_bin().rpartition("/")[2]
    request = make(HEAD.replace(b"NAME", name.encode(), 1), body, name)
    text = export_request(request, form, live_server.url).data.decode()
    assert text.isascii()
    assert run_program(text) == "200 ok\n\n"
    answer = requests.get(f"{live_server.url}/api/v1/bins/{name}/requests", timeout=10)
    (sent,) = answer.json()
    assert sent["method"] == "POST"
    assert b64decode(sent["body_base64"]) == body
    headers = {key.lower(): value for key, value in sent["headers"].items()}
    assert headers["x-quote"] == "'''\"\"\" \\ {x} %s @NAME@"
    assert headers["x-name"] == "Jürgen"
    assert headers["x-twice"] == "1, 2"
    assert headers["content-type"] == "text/plain"
    assert sent["path"] == f"/{name}/a%2Fb"


def test_a_long_form_is_written_a_field_a_line() -> None:
    text = export_request(
        make_form(("a", "1"), ("b", "x" * 100)), "python", "http://x"
    ).data.decode()
    assert "    b'a=1'\n    b'&b=xxx" in text
    assert max(map(len, text.splitlines())) <= 100


CASES: list[tuple[CapturedRequest, list[str]]] = [
    (
        make_sample(event_type="sla.warning", event_performer="agent"),
        [
            "def test_request_1_sla_warning(webhook_bin):",
            "    send(webhook_bin.url)",
            "    assert request.method == 'POST'",
            "    assert request.at('ticket.subject') == 'Hierarchy problem'",
            "    assert request.at('custom_data') == ''",
        ],
    ),
    (
        make_request(
            b'{"a": [1, {"b.c": null}], "d": true, "e": "x"}',
            "application/json",
            request_line="PUT /deskpro/hook?x=%27 HTTP/1.1",
        ),
        [
            "def test_request_1(webhook_bin):",
            "    send(webhook_bin.url_for('/hook?x=%27'))",
            "    assert request.at('a.0') == 1",
            "    assert request.at('a.1[\"b.c\"]') is None",
            "    assert request.at('d') is True",
            "    assert request.at('e') == 'x'",
        ],
    ),
    (make_form(("ticket[id]", "5")), ["def test_ticket_5(webhook_bin):"]),
    (make_request(b"x", "text/plain"), ["    assert request.method == 'POST'"]),
]


@pytest.mark.parametrize(("request_", "lines"), CASES)
def test_a_test_asserts_the_main_fields(request_: CapturedRequest, lines: list[str]) -> None:
    text = export_request(request_, "pytest", "http://127.0.0.1:8787").data.decode()
    compile(text, "test.py", "exec")
    assert set(lines) <= set(text.splitlines()), text


class FakeBin:
    """As much of the fixture as the exported test touches."""

    def __init__(self, server: LiveServer) -> None:
        self.url = server.create_bin()
        self.server = server
        self.waited: Any = None

    def url_for(self, path: str) -> str:
        return self.url + path

    def wait(self, timeout: float) -> Any:
        name = self.url.rpartition("/")[2]
        answer = requests.get(f"{self.server.url}/api/v1/bins/{name}/requests", timeout=timeout)
        (self.waited,) = answer.json()
        return self

    @property
    def method(self) -> Any:
        return self.waited["method"]

    def at(self, path: str) -> Any:
        value = self.waited["form"]
        for key in path.split("."):
            value = value[key]
        return value


def test_an_exported_test_passes_as_it_is(live_server: LiveServer) -> None:
    request = make_sample(event_type="'); raise SystemExit #")
    text = export_request(request, "pytest", "http://127.0.0.1:8787").data.decode()
    namespace: dict[str, Any] = {}
    exec(text, namespace)  # what we wrote ourselves is what is tested here
    (test,) = (value for name, value in namespace.items() if name.startswith("test_"))
    bin_ = FakeBin(live_server)
    test(bin_)
    assert bin_.waited["body_base64"]
    assert bin_.at("ticket.subject") == "Hierarchy problem"


def test_raw_is_the_message_as_it_came() -> None:
    request = make_request(b"\x00\xff")
    made = export_request(request, "raw", "http://x")
    assert made.data == request.raw_head + b"\r\n\x00\xff"
    assert made.media_type == "message/http"


def test_raw_of_a_chunked_request_is_a_message_again() -> None:
    request = make(b"PUT /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", b"abc")
    object.__setattr__(request, "chunked", True)
    made = export_request(request, "raw", "http://x")
    assert made.data.endswith(b"chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1.50", "-0", "1" + "0" * 400])
def test_a_number_beyond_a_float_is_python_in_the_test(number: str) -> None:
    request = make_request(f'{{"a": {number}}}'.encode(), "application/json")
    text = export_request(request, "pytest", "http://127.0.0.1:8787").data.decode()
    (line,) = [each for each in text.splitlines() if "request.at" in each]
    found = ReceivedRequest(request)
    exec(line.strip(), {"request": found})
