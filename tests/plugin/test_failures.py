"""What a failed wait says, to the letter where a reader looks first."""

import re
import socket
import time
from typing import Any

import pytest
import requests

from inspector.testing import ReceivedRequest, WebhookBin


def post(bin_: WebhookBin, path: str = "", **fields: str) -> None:
    requests.post(bin_.url_for(path), data=fields, timeout=10)


def failure(bin_: WebhookBin, **match: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        bin_.wait(timeout=0, **match)
    return str(caught.value).replace(bin_.name, "BIN").replace(bin_.url.rpartition("/")[0], "URL")


def test_nothing_arrived(webhook_bin: WebhookBin) -> None:
    assert failure(webhook_bin) == (
        "No request came within 0 s\n"  #
        "\n"
        "Nothing arrived at URL/BIN"
    )


def test_the_closest_comes_first(webhook_bin: WebhookBin) -> None:
    post(webhook_bin, "/other")
    post(webhook_bin, "/orders", **{"ticket[id]": "4", "ticket[subject]": "Printer on fire"})
    wanted = {"path": "/orders", "where": {"ticket.id": "5"}}
    assert failure(webhook_bin, **wanted) == (
        "No matching request came within 0 s\n"
        "\n"
        "Expected:\n"
        "  path       '/orders'\n"
        "  ticket.id  '5'\n"
        "\n"
        "Arrived at URL/BIN: 2 requests, the closest first (- expected, + arrived)\n"
        "\n"
        "#2 POST /BIN/orders  application/x-www-form-urlencoded, 52 bytes"
        "  ticket 4 'Printer on fire'\n"
        "  ticket.id\n"
        "    - '5'\n"
        "    + '4'\n"
        "\n"
        "#1 POST /BIN/other\n"
        "  path\n"
        "    - '/orders'\n"
        "    + '/other'\n"
        "  ticket.id  (the body is neither a form nor JSON)\n"
        "    - '5'\n"
        "    + absent"
    )


def test_what_is_there_but_differs_is_closer_than_what_is_not(webhook_bin: WebhookBin) -> None:
    post(webhook_bin, other="1")
    post(webhook_bin, **{"ticket[id]": "4"})
    shown = re.findall(r"(?m)^#(\d)", failure(webhook_bin, where={"ticket.id": "5"}))
    assert shown == ["2", "1"]


def test_long_texts_are_shown_from_where_they_part(webhook_bin: WebhookBin) -> None:
    requests.post(webhook_bin.url, json={"a": ["x" * 500 + "is"], "b": "y" * 500}, timeout=10)
    text = failure(webhook_bin, json={"a": ["x" * 500 + "was"], "b": "y" * 500})
    assert [line.strip() for line in text.partition("  json\n")[2].splitlines()] == [
        f"- …{'x' * 40}was'],",
        f"+ …{'x' * 40}is'],",
        f"'b': '{'y' * 286}…",
    ]
    text = failure(webhook_bin, where={"b": "y" * 499 + "!" + "y" * 400})
    assert re.search(r"    - …y{40}!y+…\n    \+ …y{41}\Z", text)


def test_of_many_the_rest_is_named_in_a_line_each(webhook_bin: WebhookBin) -> None:
    for number in range(14):
        post(webhook_bin, f"/{number}")
    lines = failure(webhook_bin, path="/99").splitlines()
    assert [line for line in lines if line.startswith("#")][3:] == [
        f"#{number} POST /BIN/{number - 1}  (differs in path)" for number in range(4, 11)
    ]
    assert lines[-1] == "... and 4 more"


def test_the_count_that_came_is_said(webhook_bin: WebhookBin) -> None:
    post(webhook_bin, a="1")
    post(webhook_bin, a="2")
    text = failure(webhook_bin, count=3, where={"a": "1"})
    assert text.startswith("1 of 3 matching requests came within 0 s\n")
    assert "#1 POST /BIN  application/x-www-form-urlencoded, 3 bytes\n\n#2" in text


def test_only_the_lines_that_differ_are_shown_of_large_values(webhook_bin: WebhookBin) -> None:
    wanted = {"orders": [{"id": number, "name": f"order {number}"} for number in range(50)]}
    sent = {
        "orders": [*wanted["orders"][:30], {"id": 30, "name": "ordre 30"}, *wanted["orders"][31:]]
    }
    requests.post(webhook_bin.url, json=sent, timeout=10)
    text = failure(webhook_bin, json=wanted)
    diff = text.partition("  json\n")[2].splitlines()
    assert [line.strip() for line in diff] == [
        "{'id': 29, 'name': 'order 29'},",
        "-             {'id': 30, 'name': 'order 30'},",
        "?                                     -",
        "+             {'id': 30, 'name': 'ordre 30'},",
        "?                                    +",
        "{'id': 31, 'name': 'order 31'},",
    ]


def test_a_predicate_is_named_with_its_place_and_what_it_raised(webhook_bin: WebhookBin) -> None:
    def is_urgent(request: ReceivedRequest) -> bool:
        return bool(request.ticket["urgent"])

    post(webhook_bin, a="1")
    with pytest.raises(AssertionError) as caught:
        webhook_bin.wait_for(is_urgent, timeout=0)
    text = str(caught.value)
    assert re.search(r"Expected:\n  predicate  is_urgent \(test_failures\.py:\d+\)\n", text)
    assert "    + TypeError(\"'NoneType' object is not subscriptable\")" in text


def test_a_predicate_that_says_no(webhook_bin: WebhookBin) -> None:
    post(webhook_bin, a="1")
    post(webhook_bin, a="2")
    assert webhook_bin.wait_for(lambda request: request.at("a") == "2").number == 2
    with pytest.raises(AssertionError, match=r"(?s)predicate  <lambda> .*    \+ False"):
        webhook_bin.wait_for(lambda request: request.at("a") == "3", timeout=0)


def test_requests_in_order(webhook_bin: WebhookBin) -> None:
    for path in ("/created", "/noise", "/updated", "/closed"):
        post(webhook_bin, path)
    first, second = webhook_bin.wait_in_order({"path": "/created"}, {"path": "/closed"})
    assert (first.sub_path, second.sub_path) == ("/created", "/closed")
    with pytest.raises(AssertionError) as caught:
        webhook_bin.wait_in_order({"path": "/updated"}, {"path": "/created"}, timeout=0.05)
    text = str(caught.value)
    assert text.startswith("Number 2 of 2 did not come within 0.05 s, after #3 POST /")
    assert re.search(
        r"1 request \(- expected, \+ arrived\) after that\n\n"
        r"#4 POST \S+/closed\n  path\n    - '/created'\n    \+ '/closed'\n\n"
        r"Up to then had come:\n"
        r"#1 POST \S+/created  \(would match\)\n#2 POST \S+/noise\n#3 POST \S+/updated\Z",
        text,
    )


def test_exact_counts(webhook_bin: WebhookBin) -> None:
    post(webhook_bin, "/a")
    post(webhook_bin, "/b")
    assert len(webhook_bin.assert_count(2, within=0.05)) == 2
    assert webhook_bin.assert_count(1, within=0, path="/a")[0].sub_path == "/a"
    with pytest.raises(AssertionError, match="Expected 3 requests, 2 came within 0 s"):
        webhook_bin.assert_count(3, within=0)
    with pytest.raises(AssertionError, match="Expected 1 request, more came within 0 s"):
        webhook_bin.assert_count(1, within=0)
    with pytest.raises(AssertionError, match="Expected no matching request"):
        webhook_bin.assert_none(within=0, path="/a")


def test_hostile_requests_are_shown_in_bounds(webhook_bin: WebhookBin) -> None:
    requests.post(
        webhook_bin.url_for("/" + "x" * 5000),
        data={"\x1b[31m" + "k" * 5000: "v" * 5000, "ticket[subject]": "\x1b[31mred\r\n#9 fake"},
        timeout=10,
    )
    port = int(webhook_bin.url.split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port)) as sender:
        head = f"POST /{webhook_bin.name}/\x1b[2J\u202e HTTP/1.0\r\n"
        sender.sendall(f"{head}Content-Type: \x1b]0;\r\n\r\n".encode())
        sender.recv(100)
    text = failure(webhook_bin, where={"ticket.subject": "y" * 5000, "zz": "1"}, body="z" * 9000)
    assert r"/\x1b[2J\u202e" in text
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert "\n#9" not in text
    assert len(text) < 5000


