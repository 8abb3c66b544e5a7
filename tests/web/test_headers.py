"""Explained headers on a request's page and in the API."""

from __future__ import annotations

from flask.testing import FlaskClient

HOSTILE = {"X-Evil": "<script>alert(1)</script>", "Authorization": 'Bearer "><script>alert(2)'}


def test_the_page_explains_hides_and_notes(client: FlaskClient) -> None:
    headers = {**HOSTILE, "X-GitHub-Event": "push", "under_score": "1", "User-Agent": ""}
    client.post("/orders", data=b"x", headers=headers)
    page = client.get("/bins/orders/requests/1-1").text
    section = page.partition('id="headers"')[2].partition('id="answer"')[0]
    assert "The kind of event at GitHub" in section
    assert '<details class="secret"><summary>Bearer token, 18 characters' in section
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in section


def test_a_secret_is_there_for_those_who_ask_and_closed_at_first(client: FlaskClient) -> None:
    client.post("/orders", headers={"Authorization": "Bearer hush-hush"})
    page = client.get("/bins/orders/requests/1-1").text
    before, _, after = page.partition("hush-hush")
    assert after
    assert before.rindex('<details class="secret">') > before.rindex("</details>")
    assert page.count("hush-hush") == 1, "nowhere else on the page"


def test_the_api_tells_what_is_unusual(client: FlaskClient) -> None:
    client.post("/orders", headers=[("Content-Type", "a/b"), ("User-Agent", "x")])
    calls = "/api/v1/bins/orders/requests/"
    assert client.get(f"{calls}1-1").get_json()["header_notes"] == []
    client.post("/orders", headers=[("Content-Type", "ab"), ("User-Agent", "x")])
    (note,) = client.get(f"{calls}1-2").get_json()["header_notes"]
    assert (note["code"], note["name"]) == ("odd_content_type", "Content-Type")
