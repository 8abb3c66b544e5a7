"""What a test sees of the requests that come to its bin."""

import asyncio
import socket
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from inspector.errors import InspectorError
from inspector.testing import FieldNotFoundError, InspectorServer, ReceivedRequest, WebhookBin
from tests.loops import run

TICKET = {
    "ticket[id]": "5",
    "ticket[subject]": "Printer on fire",
    "ticket[participants][0][person][name]": "Ann",
    "custom_data": "",
    "event_type": "updated",
}


def post_later(url: str, after_s: float = 0.05, **what: Any) -> threading.Thread:
    def post() -> None:
        time.sleep(after_s)
        requests.post(url, timeout=10, **what)

    thread = threading.Thread(target=post)
    thread.start()
    return thread


def test_a_request_has_the_fields_of_the_json_as_attributes(webhook_bin: WebhookBin) -> None:
    requests.post(webhook_bin.url_for("/a%20b?x=1&x=2"), data=TICKET, timeout=10)
    request = webhook_bin.wait()
    answer = requests.get(
        webhook_bin.inspect_url.replace("/bins/", "/api/v1/bins/") + f"/requests/{request.id}",
        timeout=60,
    ).json()
    assert answer == request.to_json()
    for name, value in answer.items():
        if name not in ("body", "headers", "parts"):
            assert getattr(request, name) == value, name
    assert request.body.decode() == request.text == answer["body"]
    assert request.headers == answer["headers"]


def test_a_ticket_in_parts_is_one_for_a_test(webhook_bin: WebhookBin) -> None:
    requests.post(webhook_bin.url, files={"ticket[file]": ("a.txt", b"1")}, data=TICKET, timeout=10)
    request = webhook_bin.wait(where={"ticket.id": "5", "custom_data": ""})
    requests.post(webhook_bin.url, data=TICKET, timeout=10)
    urlencoded = webhook_bin.wait(count=2)[1]
    assert request.headers["Content-Type"].startswith("multipart/form-data")
    assert request.at("ticket.participants.0.person.name") == "Ann"
    assert (request.ticket, request.form_data) == (urlencoded.ticket, urlencoded.form_data)


def test_a_field_that_php_would_not_read_is_said_to_be_lost(webhook_bin: WebhookBin) -> None:
    many = {f"field_{number}": "x" for number in range(1_000)}
    requests.post(webhook_bin.url, data=many | {"custom_data": "a"}, timeout=10)
    request = webhook_bin.wait()
    says = "sent, but PHP would not read it: field 1,001 of at most 1,000"
    assert request.form_lost == [{"name": "custom_data", "message": says}]
    with pytest.raises(FieldNotFoundError, match=f"no custom_data: {says}"):
        request.at("custom_data")
    with pytest.raises(AssertionError, match=says):
        webhook_bin.wait(timeout=0.1, where={"custom_data": "a"})


def test_the_schema_of_what_came_is_the_one_of_the_api(webhook_bin: WebhookBin) -> None:
    for event, body in (("push", {"ref": "main"}), ("fork", {"id": 5}), ("fork", {"id": "6"})):
        requests.post(webhook_bin.url, json=body, headers={"X-GitHub-Event": event}, timeout=10)
    webhook_bin.wait(count=3)
    call = webhook_bin.inspect_url.replace("/bins/", "/api/v1/bins/") + "/schema"
    assert webhook_bin.schema() == requests.get(call, timeout=60).text
    for given in ({"format": "typescript"}, {"format": "pydantic", "event": "fork"}):
        assert webhook_bin.schema(**given) == requests.get(call, given, timeout=60).text
    webhook_bin.clear()
    assert "The bodies of 0 requests" in webhook_bin.schema("python")
    with pytest.raises(ValueError, match=r"format is one of json-schema, typescript, .* not 'xml'"):
        webhook_bin.schema("xml")
    with pytest.raises(InspectorError, match="no body of the event 'push'"):
        webhook_bin.schema(event="push")


