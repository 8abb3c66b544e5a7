"""Bodies of the emitter that are no ticket: by page, API and command, and from captures."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from inspector.cli.emit import command
from inspector.cli.show import command as show
from inspector.emitter import file_body
from inspector.errors import InspectorError
from tests.emitter.receiver import Receiver
from tests.servers import LiveServer

FORM = {"name": "Mine", "source": "trigger", "method": "POST", "verify_tls": "1"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def split(sent: bytes) -> tuple[dict[str, str], bytes]:
    head, _, body = sent.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")[1:]
    return dict(line.split(": ", 1) for line in lines), body


CASES: list[tuple[dict[str, Any], str | None, bytes]] = [
    ({"body": "id {{ ticket.id }} é"}, "text/plain; charset=utf-8", "id 1 é".encode()),
    ({"body": ""}, "text/plain; charset=utf-8", b""),
    ({"json": {"id": "{{ ticket.id }}", "é": [1, None]}}, "application/json",
     '{"id": "1", "é": [1, null]}'.encode()),
    ({"json": False}, "application/json", b"false"),
    ({"form": [["a", "{{ ticket.id }}"], ["a", "2 &é"]]}, "application/x-www-form-urlencoded",
     b"a=1&a=2+%26%C3%A9"),
    ({"body_base64": b64encode(b"\0{{ 1 }}\xff").decode()}, "application/octet-stream",
     b"\0{{ 1 }}\xff"),
    ({"body": "<a/>", "content_type": "text/xml"}, "text/xml", b"<a/>"),
    ({"body": "<a/>", "content_type": ""}, None, b"<a/>"),
    ({"body": "x", "headers": {"content-TYPE": "a/b"}}, None, b"x"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "content_type", "body"), CASES)
def test_an_action_sends_any_body(
    client: FlaskClient,
    receiver: Receiver,
    fields: dict[str, Any],
    content_type: str | None,
    body: bytes,
) -> None:
    action = {"url": receiver.url, "method": "PATCH", **fields}
    ticket = {"data": {"id": 1}}
    preview = client.post("/api/v1/actions/preview", json={"action": action, "ticket": ticket})
    assert preview.status_code == 200, preview.text
    saved = client.post("/api/v1/actions", json={"action": action, "ticket": ticket}).json or {}
    assert client.post(f"/api/v1/actions/{saved['id']}/send", json={}).status_code == 201
    again = {"action": saved["action"], "ticket": saved["ticket"]}
    assert client.post("/api/v1/deliveries", json=again).status_code == 201
    assert receiver.requests[0] == receiver.requests[1]
    headers, sent = split(receiver.requests[0])
    assert receiver.requests[0].startswith(b"PATCH / HTTP/1.1\r\n")
    assert sent == body
    assert headers["Content-Length"] == str(len(body))
    assert headers.get("Content-Type") == content_type
    assert ("content-TYPE" in headers) == ("headers" in fields)


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"body": "a", "json": 1}, "invalid_body", "json"),
        ({"body_base64": "?"}, "invalid_body", "body_base64"),
        ({"form": [["a"]]}, "invalid_body", "form"),
        ({"form": [["a", "b"]] * 1_001}, "invalid_body", "form"),
        ({"body": "\ud800"}, "invalid_body", "body"),
        ({"body": "{% if %}"}, "template_error", "body"),
        ({"form": {"a": "{{ 1 +"}}, "template_error", "form.0"),
        ({"content_type": "a/b"}, "invalid_body", "content_type"),
        ({"body": "x", "content_type": "a\r\nX: y"}, "invalid_header", None),
        ({"body": "x", "custom_data": "y"}, "invalid_action", "custom_data"),
        ({"method": "PATCH"}, "invalid_action", "method"),
        ({"method": "CONNECT", "body": ""}, "invalid_action", "method"),
        ({"method": "A B", "body": ""}, "invalid_action", "method"),
    ],
)
def test_a_body_that_cannot_be_is_refused_by_name(
    client: FlaskClient, receiver: Receiver, fields: dict[str, Any], code: str, field: str | None
) -> None:
    answer = client.post("/api/v1/deliveries", json={"action": {"url": receiver.url, **fields}})
    error = (answer.json or {})["error"]
    assert answer.status_code == 400
    assert (error["code"], error.get("field")) == (code, field)
    assert receiver.connections == 0


def test_a_body_is_bounded() -> None:
    with pytest.raises(InspectorError, match="at most 10,000,000 bytes"):
        file_body(b"x" * 10_000_001)


def test_a_body_that_is_no_json_is_sent_and_said(client: FlaskClient, receiver: Receiver) -> None:
    action = {"url": receiver.url, "json": {"a": "{{ ticket.subject }}"}}
    ticket = {"data": {"subject": 'say "x"'}}
    made = client.post("/api/v1/deliveries", json={"action": action, "ticket": ticket}).json or {}
    assert [note["what"] for note in made["left_out"]] == ["body"]
    assert "it is no JSON" in made["left_out"][0]["why"]
    assert split(receiver.requests[0])[1] == b'{"a": "say "x""}'


def test_a_capture_becomes_a_saved_action_with_all_it_had(
    client: FlaskClient, receiver: Receiver
) -> None:
    body = b'{"a": "{{ ticket.id }}"}\r\n'
    headers = {"X-GitHub-Event": "push", "Content-Type": "application/json"}
    client.put("/orders/a%20b?x=1&x=2", data=body, headers=headers)
    answer = client.get("/api/v1/bins/orders/requests/1-1?format=action")
    assert answer.mimetype == "application/vnd.inspector.action+json"
    made = answer.json or {}
    assert made["action"]["url"] == "http://localhost/orders/a%20b?x=1&x=2"
    made["action"]["url"] = f"{receiver.url}/orders/a%20b?x=1&x=2"
    saved = client.post("/api/v1/actions", json=made).json or {}
    client.post(f"/api/v1/actions/{saved['id']}/send", json={})
    found, sent = split(receiver.requests[0])
    assert receiver.requests[0].startswith(b"PUT /orders/a%20b?x=1&x=2 HTTP/1.1\r\n")
    assert sent == body
    assert found["X-Github-Event"] == "push"  # as Flask's client writes it
    assert found["Content-Type"] == "application/json"
    page = client.get("/emitter?from=orders/1-1").text
    fields = read_form(page)
    client.post("/emitter", data={**fields, "url": f"{receiver.url}/p", "do": "send"})
    assert split(receiver.requests[1])[1] == body
    client.post("/orders", data=b"", headers={"X-Odd": ""})
    refused = client.get("/api/v1/bins/orders/requests/1-2?format=action")
    assert (refused.json or {})["error"]["code"] == "cannot_edit"


def read_form(page: str) -> dict[str, list[str]]:
    """All that a browser would send of the composer, but for the file."""
    form = page.partition('<form id="compose"')[2].partition("</form>")[0]
    fields: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        found = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        chosen = found.get("type") not in ("radio", "checkbox") or " checked" in tag
        if "name" in found and chosen and found.get("type") != "file":
            fields.setdefault(found["name"], []).append(unescape(found.get("value", "")))
    for name, text in re.findall(
        r'<textarea[^>]*name="(\w+)"[^>]*>\n(.*?)</textarea>', form, re.DOTALL
    ):
        fields[name] = [unescape(text).replace("\n", "\r\n")]
    for name, inside in re.findall(
        r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', form, re.DOTALL
    ):
        option = re.search(r'<option(?: value="([^"]*)")? selected>([^<]*)', inside)
        if option:
            fields[name] = [option[2] if option[1] is None else option[1]]
    return fields


def test_the_page_composes_each_kind_of_body(client: FlaskClient, receiver: Receiver) -> None:
    kinds: list[tuple[dict[str, Any], bytes, str]] = [
        ({"body_kind": "json", "body_text": '{"a":\r\n1}'}, b'{"a":\n1}', "application/json"),
        ({"body_kind": "text", "body_text": "{{ 1 + 1 }}"}, b"2", "text/plain; charset=utf-8"),
        ({"body_kind": "form", "body_name": ["a", "a", ""], "body_value": ["1", "2", ""]},
         b"a=1&a=2", "application/x-www-form-urlencoded"),
    ]  # fmt: skip
    for fields, body, content_type in kinds:
        form = {**FORM, "url": receiver.url, "data_kind": "text", "data_text": "x", **fields}
        shown = client.post("/emitter/preview", data=form).text
        assert content_type in shown
        saved = client.post("/emitter", data={**form, "do": "save"}).headers["Location"]
        again = read_form(client.get(saved.partition("#")[0]).text)
        assert client.post("/emitter", data={**again, "do": "send"}).status_code == 303
        headers, sent = split(receiver.requests[-1])
        assert (sent, headers["Content-Type"]) == (body, content_type)
    other = client.post("/emitter", data={**FORM, "url": receiver.url, "method": "PATCH"})
    assert "with a body of your own it may be any" in other.text


def test_the_page_sends_a_file_and_keeps_it(
    client: FlaskClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.web.pages.emitter_form.MAX_FILE_BYTES", 256)
    data = bytes(range(256))
    form = {**FORM, "url": receiver.url, "body_kind": "file"}

    def upload(content: bytes) -> str:
        file = (BytesIO(content), "a.png", "image/png")
        return client.post("/emitter", data={**form, "body_file": file, "do": "refresh"}).text

    page = upload(data)
    assert "256 B are loaded" in page
    client.post("/emitter", data={**read_form(page), "do": "send"})
    headers, sent = split(receiver.requests[0])
    assert (sent, headers["Content-Type"]) == (data, "image/png")
    assert "A file is sent from here up to 256 bytes" in upload(b"x" * 300)
    wrong = client.post("/emitter", data={**form, "body_base64": "?", "do": "send"})
    assert 'id="problem-body-1" data-code="invalid_body"' in wrong.text


def test_the_command_sends_any_body(
    live_server: LiveServer, receiver: Receiver, tmp_path: Path
) -> None:
    import requests

    url = live_server.create_bin("bodies")
    requests.patch(f"{url}/p?a=1", data=b"\0\xff", headers={"X-A": "b"}, timeout=10)
    file = tmp_path / "a.json"
    file.write_bytes(b'{"a": "{{ 1 }}"}\r\n')

    def run(*arguments: str) -> Any:
        given = ["--to", receiver.url, "--server", live_server.url, *arguments]
        return CliRunner().invoke(command, given, standalone_mode=False)

    assert run("--body", "{{ 1 + 1 }}", "--method", "PATCH").return_value == 0
    assert run("--body-json", '{"a": {{ 1 + 1 }}}').return_value == 0
    assert run("--body-form", "a=1", "--body-form", "a={{ 2 }}").return_value == 0
    assert run("--body-file", str(file)).return_value == 0
    assert run("--request", "bodies/last", "--save-as", "From a capture").return_value == 0
    assert run("--action", "From a capture").return_value == 0
    sent = [split(request) for request in receiver.requests]
    assert [body for _, body in sent] == [
        b"2", b'{"a": 2}', b"a=1&a=2", file.read_bytes(), b"\0\xff", b"\0\xff",
    ]  # fmt: skip
    assert [headers.get("Content-Type", "").partition(";")[0] for headers, _ in sent] == [
        "text/plain", "application/json", "application/x-www-form-urlencoded", "application/json",
        "", "",
    ]  # fmt: skip
    assert receiver.requests[4].startswith(b"PATCH / HTTP/1.1\r\n")
    assert sent[5][0]["X-A"] == "b"
    assert "--body and --body-json" in str(run("--body", "a", "--body-json", "1").exception)
    assert "key=value" in str(run("--body-form", "a").exception)
    assert "--body-form a: " in str(run("--body-form", "a={{ 1 +").exception)
    shown = CliRunner().invoke(
        show, ["bodies/last", "--as", "action", "--server", live_server.url], standalone_mode=False
    )
    assert json.loads(shown.stdout)["action"]["body_base64"] == b64encode(b"\0\xff").decode()
