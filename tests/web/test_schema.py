"""The schema of a bin as a page and in the API."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from inspector.capture import Capture
from inspector.clock import time
from inspector.reading.schema import FORMATS
from inspector.storage.outcomes import Stored
from inspector.web.services import Services

CALL = "/api/v1/bins/orders/schema"
HOSTILE = "</pre><script>alert(1)</script>"


def send(client: FlaskClient, event: str, **fields: object) -> None:
    client.post("/orders", json=fields, headers={"X-GitHub-Event": event})


def test_the_api_gives_each_format_of_all_or_of_one_event(client: FlaskClient) -> None:
    send(client, "push", ref="main", count=1)
    send(client, "fork", forkee={"id": 1})
    client.post("/orders", data=b"\x00\xff", content_type="image/png")
    answer = client.get(CALL)
    assert answer.content_type == "application/schema+json"
    schema = json.loads(answer.data)
    assert schema["description"] == "The bodies of 2 requests to orders."
    Draft202012Validator(schema).validate({"forkee": {"id": 2}})
    assert not Draft202012Validator(schema).is_valid({"forkee": {"id": "2"}})
    for form, sign in (("typescript", "interface Push"), ("python", "class Push(TypedDict)")):
        answer = client.get(f"{CALL}?format={form}&event=push")
        assert answer.content_type == "text/plain; charset=utf-8"
        assert sign in answer.text
        assert "Fork" not in answer.text
    missing = client.get(f"{CALL}?event=none")
    assert (missing.status_code, missing.get_json()["error"]["code"]) == (404, "no_such_event")
    assert client.get(f"{CALL}?format=cobol").status_code == 400


def test_an_empty_bin_has_a_schema_that_takes_anything(client: FlaskClient) -> None:
    Draft202012Validator.check_schema(json.loads(client.get(CALL).data))
    assert "AnyBody = unknown;" in client.get(f"{CALL}?format=typescript").text
    assert "No form and no JSON has come yet" in client.get("/bins/orders/schema").text


def test_what_came_and_what_was_deleted_later_counts(client: FlaskClient) -> None:
    send(client, "push", a=1)
    assert json.loads(client.get(CALL).data)["required"] == ["a"]
    send(client, "push", b=1)
    assert "required" not in json.loads(client.get(CALL).data)
    client.delete("/api/v1/bins/orders/requests/1-1")
    assert json.loads(client.get(CALL).data)["required"] == ["b"]


@pytest.mark.parametrize("form", FORMATS)
def test_the_page_shows_and_escapes_it_in_each_format(client: FlaskClient, form: str) -> None:
    send(client, HOSTILE, **{HOSTILE: 1})
    send(client, "push", a=1)
    page = ""
    for _ in range(20):  # each look reads for a bounded time, and goes on where it was
        page = client.get(f"/bins/orders/schema?format={form}").text
        if page.count('aria-current="true"') == 2:
            break
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert page.count('aria-current="true"') == 2
    one = client.get(f"/bins/orders/schema?format={form}&event=push").text
    assert page.count("\n") > one.count("\n")
    assert client.get("/bins/orders/schema?event=none").status_code == 404


def test_fields_that_are_new_since_yesterday_are_said_where_one_looks(
    app: Flask, client: FlaskClient
) -> None:
    services: Services = app.extensions["inspector"]
    head = b"POST /orders HTTP/1.1\r\nContent-Type: application/json\r\n"
    two_days_ago = time.time_ns() // 1000 - 2 * 86_400_000_000
    old = Capture("orders", two_days_ago, head, lambda: b'{"a": 1}', 8)
    assert isinstance(services.writer.store(old), Stored)
    assert "new since yesterday" not in client.get("/bins/orders/fields").text
    client.post("/orders", data=b'{"a": 1, "b": {"<i>": 2}}', content_type="application/json")
    page = client.get("/bins/orders/fields").text
    said = page.partition('id="new-fields"')[2].partition("</p>")[0]
    assert "new since yesterday" in said
    assert "b.&lt;i&gt;" in said or "b[&#34;&lt;i&gt;&#34;]" in said
    assert "<i>" not in said
    assert 'title="new since yesterday"' in client.get("/bins/orders").text


def test_a_bins_page_asks_for_new_fields_by_itself(app: Flask, client: FlaskClient) -> None:
    services: Services = app.extensions["inspector"]
    head = b"POST /orders HTTP/1.1\r\nContent-Type: application/json\r\n"
    two_days_ago = time.time_ns() // 1000 - 2 * 86_400_000_000
    old = Capture("orders", two_days_ago, head, lambda: b'{"a": 1}', 8)
    assert isinstance(services.writer.store(old), Stored)
    client.post("/orders", data=b'{"a": 1, "b": 2, "c": 3}', content_type="application/json")
    page = client.get("/bins/orders").text
    assert "new since yesterday" not in page, "nobody has read the fields yet"
    place = page.partition('data-fill="')[2].partition('"')[0]
    told = client.get(place, headers={"HX-Request": "true"}).text
    assert " new</span>" in told
    assert told.strip() in client.get("/bins/orders").text
