"""A bin that passes its requests on: byte for byte over real sockets, both ways."""

from __future__ import annotations

import hmac
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest

from inspector.answers.rules import read_rules
from inspector.emitter.relaying import read_relay
from inspector.signatures import parse_secret
from tests.emitter.receiver import OK, Receiver, answer
from tests.server.conftest import RunningServer, StartProcess, wait_for

PATIENCE_S = 60.0
POST = b"POST /b1/hook?x=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=1"


@pytest.fixture
def program() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def relay(server: RunningServer, url: str, **fields: Any) -> None:
    services = server.process.services
    with server.process.app.app_context():
        services.bins.relay_to("b1", read_relay({"url": url, **fields}))


def relayed(server: RunningServer, count: int = 1) -> list[dict[str, Any]]:
    """The bin's requests, once nothing of them is under way."""

    def look() -> list[dict[str, Any]] | None:
        found = server.captured(count=count)
        done = all(
            each["relay"] is None or each["relay"]["status"] or each["relay"]["error"]
            for each in found
        )
        return found if done else None

    return wait_for(look)


def hang(sock: socket.socket) -> None:
    """Say nothing until the other side goes."""
    sock.recv(1)


def status_of(payload: bytes) -> int:
    return int(payload.split(b" ")[1])


def test_the_sender_gets_the_programs_own_answer(server: RunningServer) -> None:
    made = answer(201, "X-One: 1", "x-one: \u00e9", "Connection: X-Hop", "X-Hop: 1", body=b"\0made")
    with Receiver(made) as program:
        relay(server, f"{program.url}/base")
        head, _, body = server.send(POST).partition(b"\r\n\r\n")
        (sent,) = program.requests
    assert head.startswith(b"HTTP/1.1 201 ")
    lines = head.split(b"\r\n")
    assert [each for each in lines if each.lower().startswith(b"x-")] == [
        b"X-One: 1",
        "x-one: \u00e9".encode(),
        b"X-Content-Type-Options: nosniff",
    ]
    assert body == b"\0made"
    assert (
        sent
        == (
            f"POST /base/hook?x=1 HTTP/1.1\r\nHost: 127.0.0.1:{program.port}\r\n"
            "Content-Length: 3\r\nVia: 1.1 inspector\r\n\r\na=1"
        ).encode()
    )
    request = server.only()
    assert request["relay"]["status"] == 201
    assert request["relay"]["url"] == f"{program.url}/base/hook?x=1"
    assert request["relay"]["error"] is None
    assert request["relay"]["duration_ms"] > 0
    given = request["answer"]
    assert (given["outcome"], given["status"], given["body_size"]) == ("relayed", 201, 5)
    assert ["x-one", "\u00e9"] in given["headers"]


def test_a_connection_that_is_kept_goes_on_behind_a_relayed_request(
    server: RunningServer, program: Receiver
) -> None:
    relay(server, program.url)
    answers = server.send(POST + POST.replace(b"a=1", b"a=2"))
    assert answers.count(b"HTTP/1.1 200 OK") == 2
    assert [each[-3:] for each in program.requests] == [b"a=1", b"a=2"]


