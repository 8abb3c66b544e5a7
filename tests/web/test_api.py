"""The API's calls about bins and requests, one by one."""

from __future__ import annotations

import base64
import dataclasses
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import pytest
from flask.testing import FlaskClient

BINS = "/api/v1/bins"
REQUESTS = f"{BINS}/orders/requests"


def capture(client: FlaskClient, count: int = 1, path: str = "/orders", **how: Any) -> None:
    for _ in range(count):
        assert client.post(path, **how).status_code == 200


def numbers(client: FlaskClient, query: str = "") -> list[int]:
    answer = client.get(f"{REQUESTS}{query}")
    assert answer.status_code == 200, answer.text
    return [each["number"] for each in answer.json or []]


@pytest.mark.parametrize("how", ["data", "json"])
def test_a_bin_is_made_from_a_form_or_from_json(client: FlaskClient, how: str) -> None:
    capacity = {"data": "7", "json": 7}[how]
    answer = client.post(BINS, **{how: {"name": "mine", "capacity": capacity}})
    assert answer.status_code == 201
    made = answer.json
    assert made is not None
    assert made["name"] == "mine"
    assert made["url"] == "http://localhost/mine"
    assert made["inspect_url"] == "http://localhost/mine?inspect"
    assert made["capacity"] == 7
    assert (made["private"], made["request_count"], made["last_number"]) == (False, 0, 0)
    assert len(made["color"]) == 3
    assert client.get(f"{BINS}/mine").json == made


def test_a_bin_without_a_name_gets_one_and_the_settings_capacity(client: FlaskClient) -> None:
    made = client.post(BINS).json
    assert made is not None
    assert len(made["name"]) == 8
    assert made["capacity"] == 1000


def test_a_private_bins_secret_is_told_once(client: FlaskClient) -> None:
    made = client.post(BINS, data={"name": "mine", "private": "true"}).json
    assert made is not None
    assert made["private"] is True
    assert len(made["secret"]) >= 32
    assert client.post(BINS).json is not None
    assert "secret" not in (client.get(f"{BINS}/mine").json or {})


def test_bins_are_listed_newest_first(client: FlaskClient) -> None:
    client.post(BINS, json={"name": "later"})
    assert [each["name"] for each in client.get(BINS).json or []] == ["later", "orders"]


def test_a_bin_is_changed_and_deleted(client: FlaskClient) -> None:
    assert client.patch(f"{BINS}/orders", json={"capacity": 2}).json["capacity"] == 2  # type: ignore[index]
    assert client.patch(f"{BINS}/orders").json["capacity"] == 2  # type: ignore[index]
    capture(client, 3)
    assert numbers(client) == [3, 2]
    answer = client.delete(f"{BINS}/orders")
    assert (answer.status_code, answer.data) == (204, b"")
    assert client.get(f"{BINS}/orders").status_code == 404


def test_a_request_has_requestbins_fields_and_ours(client: FlaskClient) -> None:
    capture(
        client,
        path="/orders/a%2Fb?x=1&x=2&y=",
        data=b"ticket%5Bid%5D=5&ticket%5Bagent%5D%5Bname%5D=Kim&custom_data=",
        content_type="application/x-www-form-urlencoded",
        headers=[("X-One", "1")],
    )
    (request,) = client.get(REQUESTS).json or []
    assert request["method"] == "POST"
    assert request["query_string"] == {"x": ["1", "2"], "y": ""}
    assert request["headers"]["X-One"] == "1"
    assert request["form_data"] == [
        ["ticket[id]", "5"],
        ["ticket[agent][name]", "Kim"],
        ["custom_data", ""],
    ]
    assert request["content_length"] == request["body_size"] == 61
    assert request["content_type"] == "application/x-www-form-urlencoded"
    assert base64.b64decode(request["body_base64"]).decode() == request["body"]
    assert request["ticket"] == {"id": "5", "agent": {"name": "Kim"}}
    assert (request["custom_data"], request["person_context"]) == ("", None)
    assert (request["event"], request["json"], request["refused"]) == (None, None, None)
    assert request["number"] == 1
    assert request["time"] > 1_700_000_000
    assert request["received_at"].endswith("+00:00")
    assert client.get(f"{REQUESTS}/{request['id']}").json == request


def test_the_order_of_keys_is_the_senders(client: FlaskClient) -> None:
    capture(client, data=b"b=1&a=2", content_type="application/x-www-form-urlencoded")
    (request,) = client.get(REQUESTS).json or []
    assert list(request["form"]) == ["b", "a"]


def test_a_body_that_is_not_text_has_no_text(client: FlaskClient) -> None:
    capture(client, data=b"\xff\x00", content_type="text/plain")
    (request,) = client.get(REQUESTS).json or []
    assert request["body"] is None
    assert request["body_base64"] == "/wA="


