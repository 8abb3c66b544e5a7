"""Calls that take a search: all bins, deleting and exporting; and the comparison."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from inspector.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, bins=("b1", "b2", "b3"))


@pytest.fixture
def filled(client: FlaskClient) -> FlaskClient:
    for name in ("b1", "b2", "b3"):
        for number in range(4):
            body = {"n": number, "list": [{"id": number, "at": 1}], "same": "x"}
            client.post(f"/{name}", json=body, headers={"X-Date": str(number)})
    return client


def _places(found: list[dict[str, str]]) -> list[tuple[str, int]]:
    return [(each["path"], int(each["number"])) for each in found]


def test_all_bins_are_searched_to_the_end(filled: FlaskClient) -> None:
    for limit in (1, 2, 3, 5, 50):
        found: list[dict[str, str]] = []
        following = f"/api/v1/requests?q=n>1&limit={limit}"
        while following:
            answer = filled.get(following)
            assert answer.status_code == 200
            assert len(answer.get_json()) <= limit
            found += answer.get_json()
            link = answer.headers.get("Link", "")
            following = link.partition(">")[0].removeprefix("<http://localhost")
        wanted = [(f"/{name}", number) for name in ("b3", "b2", "b1") for number in (4, 3)]
        assert _places(found) == wanted, limit


@pytest.mark.parametrize("before", ["x", "1", "1-", "1-2-3", "9" * 30 + "-1", "-1"])
def test_a_place_to_go_on_that_is_none_is_refused(client: FlaskClient, before: str) -> None:
    answer = client.get("/api/v1/requests", query_string={"before": before})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "request_not_found")


def test_private_bins_are_not_searched(filled: FlaskClient) -> None:
    made = filled.post("/api/v1/bins", json={"name": "b4", "private": True}).get_json()
    filled.post("/b4", json={"n": 77})
    fresh = filled.application.test_client()
    assert fresh.get("/api/v1/requests?q=n=77").get_json() == []
    assert made["secret"]


def test_what_a_search_finds_is_deleted(filled: FlaskClient) -> None:
    assert filled.delete("/api/v1/bins/b1/requests?q=n>1").status_code == 204
    left = filled.get("/api/v1/bins/b1/requests").get_json()
    assert [each["number"] for each in left] == [2, 1]
    assert filled.delete("/api/v1/bins/b1/requests?q=nothing-like-it").status_code == 204
    assert len(filled.get("/api/v1/bins/b1/requests").get_json()) == 2
    assert filled.delete("/api/v1/bins/b1/requests").status_code == 204
    assert filled.get("/api/v1/bins/b1/requests").get_json() == []


@pytest.mark.parametrize("form", ["jsonl", "har", "csv"])
def test_what_a_search_finds_is_exported(filled: FlaskClient, form: str) -> None:
    exported = filled.get(f"/api/v1/bins/b1/export?format={form}&q=n>1").text
    imported = filled.post("/api/v1/bins/b2/import", data=exported) if form != "csv" else None
    if imported is not None:
        assert imported.get_json() == {"imported": 2}
    else:
        assert len(exported.splitlines()) == 3


def test_two_requests_are_compared(filled: FlaskClient) -> None:
    found = filled.get("/api/v1/bins/b1/compare?a=1&b=%232").get_json()
    assert found["differs"]
    changed = {each["name"]: (each["old"], each["new"]) for each in found["differences"]}
    assert changed["n"] == ("0", "1")
    assert changed["x-date"] == ("0", "1")
    assert "same" not in changed
    ignore = "&ignore=n&ignore=list[].id&ignore=list&ignore=header:x-date"
    found = filled.get(f"/api/v1/bins/b1/compare?a=1&b=2{ignore}").get_json()
    assert (found["differs"], found["differences"]) == (False, [])


def test_the_text_to_ignore_is_no_pattern(filled: FlaskClient) -> None:
    for text in ("(", "[", ".*", "\\", "list[].nope"):
        answer = filled.get(
            "/api/v1/bins/b1/compare", query_string={"a": 1, "b": 2, "ignore": text}
        )
        assert answer.status_code == 200
        assert answer.get_json()["differs"]
    answer = filled.get("/api/v1/bins/b1/compare?a=1&b=2" + "&ignore=x" * 51)
    assert answer.get_json()["error"]["code"] == "invalid_ignore"
    answer = filled.get("/api/v1/bins/b1/compare?a=1&b=99")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "request_not_found")
