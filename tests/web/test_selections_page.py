"""What is ticked in a list, or found by a search: exported, sent again, deleted; and jumping."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from flask import Flask
from flask.testing import FlaskClient

from inspector.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, bins=("b1",))


@pytest.fixture
def filled(client: FlaskClient) -> FlaskClient:
    for number in range(1, 9):
        client.post("/b1", json={"n": number % 2, "at": number})
    return client


def numbers(client: FlaskClient) -> list[int]:
    return [each["number"] for each in client.get("/api/v1/bins/b1/requests").get_json()]


def test_rows_are_ticked_for_a_form_that_needs_no_script(filled: FlaskClient) -> None:
    page = filled.get("/bins/b1").text
    assert page.count('name="number" value=') == 8
    assert page.count('form="selection"') == 8
    assert '<form id="selection"' in page


def test_what_is_ticked_is_exported(filled: FlaskClient) -> None:
    ticked = {"number": ["2", "7", "3"], "do": "jsonl"}
    to = filled.post("/bins/b1/selected", data=ticked)
    assert to.location == "/api/v1/bins/b1/export?format=jsonl&q=number%3A2-3%2C7"
    lines = filled.get(to.location).text.splitlines()
    assert [json.loads(line)["number"] for line in lines] == [2, 3, 7]


def test_what_is_ticked_is_sent_again(filled: FlaskClient) -> None:
    to = filled.post("/bins/b1/selected", data={"number": ["2", "4"], "do": "replay"})
    assert to.location == "/bins/b1/replay?q=number%3A2%2C4"
    assert "number:2,4" in filled.get(to.location).text


def delete_selected(client: FlaskClient, **data: Any) -> str:
    """The bin's page after a press of Delete, as a browser without scripts gets there."""
    sent = client.post("/bins/b1/selected", data={"do": "delete", **data}, follow_redirects=True)
    assert sent.status_code == 200
    return sent.text


def undo(client: FlaskClient, page: str) -> int:
    """The status of a press of the page's Undo."""
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token is not None
    return client.post("/bins/b1/undo", data={"token": token[1]}).status_code


def settle(app: Flask) -> None:
    """Let the time pass in which deletions can be undone."""
    app.extensions["inspector"].deletions.close()


def rows(page: str) -> list[str]:
    return re.findall(r'class="row" data-number="(\d+)"', page)


def test_what_is_ticked_is_deleted_unless_that_is_undone(filled: FlaskClient, app: Flask) -> None:
    filled.patch("/api/v1/bins/b1/requests/7", json={"pinned": True})
    page = delete_selected(filled, number=["1", "7"])
    assert "2 requests deleted, 1 of them pinned, for good in a minute." in page
    assert rows(page) == ["8", "6", "5", "4", "3", "2"]
    assert 'data-count="6">6<' in page
    assert numbers(filled) == [8, 7, 6, 5, 4, 3, 2, 1]
    assert undo(filled, page) == 303
    assert undo(filled, page) == 410
    page = filled.get("/bins/b1").text
    assert len(rows(page)) == 8
    assert re.search('<form id="undo"[^>]* hidden>', page)
    page = delete_selected(filled, number=["1", "7"])
    settle(app)
    assert numbers(filled) == [8, 6, 5, 4, 3, 2]
    assert undo(filled, page) == 410
    assert numbers(filled) == [8, 6, 5, 4, 3, 2]
    assert filled.get("/api/v1/bins/b1").get_json()["pinned_count"] == 0


def test_what_a_search_finds_is_deleted_unless_that_is_undone(
    filled: FlaskClient, app: Flask
) -> None:
    """What was found at that time, and nothing that comes later."""
    page = delete_selected(filled, q="n=1")
    assert "4 requests deleted, for good in a minute." in page
    assert rows(page) == ["8", "6", "4", "2"]
    assert rows(filled.get("/bins/b1?q=at<5").text) == ["4", "2"]
    assert undo(filled, page) == 303
    delete_selected(filled, q="n=1")
    filled.post("/b1", json={"n": 1})
    settle(app)
    assert numbers(filled) == [9, 8, 6, 4, 2]


