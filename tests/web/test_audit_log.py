"""Who deleted, emptied or changed a bin: kept whichever way it was done."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from inspector.storage.audit import AuditLog
from inspector.web.access.audit import ACTIONS, CHANGES_NOTHING


def read(client: FlaskClient, path: str = "/api/v1/audit", **headers: str) -> list[Any]:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    entries: list[Any] = answer.get_json()
    return entries


def test_every_page_and_call_that_may_change_a_bin_is_known(app: Flask) -> None:
    changing = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "name" in rule.arguments and (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}
    }
    assert changing == set(ACTIONS) | CHANGES_NOTHING


def test_pages_and_calls_leave_the_same_entries(client: FlaskClient) -> None:
    api = "/api/v1/bins/desk"
    for _ in range(2):
        client.post("/api/v1/bins", json={"name": "desk"})
        for _ in range(3):
            client.post("/desk", data="a=1")
        if not read(client):
            client.delete(f"{api}/requests/1")
            client.delete(f"{api}/requests?q=method:POST")
            client.delete(f"{api}/requests")
            client.patch(api, json={"capacity": 5})
            client.delete(api)
        else:
            client.post("/bins/desk/requests/1/delete")
            client.post("/bins/desk/clear")
            client.post("/bins/desk/keeping", data={"capacity": "5", "ttl": ""})
            client.post("/bins/desk/delete")
    found = read(client)[::-1]
    assert [(each["action"], each["details"]) for each in found] == [
        ("request_deleted", "1"),
        ("requests_deleted", "method:POST"),
        ("bin_emptied", ""),
        ("bin_changed", ""),
        ("bin_deleted", ""),
        ("request_deleted", "1"),
        ("bin_emptied", ""),
        ("bin_changed", ""),
        ("bin_deleted", ""),
    ]
    assert {(each["bin"], each["by"], each["address"]) for each in found} == {
        ("desk", "address", "127.0.0.1")
    }
    first = client.get("/api/v1/audit?limit=1")
    assert 'rel="next"' in first.headers["Link"]
    assert len(read(client, f"/api/v1/audit?before={first.get_json()[0]['id']}")) == 8


def test_what_did_not_work_leaves_none(client: FlaskClient) -> None:
    client.post("/api/v1/bins", json={"name": "desk"})
    client.delete("/api/v1/bins/desk/requests/9")
    client.patch("/api/v1/bins/desk", json={"capacity": 0})
    client.delete("/api/v1/bins/nobody")
    client.get("/api/v1/bins/desk/requests")
    client.post("/desk", data="a=1")
    assert read(client) == []


def test_a_private_bins_entries_are_for_those_whom_its_secret_lets_in(
    client: FlaskClient,
) -> None:
    made = client.post("/api/v1/bins", json={"name": "hushed", "private": True}).get_json()
    shown = {"Authorization": f"Bearer {made['secret']}"}
    client.post("/hushed", data="a=1")
    deleted = client.delete("/api/v1/bins/hushed/requests", headers=shown)
    assert deleted.status_code == 204
    assert read(client) == []
    assert client.get("/api/v1/bins/hushed/audit").status_code == 401
    (entry,) = read(client, "/api/v1/bins/hushed/audit", **shown)
    assert (entry["action"], entry["by"]) == ("bin_emptied", "secret")
    # Another bin of the same name is another bin.
    client.delete("/api/v1/bins/hushed", headers=shown)
    client.post("/api/v1/bins", json={"name": "hushed"})
    assert read(client, "/api/v1/bins/hushed/audit") == []


@pytest.mark.parametrize("query", ["\0", "\ud800", "x" * 5000, "<script>", "é"])
def test_hostile_details_are_kept_short_and_plain(client: FlaskClient, query: str) -> None:
    client.post("/api/v1/bins", json={"name": "desk"})
    text = query.encode("utf-8", "surrogatepass")
    client.delete("/api/v1/bins/desk/requests", query_string={"q": text})
    for entry in read(client):
        assert len(entry["details"]) < 1000
        assert entry["details"].isascii()
        assert "\0" not in entry["details"]


def test_an_entry_that_cannot_be_kept_is_no_failure(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client.post("/api/v1/bins", json={"name": "desk"})

    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(AuditLog, "add", fail)
    assert client.delete("/api/v1/bins/desk").status_code == 204
    assert "could not be kept" in caplog.text
    caplog.clear()


def test_the_oldest_entries_go(app: Flask) -> None:
    services = app.extensions["inspector"]
    with app.app_context():
        bin_ = services.bins.create("desk")[0]
        log = AuditLog(max_entries=3)
        for number in range(5):
            log.add("bin_changed", bin_, str(number), by="token", address="10.0.0.1")
        assert [entry.details for entry in log.list(limit=10)] == ["4", "3", "2"]
