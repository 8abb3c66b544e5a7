"""A saved file becomes a bin's requests, through the API and the page."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from inspector.settings import Settings

RAW = b"PUT /orders/7?x=1 HTTP/1.1\r\nX-Own: yes\r\n\r\nticket[id]=5"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, bins=("b1", "b2"))


def test_an_export_is_imported_with_its_times(client: FlaskClient) -> None:
    for number in range(3):
        client.post("/b1/x", data={"ticket[id]": number})
    exported = client.get("/api/v1/bins/b1/export?format=jsonl").data
    answer = client.post("/api/v1/bins/b2/import", data=exported)
    assert (answer.status_code, answer.get_json()) == (201, {"imported": 3})
    before = client.get("/api/v1/bins/b1/requests").get_json()
    after = client.get("/api/v1/bins/b2/requests").get_json()
    for old, new in zip(before, after, strict=True):
        assert new["fidelity"] == "imported"
        for same in ("number", "path", "received_at", "raw_headers", "ticket", "body"):
            assert new[same] == old[same]


def test_a_file_that_is_none_stores_nothing_and_is_explained(client: FlaskClient) -> None:
    lines = b'{"request_line": "GET / HTTP/1.1"}\nnonsense'
    answer = client.post("/api/v1/bins/b1/import", data=lines)
    assert answer.status_code == 422
    assert answer.get_json()["error"]["code"] == "invalid_file"
    assert client.get("/api/v1/bins/b1/requests").get_json() == []


def test_the_page_takes_a_file(client: FlaskClient) -> None:
    form = {"file": (io.BytesIO(RAW), "saved.http")}
    answer = client.post("/bins/b1/import", data=form, content_type="multipart/form-data")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/bins/b1")
    (request,) = client.get("/api/v1/bins/b1/requests").get_json()
    assert request["request_line"] == "PUT /orders/7?x=1 HTTP/1.1"
    page = client.get(f"/bins/b1/requests/{request['id']}").text
    assert "Imported from a file" in page


def test_the_page_asks_for_a_file(client: FlaskClient) -> None:
    answer = client.post("/bins/b1/import", data={}, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert "Choose a file first." in answer.text
