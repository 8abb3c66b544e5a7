"""Captured requests sent again by page, API and command: byte for byte, edited, compared."""

from __future__ import annotations

import json
import re
import socket
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from inspector.cli.replay import command
from inspector.domain.messages import Message
from inspector.signatures import check_signatures, parse_secret
from tests.emitter.receiver import Receiver
from tests.servers import LiveServer

CALL = "/api/v1/bins/orders/requests/1-1/replay"
PAGE = "/bins/orders/requests/1-1/replay"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
BAD = b"HTTP/1.1 400 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def capture(client: FlaskClient, body: bytes, kind: str = "application/json") -> None:
    client.put("/orders/a?x=1", data=body, content_type=kind, headers={"X-One": "1"})


def read_form(page: str) -> dict[str, str]:
    """The editor's fields as a browser sends them back."""
    areas = re.findall(r'<textarea name="(\w+)"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    inputs = re.findall(r'<input name="(\w+)"[^>]* value="([^"]*)"', page)
    inputs += re.findall(r'<input name="(url)"[^>]*value="([^"]*)"', page)
    return {
        name: "\r\n".join(re.split("\r\n|\r|\n", unescape(text)))
        for name, text in (*inputs, *areas)
    }


def replay(client: FlaskClient, **fields: Any) -> dict[str, Any]:
    answer = client.post(CALL, json=fields)
    assert answer.status_code == 201, answer.text
    delivery: dict[str, Any] = answer.json or {}
    return delivery


def test_each_try_is_compared_with_the_last_one_to_the_same_url(client: FlaskClient) -> None:
    capture(client, b"{}")
    answers = [
        BAD + b"no",
        BAD + b"no",
        BAD + b"na",
        OK + b"ok",
        OK + b"ok",
        OK + b"OK",
        BAD + b"no",
    ]
    with Receiver(*answers) as receiver:
        verdicts = [replay(client, url=receiver.url)["verdict"] for _ in answers]
        assert replay(client, url=f"{receiver.url}/other")["verdict"] == "first"
        again = client.post("/api/v1/deliveries/1/repeat").json or {}
    assert verdicts == ["first", "same", "different", "fixed", "same", "different", "broken"]
    assert (again["replay_of"], again["verdict"]) == ("orders/1-1", "fixed")
    kept = client.get("/api/v1/deliveries/4").json or {}
    assert (kept["replay_of"], kept["verdict"]) == ("orders/1-1", "fixed")
    page = client.get("/emitter/deliveries/4").text
    assert "compared with the last to this URL: <strong>fixed</strong>" in page
    assert '<a href="/bins/orders/requests/1-1">orders/1-1</a>' in page


