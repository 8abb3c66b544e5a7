"""The API's calls that send: exactly what is shown, to where it may go, and what came of it."""

from __future__ import annotations

import json
import threading
import time
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from inspector.app import create_app
from inspector.domain.counters import CaptureCounts, ServerCounts
from inspector.domain.deliveries import Delivery
from inspector.emitter import (
    DeliveryOptions,
    WebhookAction,
    outbox,
    render,
    sample_body,
    sample_context,
)
from inspector.emitter.outbox import DeliveryJob, DeliveryOrder
from inspector.errors import InspectorError, StorageUnavailableError
from inspector.live.deferred import Step
from inspector.settings import Settings
from inspector.web.api.deliveries import FinishedDelivery
from inspector.web.services import OwnServer
from tests.emitter.receiver import Receiver
from tests.servers import LiveServer

PREVIEW = "/api/v1/actions/preview"
DELIVERIES = "/api/v1/deliveries"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


TOKEN = "what-opens-it"


def post(client: FlaskClient, path: str, status: int, **body: Any) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.text
    assert isinstance(answer.json, dict)
    return answer.json


def test_a_preview_has_every_byte_and_what_is_left_out(client: FlaskClient) -> None:
    action = {
        "url": "http://127.0.0.1:9/hook?id={{ ticket.id }}",
        "headers": [["X-Ticket", "{{ ticket.id }}"], ["X-Escalated", "{{ ticket.sla.id }}"]],
        "custom_data": {"who": "{{ ticket.agent.nobody }}"},
    }
    shown = post(client, PREVIEW, 200, action=action, set={"ticket.id": 5})
    request = shown["request"]
    assert request["request_line"] == "POST /hook?id=5 HTTP/1.1"
    assert ["X-Ticket", "5"] in request["headers"]
    assert shown["left_out"] == [
        {"what": "X-Escalated", "why": "not sent, `ticket.sla.id` has no value"},
        {"what": "custom_data[who]", "why": "sent empty, `ticket.agent.nobody` has no value"},
    ]
    body = b64decode(request["body_base64"])
    assert body.endswith(b"&custom_data%5Bwho%5D=")
    assert request["body"] == body.decode()
    assert client.get(DELIVERIES).json == []


def test_a_delivery_that_cannot_be_stored_is_no_error_of_the_sending(
    client: FlaskClient, app: Flask, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_delivery: object) -> None:
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    monkeypatch.setattr(app.extensions["inspector"].deliveries, "add", refuse)
    delivery = post(client, DELIVERIES, 201, action={"url": receiver.url})
    assert (delivery["id"], delivery["status"], delivery["delivered"]) == (None, 200, True)
    assert len(receiver.requests) == 1


def test_a_delivery_sends_what_the_preview_shows(client: FlaskClient, receiver: Receiver) -> None:
    asked = {
        "action": {"url": receiver.url, "source": "macro", "method": "PUT", "custom_data": "hi"},
        "ticket": {"data": {"id": 7, "labels": ["a"], "secret": "x"}},
        "unset": ["ticket.secret"],
    }
    shown = post(client, PREVIEW, 200, **asked)["request"]
    made = post(client, DELIVERIES, 201, **asked)
    raw = b64decode(shown["head_base64"]) + b64decode(shown["body_base64"])
    assert receiver.requests == [raw]
    assert made["request"] == shown
    assert raw.endswith(b"\r\n\r\nticket%5Bid%5D=7&ticket%5Blabels%5D%5B0%5D=a&custom_data=hi")
    assert (made["status"], made["delivered"], made["attempts"]) == (200, True, 1)
    assert made["answer"]["body"] == "ok\n"
    assert made["exchanges"][0]["address"] == "127.0.0.1"
    assert made["total_ms"] > 0
    assert client.get(f"{DELIVERIES}/{made['id']}").json == made
    again = post(client, f"{DELIVERIES}/{made['id']}/repeat", 201)
    assert receiver.requests == [raw, raw]
    assert again["id"] != made["id"]


