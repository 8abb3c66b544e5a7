"""Pins and notes by the API and the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from inspector.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, bins=("b1",), capacity=3)


@pytest.fixture
def filled(client: FlaskClient) -> FlaskClient:
    for number in range(3):
        client.post("/b1", json={"n": number})
    return client


def test_a_pinned_request_stays_and_says_so(filled: FlaskClient) -> None:
    said = filled.patch("/api/v1/bins/b1/requests/1", json={"pinned": True, "note": "odd"})
    assert (said.get_json()["pinned"], said.get_json()["note"]) == (True, "odd")
    for number in range(3):
        filled.post("/b1", json={"n": number})
    found = filled.get("/api/v1/bins/b1/requests").get_json()
    assert [(each["number"], each["pinned"]) for each in found] == [
        (6, False),
        (5, False),
        (4, False),
        (1, True),
    ]
    bin_ = filled.get("/api/v1/bins/b1").get_json()
    assert (bin_["request_count"], bin_["pinned_count"], bin_["let_go_count"]) == (4, 1, 2)
    off = filled.patch("/api/v1/bins/b1/requests/1", json={"pinned": False}).get_json()
    assert (off["number"], off["pinned"], off["note"]) == (1, False, "odd")
    assert filled.get("/api/v1/bins/b1/requests/1").status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("9", {"pinned": True}, "request_not_found"),
        ("x", {"pinned": True}, "request_not_found"),
        ("1", {"pinned": "maybe"}, "invalid_pinned"),
        ("1", {"note": "x" * 2001}, "invalid_note"),
        ("1", {"notes": "x"}, "unknown_field"),
    ],
)
def test_what_cannot_be_noted_is_said(
    filled: FlaskClient, path: str, body: dict[str, object], code: str
) -> None:
    answer = filled.patch(f"/api/v1/bins/b1/requests/{path}", json=body)
    assert answer.get_json()["error"]["code"] == code
    assert filled.get("/api/v1/bins/b1").get_json()["pinned_count"] == 0


def test_a_request_is_pinned_and_noted_in_its_page_without_scripts(filled: FlaskClient) -> None:
    at = filled.get("/api/v1/bins/b1/requests").get_json()[0]["id"]
    page = f"/bins/b1/requests/{at}"
    answer = filled.post(f"{page}/pin", data={"pinned": "1"})
    assert (answer.status_code, answer.location) == (303, page)
    hostile = "<b>odd</b> & later"
    assert filled.post(f"{page}/note", data={"note": hostile}).location == page
    shown = filled.get(page).text
    assert 'value="0"' in shown
    assert "&lt;b&gt;odd&lt;/b&gt; &amp; later" in shown
    assert "<b>odd</b>" not in shown
    assert hostile.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in (
        filled.get(f"{page}/note").text
    )
    assert "#3" in filled.get("/bins/b1?q=is:pinned+note:later").text
    refused = filled.post(f"{page}/note", data={"note": "y" * 2001})
    assert refused.status_code == 400
    assert "at most 2,000 characters" in refused.text
    assert "y" * 2001 in refused.text
    filled.post(f"{page}/pin", data={"pinned": "0"})
    assert filled.get("/api/v1/bins/b1").get_json()["pinned_count"] == 0


def test_htmx_gets_the_parts_that_change(filled: FlaskClient) -> None:
    htmx = {"HX-Request": "true"}
    parts = filled.post("/bins/b1/requests/3/pin", data={"pinned": "1"}, headers=htmx)
    assert parts.text.count('hx-swap-oob="true"') == 3
    assert parts.headers["HX-Trigger"] == "annotated"
    for number in range(4):
        filled.post("/b1", json={"n": number})
    gone = filled.post("/bins/b1/requests/3/pin", data={"pinned": "0"}, headers=htmx)
    assert gone.headers["HX-Redirect"] == "/bins/b1"
    missing = filled.post("/bins/b1/requests/3/note", data={"note": "x"}, headers=htmx)
    assert missing.status_code == 404
