"""Requests in other forms and bins as files, by the API."""

from __future__ import annotations

import csv
import io
import json
from typing import get_args, get_type_hints

import pytest
from flask import Flask
from flask.testing import FlaskClient

from inspector.exports import FORMATS
from inspector.web.api.requests import FormatQuery
from inspector.web.services import MAX_EXPORTS

REQUESTS = "/api/v1/bins/orders/requests"
EXPORT = "/api/v1/bins/orders/export"


@pytest.fixture
def captured(client: FlaskClient) -> None:
    for number in range(1, 6):
        client.post(f"/orders/{number}", data={"ticket[id]": str(number)})
    client.put("/orders", data=b"\x00\xff")


def test_the_declared_forms_are_those_there_are() -> None:
    assert get_args(get_type_hints(FormatQuery)["format"]) == ("json", *FORMATS, "action")


@pytest.mark.parametrize("form", FORMATS)
def test_a_request_is_had_in_each_form(client: FlaskClient, captured: None, form: str) -> None:
    answer = client.get(f"{REQUESTS}/1-1?format={form}")
    assert answer.status_code == 200
    body = b"@orders-1.bin" if form == "curl-file" else b"ticket%5Bid%5D=1"
    assert body in answer.data.replace(b"%%", b"%")
    assert answer.headers["Content-Security-Policy"].endswith("sandbox")
    is_shown = "Content-Disposition" not in answer.headers
    assert is_shown is (answer.mimetype == "text/plain")


def test_a_selection_and_a_comparison_are_pages_to_hand_over(client: FlaskClient) -> None:
    for status in ("open", "<b>closed"):
        client.post("/orders", data={"ticket[status]": status})
    found = client.get(f"{EXPORT}?format=html&q=closed")
    assert found.content_type == "text/html; charset=utf-8"
    assert found.headers["Content-Disposition"] == 'attachment; filename="orders.html"'
    assert found.text.count('class="request"') == 1
    assert "&lt;b&gt;closed" in found.text
    compared = client.get("/api/v1/bins/orders/compare?a=1&b=2&format=html")
    assert "<ins>&lt;b&gt;closed</ins>" in compared.text
    assert compared.headers["Content-Disposition"] == 'attachment; filename="orders-1-2.html"'
    assert compared.headers["Content-Security-Policy"].endswith("sandbox")


def test_a_request_is_aimed_at_this_server(client: FlaskClient, captured: None) -> None:
    text = client.get(f"{REQUESTS}/1-1?format=curl").text
    assert "http://localhost/orders/1 " in text


def test_what_a_form_cannot_say_is_told(client: FlaskClient) -> None:
    client.open("/orders", method="M-SEARCH")
    answer = client.get(f"{REQUESTS}/1-1?format=httpie")
    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["error"]["code"] == "cannot_express"


def test_json_lines_are_the_apis_json_oldest_first(client: FlaskClient, captured: None) -> None:
    answer = client.get(EXPORT)
    assert answer.content_type == "application/jsonl"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="orders.jsonl"'
    exported = [json.loads(line) for line in answer.text.splitlines()]
    assert exported == list(reversed(client.get(REQUESTS).json or []))


def test_an_archive_and_a_table_hold_all(client: FlaskClient, captured: None) -> None:
    archive = json.loads(client.get(f"{EXPORT}?format=har").data)
    assert [each["_number"] for each in archive["log"]["entries"]] == [1, 2, 3, 4, 5, 6]
    answer = client.get(f"{EXPORT}?format=csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["ticket[id]"] for row in rows] == ["1", "2", "3", "4", "5", ""]


@pytest.mark.parametrize(("form", "empty"), [("jsonl", 0), ("har", 0), ("csv", 1)])
def test_an_empty_bin_is_a_file_too(client: FlaskClient, form: str, empty: int) -> None:
    answer = client.get(f"{EXPORT}?format={form}")
    assert answer.status_code == 200
    if form == "har":
        assert json.loads(answer.data)["log"]["entries"] == []
    else:
        assert len(answer.text.splitlines()) == empty


def test_only_a_few_exports_run_at_a_time(app: Flask, client: FlaskClient, captured: None) -> None:
    assert client.get(EXPORT, buffered=True).status_code == 200
    client.get(EXPORT, buffered=False).close()  # broken off
    slots = app.extensions["inspector"].exports
    for _ in range(MAX_EXPORTS):
        assert slots.acquire(blocking=False), "an export that is over holds no slot"
    refused = client.get(EXPORT)
    assert refused.status_code == 503
    assert refused.json is not None
    assert refused.json["error"]["code"] == "too_many_exports"
    slots.release()
    assert client.get(EXPORT, buffered=True).status_code == 200


def test_an_export_goes_on_while_requests_come_and_go(
    client: FlaskClient, captured: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.storage.requests.STEP_BYTES", 1)
    monkeypatch.setattr("inspector.web.api.export._PIECE_BYTES", 1)
    answer = client.get(EXPORT, buffered=False)
    pieces = answer.iter_encoded()
    numbers = [json.loads(next(pieces))["number"]]
    client.delete(f"{REQUESTS}/1-3")
    client.post("/orders")
    numbers += [json.loads(piece)["number"] for piece in pieces if piece]
    answer.close()
    assert numbers == [1, 2, 4, 5, 6, 7]
