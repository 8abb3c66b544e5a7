"""A bin's relay by the API: what is refused before anything is kept, and what is shown of it."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from inspector.answers.relays import Relay
from inspector.app import create_app
from inspector.settings import Settings
from tests.clients import ReadingClient
from tests.emitter.receiver import Receiver, answer

API = "/api/v1/bins/orders/relay"
URL = "http://127.0.0.1:3000/hook"


def test_it_is_set_shown_and_ended(client: FlaskClient) -> None:
    assert client.get(API).status_code == 404
    assert (client.get(API).json or {})["error"]["code"] == "relay_not_found"
    made = client.put(API, json={"url": URL, "match": {"method": "POST"}})
    expected = {
        "url": URL,
        "wait": True,
        "timeout": 30.0,
        "match": {"method": "POST"},
        "resign": False,
        "insist": False,
        "missed": 0,
    }
    assert (made.status_code, made.json) == (200, expected)
    assert client.get(API).json == expected
    assert client.delete(API).status_code == 204
    assert client.delete(API).status_code == 204
    assert client.get(API).status_code == 404
    assert client.post(f"{API}/send", json={}).status_code == 404


def test_a_password_is_kept_and_not_shown(client: FlaskClient) -> None:
    client.put(API, json={"url": "http://ann:pw@127.0.0.1:3000/"})
    shown = client.get(API).json or {}
    assert shown["url"] == "http://***@127.0.0.1:3000/"
    kept = client.put(API, json={"url": shown["url"], "timeout": 5})
    assert kept.status_code == 200, kept.text
    with Receiver() as program:
        url = f"http://ann:pw@127.0.0.1:{program.port}/"
        client.put(API, json={"url": url})
        hidden = (client.get(API).json or {})["url"]
        client.put(API, json={"url": hidden, "timeout": 5})
        client.post("/orders", data="a=1")
        assert b"\r\nAuthorization: Basic YW5uOnB3\r\n" in program.requests[0]
    refused = client.put(API, json={"url": "http://***@other.example/"})
    assert (refused.json or {})["error"]["code"] == "invalid_relay"


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({}, "invalid_url", "url"),
        ({"url": 5}, "invalid_url", "url"),
        ({"url": " "}, "invalid_relay", "url"),
        ({"url": "127.0.0.1:3000"}, "invalid_url", "url"),
        ({"url": "ftp://h/"}, "unsupported_scheme", "url"),
        ({"url": URL, "wait": "no"}, "invalid_wait", "wait"),
        ({"url": URL, "timeout": 0}, "invalid_timeout", "timeout"),
        ({"url": URL, "timeout": 301}, "invalid_timeout", "timeout"),
        ({"url": URL, "match": {"nope": 1}}, "invalid_match", "match.nope"),
        ({"url": URL, "match": {"q": "after:never"}}, "invalid_match", "match.q"),
        ({"url": URL, "resign": 1}, "invalid_resign", "resign"),
        ({"url": URL, "insist": "yes"}, "invalid_insist", "insist"),
        ({"url": URL, "retry": 3}, "unknown_field", "retry"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(
    client: FlaskClient, fields: dict[str, Any], code: str, field: str
) -> None:
    refused = client.put(API, json=fields)
    assert refused.status_code == 400, refused.text
    error = (refused.json or {})["error"]
    assert (error["code"], error["field"]) == (code, field)
    assert client.get(API).status_code == 404


def test_a_bin_does_not_relay_to_itself(settings: Settings) -> None:
    app = create_app(Settings(data_dir=settings.data_dir, bins=("orders",),
                              public_url="http://localhost:8787"))  # fmt: skip
    app.test_client_class = ReadingClient
    client = app.test_client()
    refused = client.put(API, json={"url": "http://LOCALHOST:8787/%6frders/x"},
                         headers={"Host": "localhost:8787"})  # fmt: skip
    assert refused.status_code == 400, refused.text
    assert (refused.json or {})["error"]["code"] == "relay_loops"
    app.extensions["inspector"].close()


def test_a_server_that_others_reach_relays_where_it_is_allowed_to(settings: Settings) -> None:
    """At the setting, and again at each connection: a name may be pointed elsewhere."""
    with Receiver() as program:
        app = create_app(
            Settings(
                data_dir=settings.data_dir,
                bins=("orders",),
                host="0.0.0.0",
                token="a-long-token",
                emit_allow=("hooks.example",),
            )
        )
        app.test_client_class = ReadingClient
        client = app.test_client()
        headers = {"Authorization": "Bearer a-long-token"}
        refused = client.put(API, json={"url": program.url}, headers=headers)
        assert refused.status_code == 400
        error = (refused.json or {})["error"]
        assert (error["code"], error["field"]) == ("destination_refused", "url")
        services = app.extensions["inspector"]
        with app.app_context():  # kept before the server was opened to others
            services.bins.relay_to("orders", Relay(program.url))
        assert client.post("/orders", data="a=1").status_code == 502
        assert program.connections == 0
        services.close()


def test_another_server_waits_for_the_program_too(client: FlaskClient) -> None:
    with Receiver(answer(201, "X-A: 1", body=b"made"), answer(202)) as program:
        client.put(API, json={"url": program.url})
        got = client.post("/orders/hook?x=1", data="a=1")
        assert (got.status_code, got.data, got.headers["X-A"]) == (201, b"made", "1")
        assert program.requests[0].startswith(b"POST /hook?x=1 HTTP/1.1\r\n")
    (request,) = client.get("/api/v1/bins/orders/requests").json or []
    assert request["relay"]["status"] == 201
    assert request["relay"]["delivery"] == "1"
    assert request["answer"]["outcome"] == "relayed"
    delivery = client.get("/api/v1/deliveries/1").json or {}
    assert (delivery["source"], delivery["verdict"]) == ("relay", "first")
    assert delivery["replay_of"] == f"orders/{request['id']}"


PAGE = "/bins/orders/relay"


def test_the_page_keeps_what_it_shows(client: FlaskClient) -> None:
    match = {"method": "POST", "q": "a=1", "headers": {"X-To": None}}
    client.put(API, json={"url": URL, "wait": False, "timeout": 2.5, "match": match})
    page = client.get(PAGE).text
    assert f'value="{URL}"' in page
    form = {"url": URL, "wait": "no", "timeout": "2.5", "method": "POST", "path": "", "q": "a=1",
            "others": '{"headers": {"X-To": null}}', "resign": "yes", "insist": "yes"}  # fmt: skip
    assert client.post(PAGE, data=form).status_code == 303
    assert client.get(API).json == {
        "url": URL, "wait": False, "timeout": 2.5, "match": match, "resign": True,
        "insist": True, "missed": 0,
    }  # fmt: skip
    assert client.post(PAGE, data={"stop": "yes"}).status_code == 303
    assert client.get(API).status_code == 404


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"url": "<b>"}, "&lt;b&gt; is no URL"),
        ({"url": URL, "timeout": "soon"}, "The timeout is a number of seconds."),
        ({"url": URL, "timeout": "nan"}, "timeout is 0.1 to 300 seconds."),
        ({"url": URL, "others": "[1]"}, "are an object like"),
        ({"url": URL, "others": "[" * 9000}, "are an object like"),
        ({"url": URL, "q": "after:never"}, "after:never"),
        ({"missed": "yes"}, "orders passes nothing on."),
    ],
)
def test_the_page_says_what_is_wrong_and_keeps_what_was_typed(
    client: FlaskClient, form: dict[str, str], said: str
) -> None:
    answer = client.post(PAGE, data=form)
    assert answer.status_code in (400, 404)
    assert said in answer.text
    assert client.get(API).status_code == 404


def test_what_a_program_says_is_text_on_every_page(client: FlaskClient) -> None:
    evil = "<script>alert(1)</script>"
    with Receiver(
        f"{evil} \u202e\r\n\r\n".encode(), answer(200, f"X: {evil}", body=evil.encode())
    ) as program:
        client.put(API, json={"url": program.url})
        for _ in range(2):
            client.post("/orders", data="a=1")
    for path in (PAGE, "/bins/orders", "/bins/orders/requests/1", "/bins/orders/requests/2",
                 "/emitter/deliveries/1", "/emitter/deliveries/2"):  # fmt: skip
        page = client.get(path)
        assert page.status_code == 200
        assert evil not in page.text
        assert "\u202e" not in page.text


def test_an_old_request_that_is_passed_on_now_says_so_at_once(app: Flask) -> None:
    app.test_client().post("/orders", data="a=1")
    services = app.extensions["inspector"]
    with app.app_context():
        bin_ = services.bins.get("orders")
        assert services.requests.get(bin_, "1").relay is None
        assert services.relay_records.claim(bin_.id, 1, "http://h/", 30)
        assert services.requests.get(bin_, "1").relay.is_under_way
        assert not services.relay_records.claim(bin_.id, 1, "http://h/", 30), "it is taken"
        services.relay_records.fail(bin_.id, 1, "unreachable", "It cannot be reached.")
        assert services.relay_records.claim(bin_.id, 1, "http://h/", -1)
        assert services.requests.get(bin_, "1").relay.error_code == "interrupted"
        assert services.relay_records.claim(bin_.id, 1, "http://h/", 30)


def test_a_program_that_had_the_request_and_said_nothing_is_not_called_passed_over(
    client: FlaskClient,
) -> None:
    """One that takes too long has seen it: what is known is that no answer came."""

    def hang(sock: socket.socket) -> None:
        sock.recv(1)

    with Receiver(hang) as program:
        client.put(API, json={"url": program.url, "timeout": 0.2})
        assert client.post("/orders", data="a=1").status_code == 504
        assert len(program.requests) == 1
    page = client.get("/bins/orders").text
    assert ">not answered<" in page
    assert "not passed on" not in page
