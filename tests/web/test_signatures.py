"""A bin's secrets, and what each request says of its signature: API, page, list and search."""

from __future__ import annotations

import hmac
from typing import Any

from flask.testing import FlaskClient

API = "/api/v1/bins/orders/signatures"
PAGE = "/bins/orders/signatures"
SECRET = "hush-hush"


def send(client: FlaskClient, key: str = SECRET, body: bytes = b'{"a": 1}') -> None:
    digest = hmac.new(key.encode(), body, "sha256").hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={digest}"}
    client.post("/orders", data=body, headers=headers, content_type="application/json")


def give(client: FlaskClient, *secrets: str) -> None:
    items = [{"scheme": "github", "secret": secret} for secret in secrets]
    given = client.put(API, json={"signatures": items})
    assert given.get_json() == {"signatures": [{"scheme": "github", "secret": "***"}] * len(items)}


def get_last(client: FlaskClient) -> dict[str, Any]:
    found: list[dict[str, Any]] = client.get("/api/v1/bins/orders/requests?limit=1").get_json()
    return found[0]


def test_a_request_is_recognised_before_there_is_a_secret(client: FlaskClient) -> None:
    send(client)
    (check,) = get_last(client)["signatures"]
    assert (check["scheme"], check["result"]) == ("github", "unchecked")


def test_a_secret_counts_for_what_the_bin_holds_already(client: FlaskClient) -> None:
    send(client)
    for secret, result in ((SECRET, "valid"), ("other", "invalid")):
        give(client, secret)
        (check,) = get_last(client)["signatures"]
        assert check["result"] == result
    give(client, "other", SECRET)
    (check,) = get_last(client)["signatures"]
    assert "older secret" in check["reason"]


def test_a_hidden_secret_stays(client: FlaskClient) -> None:
    send(client)
    give(client, SECRET)
    client.put(API, json=client.get(API).get_json())
    (check,) = get_last(client)["signatures"]
    assert check["result"] == "valid"


def test_what_cannot_be_a_secret_is_refused_by_its_place(client: FlaskClient) -> None:
    give(client, SECRET)
    refused = client.put(API, json={"signatures": [{"scheme": "nope", "secret": "s"}]})
    assert refused.status_code == 400
    assert refused.get_json()["error"]["field"] == "signatures.0.scheme"
    assert client.put(API, json={}).status_code == 400
    assert len(client.get(API).get_json()["signatures"]) == 1, "nothing was changed"


def test_the_page_sets_secrets_and_never_shows_them(client: FlaskClient) -> None:
    send(client)
    form = {"scheme": "github", "secret": SECRET + " "}
    assert client.post(PAGE, data=form).status_code == 303
    request_id = get_last(client)["id"]
    for path in (PAGE, f"/bins/orders/requests/{request_id}", "/bins/orders", "/api/v1/bins"):
        assert SECRET not in client.get(path).text
    shown = client.get(f"/bins/orders/requests/{request_id}").text
    assert "Signature invalid" in shown
    assert "white space" in shown
    assert "signature invalid" in client.get("/bins/orders").text
    assert client.post(PAGE, data=form | {"secret": ""}).status_code == 400
    assert client.post(PAGE, data={"remove": "0"}).status_code == 303
    assert client.get(API).get_json() == {"signatures": []}
    assert "signature invalid" not in client.get("/bins/orders").text


def test_search_finds_by_result(client: FlaskClient) -> None:
    send(client)
    send(client, "other")
    client.post("/orders", data="a=1")
    give(client, SECRET)
    for result, numbers in (("valid", [1]), ("invalid", [2]), ("absent", [3]), ("unchecked", [])):
        found = client.get(f"/api/v1/bins/orders/requests?q=signature:{result}").get_json()
        assert [each["number"] for each in found] == numbers, result
    found = client.get("/api/v1/bins/orders/requests?q=-signature:valid").get_json()
    assert [each["number"] for each in found] == [3, 2]
    refused = client.get("/api/v1/bins/orders/requests?q=signature:wrong")
    assert "signature:invalid" in refused.get_json()["error"]["message"]


def test_the_list_does_not_judge_a_body_that_it_has_not_read(client: FlaskClient) -> None:
    give(client, SECRET)
    send(client, body=b"x" * 300_000)
    assert "signature invalid" not in client.get("/bins/orders").text
    (check,) = get_last(client)["signatures"]
    assert check["result"] == "valid"


def test_a_replay_to_a_bin_is_signed_anew(client: FlaskClient) -> None:
    send(client, "wrong")
    at = f"/api/v1/bins/orders/requests/{get_last(client)['id']}/replay"
    target = {"url": "http://127.0.0.1:1/x", "resign": True}
    refused = client.post(at, json=target)
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (409, "cannot_sign")
    give(client, SECRET)
    digest = hmac.new(SECRET.encode(), b'{"a": 1}', "sha256").hexdigest()
    delivery = client.post(at, json=target).get_json()
    assert ["X-Hub-Signature-256", f"sha256={digest}"] in delivery["request"]["headers"]


def test_the_page_of_a_replay_signs_anew(client: FlaskClient) -> None:
    send(client, "wrong")
    at = f"/bins/orders/requests/{get_last(client)['id']}/replay"
    assert "Sign it again" not in client.get(at).text
    give(client, SECRET)
    assert "Sign it again" in client.get(at).text
    form = {"url": "http://127.0.0.1:1/x", "resign": "1", "body": '{"a": 2}'}
    assert client.post(at, data=form).status_code == 303
    digest = hmac.new(SECRET.encode(), b'{"a": 2}', "sha256").hexdigest()
    line = client.get("/api/v1/deliveries").get_json()[0]
    delivery = client.get(f"/api/v1/deliveries/{line['id']}").get_json()
    assert ["X-Hub-Signature-256", f"sha256={digest}"] in delivery["request"]["headers"]