def test_one_request_is_deleted_unless_that_is_undone(filled: FlaskClient, app: Flask) -> None:
    """Without a question and without a script; another bin's token is none."""
    filled.post("/api/v1/bins", json={"name": "b2"})
    delete = "/bins/b1/requests/3/delete"
    page = filled.get("/bins/b1/requests/3").text
    assert 'formaction="/bins/b1/requests/1-3/delete"' in page
    assert "For 60 seconds it can be undone." in filled.get(delete).text
    page = filled.post(delete, follow_redirects=True).text
    assert "1 request deleted, for good in a minute." in page
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token is not None
    assert filled.post("/bins/b2/undo", data={"token": token[1]}).status_code == 410
    assert undo(filled, page) == 303
    filled.post(delete)
    settle(app)
    assert 3 not in numbers(filled)
    assert filled.post(delete).status_code == 404


def test_what_cannot_be_undone_is_asked_first_and_why(
    filled: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too many to hold back; and several servers, of which another may be asked to undo it."""
    filled.patch("/api/v1/bins/b1/requests/7", json={"pinned": True})
    monkeypatch.setattr("inspector.web.deletions.MAX_NUMBERS", 3)
    asked = delete_selected(filled, q="n=1")
    assert "Delete 4 requests?" in asked
    assert "1 of them is pinned." in asked
    assert "requests are not held back: it cannot be undone." in asked
    monkeypatch.undo()
    monkeypatch.setattr(app.extensions["inspector"], "board", Mock())
    for page in (delete_selected(filled, q="n=1"), filled.post("/bins/b1/requests/2/delete").text):
        assert "Several servers share this database: it cannot be undone." in page
    assert len(numbers(filled)) == 8
    action = re.search(r'class="confirm" method="post" action="([^"]+)"', asked)
    assert action is not None
    assert filled.post(unescape(action[1]), data={"sure": "1"}).location == "/bins/b1"
    assert numbers(filled) == [8, 6, 4, 2]


def test_a_bin_that_is_emptied_has_nothing_to_undo(filled: FlaskClient) -> None:
    page = delete_selected(filled, number=["1", "7"])
    assert "Its 6 requests are deleted for good: " in filled.get("/bins/b1/clear").text
    filled.post("/bins/b1/clear")
    assert "requests deleted" not in filled.get("/bins/b1").text
    assert undo(filled, page) == 410
    assert numbers(filled) == []


def test_the_oldest_of_many_deletions_goes_at_once(
    filled: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.web.deletions.MAX_WAITING", 2)
    for number in ("1", "2", "3"):
        delete_selected(filled, number=[number])
    assert numbers(filled) == [8, 7, 6, 5, 4, 3, 2]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"do": "delete"}, "Tick the requests"),
        ({"do": "delete", "number": ["x"]}, "Tick the requests"),
        ({"do": "jsonl", "number": [str(n * 2) for n in range(5000)]}, "too many to name"),
    ],
)
def test_nothing_selected_is_not_everything(
    filled: FlaskClient, data: dict[str, list[str]], code: str
) -> None:
    answer = filled.post("/bins/b1/selected", data=data)
    assert answer.status_code == 400
    assert code in answer.text
    assert filled.post("/bins/b1/delete-found").status_code == 400
    assert filled.post("/bins/b1/delete-found?q=%20").status_code == 400
    assert filled.post("/bins/b1/delete-found?q=metod:x").status_code == 400
    assert len(numbers(filled)) == 8


def test_numbers_are_searched(filled: FlaskClient) -> None:
    def find(query: str) -> list[int]:
        answer = filled.get("/api/v1/bins/b1/requests", query_string={"q": query})
        return [each["number"] for each in answer.get_json()]

    assert find("number:3") == [3]
    assert find("number:#3-#5,8") == [8, 5, 4, 3]
    assert find("number:3-6 n=1") == [5, 3]
    assert find("number:1 or number:8") == [8, 1]
    assert find("-number:2-8") == [1]
    assert find("number:5 number:6") == []
    assert find("number:1-999999999999999999") == [8, 7, 6, 5, 4, 3, 2, 1]
    wrong = filled.get("/api/v1/bins/b1/requests?q=number:x").get_json()
    assert "names no numbers" in wrong["error"]["message"]


def test_a_number_a_time_and_the_oldest_are_one_step_away(client: FlaskClient) -> None:
    for number in range(1, 121):
        client.post("/b1", json={"n": number})
    at = client.get("/api/v1/bins/b1").get_json()
    prefix = client.get("/api/v1/bins/b1/requests?limit=1").get_json()[0]["id"].split("-")[0]
    assert at["request_count"] == 120
    assert client.get("/bins/b1?at=%237").location == f"/bins/b1/requests/{prefix}-7"
    client.delete("/api/v1/bins/b1/requests/7")
    assert client.get("/bins/b1?at=7").location == f"/bins/b1?before={prefix}-8"
    page = client.get(client.get("/bins/b1?at=oldest").location).text
    assert re.findall(r'class="row" data-number="(\d+)"', page)[-1] == "1"
    assert "at=oldest" in page
    assert client.get("/bins/b1?at=2001-01-01").location == f"/bins/b1?before={prefix}-2"
    assert client.get("/bins/b1?at=2199-01-01").location == f"/bins/b1?before={prefix}-122"
    wrong = client.get("/bins/b1?at=soon")
    assert (wrong.status_code, "is no time" in wrong.text) == (400, True)


def test_times_of_a_search_go_on_in_utc(client: FlaskClient) -> None:
    client.set_cookie("zone", "America/New_York")
    query = 'before:2026-05-01T08:00 "after:2020 x" after:zebra'
    page = client.get("/bins/b1", query_string={"q": query.replace(" after:zebra", "")}).text
    assert 'value="before:2026-05-01T12:00:00Z &#34;after:2020 x&#34;"' in page


def test_all_bins_are_searched_in_a_page(filled: FlaskClient) -> None:
    made = filled.post("/api/v1/bins", json={"name": "b2"}).get_json()
    assert made["name"] == "b2"
    filled.post("/b2", json={"n": "<i>one</i>", "at": 3})
    filled.post("/api/v1/bins", json={"name": "secretive", "private": True})
    filled.post("/secretive", json={"at": 3})
    stranger = filled.application.test_client()
    assert 'name="q"' in filled.get("/").text
    page = stranger.get("/?q=at=3").text
    links = re.findall(r'href="/bins/(\w+)/requests/(\d+-\d+)\?q=at%3D3"', page)
    assert [name for name, _ in links] == ["b2", "b1"]
    assert "secretive" not in page
    assert "<i>one" not in stranger.get("/?q=one").text
    assert "Nothing found." in stranger.get("/?q=zebra").text
    wrong = stranger.get("/?q=metod:x")
    assert (wrong.status_code, "Did you mean method:x?" in wrong.text) == (400, True)


def test_a_search_of_all_bins_goes_on_in_pages(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.web.pages.bins.ROWS", 2)
    client.post("/api/v1/bins", json={"name": "b2"})
    for name in ("b1", "b2", "b1"):
        client.post(f"/{name}", json={"n": 1})
    page, found = "/?q=n=1", []
    while page:
        text = client.get(page).text
        found += re.findall(r"/bins/(\w+)/requests/", text)
        more = re.search(r'<a class="button" href="([^"]+)"', text)
        page = unescape(more[1]) if more else ""
    assert found == ["b2", "b1", "b1"]
