"""A saved file becomes a bin's requests, through the API and the page."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from inspector.capture import Capture
from inspector.errors import StorageUnavailableError
from inspector.settings import Settings
from inspector.storage.outcomes import NoSuchBin, Outcome, Unstored

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


HALF = b'{"request_line": "GET / HTTP/1.1"}\n{"<script>": 1}\n{"request_line": "GET /2 HTTP/1.1"}'


def test_what_cannot_be_read_is_left_out_when_asked(client: FlaskClient) -> None:
    answer = client.post("/api/v1/bins/b1/import?skip_unreadable=true", data=HALF)
    assert answer.status_code == 201
    told = answer.get_json()
    assert told["imported"] == 2
    assert [each.split(" is ")[0] for each in told["left_out"]] == ["Line 2"]
    form = {"file": (io.BytesIO(HALF), "saved.jsonl"), "skip_unreadable": "true"}
    page = client.post("/bins/b2/import", data=form, content_type="multipart/form-data")
    assert "2 requests imported, 1 left out" in page.text
    assert "Line 2 is no request that can be read" in page.text
    assert len(client.get("/api/v1/bins/b2/requests").get_json()) == 2


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


LINE = b'{"request_line": "POST /x HTTP/1.1", "raw_headers": [], %s}'
GOOD = LINE % b'"remote_addr": "10.0.0.1"'


@pytest.mark.parametrize(
    "odd", [rb'"remote_addr": "\ud800"', rb'"refused": {"status": 400, "reason": "\udfff\u0000"}']
)
def test_a_text_that_no_database_takes_is_mended(client: FlaskClient, odd: bytes) -> None:
    data = b"\n".join([GOOD, LINE % odd, GOOD])
    answer = client.post("/api/v1/bins/b1/import", data=data)
    assert (answer.status_code, answer.get_json()) == (201, {"imported": 3})
    assert len(client.get("/api/v1/bins/b1/requests").get_json()) == 3
    assert client.get("/bins/b1").status_code == 200


@pytest.mark.parametrize(
    "odd",
    [
        b'"body_size": 1' + b"0" * 30,
        b'"body_size": -1',
        b'"body_size": 1e400',
        b'"time": 1e400',
        b'"time": "nan"',
        b'"refused": {"status": 1' + b"0" * 30 + b', "reason": ""}',
        b'"raw_headers": 5',
        b'"wire_notes": [5]',
    ],
)
def test_an_impossible_value_refuses_the_file_before_it_is_stored(
    client: FlaskClient, odd: bytes
) -> None:
    if odd == b'"raw_headers": 5':
        data = GOOD + b'\n{"request_line": "POST /x HTTP/1.1", "raw_headers": 5}'
    else:
        data = GOOD + b"\n" + LINE % odd
    answer = client.post("/api/v1/bins/b1/import", data=data)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (422, "invalid_file")
    assert "Line 2" in answer.get_json()["error"]["message"]
    assert client.get("/api/v1/bins/b1/requests").get_json() == []


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        (b"POST /x HTTP/1.1\r\n" + b"X: y\r\n" * 1500, "header lines"),
        (b"POST /x HTTP/1.1\r\nX: " + b"y" * 400_000 + b"\r\n", "a head of"),
        (b"POST /" + b"x" * 70_000 + b" HTTP/1.1\r\n", "a target of"),
    ],
)
def test_a_file_brings_no_head_that_a_socket_may_not_send(
    client: FlaskClient, head: bytes, problem: str
) -> None:
    answer = client.post("/api/v1/bins/b1/import", data=head + b"\r\n")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (422, "invalid_file")
    assert problem in answer.get_json()["error"]["message"]
    assert client.get("/api/v1/bins/b1/requests").get_json() == []


def test_what_the_database_does_not_take_leaves_nothing_of_its_file(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = app.extensions["inspector"].writer
    submit = writer.submit
    submitted: list[Capture] = []

    def submit_some(capture: Capture, tell: Callable[[Outcome], None]) -> None:
        submitted.append(capture)
        if len(submitted) > 60:
            tell(Unstored(StorageUnavailableError("the disk is full")))
        else:
            submit(capture, tell)

    monkeypatch.setattr(writer, "submit", submit_some)
    answer = client.post("/api/v1/bins/b1/import", data=b"\n".join([GOOD] * 200))
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (503, "storage_unavailable")
    assert len(submitted) == 100, "the rest is not submitted"
    assert client.get("/api/v1/bins/b1/requests").get_json() == []


def test_a_bin_that_goes_meanwhile_is_said(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = app.extensions["inspector"].writer
    monkeypatch.setattr(writer, "submit", lambda capture, tell: tell(NoSuchBin("b1")))
    answer = client.post("/api/v1/bins/b1/import", data=GOOD)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "bin_not_found")