def test_what_is_said_is_sent_in_the_place_of_what_came(
    client: FlaskClient, receiver: Receiver
) -> None:
    capture(client, b'{"a": 1}')
    made = replay(
        client,
        url=receiver.url,
        method="PATCH",
        headers=[["X-B", "\u00e9"], ["x-b", "2"], ["Host", "elsewhere"], ["Content-Length", "99"]],
        body_base64=b64encode(b"\0\xff").decode(),
    )
    head, _, body = receiver.requests[0].partition(b"\r\n\r\n")
    assert (
        head
        == (
            f"PATCH /a?x=1 HTTP/1.1\r\nHost: 127.0.0.1:{receiver.port}\r\n"
            "X-B: \u00e9\r\nx-b: 2\r\nContent-Length: 2"
        ).encode()
    )
    assert body == b"\0\xff"
    notes = {each["what"]: each["why"] for each in made["left_out"]}
    assert notes["method"] == "sent as PATCH, captured as PUT"
    assert notes["body"] == "sent changed, 2 bytes instead of 8"
    same = replay(client, url=receiver.url, body="12345678")
    assert {"what": "body", "why": "sent changed, 8 bytes as before"} in same["left_out"]
    assert "X-One" in notes
    replay(client, url=receiver.url, body="")
    assert receiver.requests[2].endswith(b"Content-Length: 0\r\n\r\n")


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"body": "a", "body_base64": "YQ=="}, "invalid_body", "body_base64"),
        ({"body_base64": "?"}, "invalid_body", "body_base64"),
        ({"body": "\ud800"}, "invalid_body", "body"),
        ({"headers": [["X Y", "1"]]}, "invalid_header", "headers"),
        ({"headers": [["X", "a\r\nY: 1"]]}, "invalid_header", "headers"),
        ({"headers": {"X": 1}}, "invalid_headers", "headers"),
        ({"method": "GET /x HTTP/1.1\r\nX:"}, "invalid_method", "method"),
        ({"method": "CONNECT"}, "invalid_method", "method"),
        ({"url": "ftp://h/"}, "unsupported_scheme", "url"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_goes(
    client: FlaskClient, receiver: Receiver, fields: dict[str, Any], code: str, field: str
) -> None:
    capture(client, b"{}")
    for call in (CALL, "/api/v1/bins/orders/replay"):
        answer = client.post(call, json={"url": receiver.url, **fields})
        assert answer.status_code == 400, answer.text
        error = (answer.json or {})["error"]
        assert (error["code"], error["field"]) == (code, field)
    assert receiver.connections == 0


BODIES = [
    b'{"a": "\xc3\xa9"}\n', b"\n\nlines\r\nof\rall\nkinds\r\n", b"",
    b"\0\xff<&\"", b" <b>&amp;</textarea>",
    bytes(range(256)),
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES)
def test_an_editor_that_is_left_as_it_is_sends_the_very_bytes(
    client: FlaskClient, receiver: Receiver, body: bytes
) -> None:
    capture(client, body, "text/plain")
    form = read_form(client.get(PAGE).text)
    assert form["method"] == "PUT"
    assert client.post(PAGE, data={**form, "url": receiver.url}).status_code == 303
    assert receiver.requests[0].startswith(b"PUT /a?x=1 HTTP/1.1\r\n")
    assert receiver.requests[0].partition(b"\r\n\r\n")[2] == body
    assert read_form(client.get(PAGE).text)["url"] == receiver.url


def test_an_edited_request_is_sent_as_it_was_written(
    client: FlaskClient, receiver: Receiver
) -> None:
    capture(client, b"one\r\ntwo")
    form = read_form(client.get(PAGE).text)
    form["headers"] = form["headers"].replace("X-One: 1", "X-One: 2") + "\r\nX-New: n"
    form["body"] += "\r\nthree"
    client.post(PAGE, data={**form, "url": receiver.url, "method": "POST"})
    (sent,) = receiver.requests
    assert sent.startswith(b"POST /a?x=1 ")
    assert b"X-One: 2\r\n" in sent
    assert b"X-New: n\r\n" in sent
    assert sent.endswith(b"\r\n\r\none\r\ntwo\r\nthree")


def test_an_edited_body_that_is_no_text_is_bytes_in_hex(
    client: FlaskClient, receiver: Receiver
) -> None:
    capture(client, b"\0\x01")
    form = {**read_form(client.get(PAGE).text), "url": receiver.url}
    assert form["body"] == "00 01"
    client.post(PAGE, data={**form, "body": "ff 0a\r\n00"})
    assert receiver.requests[0].endswith(b"\r\n\r\n\xff\n\0")
    wrong = client.post(PAGE, data={**form, "body": "zz"})
    assert wrong.status_code == 400
    assert "two digits for each" in wrong.text
    assert read_form(wrong.text)["body"] == "zz"


def test_a_request_has_a_way_to_its_editor(client: FlaskClient) -> None:
    capture(client, b"{}")
    assert f'href="{PAGE}"' in client.get("/bins/orders/requests/1-1").text
    assert client.get("/bins/orders/requests/1-9/replay").status_code == 404


SECRET = {"scheme": "token", "header": "X-Odd-Name", "secret": "hush"}


def test_a_shared_secret_is_nowhere_in_the_log(client: FlaskClient, receiver: Receiver) -> None:
    call = "/api/v1/bins/orders/signatures"
    assert client.put(call, json={"signatures": [SECRET]}).status_code == 200
    client.post("/orders", data=b"x", headers={"x-odd-NAME": "hush"})
    replay(client, url=receiver.url)
    replay(client, url=receiver.url, resign=True)
    client.post("/api/v1/deliveries/1/repeat")
    wait_for_end(client, start(client, url=receiver.url))
    action = {"url": receiver.url, "options": {"sign": json.dumps(SECRET)}}
    client.post("/api/v1/deliveries", json={"action": action})
    assert [b": hush\r\n" in request for request in receiver.requests] == [True] * 5
    for delivery_id in range(1, 6):
        delivery = client.get(f"/api/v1/deliveries/{delivery_id}").json or {}
        shown = json.dumps(delivery) + b64decode(delivery["request"]["head_base64"]).decode()
        shown += client.get(f"/emitter/deliveries/{delivery_id}").text
        assert "***" in shown
        assert "hush" not in shown
    form = {"url": receiver.url, "method": "POST", "name": "W", "source": "trigger"}
    preview = client.post("/emitter/preview", data={**form, "sign": json.dumps(SECRET)})
    assert "X-Odd-Name: ***" in preview.text


RUNS = "/api/v1/bins/orders/replay"


def start(client: FlaskClient, **fields: Any) -> dict[str, Any]:
    answer = client.post(RUNS, json=fields)
    assert answer.status_code == 202, answer.text
    run: dict[str, Any] = answer.json or {}
    return run


def wait_for_end(client: FlaskClient, run: dict[str, Any]) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found: dict[str, Any] = client.get(f"{RUNS}/{run['id']}").json or {}
        if not found["running"]:
            return found
    raise AssertionError("it does not end")


def test_all_that_match_are_sent_the_oldest_first(client: FlaskClient, receiver: Receiver) -> None:
    for number in (1, 2, 3):
        client.post("/orders/p", json={"n": number})
    client.post("/orders/../../up", json={"n": 4})
    url = receiver.url.replace("//", "//ann:secret@")
    run = start(client, url=url, match={"where": {"n": "2"}})
    ended = wait_for_end(client, run)
    assert (ended["sent"], ended["delivered"], ended["skipped"]) == (1, 1, 0)
    assert ended["url"] == receiver.url.replace("//", "//***@")
    everything = wait_for_end(client, start(client, url=url, rate=500))
    assert (everything["sent"], everything["skipped"]) == (3, 1)
    assert everything["problem"].startswith("#4: Its path has .. in it")
    assert everything["verdicts"] == {"first": 2, "same": 1}
    bodies = [json.loads(each.partition(b"\r\n\r\n")[2])["n"] for each in receiver.requests]
    assert bodies == [2, 1, 2, 3]
    lines = client.get(f"/api/v1/deliveries?run={everything['id']}").json or []
    assert [line["replay_of"] for line in lines] == [f"orders/1-{n}" for n in (3, 2, 1)]
    log = client.get("/api/v1/deliveries").json or []
    assert [(line["run"], line["in_run"]) for line in log] == [
        (everything["id"], 3),
        (run["id"], 1),
    ]
    assert everything["statuses"] == {"200": 3}
    assert (everything["looked_at"], everything["total"], everything["failed"]) == (4, 4, 0)
    assert [each["id"] for each in client.get(RUNS).json or []] == [everything["id"], run["id"]]


def test_many_are_sent_changed_and_signed_at_their_own_time(
    client: FlaskClient, receiver: Receiver
) -> None:
    refused = client.post(RUNS, json={"url": receiver.url, "resign": True})
    assert (refused.json or {})["error"]["code"] == "cannot_sign"
    secrets = [{"scheme": "stripe", "secret": "hush"}]
    client.put("/api/v1/bins/orders/signatures", json={"signatures": secrets})
    old = {"Stripe-Signature": "t=1,v1=00"}
    for body in (b"one", b"two"):
        client.post("/orders", data=body, headers=old)
    run = start(client, url=receiver.url, resign=True, method="PUT", body="new")
    assert wait_for_end(client, run)["delivered"] == 2
    for sent in receiver.requests:
        assert sent.startswith(b"PUT / HTTP/1.1\r\n")
        message = Message(raw_head=sent.partition(b"\r\n\r\n")[0] + b"\r\n", body=b"new")
        moment = int(re.findall(rb"t=(\d+),", sent)[0])
        (check,) = check_signatures(
            replace(message, received_us=moment * 1_000_000), [parse_secret("stripe:hush")]
        )
        assert check.result == "valid"
        assert moment > 1
    for field, value in (("method", "A B"), ("headers", {"X Y": "1"})):
        wrong = client.post(RUNS, json={"url": receiver.url, field: value})
        assert wrong.status_code in (400, 409)


def test_what_is_sent_in_bulk_pushes_nothing_else_out_of_the_log(
    client: FlaskClient, app: Flask, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.extensions["inspector"].deliveries, "_max_count", 2)
    for _ in range(5):
        client.post("/orders", data=b"x")
    replay(client, url=receiver.url)
    run = wait_for_end(client, start(client, url=receiver.url))
    assert run["verdicts"] == {"first": 4, "same": 1}
    log = client.get("/api/v1/deliveries").json or []
    assert [(line["run"], line["in_run"]) for line in log] == [(run["id"], 2), (None, None)]
    page = client.get("/emitter/deliveries").text
    assert (
        f'<a href="/emitter/deliveries?run={run["id"]}">2 deliveries, the last: orders #5' in page
    )


def test_one_click_sends_it_to_the_url_of_last_time(
    client: FlaskClient, receiver: Receiver
) -> None:
    capture(client, b"\0\xff", "image/png")
    place = "/bins/orders/requests/1-1"
    assert 'name="url" value="http://localhost/orders"' in client.get(place).text
    replay(client, url=receiver.url.replace("//", "//ann:s3cret@"))
    page = client.get(place).text
    shown = receiver.url.replace("//", "//***@")
    assert "s3cret" not in page + client.get(PAGE).text + client.get("/bins/orders/replay").text
    form = page.partition(f'<form method="post" action="{PAGE}"')[2].partition("</form>")[0]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    assert fields == {"url": shown}
    answer = client.post(PAGE, data=fields)
    assert answer.headers["Location"] == "/emitter/deliveries/2"
    assert receiver.requests[1] == receiver.requests[0]
    assert b"Authorization: Basic YW5uOnMzY3JldA==\r\n" in receiver.requests[1]
    assert receiver.requests[1].endswith(b"\r\n\r\n\0\xff")
    fragment = client.post(PAGE, data=fields, headers={"HX-Request": "true"}).text
    assert fragment.lstrip().startswith('<article id="delivery"')
    other = client.post(PAGE, data={"url": "http://***@elsewhere.test/"})
    assert other.status_code == 400
    assert "not kept any more" in other.text


def test_the_page_sends_what_a_search_finds(client: FlaskClient) -> None:
    for number in (1, 2, 3):
        client.post("/orders/p", json={"n": number})
    assert 'name="do" value="replay"' in client.get("/bins/orders?q=n>1").text
    led = client.post("/bins/orders/selected", data={"do": "replay", "q": "n>1"})
    assert led.headers["Location"] == "/bins/orders/replay?q=n%3E1"
    form = "/bins/orders/replay"
    asked = client.get(f"{form}?q=n>1").text
    assert 'name="q" value="n&gt;1"' in asked
    assert "See the 2 requests found" in asked
    assert "See what the search finds" in client.get(f"{form}?q=metod:x").text
    with Receiver(BAD + b"no") as receiver:
        answer = client.post(form, data={"url": receiver.url, "q": "n>1", "rate": "500"})
        place = answer.headers["Location"]
        wait_for_end(client, {"id": place.rpartition("/")[2]})
    page = unescape(client.get(place).text)
    assert "Done: 2 sent, 1 failed" in page
    assert "<strong>400</strong> 1" in page
    assert "the requests that <code>n>1</code> finds" in page
    assert "<li>2 sent there for the first time</li>" in page
    assert client.post(f"{place}/stop").headers["Location"] == place
    assert receiver.url in client.get(form).text
    for wrong in ({"q": "/["}, {"rate": "fast"}, {"rate": "nan"}, {"url": "x"}, {"resign": "1"}):
        refused = client.post(form, data={"url": receiver.url, **wrong})
        assert refused.status_code in (400, 409), wrong
        assert 'role="alert"' in refused.text
        assert f'name="{next(iter(wrong))}"' in refused.text or "resign" in wrong


def test_a_run_ends_at_a_target_that_is_not_allowed(client: FlaskClient, app: Flask) -> None:
    services = app.extensions["inspector"]
    services.settings = replace(services.settings, host="0.0.0.0", token="t" * 20)
    headers = {"Authorization": f"Bearer {'t' * 20}"}
    for _ in range(3):
        client.post("/orders", data=b"x")
    answer = client.post(RUNS, json={"url": "http://127.0.0.1:1/"}, headers=headers)
    run = services.replays.get((answer.json or {})["id"])
    run.thread.join(30)
    assert run.sent == 1
    assert run.failures == {"destination_refused": 1}
    assert "127.0.0.1" in run.problem


def test_replays_are_stopped(client: FlaskClient, receiver: Receiver) -> None:
    for _ in range(3):
        client.post("/orders", data=b"x")
    run = start(client, url=receiver.url, rate=0.01)
    assert client.get(f"/api/v1/bins/other/replay/{run['id']}").status_code == 404
    assert client.post(f"{RUNS}/{run['id']}/stop").status_code == 200
    assert wait_for_end(client, run)["sent"] < 3
    assert (client.get(f"{RUNS}/no").json or {})["error"]["code"] == "replays_not_found"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"url": "nowhere"}, "invalid_url"),
        ({"url": "ftp://h"}, "unsupported_scheme"),
        ({"url": "http://h", "match": {"nonsense": 1}}, "invalid_match"),
        ({"url": "http://h", "rate": 0}, "invalid_rate"),
        ({"url": "http://h", "rate": "fast"}, "invalid_rate"),
    ],
)
def test_replays_that_cannot_be_do_not_begin(
    client: FlaskClient, fields: dict[str, Any], code: str
) -> None:
    answer = client.post(RUNS, json=fields)
    assert answer.status_code == 400
    assert (answer.json or {})["error"]["code"] == code


