"""Waiting for requests, in a server that parks the call and in one that cannot."""

from __future__ import annotations

import json
import socket
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from flask.testing import FlaskClient

from inspector.server import ServerProcess
from inspector.settings import Settings
from tests.servers import LiveServer

WAIT = "/api/v1/bins/orders/requests/wait"
DEADLINE_S = 30.0


def send_some(client: FlaskClient) -> None:
    client.post(
        "/orders/a%20b",
        data="ticket[id]=5&ticket[agent][id]=3&ticket[labels][]=x&custom_data=",
        content_type="application/x-www-form-urlencoded",
        headers={"X-Deskpro-TicketId": "5"},
    )
    body = b'{"a": {"b": 3, "c": true, "d": null, "e=f": 1}, "g": "3", "price": 1.50}'
    client.put("/orders/json", data=body, content_type="application/json")
    client.get("/orders?x=1")


@dataclass(frozen=True)
class Asked:
    id: str
    query: str
    numbers: list[int]


ASKED = [
    Asked("anything", "", [1]),
    Asked("enough of anything", "count=3", [1, 2, 3]),
    Asked("a method", "method=PUT", [2]),
    Asked("a method in small letters", "method=put", [2]),
    Asked("what follows the bin", "path=/json", [2]),
    Asked("the whole path", "path=/orders/json", [2]),
    Asked("the path decoded", "path=/a%20b", [1]),
    Asked("the path as sent", "path=/a%2520b", [1]),
    Asked("nothing after the bin", "path=/", [3]),
    Asked("a header", "header=x-deskpro-ticketid=5", [1]),
    Asked("a header of any value", "header=X-Deskpro-TicketId", [1]),
    Asked("a search", "q=is:ticket", [1]),
    Asked("a search with more", "q=-is:ticket&method=GET", [3]),
    Asked("a field", "where=ticket.agent.id=3", [1]),
    Asked("a field as the form spells it", "where=ticket[agent][id]=3", [1]),
    Asked("an element of a list", "where=ticket.labels.0=x", [1]),
    Asked("two fields", "where=ticket.agent.id=3&where=ticket.id=5", [1]),
    Asked("a field that was sent empty", "where=custom_data=", [1]),
    Asked("a number of JSON", "where=a.b=3", [2]),
    Asked("a truth of JSON", "where=a.c=true", [2]),
    Asked("null of JSON", "where=a.d=null", [2]),
    Asked("a text of JSON", "where=g=3", [2]),
    Asked("a name with a sign in it", 'where=a["e=f"]=1', [2]),
    Asked("a fraction as it was sent", "where=price=1.50", [2]),
    Asked("a fraction in fewer digits", "where=price=1.5", [2]),
    Asked("a field and a method", "method=PUT&where=a.b=3", [2]),
]


@pytest.mark.parametrize("case", ASKED, ids=attrgetter("id"))
def test_what_is_there_is_answered_at_once(client: FlaskClient, case: Asked) -> None:
    send_some(client)
    query = case.query.replace('"', "%22").replace("[", "%5B").replace("]", "%5D")
    query = query.replace("e=f", "e%3Df")
    answer = client.get(f"{WAIT}?after=0&timeout=0&{query}")
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    assert [each["number"] for each in answer.json] == case.numbers
    assert answer.json[0] == client.get(f"{WAIT[:-5]}/{answer.json[0]['id']}").json


@pytest.mark.parametrize(
    "query",
    [
        "method=PATCH",
        "path=/jso",
        "header=X-None",
        "header=X-Deskpro-TicketId=",
        "where=ticket.agent.id=4",
        "where=ticket.agent=3",
        "where=person_context=",
        "where=a.d=",
        "where=a.b=3.0",
        "where=price=1.500",
        "where=ticket.id=5&method=PUT",
        "after=1-3",
        "count=4",
    ],
)
def test_what_is_not_there_times_out(client: FlaskClient, query: str) -> None:
    send_some(client)
    answer = client.get(
        f"{WAIT}?after=0&timeout=0&{query}".replace("after=0&timeout=0&after", "timeout=0&after")
    )
    assert answer.status_code == 408
    assert answer.json is not None
    assert answer.json["error"]["code"] == "timed_out"


def test_nothing_earlier_counts_unless_asked_for(client: FlaskClient) -> None:
    send_some(client)
    assert client.get(f"{WAIT}?timeout=0").status_code == 408
    assert client.get(f"{WAIT}?timeout=0&after=1-2").json[0]["number"] == 3  # type: ignore[index]


def test_a_time_out_tells_what_came_instead_the_closest_first(client: FlaskClient) -> None:
    send_some(client)
    query = urlencode(
        [
            *(("after", "0"), ("timeout", "0"), ("method", "POST"), ("path", "/a b")),
            *(("where", "ticket.agent.id=4"), ("where", "ticket.agnt=1")),
        ]
    )
    error = client.get(f"{WAIT}?{query}").json["error"]  # type: ignore[index]
    assert error["message"] == "No matching request arrived within 0 s, and 3 others."
    assert error["arrived"] == 3
    assert error["matching"] == []
    assert [each["number"] for each in error["others"]] == [1, 3, 2]
    nearest = error["others"][0]
    assert (nearest["method"], nearest["path"]) == ("POST", "/orders/a%20b")
    agent, mistyped = nearest["differences"]
    assert agent == {"what": "ticket.agent.id", "expected": "4", "actual": "3", "hint": ""}
    assert mistyped["actual"] is None
    assert "'agent'" in mistyped["hint"]


