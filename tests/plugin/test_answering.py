"""What a bin can be told to answer, and what its sender then sees."""

import http.client
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from inspector.domain.answers.answer import GivenAnswer
from inspector.testing import InspectorServer, ReceivedRequest, WebhookBin, answering
from inspector.testing.handlers import HandlerThreads


def connect(bin_: WebhookBin) -> http.client.HTTPConnection:
    parts = urlsplit(bin_.url)
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)


def post(bin_: WebhookBin, path: str = "", method: str = "POST") -> requests.Response:
    return requests.request(method, bin_.url_for(path), data={"a": "1"}, timeout=10)


def statuses(bin_: WebhookBin, count: int) -> list[int]:
    return [post(bin_).status_code for _ in range(count)]


def test_untold_it_answers_ok(webhook_bin: WebhookBin) -> None:
    answer = post(webhook_bin)
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def read_until_closed(bin_: WebhookBin, request: bytes) -> bytes:
    parts = urlsplit(bin_.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60) as sender:
        sender.sendall(request + b"Connection: close\r\n\r\n")
        return b"".join(iter(lambda: sender.recv(65_536), b""))


@pytest.mark.parametrize("late", [{}, {"delay": 0.05}, {"drip": 0.05}], ids=str)
def test_early_hints_come_before_the_answer(
    webhook_bin: WebhookBin, late: dict[str, float]
) -> None:
    hint = ("Link", "</style.css>; rel=preload")
    webhook_bin.respond_with({"status": 201, "body": "made", "early_hints": [hint], **late})
    path = urlsplit(webhook_bin.url).path.encode()
    got = read_until_closed(webhook_bin, b"POST " + path + b" HTTP/1.1\r\n")
    interim, answer, body = got.split(b"\r\n\r\n")
    assert interim == b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload"
    assert (answer[:16], body) == (b"HTTP/1.1 201 Cre", b"made")
    for other in (b"HEAD " + path + b" HTTP/1.1\r\n", b"POST " + path + b" HTTP/1.0\r\n"):
        assert b" 103 " not in read_until_closed(webhook_bin, other)


def test_early_hints_are_headers(webhook_bin: WebhookBin) -> None:
    for wrong in ({"A\r\nB": "1"}, {"Link": "a\r\nb"}, {"Content-Length": "5"}):
        with pytest.raises(ValueError, match=r"header|set by the server"):
            webhook_bin.respond_with(early_hints=wrong)


def test_one_answer_by_keywords(webhook_bin: WebhookBin) -> None:
    webhook_bin.respond_with(
        status=202, headers={"X-Queue": "a", "Set-Cookie": "k=v"}, body="später"
    )
    for _ in range(2):
        answer = post(webhook_bin)
        assert (answer.status_code, answer.content.decode()) == (202, "später")
        assert (answer.headers["X-Queue"], answer.cookies["k"]) == ("a", "v")


def test_a_header_may_be_repeated(webhook_bin: WebhookBin) -> None:
    webhook_bin.respond_with(headers=[("Link", "<a>"), ("Link", "<b>")])
    connection = connect(webhook_bin)
    connection.request("POST", f"/{webhook_bin.name}")
    assert connection.getresponse().headers.get_all("Link") == ["<a>", "<b>"]
    connection.close()


def test_json_says_what_it_is(webhook_bin: WebhookBin) -> None:
    webhook_bin.respond_with(json={"id": 7})
    answer = post(webhook_bin)
    assert answer.json() == {"id": 7}
    assert answer.headers["Content-Type"] == "application/json"
    webhook_bin.respond_with(json=None, headers={"content-type": "application/problem+json"})
    answer = post(webhook_bin)
    assert (answer.text, answer.headers["Content-Type"]) == ("null", "application/problem+json")


def test_answers_in_turn_the_last_for_ever(webhook_bin: WebhookBin) -> None:
    webhook_bin.respond_with([503, {"status": 429, "headers": {"Retry-After": "1"}}, 200])
    assert statuses(webhook_bin, 4) == [503, 429, 200, 200]
    webhook_bin.respond_with(500, 204)
    assert statuses(webhook_bin, 3) == [500, 204, 204]
    assert len(webhook_bin.requests) == 7, "what is refused is stored too"