def test_a_program_that_is_down_is_502_and_named_to_the_owner_alone(
    server: RunningServer,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    relay(server, url)
    head, _, body = server.send(POST).partition(b"\r\n\r\n")
    assert status_of(head) == 502
    assert body == b"The request was kept, but the program that it is for cannot be reached.\n"
    request = server.only()
    assert request["relay"]["error"]["code"] == "connection_refused"
    assert "Nothing listens at 127.0.0.1" in request["relay"]["error"]["message"]
    assert request["relay"]["status"] is None
    given = request["answer"]
    assert (given["outcome"], given["status"], given["body"]) == ("sent", 502, body.decode())
    delivery = server.get(f"/api/v1/deliveries/{request['relay']['delivery']}")[1]
    assert json.loads(delivery)["failure"]["code"] == "connection_refused"


def test_a_program_that_does_not_answer_is_504_after_the_timeout(server: RunningServer) -> None:
    with Receiver(hang) as program:
        relay(server, program.url, timeout=0.2)
        assert status_of(server.send(POST)) == 504
        request = server.only()
    assert request["relay"]["error"]["code"] == "timed_out"
    assert request["relay"]["duration_ms"] > 150


def test_without_waiting_the_bin_answers_by_its_rules_and_passes_on_behind(
    server: RunningServer,
) -> None:
    release = threading.Event()

    def wait(sock: socket.socket) -> None:
        release.wait(PATIENCE_S)
        sock.sendall(answer(201))

    services = server.process.services
    with Receiver(wait) as program:
        with server.process.app.app_context():
            rules = read_rules({"rules": [{"answers": [{"status": 202}, {"status": 203}]}]})
            services.bins.answer_by("b1", rules)
        relay(server, program.url, wait=False)
        assert status_of(server.send(POST)) == 202
        request = server.only()
        assert (request["relay"]["status"], request["relay"]["error"]) == (None, None)
        release.set()
        (request,) = relayed(server)
    assert request["relay"]["status"] == 201
    assert (request["answer"]["outcome"], request["answer"]["status"]) == ("sent", 202)
    assert status_of(server.send(POST)) == 203


def test_behind_a_program_gets_so_many_at_once_and_no_more(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.emitter.relay_loop.MAX_BEHIND", 2)
    lock, seen = threading.Lock(), {"now": 0, "most": 0}
    pair = threading.Barrier(2)

    def count(sock: socket.socket) -> None:
        with lock:
            seen["now"] += 1
            seen["most"] = max(seen["most"], seen["now"])
        pair.wait(PATIENCE_S)
        with lock:
            seen["now"] -= 1
        sock.sendall(OK)

    with Receiver(otherwise=count) as program:
        relay(server, program.url, wait=False)
        for _ in range(6):
            server.send(POST)
        found = relayed(server, 6)
    assert [each["relay"]["status"] for each in found] == [200] * 6
    assert seen["most"] == 2


@pytest.mark.parametrize(
    "match",
    [{"path": "/hook"}, {"headers": {"X-To": "program"}}, {"where": {"a": "1"}}, {"q": "a=1"}],
    ids=str,
)
def test_only_what_matches_is_passed_on(
    server: RunningServer, program: Receiver, match: dict[str, Any]
) -> None:
    form = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n"
    yes = b"POST /b1/hook HTTP/1.1\r\nHost: x\r\nX-To: program\r\n" + form + b"\r\na=1"
    no = b"POST /b1/no HTTP/1.1\r\nHost: x\r\nX-To: nobody\r\n" + form + b"\r\na=2"
    relay(server, program.url, match=match)
    for _ in range(2):  # before and after the relay is known on the way to the writer
        server.send(no)
        server.send(yes)
    found = relayed(server, 4)
    assert [each["relay"] is not None for each in found] == [False, True, False, True]
    assert [each["answer"]["outcome"] for each in found] == ["sent", "relayed"] * 2
    assert len(program.requests) == 2


def test_what_the_server_refuses_is_not_passed_on(server: RunningServer, program: Receiver) -> None:
    relay(server, program.url)
    assert status_of(server.send(b"POST /b1 HTTP/1.1\r\nBroken header\r\n\r\n")) == 400
    request = server.only()
    assert request["relay"] is None
    assert program.connections == 0


def test_turns_of_rules_are_for_what_is_not_passed_on(
    server: RunningServer, program: Receiver
) -> None:
    with server.process.app.app_context():
        rules = read_rules({"rules": [{"answers": [{"status": 210}, {"status": 211}]}]})
        server.process.services.bins.answer_by("b1", rules)
    relay(server, program.url, match={"path": "/hook"})
    other = POST.replace(b"/hook", b"/other")
    assert [status_of(server.send(each)) for each in (POST, other, POST, other)] == [
        200, 210, 200, 211,
    ]  # fmt: skip


def test_it_is_signed_anew_when_asked(server: RunningServer, program: Receiver) -> None:
    with server.process.app.app_context():
        server.process.services.bins.check_with("b1", [parse_secret("github:hush")])
    relay(server, program.url, resign=True)
    server.send(POST)
    expected = hmac.new(b"hush", b"a=1", "sha256").hexdigest().encode()
    assert b"\r\nX-Hub-Signature-256: sha256=" + expected + b"\r\n" in program.requests[0]


def test_a_relay_that_leads_back_ends(server: RunningServer) -> None:
    """By another name or a tunnel nobody can tell beforehand: the hops tell."""
    relay(server, f"http://127.0.0.1:{server.port}/b1")
    assert status_of(server.send(POST)) == 508
    found = relayed(server, 4)
    assert [each["answer"]["status"] for each in found] == [508] * 4
    assert found[-1]["relay"]["error"]["code"] == "relay_loops"
    assert len(found) == 4


def test_a_path_that_climbs_is_not_passed_on(server: RunningServer, program: Receiver) -> None:
    relay(server, f"{program.url}/base")
    assert status_of(server.send(POST.replace(b"/hook", b"/../../etc"))) == 502
    assert server.only()["relay"]["error"]["code"] == "cannot_replay"
    assert program.connections == 0


HOSTILE = {
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "no HTTP": b"hello\r\n\r\n",
    "an endless head": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000,
    "many interim answers": b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
    "it ends in the middle": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab",
    "nothing": b"",
}


@pytest.mark.parametrize("reply", HOSTILE.values(), ids=HOSTILE)
def test_whatever_the_program_says_the_sender_gets_one_answer(
    server: RunningServer, reply: bytes
) -> None:
    def say(sock: socket.socket) -> None:
        sock.sendall(reply)
        sock.shutdown(socket.SHUT_WR)

    with Receiver(say) as program:
        relay(server, program.url)
        head, _, body = server.send(POST).partition(b"\r\n\r\n")
    assert status_of(head) == 502
    assert body.startswith(b"The request was kept, but ")
    assert server.only()["relay"]["error"]["code"] in ("unreadable_answer", "connection_lost")


def test_headers_of_the_program_frame_nothing_and_reach_no_page(server: RunningServer) -> None:
    reply = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a=1\r\nX-A: 1\r\n"
        b"Clear-Site-Data: *\r\nKeep-Alive: 5\r\nBad Name: 1\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    )
    with Receiver(reply) as program:
        relay(server, program.url)
        head, _, body = server.send(POST).partition(b"\r\n\r\n")
    names = [line.partition(b":")[0].lower() for line in head.split(b"\r\n")[1:]]
    assert body == b"ok"
    assert b"x-a" in names
    assert {b"transfer-encoding", b"set-cookie", b"clear-site-data", b"keep-alive"}.isdisjoint(
        names
    )
    assert b"bad name" not in names
    assert b"content-length" in names


def test_what_does_not_go_back_is_named_and_goes_back_when_asked(server: RunningServer) -> None:
    reply = answer(200, "Set-Cookie: a=1", "set-cookie: b=2", "Clear-Site-Data: *",
                   "Content-Security-Policy: default-src 'none'", "Date: then")  # fmt: skip
    with Receiver(reply, reply, reply) as program:
        relay(server, program.url)
        kept_back = server.send(POST).partition(b"\r\n\r\n")[0].split(b"\r\n")
        relay(server, program.url, insist=True)
        whole = server.send(POST).partition(b"\r\n\r\n")[0].split(b"\r\n")
        relay(server, program.url, wait=False)
        server.send(POST)
        first, second, behind = sorted(relayed(server, 3), key=lambda each: each["number"])
    assert b"Content-Security-Policy: sandbox" in kept_back
    assert not [each for each in kept_back if each.lower().startswith((b"set-cookie", b"clear"))]
    withheld = first["relay"]["withheld"]
    assert withheld == ["set-cookie", "Clear-Site-Data", "Content-Security-Policy"]
    for line in (b"Set-Cookie: a=1", b"set-cookie: b=2", b"Clear-Site-Data: *",
                 b"Content-Security-Policy: default-src 'none'"):  # fmt: skip
        assert line in whole
    assert b"Content-Security-Policy: sandbox" not in whole
    assert b"Date: then" not in whole
    assert (second["relay"]["withheld"], behind["relay"]["withheld"]) == ([], [])
    assert ["Set-Cookie", "a=1"] in second["answer"]["headers"]


def test_the_answer_to_head_says_how_long_a_body_would_be(server: RunningServer) -> None:
    with Receiver(b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n", OK) as program:
        relay(server, program.url)
        answers = server.send(POST.replace(b"POST", b"HEAD", 1) + POST)
    head, _, rest = answers.partition(b"\r\n\r\n")
    assert b"\r\nContent-Length: 1234\r\n" in head
    assert rest.startswith(b"HTTP/1.1 200 OK\r\n"), "the next answer, and no body"
    given = server.captured(count=2)[0]["answer"]
    assert (given["body_size"], ["Content-Length", "1234"] in given["headers"]) == (0, True)


def test_one_too_many_is_503_and_can_be_sent_later(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert server.process.backend.relays is not None
    monkeypatch.setattr(server.process.backend.relays, "max_under_way", 1)
    release = threading.Event()

    def wait(sock: socket.socket) -> None:
        release.wait(PATIENCE_S)
        sock.sendall(OK)

    with Receiver(wait) as program, ThreadPoolExecutor(1) as pool:
        relay(server, program.url)
        first = pool.submit(server.send, POST)
        wait_for(lambda: program.requests or None)
        assert "\ninspector_relays_under_way 1.0\n" in server.get("/metrics")[1]
        head = server.send(POST).partition(b"\r\n\r\n")[0]
        assert status_of(head) == 503
        assert b"\r\nRetry-After: 5\r\n" in head + b"\r\n"
        release.set()
        assert status_of(first.result(PATIENCE_S)) == 200
    found = relayed(server, 2)
    assert found[1]["relay"]["error"]["code"] == "too_many_relays"


def test_stopping_says_of_each_under_way_that_it_was_cut_short(
    start_process: StartProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = start_process()
    monkeypatch.setattr(first.process, "_finish_s", 0.1)
    with Receiver(hang) as program, ThreadPoolExecutor(1) as pool:
        relay(first, program.url)
        sender = pool.submit(first.exchange, POST)
        wait_for(lambda: program.requests or None)
        first.process.stop()
        assert status_of(sender.result(PATIENCE_S)) == 502
    request = start_process().only()
    assert request["relay"]["error"]["code"] == "interrupted"
    assert request["answer"]["status"] == 502


def test_what_a_crash_cut_short_is_said_at_the_next_start(
    start_process: StartProcess, tmp_path: Any
) -> None:
    first = start_process()
    with Receiver() as program:
        relay(first, program.url)
        first.send(POST)
    relayed(first)
    with first.process.services.engine.begin() as connection:  # as a killed server leaves it
        connection.exec_driver_sql("UPDATE relays SET status = NULL")
    first.process.stop()
    request = start_process().only()
    assert request["relay"]["error"] == {
        "code": "interrupted",
        "message": "The server ended while this request was being passed on.",
    }


def post(server: RunningServer, path: str, body: object) -> tuple[int, Any]:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)) as connection:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        found = connection.getresponse()
        text = found.read()
    return found.status, json.loads(text) if text else None


def see_through(server: RunningServer, run: dict[str, Any]) -> dict[str, Any]:
    """A run, once it has ended."""
    path = f"/api/v1/bins/b1/replay/{run['id']}"

    def look() -> dict[str, Any] | None:
        now: dict[str, Any] = json.loads(server.get(path)[1])
        return None if now["running"] else now

    return wait_for(look)


def test_what_was_missed_is_sent_when_the_program_is_back(server: RunningServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    relay(server, f"http://127.0.0.1:{port}", match={"path": "/hook"})
    for body in (b"a=1", b"a=2"):
        server.send(POST.replace(b"a=1", body))
    server.send(POST.replace(b"/hook", b"/other"))
    with Receiver() as program:
        relay(server, program.url, match={"path": "/hook"})
        server.send(POST.replace(b"a=1", b"a=3"))
        settings = json.loads(server.get("/api/v1/bins/b1/relay")[1])
        assert settings["missed"] == 2
        status, run = post(server, "/api/v1/bins/b1/relay/send", {})
        assert status == 202
        run = see_through(server, run)
        assert (run["sent"], run["delivered"], run["verdicts"]) == (2, 2, {"first": 2})
        assert [each[-3:] for each in program.requests] == [b"a=3", b"a=1", b"a=2"]
        again = see_through(server, post(server, "/api/v1/bins/b1/relay/send", {})[1])
        assert again["sent"] == 0, "nothing is sent twice"
    found = server.captured(count=4)
    assert [each["relay"] and each["relay"]["status"] for each in found] == [200, 200, None, 200]
    assert [each["answer"]["status"] for each in found] == [502, 502, 200, 200]


def test_streams_hear_what_the_program_said(server: RunningServer, program: Receiver) -> None:
    relay(server, program.url)
    with server.connect() as stream, server.connect() as page:
        for reader, path in ((stream, b"/api/v1/bins/b1/events"), (page, b"/bins/b1/stream")):
            reader.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            read_until(reader, b"id: ")
        server.send(POST)
        found = read_until(stream, b"event: relayed\ndata: ", b"\n\n")
        rows = read_until(page, b"event: changed\ndata: ", b"\n\n")
    assert json.loads(found)["relay"]["status"] == 200
    assert b"program 200 in" in rows


def read_until(stream: socket.socket, *marks: bytes) -> bytes:
    """What stands between the last two of these marks, or before the last one."""
    got = b""
    for mark in marks:
        while mark not in got:
            part = stream.recv(65_536)
            assert part, got
            got += part
        before, _, got = got.partition(mark)
    return before