EARLIER = [
    ("", ["1-3", "1-2", "1-1"], " 3 that match were there before: after=0 counts what was."),
    ("method=PUT", ["1-2"], " 1 that matches was there before: after=0 counts what was."),
    ("after=1-2&count=2", ["1-2", "1-1"], " 2 that match were there before: after=0"),
    ("method=PATCH", [], ""),
    ("after=0&count=4", [], ""),
]


@pytest.mark.parametrize(("query", "earlier", "says"), EARLIER)
def test_a_time_out_tells_what_was_there_already(
    client: FlaskClient, query: str, earlier: list[str], says: str
) -> None:
    send_some(client)
    error = client.get(f"{WAIT}?timeout=0&{query}").json["error"]  # type: ignore[index]
    assert error["earlier"] == earlier
    assert says in error["message"]
    assert ("there before" in error["message"]) == bool(earlier)


def test_a_time_out_tells_ten_earlier_ones_at_most(client: FlaskClient) -> None:
    for _ in range(12):
        client.post("/orders")
    error = client.get(f"{WAIT}?timeout=0").json["error"]  # type: ignore[index]
    assert error["earlier"] == [f"1-{number}" for number in range(12, 2, -1)]
    assert "10 or more that match were there before" in error["message"]


def test_a_time_out_tells_how_many_matched(client: FlaskClient) -> None:
    send_some(client)
    error = client.get(f"{WAIT}?after=0&timeout=0&count=2&method=PUT").json["error"]  # type: ignore[index]
    assert error["message"].startswith("1 of 2 matching requests")
    assert error["matching"] == ["1-2"]


def test_a_time_out_is_short_whatever_came(client: FlaskClient) -> None:
    for number in range(30):
        body = b"a=%ff" + b"y" * 5000 + f"&b{number}=1".encode()
        form = "application/x-www-form-urlencoded"
        client.post("/orders/" + "x" * 5000, data=body, content_type=form)
    answer = client.get(f"{WAIT}?after=0&timeout=0&where=a=1&path={'z' * 2000}")
    error = answer.json["error"]  # type: ignore[index]
    assert error["arrived"] == 30
    assert [each["number"] for each in error["others"]] == list(range(30, 20, -1))
    assert len(answer.data) < 20_000


@dataclass(frozen=True)
class Wrong:
    id: str
    query: str
    field: str


WRONG = [
    Wrong("a count of none", "count=0", "count"),
    Wrong("too many", "count=101", "count"),
    Wrong("for ever", "timeout=301", "timeout"),
    Wrong("backwards", "timeout=-1", "timeout"),
    Wrong("no number", "timeout=nan", "timeout"),
    Wrong("no value", "where=ticket.id", "where"),
    Wrong("no path", "where==5", "where"),
    Wrong("a path that is none", "where=.a=5", "where"),
    Wrong("the same path twice", "where=a=1&where=a=2", "where"),
    Wrong("too many paths", "&".join(f"where=a{n}=1" for n in range(51)), "where"),
    Wrong("a mistyped name", "wher=a=1", "wher"),
]


@pytest.mark.parametrize("case", WRONG, ids=attrgetter("id"))
def test_a_wrong_question_is_refused_at_once(client: FlaskClient, case: Wrong) -> None:
    answer = client.get(f"{WAIT}?{case.query}")
    assert answer.status_code == 400
    assert answer.json["error"]["field"] == case.field  # type: ignore[index]


def test_another_server_waits_in_the_calls_own_thread(client: FlaskClient) -> None:
    answers: list[Any] = []
    path = f"{WAIT}?timeout=20&count=2&method=PUT"
    waiting = threading.Thread(target=lambda: answers.append(client.get(path)))
    waiting.start()
    other = client.application.test_client()
    deadline = time.monotonic() + DEADLINE_S
    while waiting.is_alive():
        assert time.monotonic() < deadline
        other.put("/orders")
        other.post("/orders")
        waiting.join(0.05)
    assert [each["method"] for each in answers[0].json] == ["PUT", "PUT"]


def test_another_server_times_out_in_time(client: FlaskClient) -> None:
    began = time.monotonic()
    assert client.get(f"{WAIT}?timeout=0.2").status_code == 408
    assert 0.2 <= time.monotonic() - began < 5


class Waiting:
    """A wait call under way, on a socket of its own."""

    def __init__(self, server: str, query: str) -> None:
        host, port = server.removeprefix("http://").split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=DEADLINE_S)
        head = f"GET {WAIT}?{query} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        self.socket.sendall(head.encode())

    def read(self) -> tuple[int, dict[str, str], Any]:
        """Status, headers and JSON, when it is answered; then the connection is closed."""
        data = b""
        with self.socket:
            while piece := self.socket.recv(65_536):
                data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        assert int(headers["Content-Length"]) == len(body)
        return int(status.split()[1]), headers, json.loads(body)