def test_the_command_sends_one_or_all_that_match(live_server: LiveServer) -> None:
    import requests

    url = live_server.create_bin("replayed")
    for number in (1, 2, 3):
        requests.post(f"{url}/p", json={"n": number}, timeout=10)

    def run(*arguments: str) -> Any:
        with_server = [*arguments, "--server", live_server.url]
        return CliRunner().invoke(command, with_server, standalone_mode=False)

    with Receiver(BAD + b"no") as receiver:
        failed = run("replayed/last", "--to", receiver.url)
        assert failed.return_value == 1
        assert failed.stdout.endswith("/p: 400 (first)\n")
        assert run("replayed/last", "--to", receiver.url).stdout.endswith("/p: 200 (fixed)\n")
        several = run("replayed", "--match", "n>1", "--to", receiver.url, "--rate", "100")
        assert several.return_value == 0
        assert several.stdout.startswith(f"replayed -> {receiver.url}: 2 sent, 0 failed in ")
        assert several.stdout.endswith("(200: 2, first: 1, same: 1)\n")
        run(
            "replayed/last",
            "--to",
            receiver.url,
            "--method",
            "PUT",
            "--header",
            "X: y",
            "--body",
            "b",
        )
    bodies = [request.partition(b"\r\n\r\n")[2] for request in receiver.requests]
    assert bodies == [b'{"n": 3}', b'{"n": 3}', b'{"n": 2}', b'{"n": 3}', b"b"]
    assert receiver.requests[-1].startswith(b"PUT /p HTTP/1.1\r\n")
    assert "say BIN/ID" in str(run("replayed", "--to", receiver.url).exception)
    none = run("replayed", "--match", "n>9", "--to", receiver.url)
    assert "No request of replayed matches" in none.exception.message