def test_answers_by_method_and_path(webhook_bin: WebhookBin) -> None:
    webhook_bin.respond_with(status=404, path="/orders")
    webhook_bin.respond_with(status=405, method="DELETE")
    webhook_bin.respond_with(status=409, path="/orders", method="PUT")
    webhook_bin.respond_with(status=410, path=re.compile(r"^/old/\d+$"))
    webhook_bin.respond_with(status=201)

    def status(method: str, path: str) -> int:
        return post(webhook_bin, path, method).status_code

    assert status("POST", "/orders") == 404
    assert status("DELETE", "/orders") == 404, "a path narrows down more than a method"
    assert status("PUT", "/orders?x=1") == 409
    assert status("DELETE", "/") == 405
    assert status("POST", "/old/17") == 410
    assert status("POST", "/old/x") == 201
    webhook_bin.respond_with(status=200, path="/orders")
    assert status("POST", "/orders") == 200, "told again, it is the newer that counts"


def test_a_function_answers(webhook_bin: WebhookBin) -> None:
    def answer(request: ReceivedRequest) -> dict[str, Any]:
        assert request in webhook_bin.requests or request.number
        return {"status": 201, "json": {"got": request.at("a"), "thread": threading.get_ident()}}

    webhook_bin.respond_with(answer)
    got = post(webhook_bin).json()
    assert got["got"] == "1"
    assert got["thread"] != threading.get_ident()


def test_functions_take_their_turn_and_give_short_forms(webhook_bin: WebhookBin) -> None:
    webhook_bin.respond_with(
        503, lambda request: None, lambda request: 418, lambda request: "text", {"drop": True}
    )
    assert [post(webhook_bin).text for _ in range(4)] == ["", "ok\n", "", "text"]
    with pytest.raises(requests.ConnectionError):
        post(webhook_bin)


def test_slow_functions_hold_up_neither_the_server_nor_each_other(webhook_bin: WebhookBin) -> None:
    together = threading.Barrier(4, timeout=10)

    def answer(request: ReceivedRequest) -> int:
        together.wait()
        return 200

    webhook_bin.respond_with(answer, path="/slow")
    threads = [threading.Thread(target=post, args=[webhook_bin, "/slow"]) for _ in range(4)]
    for thread in threads[:3]:
        thread.start()
    webhook_bin.wait(count=3)
    assert post(webhook_bin).status_code == 200
    threads[3].start()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_a_function_may_take_its_own_time_and_more(webhook_bin: WebhookBin) -> None:
    webhook_bin.respond_with(lambda request: {"delay": 0.1, "body": "late"})
    began = time.monotonic()
    assert post(webhook_bin).text == "late"
    assert time.monotonic() - began >= 0.1


@pytest.mark.parametrize("wrong", [object(), True, {"stauts": 200}, {"status": 99}])
def test_what_a_function_gives_is_checked(webhook_bin: WebhookBin, wrong: Any) -> None:
    webhook_bin.respond_with(lambda request: wrong)
    answer = post(webhook_bin)
    assert answer.status_code == 500
    assert "The function that answers here raised" in answer.text
    (error,) = webhook_bin.take_handler_errors()
    assert isinstance(error, TypeError | ValueError)


@pytest.mark.slow
def test_a_delayed_answer_lets_others_through(webhook_bin: WebhookBin) -> None:
    webhook_bin.respond_with(status=201, delay=1.5, path="/slow")
    took: list[float] = []

    def send_slow() -> None:
        began = time.monotonic()
        assert post(webhook_bin, "/slow").status_code == 201
        took.append(time.monotonic() - began)

    threads = [threading.Thread(target=send_slow) for _ in range(10)]
    names = {each.name for each in threading.enumerate()}
    for thread in threads:
        thread.start()
    webhook_bin.wait(count=10)
    post(webhook_bin)
    assert took == [], "the quick one was answered first"
    servers = {each.name for each in threading.enumerate()} - names
    assert servers == {each.name for each in threads}, "a delay holds no thread"
    for thread in threads:
        thread.join()
    assert all(each >= 1.5 for each in took)
    assert len(took) == 10