@pytest.fixture
def server(live_server: LiveServer) -> str:
    answer = requests.get(f"{live_server.url}/api/v1/bins/orders", timeout=10)
    if answer.status_code == 404:
        live_server.create_bin("orders")
    return live_server.url


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.005)


def test_a_parked_call_is_answered_when_the_last_one_comes(server: str) -> None:
    newest = requests.get(f"{server}/api/v1/bins/orders", timeout=10).json()["last_number"]
    waiting = Waiting(server, "count=2&timeout=20&method=PUT")
    # The call counts from when it is heard: what is sent until then does not matter to it.
    wait_until(lambda: requests.put(f"{server}/orders", timeout=10).ok and is_readable(waiting))
    status, headers, found = waiting.read()
    assert status == 200
    assert [each["method"] for each in found] == ["PUT", "PUT"]
    assert found[1]["number"] == found[0]["number"] + 1 > newest
    assert headers["Content-Type"] == "application/json"
    assert headers["Connection"] == "close"
    for name in ("X-Content-Type-Options", "Content-Security-Policy", "Cache-Control"):
        assert headers[name]


def is_readable(waiting: Waiting) -> bool:
    waiting.socket.setblocking(False)
    try:
        return bool(waiting.socket.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False
    finally:
        waiting.socket.settimeout(DEADLINE_S)


def test_a_parked_call_tells_a_time_out(server: str) -> None:
    waiting = Waiting(server, "timeout=0.3&where=ticket.id=77")
    status, headers, answer = waiting.read()
    assert status == 408
    assert headers["Content-Type"] == "application/json"
    assert answer["error"]["code"] == "timed_out"


def test_a_parked_call_tells_what_was_there_already(server: str) -> None:
    requests.post(f"{server}/orders/earlier", timeout=10)
    newest = newest_id(server)
    _, _, answer = Waiting(server, "timeout=0.3&path=/earlier").read()
    assert answer["error"]["earlier"][0] == newest


def test_a_parked_call_misses_nothing_between_looking_and_parking(server: str) -> None:
    for _ in range(20):
        last = requests.post(f"{server}/orders", timeout=10) and newest_id(server)
        waiting = Waiting(server, f"after={last}&timeout=20")
        requests.post(f"{server}/orders", timeout=10)
        assert waiting.read()[0] == 200


def newest_id(server: str) -> str:
    (request,) = requests.get(f"{server}/api/v1/bins/orders/requests?limit=1", timeout=10).json()
    return str(request["id"])


@pytest.mark.slow
def test_many_waiting_calls_hold_no_thread_and_no_capture_up(tmp_path: Any) -> None:
    process = ServerProcess(Settings(port=0, data_dir=tmp_path, bins=("orders",)))
    process.start()
    _ = process.app  # Now: threads are counted.
    process.run_in_thread()
    try:
        server = f"http://127.0.0.1:{process.port}"
        assert process._server is not None
        parked = process._server.parked
        session = requests.Session()
        session.post(f"{server}/orders", timeout=10)
        before = threading.active_count()
        calls = [
            Waiting(server, f"after=0&timeout=60&where=ticket.id={number % 10}")
            for number in range(1000)
        ]
        wait_until(lambda: len(parked) == 1000)
        assert threading.active_count() == before + 1, "one looks for all"

        began = time.monotonic()
        assert session.post(f"{server}/orders", data={"x": "1"}, timeout=10).text == "ok\n"
        assert session.get(f"{server}/healthz", timeout=10).text == "ok\n"
        assert time.monotonic() - began < 2

        for number in range(10):
            session.post(f"{server}/orders", data={"ticket[id]": str(number)}, timeout=10)
        for number, call in enumerate(calls):
            status, _, found = call.read()
            assert status == 200
            assert found[0]["ticket"]["id"] == str(number % 10)
            assert len(found) == 1
        wait_until(lambda: len(parked) == 0)
        wait_until(lambda: threading.active_count() == before)
    finally:
        process.stop()


def test_the_answer_comes_soon_after_the_captures_own(server: str) -> None:
    session = requests.Session()
    delays_ms = []
    asked_ms = []
    for number in range(30):
        began = time.perf_counter()
        last = session.post(f"{server}/orders", timeout=10) and newest_id(server)
        asked_ms.append((time.perf_counter() - began) * 1000)
        waiting = Waiting(server, f"after={last}&timeout=20&where=ticket.id={number}")
        time.sleep(0.02)  # so that it is parked, as it would be in a test
        session.post(f"{server}/orders", data={"ticket[id]": str(number)}, timeout=10)
        began = time.perf_counter()
        assert waiting.read()[0] == 200
        delays_ms.append((time.perf_counter() - began) * 1000)
    # About 2 ms on an idle machine; a busy one takes its time for a post and a list as well.
    assert statistics.median(delays_ms) < max(20, 3 * statistics.median(asked_ms))
