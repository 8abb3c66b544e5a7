"""Answer rules by API and page: made, tried on recent requests, kept, told of each request."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

ANSWERS = "/api/v1/bins/orders/answers"
PAGE = "/bins/orders/answers"
REQUESTS = "/api/v1/bins/orders/requests"
RULES: dict[str, Any] = {
    "rules": [
        {
            "name": "retry",
            "match": {"method": "POST", "path": "/hook"},
            "answers": [{"status": 503, "headers": {"Retry-After": "5"}}, {"status": 201}],
        },
        {"match": {"q": "a=1"}, "answers": [{"template": True, "body": "{{ request.method }}"}]},
    ]
}


def test_rules_are_given_by_the_api_and_told_with_each_request(client: FlaskClient) -> None:
    assert client.get(ANSWERS).json == {"rules": []}
    kept = client.put(ANSWERS, json=RULES).json or {}
    assert [rule["then"] for rule in kept["rules"]] == ["last", "last"]
    assert client.get(ANSWERS).json == kept
    statuses = [client.post("/orders/hook").status_code for _ in range(3)]
    assert statuses == [503, 201, 201]
    assert client.put("/orders?x=1", data={"a": "1"}).text == "PUT"
    given = [each["answer"] for each in (client.get(REQUESTS).json or [])[::-1]]
    told = [(each["status"], each["rule"], each["rule_name"], each["turn"]) for each in given]
    assert told == [
        (503, 1, "retry", 1),
        (201, 1, "retry", 2),
        (201, 1, "retry", 3),
        (200, 2, "", None),
    ]
    assert ["Retry-After", "5"] in given[0]["headers"]
    assert (given[3]["body"], given[3]["body_size"]) == ("PUT", 3)


def test_turns_begin_anew_when_asked_or_when_the_rules_change(client: FlaskClient) -> None:
    client.put(ANSWERS, json=RULES)
    assert client.post("/orders/hook").status_code == 503
    assert client.post("/orders/hook").status_code == 201
    assert client.post(f"{ANSWERS}/reset").status_code == 204
    assert client.post("/orders/hook").status_code == 503
    client.put(ANSWERS, json=RULES)
    assert client.post("/orders/hook").status_code == 503
    assert client.delete(ANSWERS).status_code == 204
    assert client.post("/orders/hook").text == "ok\n"


def test_a_wrong_rule_names_its_place_and_changes_nothing(client: FlaskClient) -> None:
    client.put(ANSWERS, json=RULES)
    before = client.get(ANSWERS).json
    wrong = {"rules": [{"answers": [{"status": 200}, {"status": 99}]}]}
    refused = client.put(ANSWERS, json=wrong)
    assert refused.status_code == 400
    assert (refused.json or {})["error"]["field"] == "rules[0].answers[1].status"
    assert client.get(ANSWERS).json == before


def test_a_secret_comes_back_hidden_and_stays(client: FlaskClient) -> None:
    rules = {"rules": [{"answers": [{"preset": "zoom", "secret": "hush-hush"}]}]}
    assert "hush-hush" not in client.put(ANSWERS, json=rules).text
    kept = client.get(ANSWERS)
    assert "hush-hush" not in kept.text
    client.put(ANSWERS, json=kept.json)
    body = {"event": "endpoint.url_validation", "payload": {"plainToken": "p"}}
    answered = client.post("/orders", json=body).json or {}
    client.put(ANSWERS, json=rules)
    assert (client.post("/orders", json=body).json or {}) == answered
    for path in (PAGE, "/bins/orders", REQUESTS, "/api/v1/bins/orders"):
        assert "hush-hush" not in client.get(path).text


@pytest.mark.parametrize(
    "text",
    [
        '{"rules": [{"answers": [{"status": 418}]}]}',
        '[{"answers": [{"status": 418}]}]',
        "[[rules]]\n[[rules.answers]]\nstatus = 418\n",
    ],
)
def test_the_page_takes_json_and_toml(client: FlaskClient, text: str) -> None:
    assert client.post(PAGE, data={"rules": text}).status_code == 303
    assert client.post("/orders").status_code == 418
    assert "418" in client.get(PAGE).text


def test_the_page_tries_rules_on_recent_requests_before_they_are_saved(client: FlaskClient) -> None:
    for path in ("/orders/a", "/orders/b", "/orders/a"):
        client.post(path)
    text = '[{"match": {"path": "/a"}, "answers": [{"status": 503}]}]'
    page = client.post(PAGE, data={"rules": text, "check": "1"}).text
    assert "2 of the last 3 requests" in page
    assert "1 of the last 3 requests would get the default" in page
    assert "/bins/orders/requests/1-3" in page
    assert "/bins/orders/requests/1-2" not in page
    assert client.get(ANSWERS).json == {"rules": []}, "checking saves nothing"


def test_the_page_says_in_words_what_a_rule_matches(client: FlaskClient) -> None:
    match = {"path": "/<b>*", "headers": {"X-Kind": "a", "X-Skip": None}, "q": "a=1"}
    client.put(ANSWERS, json={"rules": [{"match": match, "answers": [{"status": 503}]}]})
    told = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd></div>\n", client.get(PAGE).text)
    assert told[:4] == [
        ("path", "<code>/&lt;b&gt;*</code>"),
        ("header", "<code>X-Kind: a</code>"),
        ("header", '<code>X-Skip</code> <i class="none">not sent</i>'),
        ("search", "<code>a=1</code>"),
    ]


@pytest.mark.parametrize("text", ["{", "[[rules", '{"rules": [{"answers": [{"status": 9}]}]}'])
def test_the_page_gives_back_what_was_typed_with_the_reason(client: FlaskClient, text: str) -> None:
    answer = client.post(PAGE, data={"rules": text})
    assert answer.status_code == 400
    assert 'role="alert"></p>' not in answer.text
    assert text.replace('"', "&#34;") in answer.text


def test_a_preset_is_one_click(client: FlaskClient) -> None:
    assert client.post(f"{PAGE}/preset", data={"preset": "unavailable-then-ok"}).status_code == 303
    assert [client.post("/orders").status_code for _ in range(4)] == [503, 503, 200, 200]
    page = client.get("/bins/orders").text
    assert page.count('class="row-status" data-bad') == 2
    first = client.get("/bins/orders/requests/1-1").text
    assert "answered" in first
    assert "rule 1 (unavailable-then-ok)" in first
    refused = client.post(f"{PAGE}/preset", data={"preset": "zoom"})
    assert (refused.status_code, "secret is missing" in refused.text) == (400, True)


def test_hostile_names_and_rules_stay_text(client: FlaskClient) -> None:
    name = "<script>alert(1)</script>\u202e"
    rule = {"name": name, "match": {"path": "/<b>"}, "answers": [{"body": "<i>x</i>"}]}
    client.put(ANSWERS, json={"rules": [rule, {"answers": [{"body": "<i>y</i>"}]}]})
    client.post("/orders/%3Cb%3E")
    client.post("/orders/<b>")
    for path in (PAGE, "/bins/orders", "/bins/orders/requests/1-2", "/bins/orders/requests/1-1"):
        page = client.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<i>" not in page.text.replace("<i>empty</i>", "").replace("<i>not sent</i>", "")
