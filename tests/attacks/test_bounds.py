"""What a stranger may take up has an end that the user sets, and a clear answer there.

Heads are in ``test_hostile_heads.py``, decoded sizes and forms in ``test_heavy_bodies.py``,
rates in ``test_open_server.py``, connections and time in ``test_slow_senders.py``.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import fields
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from inspector.errors import InspectorError
from inspector.settings import LIMITS, Settings, parse_limits
from tests.attacks.conftest import MakeApp
from tests.server.conftest import RunningServer, StartProcess, wait_for

HOST = b" HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.mark.parametrize("name", LIMITS)
def test_each_limit_is_a_setting_with_a_default(name: str) -> None:
    field_name, _ = LIMITS[name]
    default = next(each.default for each in fields(Settings) if each.name == field_name)
    assert isinstance(default, int | float)
    assert default > 0
    text = "2s" if name.endswith(("time", "timeout")) else "2"
    assert parse_limits([f"{name}={text}"]) == {field_name: 2}


@pytest.mark.parametrize(
    "text",
    [
        *("max-streams", "max-streams=", "max-streams=0", "max-streams=-1", "max-streams=many"),
        *("max-everything=1", "search-time=0s", "search-time=1", "=1", ""),
    ],
)
def test_a_limit_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InspectorError):
        parse_limits([text])


BODY = b"x" * 2001


@pytest.mark.parametrize(
    "target",
    [
        *(b"/b1", b"/api/v1/bins", b"/bins", b"/api/v1/actions/preview", b"/static/none"),
        *(b"/bins/b1/import", b"/api/v1/bins/b1/import"),
    ],
)
@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "in chunks"])
def test_a_body_beyond_the_limit_is_answered_413_everywhere(
    start_process: StartProcess, target: bytes, chunked: bool
) -> None:
    server = start_process(max_body_bytes=2000, max_call_bytes=1999, max_import_bytes=1998)
    head = b"POST " + target + HOST + b"Content-Type: application/json\r\n"
    if chunked:
        sent = head + b"Transfer-Encoding: chunked\r\n\r\n7d1\r\n" + BODY + b"\r\n0\r\n\r\n"
    else:
        sent = head + b"Content-Length: 2001\r\n\r\n" + BODY
    answer = server.send(sent)
    assert answer.startswith(b"HTTP/1.1 413 ")
    if target.startswith(b"/api/"):
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "too_large"
    elif target != b"/b1":
        assert b"Content-Type: text/html" in answer
        assert b"bytes that are taken here" in answer
    assert server.get("/healthz") == (200, "ok\n")


def test_each_body_has_the_limit_of_what_it_is_for(start_process: StartProcess) -> None:
    server = start_process(max_body_bytes=20, max_call_bytes=3000, max_import_bytes=500_000)
    saved = b"POST /b1 HTTP/1.1\r\nContent-Length: 400000\r\n\r\n" + b"x" * 400_000
    assert post(server, b"/api/v1/bins/b1/import", saved).startswith(b"HTTP/1.1 201 ")
    answer = json.dumps({"body": "y" * 2500}).encode()
    assert post(server, b"/api/v1/bins/b1/answer", answer, b"PUT").startswith(b"HTTP/1.1 200 ")
    answer = json.dumps({"body": "y" * 3500}).encode()
    assert post(server, b"/api/v1/bins/b1/answer", answer, b"PUT").startswith(b"HTTP/1.1 413 ")
    assert post(server, b"/b1", b"z" * 21).startswith(b"HTTP/1.1 413 ")
    assert post(server, b"/b1/import", b"z" * 21).startswith(b"HTTP/1.1 413 ")


def test_a_call_has_its_limit_on_other_servers_too(make_app: MakeApp) -> None:
    client = make_app(max_call_bytes=100).test_client()
    answer = client.post("/api/v1/bins", json={"name": "x" * 200})
    assert answer.status_code == 413
    assert "100 bytes that are taken here" in (answer.json or {})["error"]["message"]


def post(server: RunningServer, target: bytes, body: bytes, method: bytes = b"POST") -> bytes:
    head = method + b" " + target + HOST + b"Content-Type: application/json\r\n"
    return server.send(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def test_bins_have_an_end(make_app: MakeApp) -> None:
    client = make_app(max_bins=2).test_client()
    assert client.post("/api/v1/bins", json={}).status_code == 201
    answer = client.post("/api/v1/bins", json={})
    assert answer.status_code == 409
    assert (answer.json or {})["error"]["code"] == "too_many_bins"
    assert "2 bins already" in client.post("/bins").text


def test_parts_have_an_end_and_the_page_says_so(make_app: MakeApp) -> None:
    client = make_app(max_parts=3).test_client()
    part = b'--x\r\nContent-Disposition: form-data; name="part-%d"; filename="f"\r\n\r\n1\r\n'
    body = b"".join(part % number for number in range(6)) + b"--x--"
    client.post("/b1", data=body, content_type="multipart/form-data; boundary=x")
    page = client.get("/bins/b1/requests/1-1").text
    assert "Only the first 3 parts are read." in page
    assert "part-2</bdi>" in page
    assert "part-3</bdi>" not in page


def test_a_search_has_an_end_and_says_where_to_go_on(make_app: MakeApp) -> None:
    client = make_app(search_time_s=0.000_001, index_words=False).test_client()
    for number in range(120):
        client.post("/b1", data={"id": str(number)})
    answer = client.get("/api/v1/bins/b1/requests?q=id=3")
    assert answer.json == []
    pages = 1
    while (link := answer.headers.get("Link")) and not answer.json:
        answer = client.get(link.partition("<")[2].partition(">")[0])
        pages += 1
    assert [each["number"] for each in answer.json or []] == [4]
    assert pages == 3


@pytest.mark.parametrize("query", ["x" * 1001, "a " * 31], ids=["long", "of many terms"])
def test_a_query_has_an_end(make_app: MakeApp, query: str) -> None:
    client = make_app().test_client()
    answer = client.get("/api/v1/bins/b1/requests", query_string={"q": query})
    assert answer.status_code == 400
    assert "at most" in (answer.json or {})["error"]["message"]
    assert client.get("/bins/b1", query_string={"q": query}).status_code == 200


@pytest.mark.parametrize(
    "template",
    [
        "{% for a in 1..1000 %}{% for b in 1..1000 %}{{ a * b }}{% endfor %}{% endfor %}",
        "{{ '%1000000000s'|format('x') }}",
        "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
        "x" * 100_001,
    ],
    ids=["loops in loops", "a width beyond measure", "deep in brackets", "a long one"],
)
def test_a_template_has_an_end(make_app: MakeApp, template: str) -> None:
    client = make_app().test_client()
    action = {"url": "http://127.0.0.1:8787/b1", "custom_data": template}
    answer = client.post("/api/v1/actions/preview", json={"action": action})
    assert answer.status_code in (200, 400)
    assert len(answer.data) < 2_000_000
    if answer.status_code == 400:
        assert (answer.json or {})["error"]["message"]


def preview(client: FlaskClient, **action: Any) -> TestResponse:
    asked = {"action": {"url": "http://127.0.0.1:8787/b1", **action}}
    return client.post("/api/v1/actions/preview", json=asked)


def test_what_templates_may_do_is_a_setting(make_app: MakeApp) -> None:
    client = make_app(max_template_work=2000).test_client()
    assert preview(client, custom_data="{{ ticket.subject|upper }}").status_code == 200
    refused = preview(client, custom_data="{% for a in 1..500 %}{{ a }}{% endfor %}")
    assert refused.status_code == 400
    assert "does too much" in refused.get_json()["error"]["message"]


def test_many_templates_may_do_no_more_than_one(make_app: MakeApp) -> None:
    client = make_app(max_template_work=2000).test_client()
    template = "{% for a in 1..50 %}{{ a }}{% endfor %}"
    assert preview(client, custom_data=[["a", template]]).status_code == 200
    many = [[str(number), template] for number in range(100)]
    assert preview(client, custom_data=many).status_code == 400


WAITING = {
    "a stream": b"GET /api/v1/bins/b1/events" + HOST + b"\r\n",
    "the page's stream": b"GET /bins/b1/stream" + HOST + b"\r\n",
    "a waiting call": b"GET /api/v1/bins/b1/requests/wait?timeout=60&method=PUT" + HOST + b"\r\n",
    "a delayed answer": b"POST /b1 HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
}


def delay_answers(server: RunningServer) -> None:
    told = json.dumps({"delay_s": 60}).encode()
    head = b"PUT /api/v1/bins/b1/answer" + HOST + b"Content-Type: application/json\r\n"
    assert b" 200 OK" in server.send(head + b"Content-Length: %d\r\n\r\n" % len(told) + told)


@pytest.mark.parametrize("last", WAITING)
def test_all_that_waits_has_an_end_together(start_process: StartProcess, last: str) -> None:
    server = start_process(max_streams=4)
    delay_answers(server)
    with ExitStack() as stack:
        for request in WAITING.values():
            stack.enter_context(connection := server.connect())
            connection.sendall(request)
        # Those that have come in, not those on their way.
        wait_for(lambda: len(server.parked._parked) == 4 or None, 60)
        with server.connect() as connection:
            connection.sendall(WAITING[last])
            connection.settimeout(60)
            answer = connection.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 503 ")
    wait_for(lambda: len(server.parked) == 0 or None, 60)
    assert server.get("/healthz") == (200, "ok\n")