def test_a_delayed_answer_says_that_its_connection_ends(webhook_bin: WebhookBin) -> None:
    webhook_bin.respond_with([{"delay": 0.01}, 200])
    connection = connect(webhook_bin)
    connection.request("POST", f"/{webhook_bin.name}")
    response = connection.getresponse()
    assert (response.read(), response.headers["Connection"]) == (b"ok\n", "close")
    connection.request("POST", f"/{webhook_bin.name}")
    assert connection.getresponse().status == 200
    connection.close()


def test_a_large_answer_is_whole_though_its_reader_is_slow(webhook_bin: WebhookBin) -> None:
    body = bytes(range(256)) * 24_000  # more than an event stream may leave unread
    webhook_bin.respond_with(body=body, delay=0.01)
    connection = connect(webhook_bin)
    connection.request("POST", f"/{webhook_bin.name}")
    response = connection.getresponse()
    time.sleep(0.3)
    assert response.read() == body
    connection.close()


def test_a_body_that_drips(webhook_bin: WebhookBin) -> None:
    webhook_bin.respond_with(body="x" * 1000, drip=0.3)
    connection = connect(webhook_bin)
    connection.request("POST", f"/{webhook_bin.name}")
    began = time.monotonic()
    response = connection.getresponse()
    head_after = time.monotonic() - began
    assert response.read(100)
    first_after = time.monotonic() - began
    assert len(response.read()) == 900
    all_after = time.monotonic() - began
    assert head_after <= first_after < all_after
    assert all_after > 0.25
    connection.close()


def test_a_dropped_connection(webhook_bin: WebhookBin) -> None:
    webhook_bin.respond_with(drop=True)
    with pytest.raises(requests.ConnectionError, match="without response"):
        post(webhook_bin)
    assert webhook_bin.wait().at("a") == "1"


def test_a_connection_cut_in_the_body(webhook_bin: WebhookBin) -> None:
    webhook_bin.respond_with(body="x" * 1000, cut_after=10)
    connection = connect(webhook_bin)
    connection.request("POST", f"/{webhook_bin.name}")
    response = connection.getresponse()
    with pytest.raises(http.client.IncompleteRead) as caught:
        response.read()
    assert (caught.value.partial, caught.value.expected) == (b"x" * 10, 990)
    connection.close()


def test_head_and_204_have_no_body_and_keep_the_connection(webhook_bin: WebhookBin) -> None:
    webhook_bin.respond_with({"status": 204, "body": "none"}, 200, 304, 200)
    connection = connect(webhook_bin)
    for method, status in (("POST", 204), ("HEAD", 200), ("GET", 304), ("POST", 200)):
        connection.request(method, f"/{webhook_bin.name}")
        response = connection.getresponse()
        assert (response.status, response.read()) == (
            status,
            b"ok\n" * (method == "POST") * (status == 200),
        )
    connection.close()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"status": 99}, "status from 200 to 599"),
        ({"delay": -1}, "delay is 0 to 300 seconds"),
        ({"drip": 301}, "drip is 0 to 300 seconds"),
        ({"cut_after": -1}, "cut_after counts bytes"),
        ({"body": 5}, "body is text or bytes, not int; json= takes any data"),
        ({"body": "", "json": 1}, "body= or json=, not both"),
        ({"headers": {"X-A": "a\r\nX-B: b"}}, "characters that no header can carry"),
        ({"headers": {"X A": "a"}}, "cannot be the name of a header"),
        ({"headers": {"Content-Length": "1"}}, "set by the server itself"),
    ],
)
def test_what_cannot_be_answered_is_refused_at_once(
    webhook_bin: WebhookBin, wrong: dict[str, Any], why: str
) -> None:
    with pytest.raises((ValueError, TypeError), match=why):
        webhook_bin.respond_with(**wrong)
    with pytest.raises((ValueError, TypeError), match=why):
        webhook_bin.respond_with([200, wrong])
    assert post(webhook_bin).text == "ok\n"


def test_answers_and_keywords_do_not_mix(webhook_bin: WebhookBin) -> None:
    with pytest.raises(TypeError, match=r"not both"):
        webhook_bin.respond_with(503, delay=1)
    with pytest.raises(ValueError, match=r"at least one"):
        webhook_bin.respond_with([])