def test_a_form_is_there_as_other_receivers_read_it(webhook_bin: WebhookBin) -> None:
    head = {"Content-Type": "application/x-www-form-urlencoded"}
    requests.post(webhook_bin.url, data="t[a]=1&t[b][]=2", headers=head, timeout=10)
    request = webhook_bin.wait()
    assert request.form_as("rack") == request.form_as("express") == request.form
    assert request.form_as("flat") == {"t[a]": ["1"], "t[b][]": ["2"]}
    with pytest.raises(ValueError, match="php, rack, qs, express, flat"):
        request.form_as("perl")
    requests.post(webhook_bin.url, data="t=1&t[a]=1", headers=head, timeout=10)
    with pytest.raises(AssertionError, match="answer 400 Bad Request"):
        webhook_bin.wait(count=2)[1].form_as("rack")
    requests.post(webhook_bin.url, json={}, timeout=10)
    assert webhook_bin.wait(count=3)[2].form_as("qs") is None


def test_headers_are_found_in_any_case(webhook_bin: WebhookBin) -> None:
    requests.post(webhook_bin.url, headers={"X-Deskpro-TicketId": "5"}, timeout=10)
    headers = webhook_bin.wait().headers
    assert headers["x-deskpro-ticketid"] == headers["X-DESKPRO-TICKETID"] == "5"
    assert "x-Deskpro-ticketid" in headers
    assert headers.get("X-Other") is None
    with pytest.raises(KeyError, match="X-Other; there are: Host, "):
        headers["X-Other"]


def test_a_field_is_reached_by_its_path(webhook_bin: WebhookBin) -> None:
    requests.post(webhook_bin.url, data=TICKET, timeout=10)
    request = webhook_bin.wait()
    assert request.at("ticket.participants[0].person.name") == "Ann"
    assert request.at("ticket[participants][0][person][name]") == "Ann"
    assert request.at("custom_data") == request.custom_data == ""
    assert request.at("ticket.agent.id", None) is None
    with pytest.raises(FieldNotFoundError, match=r"has no ticket\.subjekt: ticket has 'subject'"):
        request.at("ticket.subjekt")


def test_the_fields_of_json_are_reached_too(webhook_bin: WebhookBin) -> None:
    requests.put(webhook_bin.url, json={"orders": [{"id": 7}]}, timeout=10)
    request = webhook_bin.wait(where={"orders[0].id": 7}, json={"orders": [{"id": 7}]})
    assert request.json["orders"] == request.at("orders") == [{"id": 7}]
    assert request.form is None


def test_a_number_equals_what_a_test_expects_however_it_was_written(
    webhook_bin: WebhookBin,
) -> None:
    headers = {"Content-Type": "application/json"}
    requests.post(webhook_bin.url, data=b'{"a": 1.50, "b": [1e2]}', headers=headers, timeout=10)
    request = webhook_bin.wait(where={"a": 1.5, "b[0]": 100}, json={"a": 1.5, "b": [100.0]})
    assert request.json == {"a": 1.5, "b": [100]}
    assert request.at("a").text == "1.50"


def test_bytes_are_kept_as_sent(webhook_bin: WebhookBin) -> None:
    body = bytes(range(256))
    requests.post(webhook_bin.url, data=body, timeout=10)
    request = webhook_bin.wait(body=body)
    assert (request.body, request.text) == (body, None)


def test_waiting_takes_what_is_there_already(webhook_bin: WebhookBin) -> None:
    requests.post(webhook_bin.url, data="1", timeout=10)
    requests.post(webhook_bin.url, data="2", timeout=10)
    assert webhook_bin.wait().text == "1"
    assert [each.text for each in webhook_bin.wait(count=2)] == ["1", "2"]
    assert webhook_bin.wait(after=webhook_bin.requests[0]).text == "2"
    assert webhook_bin.last is webhook_bin.requests[1]


def test_waiting_ends_when_the_request_comes(webhook_bin: WebhookBin) -> None:
    thread = post_later(webhook_bin.url, after_s=0.2)
    began = time.monotonic()
    webhook_bin.wait(timeout=10)
    assert 0.15 < time.monotonic() - began < 5
    thread.join()


