"""A program behind a test's bin: it gets the requests, and its answers go back."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from inspector.errors import InspectorError
from inspector.testing import InspectorServer, WebhookBin
from tests.emitter.receiver import OK, Receiver, answer


def list_threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "inspector-relays"]


def hold(release: threading.Event, reply: bytes) -> Callable[[socket.socket], None]:
    """A reply that waits to be released."""

    def say(sock: socket.socket) -> None:
        release.wait(60)
        sock.sendall(reply)

    return say


def test_the_program_answers_and_the_test_sees_what_it_said(webhook_bin: WebhookBin) -> None:
    with Receiver(answer(201, body=b"made")) as program:
        webhook_bin.relay_to(f"{program.url}/base")
        got = requests.post(webhook_bin.url_for("/hook"), data=b"a=1", timeout=60)
    assert (got.status_code, got.text) == (201, "made")
    assert program.requests[0].startswith(b"POST /base/hook HTTP/1.1\r\n")
    request = webhook_bin.wait()
    assert request.relay is not None
    assert (request.relay["status"], request.relay["error"]) == (201, None)
    assert (request.answer["outcome"], request.answer["body"]) == ("relayed", "made")
    webhook_bin.relay_to(None)
    assert requests.post(webhook_bin.url, data=b"a=2", timeout=60).text == "ok\n"
    assert webhook_bin.wait(after=request).relay is None


def test_a_cookie_of_the_program_goes_back_unless_it_may_not(webhook_bin: WebhookBin) -> None:
    with Receiver(*[answer(200, "Set-Cookie: a=1")] * 2) as program:
        webhook_bin.relay_to(program.url, insist=False)
        assert "Set-Cookie" not in requests.get(webhook_bin.url, timeout=60).headers
        webhook_bin.relay_to(program.url)
        assert requests.get(webhook_bin.url, timeout=60).headers["Set-Cookie"] == "a=1"
    found = [request.relay or {} for request in webhook_bin.wait(2)]
    assert [each["withheld"] for each in found] == [["Set-Cookie"], []]


def test_behind_the_bin_answers_as_it_was_told(webhook_bin: WebhookBin) -> None:
    release = threading.Event()
    with Receiver(hold(release, OK)) as program:
        webhook_bin.relay_to(program.url, wait=False, match={"path": "/hook"})
        webhook_bin.respond_with(202)
        for path in ("/hook", "/other"):
            assert requests.post(webhook_bin.url_for(path), timeout=60).status_code == 202
        first, second = webhook_bin.wait(2)
        release.set()
        assert first.relay is not None
        assert (first.relay["status"], first.relay["error"]) == (200, None), "it waits for that"
    assert second.relay is None


def test_a_request_that_is_seen_too_early_has_its_answer_all_the_same(
    webhook_bin: WebhookBin,
) -> None:
    release = threading.Event()
    with (
        Receiver(hold(release, answer(418))) as program,
        ThreadPoolExecutor(1) as pool,
    ):
        webhook_bin.relay_to(program.url)
        sender = pool.submit(requests.post, webhook_bin.url, data=b"a=1", timeout=60)
        request = webhook_bin.wait()
        threading.Timer(0.05, release.set).start()
        assert request.answer["status"] == 418
        assert sender.result(60).status_code == 418


def test_a_program_that_is_away_is_502(webhook_bin: WebhookBin) -> None:
    webhook_bin.relay_to("http://127.0.0.1:1/")
    assert requests.get(webhook_bin.url, timeout=60).status_code == 502
    relay = webhook_bin.wait().relay
    assert relay is not None
    assert relay["error"]["code"] == "connection_refused"


def test_what_cannot_be_is_refused(webhook_bin: WebhookBin) -> None:
    for given in ({"url": webhook_bin.url}, {"url": "x"}, {"url": "http://h/", "timeout": 0}):
        with pytest.raises(InspectorError):
            webhook_bin.relay_to(**given)


def test_a_server_that_stops_leaves_no_thread_behind() -> None:
    before = set(list_threads())
    with InspectorServer() as server, Receiver() as program:
        bin_ = server.create_bin()
        bin_.relay_to(program.url)
        requests.post(bin_.url, data=b"a=1", timeout=60)
        assert set(list_threads()) - before
    assert not set(list_threads()) - before