def test_the_command_stops_what_it_started(
    live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    import requests

    url = live_server.create_bin("stopped")
    for _ in range(3):
        requests.post(url, data=b"x", timeout=10)
    presses = iter([KeyboardInterrupt])

    def sleep(_seconds: float) -> None:
        for press in presses:
            raise press

    clock = SimpleNamespace(sleep=sleep, monotonic=time.monotonic)
    monkeypatch.setattr("inspector.cli.emitting.replays.time", clock)
    with Receiver() as receiver:
        arguments = ["stopped", "--match", "", "--to", receiver.url, "--rate", "0.01"]
        done = CliRunner().invoke(
            command, [*arguments, "--server", live_server.url], standalone_mode=False
        )
        assert done.return_value == 1
        assert ", stopped in " in done.stdout
        assert len(receiver.requests) < 3


def test_many_at_once_leave_out_what_was_refused_and_go_on_past_what_cannot_be_sent(
    live_server: LiveServer,
) -> None:
    address = urlsplit(live_server.create_bin("many"))
    heads = [
        b"POST /many/one HTTP/1.1\r\nContent-Length: 0",
        b"POST /many/../../admin HTTP/1.1\r\nContent-Length: 0",
        b"POST /many/refused HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2",
        b"POST /many/two HTTP/1.1\r\nContent-Length: 0",
    ]
    for head in heads:
        with socket.create_connection((address.hostname, address.port), 10) as sock:
            sock.sendall(head + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert sock.recv(1000).startswith(b"HTTP/1.1 ")
    with Receiver() as receiver:
        arguments = ["many", "--match", "method:POST", "--to", f"{receiver.url}/hook"]
        done = CliRunner().invoke(
            command, [*arguments, "--server", live_server.url], standalone_mode=False
        )
    assert done.return_value == 1
    assert "not sent: #2: Its path has .. in it" in done.stderr
    lines = [request.partition(b" HTTP")[0] for request in receiver.requests]
    assert lines == [b"POST /hook/one", b"POST /hook/two"]
