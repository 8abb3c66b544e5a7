"""What a bin is told to answer: through the API and the page, given to any sender."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

ANSWER = "/api/v1/bins/orders/answer"
BIN = "/api/v1/bins/orders"
USUAL = {"status": 200, "headers": [], "body": "ok\n", "delay_s": 0, "insist": False}
CHOSEN = {
    "status": 503,
    "headers": [["Retry-After", "5"], ["X-A", "1"], ["X-A", "2"]],
    "body": "später\n",
    "delay_s": 0.01,
    "insist": False,
}


def get_answer(client: FlaskClient) -> Any:
    return client.get(BIN).get_json()["answer"]


def test_a_chosen_answer_is_given_and_told(client: FlaskClient) -> None:
    assert get_answer(client) == USUAL
    assert client.put(ANSWER, json=CHOSEN).get_json()["answer"] == CHOSEN
    given = client.post("/orders/hook", data="a=1")
    assert (given.status_code, given.text) == (503, "später\n")
    assert given.headers.getlist("X-A") == ["1", "2"]
    assert given.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert given.headers["Content-Security-Policy"] == "sandbox"
    assert client.get(BIN).get_json()["request_count"] == 1, "it is captured all the same"

    assert client.delete(ANSWER).status_code == 204
    assert get_answer(client) == USUAL
    assert client.post("/orders").text == "ok\n"


def test_headers_may_be_an_object(client: FlaskClient) -> None:
    answer = {"headers": {"Content-Type": "application/json"}, "body": "{}"}
    assert client.put(ANSWER, json=answer).status_code == 200
    given = client.get("/orders")
    assert given.json == {}
    assert given.headers.getlist("Content-Type") == ["application/json"]


def test_a_page_of_another_origin_may_call_a_bin_that_says_so(client: FlaskClient) -> None:
    allowed = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*"}
    client.put(ANSWER, json={"headers": allowed})
    foreign = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    asked = client.options("/orders", headers=foreign)
    assert (asked.status_code, asked.headers["Access-Control-Allow-Origin"]) == (200, "*")


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"status": 99}, "invalid_status", "status"),
        ({"headers": [["X-A"]]}, "invalid_headers", "headers"),
        ({"headers": "X-A: b"}, "invalid_headers", "headers"),
        ({"headers": False}, "invalid_headers", "headers"),
        ({"headers": [["X-A", "b\r\nSet-Cookie: c"]]}, "invalid_headers", "headers"),
        ({"headers": {"Set-Cookie": "a=b"}}, "header_reaches_further", "headers"),
        ({"delay_s": 1e9}, "invalid_delay_s", "delay_s"),
        ({"delay": 1}, "unknown_field", "delay"),
    ],
)
def test_what_cannot_be_answered_is_refused(
    client: FlaskClient, given: dict[str, Any], code: str, field: str
) -> None:
    answer = client.put(ANSWER, json=given)
    assert answer.status_code == 400
    error = answer.get_json()["error"]
    assert (error["code"], error["field"]) == (code, field)
    assert get_answer(client) == USUAL


def test_who_insists_lets_a_cookie_out(client: FlaskClient) -> None:
    client.put(ANSWER, json={"headers": {"Set-Cookie": "a=b"}, "insist": True})
    assert client.get("/orders").headers["Set-Cookie"] == "a=b"


def test_the_page_chooses_it_too(client: FlaskClient) -> None:
    assert ">Answers</a>" in client.get("/bins/orders").text
    form = {
        "status": "201",
        "delay_s": "0.5",
        "headers": "X-A: 1\r\nX-B: 2\r\n",
        "body": '{"ok":\r\ntrue}',
    }
    saved = client.post("/bins/orders/answer", data=form)
    assert (saved.status_code, saved.location) == (303, "/bins/orders")
    assert get_answer(client) == {
        "status": 201,
        "headers": [["X-A", "1"], ["X-B", "2"]],
        "body": '{"ok":\ntrue}',
        "delay_s": 0.5,
        "insist": False,
    }
    assert "Answers <span" in client.get("/bins/orders").text
    shown = client.get("/bins/orders/answer").text
    assert "X-A: 1\nX-B: 2\n</textarea>" in shown

    client.post("/bins/orders/answer", data={"reset": "1"})
    assert get_answer(client) == USUAL


@pytest.mark.parametrize(("status", "body"), [("503", ""), ("200", "ok\n")])
def test_a_body_left_empty_is_what_the_status_says_by_itself(
    client: FlaskClient, status: str, body: str
) -> None:
    assert re.search(r'name="body"[^>]*>\s*</textarea>', client.get("/bins/orders/answer").text)
    client.post("/bins/orders/answer", data={"status": status, "delay_s": "0", "body": ""})
    assert (get_answer(client)["status"], get_answer(client)["body"]) == (int(status), body)


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("status", "two hundred", "is not a number"),
        ("status", "99", "a status from 200 to 599"),
        ("delay_s", "nan", "0 to 300 seconds"),
        ("headers", "<script>alert(1)</script>", "write it as Name: value"),
        ("headers", "Set-Cookie: a=b", "Allow it"),
    ],
)
def test_what_was_typed_wrong_comes_back_with_the_reason(
    client: FlaskClient, field: str, text: str, sentence: str
) -> None:
    form = {"status": "201", "delay_s": "0", "headers": "", "body": "kept", field: text}
    answer = client.post("/bins/orders/answer", data=form)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert "kept</textarea>" in answer.text
    assert "<script>alert" not in answer.text
    assert get_answer(client) == USUAL