@pytest.mark.parametrize(
    "wrong", [{"metod": "PUT"}, {"count": 0}, {"where": {"a..b": 1}}, {"headers": "X"}]
)
def test_a_wait_that_makes_no_sense_is_refused_at_once(
    webhook_bin: WebhookBin, wrong: dict[str, Any]
) -> None:
    with pytest.raises((TypeError, ValueError)):
        webhook_bin.wait(**wrong)


def test_texts_of_several_lines_are_compared_line_by_line(webhook_bin: WebhookBin) -> None:
    requests.post(webhook_bin.url, data="one\ntwo\nthree", timeout=10)
    text = failure(webhook_bin, body="one\n2\nthree")
    assert [line.strip() for line in text.partition("  body\n")[2].splitlines()] == [
        "one",
        "- 2",
        "+ two",
        "three",
    ]
    assert "+ two\n" in failure(webhook_bin, body="one")


@pytest.mark.parametrize("fields", [10, 40, 200, 3000])
def test_large_values_are_compared_quickly_and_in_bounds(
    webhook_bin: WebhookBin, fields: int
) -> None:
    sent = {f"field {number:04}": [number] * 20 for number in range(fields)}
    wanted = {name: [*value, 0] for name, value in sent.items()}
    requests.post(webhook_bin.url, json=sent, timeout=10)
    began = time.monotonic()
    text = failure(webhook_bin, json=wanted)
    assert time.monotonic() - began < 30, "difflib alone would take minutes"
    assert len(text.splitlines()) < 60
    assert "- " in text
    assert "field 0000" in text


