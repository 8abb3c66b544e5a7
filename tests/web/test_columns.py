"""The columns of a bin's list: page, API, and what both make of wrong names."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

HOSTILE = "<script>alert(1)</script>\u202e"


def choose(client: FlaskClient, **form: str) -> Any:
    return client.post("/bins/orders/columns", data=form)


def test_rows_show_the_chosen_fields_and_the_bin_remembers_them(client: FlaskClient) -> None:
    client.post("/orders", json={"ticket": {"status": HOSTILE, "id": 5}})
    client.post("/orders", json={"ticket": {"id": 6}})
    assert choose(client, columns="ticket.status, header:X-No").status_code == 303
    page = client.get("/bins/orders").text
    assert page.count('class="row-columns"') == 2
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert page.count("not sent") == 3
    assert "Columns: status, X-No" in page
    assert client.get("/api/v1/bins/orders").get_json()["columns"] == [
        "ticket.status",
        "header:X-No",
    ]


def test_one_is_added_from_a_fields_page_and_taken_away(client: FlaskClient) -> None:
    client.post("/orders", json={"a": {"b": 1}})
    field = client.get("/bins/orders/requests/1-1/field?path=a.b").text
    assert 'name="add" value="a.b"' in field
    assert choose(client, add="a.b", request="1-1").location == "/bins/orders/requests/1-1"
    assert choose(client, request="https://evil.example/").location.startswith("/bins/orders/")
    field = client.get("/bins/orders/requests/1-1/field?path=a.b").text
    assert 'name="remove" value="a.b"' in field
    choose(client, remove="a.b")
    assert "row-columns" not in client.get("/bins/orders").text


def test_a_wrong_name_comes_back_with_the_reason(client: FlaskClient) -> None:
    client.post("/orders", json={"a": {"b": 1}})
    answer = choose(client, columns='a..b"<i>')
    assert answer.status_code == 400
    assert "names no field" in answer.text
    assert "<i>" not in answer.text
    assert 'name="add" value="a.b"' in answer.text
    assert choose(client, columns="a", none="1").status_code == 303
    assert client.get("/api/v1/bins/orders").get_json()["columns"] == []


def test_the_api_remembers_columns_and_gives_their_texts(client: FlaskClient) -> None:
    client.post("/orders", json={"a": {"b": 1}})
    changed = client.patch("/api/v1/bins/orders", json={"columns": ["a.b", "a.b", "query:x"]})
    assert changed.get_json()["columns"] == ["a.b", "query:x"]
    calls = "/api/v1/bins/orders/requests"
    assert "columns" not in client.get(calls).get_json()[0]
    assert client.get(f"{calls}?columns=a.b,c").get_json()[0]["columns"] == {"a.b": "1", "c": None}
    for wrong in (
        client.patch("/api/v1/bins/orders", json={"columns": ["a..b"]}),
        client.get(f"{calls}?columns=a..b"),
    ):
        assert wrong.status_code == 400
        assert wrong.get_json()["error"]["code"] == "invalid_columns"


def test_a_body_too_large_for_a_list_is_not_called_absent(client: FlaskClient) -> None:
    client.post("/orders", json={"a": "x" * 300_000})
    choose(client, columns="a")
    page = client.get("/bins/orders").text
    assert "too large for a list" in page
    assert "not sent" not in page