def test_pages_of_requests_follow_their_links(client: FlaskClient) -> None:
    capture(client, 5)
    seen: list[int] = []
    url: str | None = f"{REQUESTS}?limit=2&method=POST"
    while url:
        answer = client.get(url)
        seen += [each["number"] for each in answer.json or []]
        link = answer.headers.get("Link")
        assert link is None or link.endswith('>; rel="next"')
        url = link and link[1:].partition(">")[0]
    assert seen == [5, 4, 3, 2, 1]


def test_before_and_after_bound_the_list(client: FlaskClient) -> None:
    capture(client, 5)
    ids = {each["number"]: each["id"] for each in client.get(REQUESTS).json or []}
    assert numbers(client, f"?before={ids[4]}&after={ids[1]}") == [3, 2]
    assert numbers(client, "?after=0&limit=2") == [5, 4]


def test_requests_are_listed_by_method(client: FlaskClient) -> None:
    capture(client)
    client.put("/orders")
    client.open("/orders", method="PURGE")
    assert numbers(client, "?method=PUT") == [2]
    assert numbers(client, "?method=PURGE") == [3]
    assert numbers(client, "?method=put") == []


def test_requests_are_found_by_the_search_language(client: FlaskClient) -> None:
    for number in range(1, 6):
        capture(client, data={"ticket[id]": str(number), "ticket[agent][id]": str(number % 2)})
    assert numbers(client, "?q=ticket.agent.id=1") == [5, 3, 1]
    assert numbers(client, "?q=ticket.agent.id=1&limit=1&before=1-5") == [3]
    assert numbers(client, "?q=ticket.agent.id=1&after=1-1&method=POST") == [5, 3]
    assert numbers(client, "?q=nothing") == []
    link = client.get(f"{REQUESTS}?q=ticket.agent.id=1&limit=1").headers["Link"]
    assert "q=ticket.agent.id%3D1" in link
    assert "before=1-5" in link