def test_the_sample_lands_as_php_encodes_it(client: FlaskClient, receiver: Receiver) -> None:
    post(client, DELIVERIES, 201, action={"url": receiver.url})
    assert b"ticket%5Bid%5D=5&" in receiver.requests[0]
    post(client, DELIVERIES, 201, action={"url": receiver.url}, ticket={"variation": "article"})
    assert receiver.requests[1].partition(b"\r\n\r\n")[2] == sample_body()


def test_what_the_receiver_does_is_no_error_of_the_call(client: FlaskClient) -> None:
    with Receiver(b"HTTP/1.1 404 No\r\nX: \xe4\r\nContent-Length: 2\r\n\r\n\xff\0") as receiver:
        made = post(client, DELIVERIES, 201, action={"url": receiver.url})
    assert (made["status"], made["delivered"], made["failure"]) == (404, False, None)
    assert made["answer"]["body"] is None
    assert b64decode(made["answer"]["body_base64"]) == b"\xff\0"
    gone = post(client, DELIVERIES, 201, action={"url": receiver.url})
    assert gone["failure"]["code"] == "connection_refused"
    assert gone["answer"] is None


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_captured_requests_ticket_is_sent(
    client: FlaskClient, receiver: Receiver, kind: str
) -> None:
    fields = {"ticket[id]": "77", "custom_data": "theirs"}
    client.post("/orders", data=fields, content_type=kind)
    ticket = {"request": "orders/1-1"}
    post(client, DELIVERIES, 201, action={"url": receiver.url}, ticket=ticket)
    assert receiver.requests[0].endswith(b"\r\n\r\nticket%5Bid%5D=77&custom_data=")


def test_a_list_has_the_newest_first_and_says_where_it_goes_on(
    client: FlaskClient, receiver: Receiver
) -> None:
    ids = [post(client, DELIVERIES, 201, action={"url": receiver.url})["id"] for _ in range(3)]
    first = client.get(f"{DELIVERIES}?limit=2")
    assert [each["id"] for each in first.json or []] == [ids[2], ids[1]]
    rest = client.get(first.headers["Link"].partition(">")[0][1:])
    assert [each["id"] for each in rest.json or []] == [ids[0]]
    assert "Link" not in rest.headers


def test_a_captured_request_is_replayed(client: FlaskClient, receiver: Receiver) -> None:
    client.post("/orders/in?a=1", data=b"\0\xff", headers={"X-Mine": "1"})
    made = post(client, "/api/v1/bins/orders/requests/1-1/replay", 201, url=f"{receiver.url}/out")
    assert made["name"] == "orders #1"
    (raw,) = receiver.requests
    assert raw.startswith(b"POST /out/in?a=1 HTTP/1.1\r\n")
    assert b"\r\nX-Mine: 1\r\n" in raw
    assert raw.endswith(b"\r\n\r\n\0\xff")


WRONG = [
    ({}, "invalid_action", 400),
    ({"action": "x"}, "invalid_action", 400),
    ({"action": {}}, "invalid_url", 400),
    ({"action": {"url": "file:///etc/passwd"}}, "unsupported_scheme", 400),
    ({"action": {"url": "gopher://127.0.0.1/"}}, "unsupported_scheme", 400),
    ({"action": {"url": "{{ ticket.id", "name": "x"}}, "template_error", 400),
    ({"action": {"url": "http://h", "more": 1}}, "unknown_field", 400),
    ({"action": {"url": "http://h", "method": "PATCH"}}, "invalid_action", 400),
    ({"action": {"url": "http://h", "headers": [["A"]]}}, "invalid_action", 400),
    ({"action": {"url": "http://h", "headers": [["A", "b\nc"]]}}, "invalid_header", 400),
    ({"action": {"url": "http://h", "options": {"retries": 9}}}, "invalid_retries", 400),
    ({"action": {"url": "http://h", "options": {"timeout_s": 0}}}, "invalid_options", 400),
    ({"action": {"url": "http://h"}, "ticket": {"variation": "x"}}, "variation_not_found", 400),
    ({"action": {"url": "http://h"}, "ticket": {"text": "x"}}, "invalid_ticket", 400),
    ({"action": {"url": "http://h"}, "ticket": {"text": "", "data": {}}}, "invalid_ticket", 400),
    ({"action": {"url": "http://h"}, "ticket": {"request": "no/1-1"}}, "bin_not_found", 404),
    ({"action": {"url": "http://h"}, "ticket": {"request": "orders/9"}}, "request_not_found", 404),
    ({"action": {"url": "http://h"}, "set": {"custom_data": "x"}}, "invalid_path", 400),
    ({"action": {"url": "http://h"}, "unset": "ticket"}, "invalid_unset", 400),
    ({"action": {"url": "http://h"}, "unset": ["ticket.nobody"]}, "path_not_found", 400),
]  # fmt: skip


