"""What people who write tests reach for first: names, values and shapes."""

import subprocess
import sys
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
import requests

import inspector.testing
from inspector.errors import InspectorError
from inspector.testing import Deskpro, InspectorServer, ReceivedRequest, WebhookBin

PNG = b"\x89PNG\r\n\x00\xff"


def post(bin_: WebhookBin, path: str = "", **what: Any) -> requests.Response:
    return requests.post(bin_.url_for(path), timeout=10, **what)


def test_a_request_is_shown_when_its_answer_is_chosen() -> None:
    with InspectorServer() as server:
        bin_ = server.create_bin()
        bin_.respond_with(200)
        choose = bin_.script.choose
        shown: list[int] = []

        def choose_late(*given: Any) -> Any:
            server.wait_for_news(server.news_count, 0.2)
            shown.append(len(bin_.requests))
            return choose(*given)

        bin_.script.choose = choose_late  # type: ignore[assignment, method-assign]
        assert post(bin_).status_code == 200
        assert shown == [0], "who sees a request may change the answers"
        assert bin_.wait().number == 1


def test_the_answer_of_a_returned_request_stays(webhook_bin: WebhookBin) -> None:
    import threading

    statuses: list[int] = []
    for number in range(1, 41):
        webhook_bin.respond_with(200)
        sender = threading.Thread(target=lambda: statuses.append(post(webhook_bin).status_code))
        sender.start()
        webhook_bin.wait_all(number)
        webhook_bin.respond_with(503)
        sender.join()
    assert statuses == [200] * 40


def test_wait_all_gives_a_list_for_any_count(webhook_bin: WebhookBin) -> None:
    post(webhook_bin, data="a")
    post(webhook_bin, data="b")
    assert [each.body for each in webhook_bin.wait_all(1)] == [b"a"]
    assert [each.body for each in webhook_bin.wait_all(2, method="POST")] == [b"a", b"b"]
    assert webhook_bin.wait_all(0) == []
    with pytest.raises(ValueError, match="count is at least 0"):
        webhook_bin.wait_all(-1)


def test_an_unknown_condition_is_named_with_the_nearest_word(webhook_bin: WebhookBin) -> None:
    given: dict[str, Any] = {"header": {"X-Id": "5"}}
    for method in (webhook_bin.wait, webhook_bin.assert_none, webhook_bin.find_all):
        with pytest.raises(TypeError, match=r"takes no header=; did you mean headers=\?$"):
            method(**given)
    with pytest.raises(TypeError, match=r"wait\(\) takes no xyz=; there are method, path, "):
        webhook_bin.wait(**{"xyz": 1})  # type: ignore[call-overload]


def test_a_path_needs_no_slash(webhook_bin: WebhookBin) -> None:
    webhook_bin.respond_with(status=404, path="orders")
    assert post(webhook_bin, "orders").status_code == 404
    assert webhook_bin.wait(path="orders", timeout=0.2).sub_path == "/orders"
    assert webhook_bin.wait(path=f"{webhook_bin.name}/orders", timeout=0.2).number == 1
    webhook_bin.assert_none(path="order", within=0)


def test_any_element_of_a_list_is_matched(webhook_bin: WebhookBin) -> None:
    post(webhook_bin, json={"items": [{"id": 1}, {"id": 2}]})
    assert webhook_bin.wait(where={"items[].id": 2}, timeout=0.2).number == 1
    webhook_bin.assert_none(where={"items[].id": 3}, within=0)


def test_a_ticket_in_json_is_the_ticket(webhook_bin: WebhookBin) -> None:
    post(webhook_bin, json={"ticket": {"id": 5}, "custom_data": "", "event_type": "new"})
    request = webhook_bin.wait()
    assert (request.ticket, request.custom_data) == ({"id": 5}, "")
    assert request.event == {"type": "new", "method": None, "performer": None}
    post(webhook_bin, json=["ticket"])
    assert webhook_bin.wait_all(2)[1].ticket is None


def test_json_without_its_type_is_read(webhook_bin: WebhookBin) -> None:
    post(webhook_bin, data='{"id": 5}', headers={"Content-Type": "text/plain"})
    assert webhook_bin.wait(where={"id": 5}, timeout=0.2).at("id") == 5


def test_broken_json_without_its_type_is_said_to_look_like_it(webhook_bin: WebhookBin) -> None:
    post(webhook_bin, data='{"id": 5,}', headers={"Content-Type": "text/plain"})
    message = "the body looks like JSON, but its Content-Type is text/plain"
    with pytest.raises(AssertionError, match=message):
        webhook_bin.wait(where={"id": 5}, timeout=0)
    with pytest.raises(LookupError, match=message):
        webhook_bin.requests[0].at("id")