@pytest.mark.parametrize("fields", [10, 60, 400, 3000])
def test_two_fields_of_many_that_differ_are_found(webhook_bin: WebhookBin, fields: int) -> None:
    wanted = {f"field {number:04}": "the same" for number in range(fields)}
    sent = {**wanted, "field 0003": "another", f"field {fields - 3:04}": "another"}
    requests.post(webhook_bin.url, json=sent, timeout=10)
    lines = failure(webhook_bin, json=wanted).partition("  json\n")[2].splitlines()
    changed = [line.strip() for line in lines if line.strip()[:1] in ("-", "+")]
    assert "'field 0003': 'the same'" in changed[0]
    if fields < 1000:
        assert f"'field {fields - 3:04}': 'another'" in changed[-1]


def test_a_request_that_differs_in_very_much(webhook_bin: WebhookBin) -> None:
    post(webhook_bin)
    text = failure(webhook_bin, where={f"field_{number}": "x" for number in range(30)})
    assert "... 10 more differences" in text


def test_objects_that_are_asked_are_shown_by_their_names(webhook_bin: WebhookBin) -> None:
    post(webhook_bin, a="1")
    text = failure(webhook_bin, where={"a": str.isalpha}, path=re.compile("^/b"))
    assert re.search(r"  path  matching '\^/b'\n  a     str\.isalpha\n", text)


def test_a_broken_body_is_told_with_the_place_where_it_breaks(webhook_bin: WebhookBin) -> None:
    headers = {"Content-Type": "application/json"}
    requests.post(webhook_bin.url, data=b'{"a": 1\n "b": 2}', headers=headers, timeout=10)
    problem = 'Line 2, column 2, between “{"a": 1\\n ” and “"b": 2}”: a comma or a closing bracket'
    assert (
        f"  body: {problem} is missing.\n"
        "  b  (the body says that it is JSON and cannot be read as such)\n"
        "    - 2\n"
    ) in failure(webhook_bin, where={"b": 2})
    request = webhook_bin.last
    assert request is not None
    assert [note["line"] for note in request.json_notes] == [2]
    with pytest.raises(LookupError, match="has no b: the body is no JSON that could be read: Line"):
        request.at("b")