@pytest.mark.parametrize(("body", "code", "status"), WRONG)
@pytest.mark.parametrize("path", [PREVIEW, DELIVERIES])
def test_what_cannot_be_sent_is_said_in_a_sentence(
    client: FlaskClient, path: str, body: dict[str, Any], code: str, status: int
) -> None:
    error = post(client, path, status, **body)["error"]
    assert error["code"] == code
    assert error["message"].endswith((".", "?"))


@pytest.mark.parametrize("delivery_id", ["0", "77", "x", "9" * 30, "-1", "٣"])
def test_a_delivery_that_is_not_there_is_not_found(client: FlaskClient, delivery_id: str) -> None:
    answer = client.get(f"{DELIVERIES}/{delivery_id}")
    assert answer.status_code == 404
    assert (answer.json or {})["error"]["code"] == "delivery_not_found"


@pytest.fixture
def public_app(tmp_path: Path) -> Iterator[Flask]:
    """The application of a server that others can reach."""
    app = create_app(Settings(data_dir=tmp_path, bins=("orders",), host="0.0.0.0", token=TOKEN))
    app.extensions["inspector"].own_server = OwnServer(
        9, lambda: False, lambda later: None, lambda: ServerCounts(CaptureCounts(), 0, 0, 0)
    )
    yield app
    app.extensions["inspector"].close()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/", "http://169.254.169.254/", "http://0x7f.1:9/orders/../x"]
)
def test_a_server_others_reach_sends_only_where_it_may(
    public_app: Flask, receiver: Receiver, url: str
) -> None:
    url = url.replace("{port}", str(receiver.port))
    client = public_app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    made = post(client, DELIVERIES, 201, action={"url": url})
    assert made["failure"]["code"] == "destination_refused"
    client.post("/orders", data=b"x")
    made = post(client, "/api/v1/bins/orders/requests/1-1/replay", 201, url=url)
    assert made["failure"]["code"] == "destination_refused"
    assert receiver.requests == []
    # Its own bins may: port 9 is nobody's here, and that is as far as it gets.
    made = post(client, DELIVERIES, 201, action={"url": "http://127.0.0.1:9/orders"})
    assert made["failure"]["code"] == "connection_refused"


def test_hosts_that_are_allowed_are_sent_to(tmp_path: Path, receiver: Receiver) -> None:
    allowed = Settings(data_dir=tmp_path, host="0.0.0.0", token=TOKEN, emit_allow=("127.0.0.0/8",))
    app = create_app(allowed)
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    made = post(client, DELIVERIES, 201, action={"url": receiver.url})
    assert made["status"] == 200
    # A redirect does not lead out of what is allowed.
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n"
    with Receiver(moved) as redirecting:
        action = {"url": redirecting.url, "options": {"follow_redirects": True}}
        made = post(client, DELIVERIES, 201, action=action)
    assert made["failure"]["code"] == "destination_refused"
    app.extensions["inspector"].close()


def parked_answer(sending: DeliveryJob) -> tuple[int, dict[str, Any]]:
    """What a parked caller gets in the end."""
    later = FinishedDelivery(sending)
    assert later.start() == Step()
    sending.wait(20)
    step = later.advance(())
    head, _, payload = step.data.partition(b"\r\n\r\n")
    assert step.done
    assert f"Content-Length: {len(payload)}".encode() in head
    assert b"Content-Security-Policy: " in head
    return int(head.split()[1]), json.loads(payload)


