"""What a bin was told to answer, byte for byte over a real socket."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from inspector.answers.rules import answer_always, read_rules
from inspector.domain.answers.documents import make_answer
from tests.server.conftest import RunningServer

POST = b"POST /b1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=1"


def tell(server: RunningServer, **answer: object) -> None:
    services = server.process.services
    with server.process.app.app_context():
        services.bins.answer_by("b1", answer_always(make_answer(**answer)))  # type: ignore[arg-type]


def test_the_answer_is_the_one_it_was_told(server: RunningServer) -> None:
    tell(server, status=418, headers=[("X-A", "1"), ("x-a", "2")], body="ä")
    head, _, body = server.send(POST).partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0].startswith(b"HTTP/1.1 418 ")
    assert [line for line in lines if line.lower().startswith(b"x-a")] == [b"X-A: 1", b"x-a: 2"]
    assert b"Content-Length: 2" in lines
    assert body == "ä".encode()
    assert len(server.captured()) == 1


def test_a_delayed_answer_is_stored_before_it_waits(server: RunningServer) -> None:
    tell(server, delay_s=0.3, body="late")
    began = time.monotonic()
    with server.connect() as connection:
        connection.sendall(POST)
        while not server.captured():
            assert time.monotonic() - began < 10
        assert connection.recv(4096).endswith(b"\r\n\r\nlate")
    assert time.monotonic() - began >= 0.3


def test_a_refused_request_gets_its_refusal_and_not_the_answer(server: RunningServer) -> None:
    tell(server, status=201)
    assert server.send(b"POST /b1 HTTP/1.1\r\nBroken header\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def follow(server: RunningServer, *rules: dict[str, Any]) -> None:
    services = server.process.services
    with server.process.app.app_context():
        services.bins.answer_by("b1", read_rules({"rules": list(rules)}))


def status_of(payload: bytes) -> int:
    return int(payload.split(b" ")[1])


def test_three_tries_get_503_503_200_and_each_capture_says_so(server: RunningServer) -> None:
    follow(server, {"name": "retry", "answers": [{"preset": "unavailable-then-ok"}]})
    assert [status_of(server.send(POST)) for _ in range(4)] == [503, 503, 200, 200]
    given = [request["answer"] for request in server.captured(count=4)]
    assert [
        tuple(each[name] for name in ("status", "rule", "rule_name", "turn")) for each in given
    ] == [
        (503, 1, "retry", 1),
        (503, 1, "retry", 2),
        (200, 1, "retry", 3),
        (200, 1, "retry", 4),
    ]


def test_turns_are_exact_under_load(server: RunningServer) -> None:
    follow(server, {"answers": [{"status": 400 + turn} for turn in range(60)]})
    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(lambda _: status_of(server.send(POST)), range(60)))
    assert sorted(statuses) == list(range(400, 460))
    given = [request["answer"] for request in server.captured(count=60)]
    assert [each["status"] for each in given] == list(range(400, 460))
    assert [each["turn"] for each in given] == list(range(1, 61))


def test_a_rule_may_look_into_the_body(server: RunningServer) -> None:
    follow(
        server,
        {"match": {"where": {"a": 1}}, "answers": [{"status": 201}]},
        {"match": {"q": "a=2"}, "answers": [{"status": 202}]},
    )
    statuses = []
    for _ in range(2):  # before and after the rules are known on the way to the writer
        for body in (b"a=1", b"a=2", b"a=3"):
            head = b"POST /b1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
            kind = b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
            statuses.append(status_of(server.send(head + kind + body)))
    assert statuses == [201, 202, 200, 201, 202, 200]


def test_a_template_answers_over_the_request_and_is_recorded_whole(server: RunningServer) -> None:
    follow(
        server,
        {
            "match": {"path": "/hook"},
            "answers": [{"template": True, "body": "{{ request.query.a }}/{{ request.number }}"}],
        },
    )
    sent = server.send(b"GET /b1/hook?a=%3Cb%3E HTTP/1.1\r\nHost: x\r\n\r\n")
    assert sent.endswith(b"\r\n\r\n<b>/1")
    (request,) = server.captured()
    assert (request["answer"]["body"], request["answer"]["outcome"]) == ("<b>/1", "sent")


def test_what_went_out_is_told_of_drops_cuts_and_refusals(server: RunningServer) -> None:
    follow(
        server,
        {"match": {"path": "/drop"}, "answers": [{"drop": True}]},
        {"match": {"path": "/cut"}, "answers": [{"body": "abcdef", "cut_after": 2}]},
    )
    assert server.send(POST.replace(b"/b1", b"/b1/drop")) == b""
    assert server.send(POST.replace(b"/b1", b"/b1/cut")).endswith(b"\r\n\r\nab")
    assert status_of(server.send(b"POST /b1 HTTP/1.1\r\nHost : x\r\n\r\n")) == 400
    given = [request["answer"] for request in server.captured()]
    assert [(each["outcome"], each["status"], each["body"]) for each in given] == [
        ("dropped", None, ""),
        ("cut", 200, "ab"),
        ("refused", 400, ""),
    ]


def test_what_a_bin_answers_by_itself_is_told_too(server: RunningServer) -> None:
    server.send(POST)
    server.send(POST.replace(b"POST", b"HEAD", 1))
    given = [request["answer"] for request in server.captured()]
    assert [(each["status"], each["body"], each["rule"]) for each in given] == [
        (200, "ok\n", None),
        (200, "", None),
    ]


def test_an_earlier_answer_stays_what_it_was(server: RunningServer) -> None:
    follow(server, {"answers": [{"status": 401, "body": "who?"}]})
    server.send(POST)
    follow(server, {"answers": [{"status": 201}]})
    server.send(POST)
    given = [request["answer"] for request in server.captured()]
    assert [(each["status"], each["body"]) for each in given] == [(401, "who?"), (201, "")]


def test_hostile_templates_hold_no_other_bin_up(server: RunningServer) -> None:
    bomb = (
        "{% for i in 1..100000 %}{% for j in 1..100000 %}{{ request.body }}{% endfor %}{% endfor %}"
    )
    follow(server, {"answers": [{"template": True, "body": bomb}]})
    with server.connect() as waiting:
        waiting.sendall(POST * 1)
        assert server.send(POST.replace(b"/b1", b"/b2")).startswith(b"HTTP/1.1 ")
        assert status_of(waiting.recv(4096)) == 500
