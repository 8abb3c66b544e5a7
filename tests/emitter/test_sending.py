"""What goes over the wire and what comes back, against receivers that say anything."""

from typing import Any

from inspector.emitter import DeliveryOptions, WebhookAction, render, sample_context, send
from tests.emitter.receiver import Receiver, answer

QUICK = DeliveryOptions(timeout_s=5)


def prepare(url: str, **action: Any) -> Any:
    return render(WebhookAction(**{"url": url, **action}), sample_context())


def test_the_bytes_that_were_prepared_are_the_bytes_that_arrive() -> None:
    with Receiver() as receiver:
        request = prepare(
            f"{receiver.url}/bin?x=1",
            headers=(("x-LOWER", "1"), ("X-Subject", "{{ ticket.subject }}"), ("x-LOWER", "ü")),
        )
        result = send(request, options=QUICK)
    assert receiver.requests == [request.raw]
    assert result.delivered
    assert result.failure is None


def test_the_answer_comes_back_whole_with_its_times() -> None:
    reply = answer(201, "X-Seen: 1", "x-seen: 2", body=b"<b>made</b>", reason="Made It")
    with Receiver(reply) as receiver:
        result = send(prepare(receiver.url), options=QUICK)
    last = result.last
    assert last.answer is not None
    assert (result.status, last.answer.reason, last.answer.http_version) == (201, "Made It", "1.1")
    assert last.answer.headers == (("X-Seen", "1"), ("x-seen", "2"), ("Content-Length", "11"))
    assert (last.answer.body, last.answer.truncated) == (b"<b>made</b>", False)
    assert last.address == "127.0.0.1"
    assert last.connect_ms is not None
    assert last.first_byte_ms is not None
    assert 0 < last.connect_ms < last.total_ms
    assert 0 < last.first_byte_ms < last.total_ms


def test_nothing_listening_is_a_result_with_a_sentence() -> None:
    with Receiver() as receiver:
        url = receiver.url
    result = send(prepare(url), options=QUICK)
    assert result.failure is not None
    assert result.failure.code == "connection_refused"
    assert result.failure.message == (
        f"Nothing listens at 127.0.0.1, port {receiver.port}: the connection was refused."
    )
    assert (result.status, result.delivered, result.answer) == (None, False, None)