def test_files_and_parts_are_there_and_matched(webhook_bin: WebhookBin) -> None:
    files = {"photo": ("bild ä.png", PNG, "image/png")}
    files["place"] = ("ort.txt", "Köln".encode("latin-1"), "text/plain; charset=iso-8859-1")
    post(webhook_bin, files=files, data={"title": "A"})
    request = webhook_bin.wait(files={"photo": PNG}, timeout=0.2)
    webhook_bin.wait(files={"photo": "bild ä.png", "other": None}, timeout=0.2)
    photo = request.files["photo"]
    assert (photo.filename, photo.content_type, photo.body) == ("bild ä.png", "image/png", PNG)
    assert [(each.name, each.filename) for each in request.parts] == [
        ("title", None),
        ("photo", "bild ä.png"),
        ("place", "ort.txt"),
    ]
    assert request.parts[0].text == "A"
    assert request.files["place"].text == "Köln"
    told = request.to_json()["parts"]
    assert [(each["name"], each["size"]) for each in told[:2]] == [
        ("title", 1),
        ("photo", len(PNG)),
    ]
    assert told[1]["content_type"] == "image/png"
    with pytest.raises(AssertionError, match="file photo"):
        webhook_bin.wait(files={"photo": b"other"}, timeout=0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"status": "503"}, "status is a number"),
        ({"status": 99}, "status from 200 to 599"),
        ({"delay": "1"}, "delay is a number of seconds"),
        ({"cut_after": "1"}, "cut_after is a number of bytes"),
        ({"headers": {"X-A": None}}, "the value of X-A is text or a number"),
        ({"headers": ["X-A"]}, "headers is a mapping or pairs"),
        ({"body": {"a": 1}}, "json= takes any data"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_name(
    webhook_bin: WebhookBin, given: dict[str, Any], message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        webhook_bin.respond_with(**given)
    with pytest.raises((TypeError, ValueError), match=message):
        webhook_bin.respond_with([given])


def test_a_misspelt_keyword_of_an_answer_is_named(webhook_bin: WebhookBin) -> None:
    with pytest.raises(TypeError, match=r"an answer takes no stauts=; did you mean status=\?"):
        webhook_bin.respond_with([{"stauts": 503}])


def test_natural_values_are_answered(webhook_bin: WebhookBin) -> None:
    headers: list[tuple[str, int | bytes]] = [("Retry-After", 7), ("X-B", b"b")]
    webhook_bin.respond_with(
        status=HTTPStatus.ACCEPTED,
        headers=headers,
        body=bytearray(b"x"),
        delay=timedelta(milliseconds=1),
    )
    answer = post(webhook_bin)
    assert (answer.status_code, answer.content) == (202, b"x")
    assert (answer.headers["Retry-After"], answer.headers["X-B"]) == ("7", "b")


def test_an_asynchronous_function_answers(webhook_bin: WebhookBin) -> None:
    import asyncio

    async def answer(request: ReceivedRequest) -> int:
        await asyncio.sleep(0)
        return 201 if request.method == "POST" else 405

    webhook_bin.respond_with(answer)
    assert post(webhook_bin).status_code == 201


def test_answers_are_taken_back(webhook_bin: WebhookBin) -> None:
    webhook_bin.respond_with(status=404, path="/orders")
    webhook_bin.respond_with(status=201)
    webhook_bin.reset_answers(path="/orders")
    assert post(webhook_bin, "orders").status_code == 201
    webhook_bin.reset_answers()
    assert (post(webhook_bin).status_code, post(webhook_bin).text) == (200, "ok\n")


def test_natural_values_are_sent(webhook_bin: WebhookBin, deskpro: Deskpro) -> None:
    webhook_bin.respond_with(json={"a": "ä"})
    result = deskpro.send(webhook_bin.url, headers={"X-Id": 5, "X-On": True}, data={"n": 5})
    request = webhook_bin.wait()
    assert (request.headers["X-Id"], request.headers["X-On"]) == ("5", "1")
    assert request.custom_data == {"n": "5"}
    assert result.answer is not None
    assert result.answer.find_header("Content-Type") == "application/json"
    assert result.answer.headers["content-TYPE"] == "application/json"
    assert ("Content-Type", "application/json") in result.answer.raw_headers
    assert result.answer.json() == {"a": "ä"}
    assert result.answer.text == '{"a": "\\u00e4"}'


@pytest.mark.parametrize("name", ["headers", "data"])
@pytest.mark.parametrize(
    ("value", "message"),
    [({"a": {"b": 1}}, r"\['a'\] is text or a number, not dict"), ({5: "a"}, "is text, not 5")],
)
def test_what_cannot_be_sent_is_refused_by_name(name: str, value: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Deskpro().prepare("http://127.0.0.1/", **{name: value})


def test_the_server_takes_a_host_a_port_and_a_limit() -> None:
    with InspectorServer(host="0.0.0.0", max_body=10) as server:
        bin_ = server.create_bin()
        assert bin_.url.startswith("http://127.0.0.1:")
        assert post(bin_, data=b"x" * 11).status_code == 413
        assert post(bin_, data=b"x" * 10).status_code == 200
        port = int(server.url.rpartition(":")[2])
    with InspectorServer(port=port, public_url="http://inspector.test:99") as server:
        assert server.url == "http://inspector.test:99"
        assert requests.get(f"http://127.0.0.1:{port}/healthz", timeout=10).ok


def test_types_of_the_emitter_are_exported_and_loaded_late() -> None:
    assert inspector.testing.DeliveryResult.__name__ == "DeliveryResult"
    assert inspector.testing.PreparedRequest.__name__ == "PreparedRequest"
    code = "import sys, inspector.testing; sys.exit('inspector.emitter' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_tries_of_a_delivery_are_told(webhook_bin: WebhookBin) -> None:
    for delivery in ("a", "b", "a"):
        post(webhook_bin, json={"hello": 1}, headers={"webhook-id": delivery})
    first, _, again = webhook_bin.wait_all(3)
    assert again.attempt is not None
    assert (again.attempt["number"], again.attempt["previous"]) == (2, first.id)
    assert again.attempt["by"] == "delivery"


def test_a_search_is_waited_for(webhook_bin: WebhookBin) -> None:
    requests.post(webhook_bin.url, json={"order": {"id": 7}}, timeout=60)
    requests.post(webhook_bin.url, json={"order": {"id": 8}}, timeout=60)
    assert webhook_bin.wait(q="order.id>7").number == 2
    with pytest.raises(AssertionError, match="The search does not find it"):
        webhook_bin.wait(q="order.id>8", timeout=0.1)
    with pytest.raises(InspectorError, match="number"):
        webhook_bin.wait(q="number:x")