def test_waiting_ends_when_the_time_is_up(webhook_bin: WebhookBin) -> None:
    began = time.monotonic()
    with pytest.raises(AssertionError, match=r"No request came within 0\.3 s"):
        webhook_bin.wait(timeout=0.3)
    assert 0.3 <= time.monotonic() - began < 10


def test_none_came_and_none_comes(webhook_bin: WebhookBin) -> None:
    webhook_bin.assert_none(within=0.05)
    thread = post_later(webhook_bin.url)
    with pytest.raises(AssertionError, match="Expected no request"):
        webhook_bin.assert_none(within=10)
    thread.join()
    webhook_bin.assert_none(within=0, method="PUT")


def test_clear_forgets_what_was_answered(webhook_bin: WebhookBin) -> None:
    for number in range(50):
        requests.post(webhook_bin.url, data=str(number), timeout=10)
        webhook_bin.clear()
        assert webhook_bin.requests == []
    requests.post(webhook_bin.url, data="new", timeout=10)
    assert [each.text for each in webhook_bin.requests] == ["new"]


def test_many_senders_at_once_lose_nothing(webhook_bin: WebhookBin) -> None:
    threads = [post_later(webhook_bin.url, 0, data=str(number)) for number in range(20)]
    found = webhook_bin.wait(count=20)
    for thread in threads:
        thread.join()
    assert sorted(int(each.text or "") for each in found) == list(range(20))
    assert [each.number for each in found] == list(range(1, 21))


def test_waiting_in_a_thread_of_its_own_leaves_an_event_loop_running(
    webhook_bin: WebhookBin,
) -> None:
    async def send_and_wait() -> ReceivedRequest:
        waiting = asyncio.create_task(asyncio.to_thread(webhook_bin.wait))
        await asyncio.sleep(0)
        parts = urlsplit(webhook_bin.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(f"PUT {parts.path} HTTP/1.0\r\n\r\n".encode())
        assert (await reader.read()).startswith(b"HTTP/1.0 200 OK")
        writer.close()
        await writer.wait_closed()
        return await waiting

    assert run(send_and_wait()).method == "PUT"


def test_a_sender_that_breaks_off_is_seen(
    webhook_bin: WebhookBin, inspector: InspectorServer
) -> None:
    port = int(inspector.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as sender:
        head = f"POST /{webhook_bin.name} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf"
        sender.sendall(head.encode())
        time.sleep(0.05)
    request = webhook_bin.wait()
    assert (request.truncated, request.body) == (True, b"half")
    assert request.refused is not None


@pytest.mark.parametrize(
    "match",
    [
        {"method": "post"},
        {"path": "/orders/1"},
        {"query": {"a": ["1", "2"], "b": "", "c": None}},
        {"headers": {"x-id": "7", "X-Other": None}},
        {"where": {"ticket.id": "5", "custom_data": "", "ticket.agent": None}},
        {"where": {"ticket.subject": lambda subject: subject.startswith("Printer")}},
    ],
    ids=lambda match: next(iter(match)),
)
def test_a_request_is_matched_by(webhook_bin: WebhookBin, match: dict[str, Any]) -> None:
    requests.post(
        webhook_bin.url_for("orders/1?a=1&a=2&b="), data=TICKET, headers={"X-Id": "7"}, timeout=10
    )
    assert webhook_bin.find_all(**match) == webhook_bin.requests
    requests.delete(webhook_bin.url, timeout=10)
    assert len(webhook_bin.find_all(**match)) == 1


def test_headers_are_a_mapping(webhook_bin: WebhookBin) -> None:
    requests.post(webhook_bin.url, headers={"X-B": "2", "X-A": "1"}, timeout=10)
    headers = webhook_bin.wait().headers
    assert dict(headers) == headers
    assert {name.upper(): value for name, value in headers.items()} == headers
    assert headers != {**headers, "X-A": "2"}
    assert headers != ["X-A"]
    assert len(headers) == len(list(headers))
    assert "'X-A': '1'" in repr(headers)