def test_a_long_list_is_complete_whatever_it_weighs(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.storage.requests.STEP_BYTES", 100)
    capture(client, 3, data=b"x" * 60)
    capture(client, 1, data=b"x" * 1000)
    capture(client, 2)
    assert numbers(client, "?limit=5") == [6, 5, 4, 3, 2]


def test_requests_are_deleted_one_by_one_and_all(client: FlaskClient) -> None:
    capture(client, 3)
    first = (client.get(REQUESTS).json or [])[-1]["id"]
    assert client.delete(f"{REQUESTS}/{first}").status_code == 204
    assert client.delete(f"{REQUESTS}/{first}").status_code == 404
    assert numbers(client) == [3, 2]
    assert client.delete(REQUESTS).status_code == 204
    assert numbers(client) == []
    capture(client)
    assert numbers(client) == [4]


def test_a_body_is_downloaded_and_never_shown(client: FlaskClient) -> None:
    body = b"<script>alert(1)</script>\x00\xff"
    capture(client, data=body, content_type="text/html")
    answer = client.get(f"{REQUESTS}/1-1/body")
    assert answer.data == body
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="orders-1.bin"'
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@dataclass(frozen=True)
class Wrong:
    id: str
    method: str
    url: str
    status: int
    code: str
    field: str | None = None
    how: dict[str, Any] = dataclasses.field(default_factory=dict)


WRONG = [
    Wrong("no such bin", "GET", f"{BINS}/nowhere", 404, "bin_not_found"),
    Wrong("no such bin's requests", "GET", f"{BINS}/nowhere/requests", 404, "bin_not_found"),
    Wrong("a NUL for a name", "GET", f"{BINS}/a%00b", 404, "bin_not_found"),
    Wrong("no such request", "GET", f"{REQUESTS}/1-1", 404, "request_not_found"),
    Wrong("an id of no kind", "GET", f"{REQUESTS}/1%00", 404, "request_not_found"),
    Wrong("another bin's id", "GET", f"{REQUESTS}?before=2-1", 404, "request_not_found"),
    Wrong("no such body", "GET", f"{REQUESTS}/1-1/body", 404, "request_not_found"),
    Wrong("a limit of none", "GET", f"{REQUESTS}?limit=0", 400, "invalid_limit", "limit"),
    Wrong("a limit too high", "GET", f"{REQUESTS}?limit=501", 400, "invalid_limit", "limit"),
    Wrong("a limit in words", "GET", f"{REQUESTS}?limit=ten", 400, "invalid_limit", "limit"),
    Wrong("two limits", "GET", f"{REQUESTS}?limit=1&limit=2", 400, "invalid_limit", "limit"),
    Wrong("a bad query", "GET", f"{REQUESTS}?q=before:never", 400, "invalid_query", "q"),
    Wrong("no method", "GET", f"{REQUESTS}?method=a%20b", 400, "invalid_method", "method"),
    Wrong("a mistyped name", "GET", f"{REQUESTS}?limt=1", 400, "unknown_field", "limt"),
    Wrong("a parameter too many", "GET", f"{BINS}?limit=1", 400, "unknown_field", "limit"),
    Wrong("a bad name", "POST", BINS, 400, "invalid_name", "name", {"json": {"name": "A"}}),
    Wrong("a name of no kind", "POST", BINS, 400, "invalid_name", "name", {"json": {"name": 5}}),
    Wrong("a reserved name", "POST", BINS, 400, "name_reserved", "name", {"json": {"name": "api"}}),
    Wrong("a taken name", "POST", BINS, 409, "name_taken", "name", {"json": {"name": "orders"}}),
    Wrong(
        "a capacity too high",
        *("POST", BINS, 400, "invalid_capacity", "capacity"),
        {"data": {"capacity": "1000001"}},
    ),
    Wrong(
        "a capacity in quotes",
        *("POST", BINS, 400, "invalid_capacity", "capacity"),
        {"json": {"capacity": "5"}},
    ),
    Wrong(
        "a truth of no kind",
        *("POST", BINS, 400, "invalid_private", "private"),
        {"data": {"private": "maybe"}},
    ),
    Wrong("an unknown field", "POST", BINS, 400, "unknown_field", "nam", {"json": {"nam": "x"}}),
    Wrong("no object", "POST", BINS, 400, "invalid_json", None, {"json": ["x"]}),
    Wrong(
        "no JSON",
        *("POST", BINS, 400, "invalid_json", None),
        {"data": b'{"a"', "content_type": "application/json"},
    ),
    Wrong(
        "JSON without end",
        *("POST", BINS, 400, "invalid_json", None),
        {"data": b"[" * 100_000, "content_type": "application/json"},
    ),
    Wrong(
        "not UTF-8",
        *("POST", BINS, 400, "invalid_json", None),
        {"data": b'{"name": "\xff"}', "content_type": "application/json"},
    ),
    Wrong(
        "a body of another type",
        *("POST", BINS, 415, "unsupported_media_type", None),
        {"data": b"name=x", "content_type": "text/plain"},
    ),
    Wrong("no such call", "GET", "/api/v1/nothing", 404, "not_found"),
    Wrong("no call at all", "GET", "/api/", 404, "not_found"),
    Wrong("another version", "GET", "/api/v2/bins", 404, "not_found"),
    Wrong("another method", "PUT", BINS, 405, "method_not_allowed"),
    Wrong("a method of their own", "PURGE", f"{BINS}/orders", 405, "method_not_allowed"),
]


@pytest.mark.parametrize("case", WRONG, ids=attrgetter("id"))
def test_a_wrong_call_is_told_what_is_wrong(client: FlaskClient, case: Wrong) -> None:
    answer = client.open(case.url, method=case.method, **case.how)
    assert answer.status_code == case.status
    assert answer.content_type == "application/json"
    assert answer.json is not None
    assert answer.json.keys() == {"error"}
    error = answer.json["error"]
    assert error["code"] == case.code
    assert error["message"].endswith(".")
    assert error.get("field") == case.field


def test_what_may_be_done_instead_is_in_the_head(client: FlaskClient) -> None:
    answer = client.put(f"{BINS}/orders")
    assert set(answer.headers["Allow"].split(", ")) == {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH"}


def test_our_own_fault_is_told_blandly_in_the_same_shape(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_self: object) -> None:
        raise RuntimeError("the reason")

    monkeypatch.setattr("inspector.storage.bins.BinStore.list", fail)
    answer = client.get(BINS)
    assert answer.status_code == 500
    assert answer.json is not None
    assert answer.json["error"]["code"] == "internal_error"
    assert "the reason" not in answer.text
    assert "the reason" in caplog.text


@pytest.mark.parametrize("body", [b"NaN", b"-Infinity", b"{", b"[" * 300])
def test_what_json_cannot_say_is_no_json(client: FlaskClient, body: bytes) -> None:
    capture(client, data=body, content_type="application/json")
    answer = client.get(REQUESTS)
    assert (answer.json or [])[0]["json"] is None


def test_a_number_that_no_double_holds_is_given_out_as_it_was_sent(client: FlaskClient) -> None:
    capture(client, data=b"[1e999]", content_type="application/json")
    answer = client.get(REQUESTS).text
    assert '"json":[1e999],' in answer
    assert "Infinity" not in answer