def test_a_server_stops_although_answers_are_due() -> None:
    entered, release = threading.Event(), threading.Event()

    def answer(request: ReceivedRequest) -> int:
        entered.set()
        release.wait(10)
        return 200

    failed: list[Exception] = []

    def send(bin_: WebhookBin) -> None:
        try:
            post(bin_)
        except requests.ConnectionError as error:
            failed.append(error)

    server = InspectorServer()
    server.start()
    stuck, delayed = server.create_bin(), server.create_bin()
    stuck.respond_with(answer)
    delayed.respond_with(delay=60)
    threads = [threading.Thread(target=send, args=[each]) for each in (stuck, delayed)]
    for thread in threads:
        thread.start()
    delayed.wait()
    assert entered.wait(10)
    began = time.monotonic()
    with pytest.warns(ResourceWarning, match=r"1 function\(s\).* still run"):
        server.stop()
    assert time.monotonic() - began < 5
    release.set()
    for thread in threads:
        thread.join(10)
    assert len(failed) == 2


def test_a_template_answers_over_the_request(webhook_bin: WebhookBin) -> None:
    webhook_bin.respond_with(
        body="{{ request.json.challenge }}", headers={"X-N": "{{ request.number }}"}, template=True
    )
    first, second = (
        requests.post(webhook_bin.url, json={"challenge": word}, timeout=10) for word in "ab"
    )
    assert (first.text, first.headers["X-N"]) == ("a", "1")
    assert (second.text, second.headers["X-N"]) == ("b", "2")
    webhook_bin.respond_with(lambda _: {"body": "{{ request.method }}", "template": True})
    assert post(webhook_bin).text == "POST"


@pytest.mark.parametrize(
    "answer", [{"body": "{{ a"}, {"headers": [("X-A", "{% if %}"), ("X-A", "fine")]}]
)
def test_a_template_that_cannot_be_read_is_refused_when_it_is_told(
    webhook_bin: WebhookBin, answer: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"^Line 1: "):
        webhook_bin.respond_with(**answer, template=True)
    assert post(webhook_bin).text == "ok\n"


def test_what_wait_has_returned_has_its_answer(webhook_bin: WebhookBin) -> None:
    webhook_bin.respond_with(503, 418)
    with requests.Session() as session:
        for _ in range(40):
            assert session.post(webhook_bin.url, timeout=60).status_code in (503, 418)
    found = [each.answer["status"] for each in webhook_bin.requests]
    assert found == [503] + [418] * 39
    with ThreadPoolExecutor(8) as pool:
        for turn in range(40):
            webhook_bin.respond_with(status=500 + turn)
            last = webhook_bin.last
            sent = pool.submit(requests.post, webhook_bin.url, timeout=60)
            request = webhook_bin.wait(after=last)
            assert request.answer["status"] == 500 + turn
            assert request.to_json()["answer"]["outcome"] == "sent"
            assert sent.result(60).status_code == 500 + turn


def test_only_the_newest_answers_are_known_beside_the_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answering, "MAX_GIVEN", 3)
    script = answering.BinScript(HandlerThreads(), lambda _number: None, "here")  # type: ignore[arg-type,return-value]
    for number in range(1, 6):
        script.choose(number, b"GET /b HTTP/1.1\r\n", lambda _answer: None)
        if number != 1:  # whose sender still waits
            script.note_given(number, GivenAnswer("sent", status=200 + number))
    script.note_given(1, GivenAnswer("sent", status=201))

    def find(number: int) -> object:
        return script.find_answer(SimpleNamespace(number=number, answer="stored"))  # type: ignore[arg-type]

    assert [find(2), find(3)] == ["stored", "stored"]
    assert [getattr(find(number), "status", None) for number in (1, 4, 5)] == [201, 204, 205]


def test_the_answer_of_a_function_is_waited_for(webhook_bin: WebhookBin) -> None:
    may_answer = threading.Event()

    def answer(_request: ReceivedRequest) -> int:
        may_answer.wait(60)
        return 409

    webhook_bin.respond_with(answer)
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(requests.post, webhook_bin.url, timeout=60)
        request = webhook_bin.wait()
        assert request.method == "POST", "only its answer has to be waited for"
        threading.Timer(0.05, may_answer.set).start()
        assert request.answer["status"] == 409
        assert sent.result(60).status_code == 409
