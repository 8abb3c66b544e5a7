"""A bin's capacity and age: by the page, the API, and what is refused."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient


def test_capacity_and_age_are_set_on_the_page_and_in_the_api(client: FlaskClient) -> None:
    api = "/api/v1/bins/desk"
    made = client.post("/api/v1/bins", json={"name": "desk", "ttl": "12h"}).get_json()
    assert made["ttl"] == "12h"
    assert 'value="12h"' in client.get("/bins/desk/keeping").text
    saved = client.post("/bins/desk/keeping", data={"capacity": "7", "ttl": "2w"})
    assert saved.status_code == 303
    now = client.get(api).get_json()
    assert (now["capacity"], now["ttl"]) == (7, "14d")
    client.post("/bins/desk/keeping", data={"capacity": "7", "ttl": ""})
    assert client.get(api).get_json()["ttl"] is None
    assert client.patch(api, json={"ttl": "90s"}).get_json()["ttl"] == "90s"
    assert client.patch(api, json={"ttl": "none"}).get_json()["ttl"] is None


@pytest.mark.parametrize(
    ("capacity", "ttl"),
    [("0", ""), ("x", ""), ("9" * 9, ""), ("5", "soon"), ("5", "0s"), ("5", "<b>"), ("²", "")],
)
def test_what_no_bin_keeps_is_refused_and_nothing_saved(
    client: FlaskClient, capacity: str, ttl: str
) -> None:
    client.post("/api/v1/bins", json={"name": "desk", "capacity": 3})
    refused = client.post("/bins/desk/keeping", data={"capacity": capacity, "ttl": ttl})
    assert refused.status_code == 400
    assert "<b>" not in refused.text
    marked = refused.text.partition('aria-invalid="true"')[0].rpartition("<input name=")[2]
    assert marked.startswith('"ttl"' if capacity == "5" else '"capacity"')
    now = client.get("/api/v1/bins/desk").get_json()
    assert (now["capacity"], now["ttl"]) == (3, None)


@pytest.mark.parametrize("ttl", ["soon", "0s", "", "-1d", "9" * 30 + "d", 5, ["1d"]])
def test_an_age_that_is_none_is_refused_by_the_api(client: FlaskClient, ttl: object) -> None:
    client.post("/api/v1/bins", json={"name": "desk"})
    refused = client.patch("/api/v1/bins/desk", json={"ttl": ttl})
    assert refused.status_code == 400, refused.text
    assert client.get("/api/v1/bins/desk").get_json()["ttl"] is None