def test_a_parked_caller_is_answered_when_the_delivery_is_done(app: Flask) -> None:
    services = app.extensions["inspector"]
    order = DeliveryOrder(
        render(WebhookAction(url="http://127.0.0.1:9/"), sample_context()),
        DeliveryOptions(retries=1),
        "name",
        "trigger",
    )
    sending = services.dispatch(order)
    # It is in the pause before its second attempt.
    assert FinishedDelivery(sending).advance(()) == Step()
    sending.stop()
    status, delivery = parked_answer(sending)
    assert (status, delivery["attempts"], delivery["name"]) == (201, 1, "name")
    assert services.outbox.get(sending.token) is sending


def test_a_parked_caller_is_told_what_could_not_be_kept_or_sent(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    services = app.extensions["inspector"]
    prepared = render(WebhookAction(url="http://127.0.0.1:9/"), sample_context())
    order = DeliveryOrder(prepared, DeliveryOptions(), "name", "trigger")

    def fail(*_arguments: object, **_options: object) -> Delivery:
        raise errors.pop(0)

    errors: list[Exception] = [StorageUnavailableError("full"), ZeroDivisionError()]
    monkeypatch.setattr(services.deliveries, "add", fail)
    status, delivery = parked_answer(services.dispatch(order))
    assert (status, delivery["id"], delivery["name"]) == (201, None, "name")
    monkeypatch.setattr(outbox, "send", fail)
    status, answer = parked_answer(services.dispatch(order))
    assert (status, answer["error"]["message"][-1]) == (500, ".")
    assert "ZeroDivisionError" in caplog.text


def test_finished_deliveries_are_forgotten_when_there_are_many(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MAX_KEPT", 2)
    services = app.extensions["inspector"]
    prepared = render(WebhookAction(url="http://127.0.0.1:9/"), sample_context())
    sendings = []
    for _ in range(3):
        sending = services.dispatch(DeliveryOrder(prepared, DeliveryOptions(), "name", "trigger"))
        sending.wait(20)
        sendings.append(sending)
    with pytest.raises(InspectorError):
        services.outbox.get(sendings[0].token)
    assert services.outbox.get(sendings[2].token).is_done


def test_a_slow_receiver_holds_no_thread(live_server: LiveServer) -> None:
    """More waiting callers than the server has threads, and pages are served meanwhile."""
    release = threading.Event()

    def reply(sock: Any) -> None:
        release.wait(20)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")

    answers: list[requests.Response] = []

    def call(url: str) -> None:
        body = {"action": {"url": url}}
        answers.append(requests.post(live_server.url + DELIVERIES, json=body, timeout=30))

    with Receiver(otherwise=reply) as receiver:
        threads = [threading.Thread(target=call, args=(receiver.url,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 20
        while len(receiver.requests) < 8 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert requests.get(f"{live_server.url}/healthz", timeout=5).status_code == 200
        assert answers == []
        release.set()
        for thread in threads:
            thread.join(30)
    assert [answer.status_code for answer in answers] == [201] * 8
    assert {answer.json()["answer"]["body"] for answer in answers} == {"late"}
    headers = answers[0].headers
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_no_more_than_so_many_deliveries_are_under_way(
    client: FlaskClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MAX_UNDER_WAY", 0)
    error = post(client, DELIVERIES, 503, action={"url": receiver.url})["error"]
    assert error["code"] == "too_many_deliveries"


def test_deliveries_made_elsewhere_are_kept_but_not_those_to_private_bins(
    client: FlaskClient,
) -> None:
    client.post("/api/v1/bins", json={"name": "hidden", "private": True})
    sent = [
        {
            "url": f"http://localhost/{name}",
            "started_at": "2026-05-01T13:30:00+00:00",
            "exchanges": [
                {"url": f"http://localhost/{name}", "started_at": "2026-05-01T13:30:00+00:00"}
            ],
        }
        for name in ("orders", "hidden/deep", "%68idden")
    ]
    answer = client.post(f"{DELIVERIES}/sent", json={"deliveries": sent})
    assert answer.status_code == 201
    assert [each["id"] for each in answer.json or []] == ["1", None, None]
    assert [each["url"] for each in client.get(DELIVERIES).json or []] == [sent[0]["url"]]
    for page in ("/emitter/deliveries/1", "/emitter/deliveries", f"{DELIVERIES}/1"):
        assert client.get(page).status_code == 200
    assert client.post(f"{DELIVERIES}/sent", json={"deliveries": sent * 40}).status_code == 400
