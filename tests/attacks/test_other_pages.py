"""Another site's page makes its reader's browser ask us: what the browser says of it decides.

The same attacks in a real browser are in ``tests/e2e/test_hostile_page.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter

import pytest
from flask import Flask
from flask.testing import FlaskClient


def list_routes(app: Flask, name: str = "b1", request_id: str = "1-1") -> Iterator[tuple[str, str]]:
    """Method and path of everything we answer ourselves, captures left out."""
    variables = {"name": name, "request_id": request_id}
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "capture":
            continue
        built = rule.build({each: variables.get(each, "1") for each in rule.arguments})
        assert built is not None
        for method in rule.methods or ("GET", "POST", "PATCH", "DELETE", "OPTIONS"):
            yield method, built[1]


@dataclass(frozen=True)
class Caller:
    id: str
    headers: dict[str, str] = field(default_factory=dict)


FOREIGN = [
    Caller("a page elsewhere", {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}),
    Caller("a page of another port", {"Sec-Fetch-Site": "same-site"}),
    Caller("an image or script elsewhere", {"Sec-Fetch-Site": "cross-site"}),
    Caller(
        "a frame elsewhere",
        {
            "Sec-Fetch-Site": "cross-site",
            "Sec-Fetch-Mode": "navigate",
            "Sec-Fetch-Dest": "iframe",
        },
    ),
    Caller("an older browser", {"Origin": "https://evil.example"}),
    Caller("an older browser, another port", {"Origin": "http://127.0.0.1:9999"}),
    Caller("an older browser, another name", {"Origin": "http://localhost:8787"}),
    Caller("an older browser, another scheme", {"Origin": "https://127.0.0.1:8787"}),
    Caller("a sandboxed page", {"Origin": "null"}),
    Caller("two origins", {"Origin": "http://127.0.0.1:8787, https://evil.example"}),
    Caller("a browser of tomorrow", {"Sec-Fetch-Site": "cousin"}),
    Caller(
        "one that says it is ours by the wrong header",
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8787"},
    ),
]
OWN = [
    Caller("a program"),
    Caller("our page", {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8787"}),
    Caller("the address bar", {"Sec-Fetch-Site": "none"}),
    Caller("our page in an older browser", {"Origin": "http://127.0.0.1:8787"}),
]


@pytest.mark.parametrize("caller", FOREIGN, ids=attrgetter("id"))
def test_another_sites_page_reads_and_changes_nothing(client: FlaskClient, caller: Caller) -> None:
    routes = list(list_routes(client.application))
    assert len(routes) > 30
    for method, path in routes:
        answer = client.open(path, method=method, headers=caller.headers)
        assert answer.status_code == 403, f"{method} {path}"
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control-")]
    assert [each["name"] for each in client.get("/api/v1/bins").json or []] == ["b1"]


@pytest.mark.parametrize("caller", OWN, ids=attrgetter("id"))
def test_our_own_page_and_programs_may(client: FlaskClient, caller: Caller) -> None:
    assert client.post("/api/v1/bins", json={}, headers=caller.headers).status_code == 201
    assert client.get("/api/v1/bins", headers=caller.headers).status_code == 200


def test_a_preflight_is_told_nothing(client: FlaskClient) -> None:
    headers = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "DELETE",
        "Access-Control-Request-Private-Network": "true",
    }
    answer = client.options("/api/v1/bins/b1", headers=headers)
    assert answer.status_code == 403
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control-")]


LINK = {
    "Sec-Fetch-Site": "cross-site",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
}


def test_a_link_elsewhere_opens_a_page_and_nothing_else(client: FlaskClient) -> None:
    assert client.get("/bins/b1", headers=LINK).status_code == 200
    assert client.get("/api/v1/bins/b1/requests", headers=LINK).status_code == 403
    assert client.get("/bins/b1/stream", headers=LINK).status_code == 403
    assert client.post("/bins", headers=LINK).status_code == 403


def test_a_method_in_disguise_stays_what_it_is(client: FlaskClient) -> None:
    disguises = {"X-HTTP-Method-Override": "DELETE", "X-Original-URL": "/api/v1/bins"}
    assert client.get("/api/v1/bins/b1", headers=disguises).status_code == 200
    assert client.post("/api/v1/bins/b1?_method=DELETE", headers=disguises).status_code != 204
    assert client.get("/api/v1/bins/b1").status_code == 200


def test_no_call_gives_its_answer_to_a_callback(client: FlaskClient) -> None:
    answer = client.get("/api/v1/bins/b1?jsonp=alert&callback=alert")
    assert answer.status_code in (200, 400)
    assert answer.mimetype == "application/json"
    assert answer.text.startswith("{")


def test_every_answer_of_ours_carries_the_headers_and_no_capture_does(client: FlaskClient) -> None:
    for method, path in [*list_routes(client.application), ("GET", "/bins/none")]:
        answer = client.open(path, method=method, buffered=True)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, f"{method} {path}"
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Cache-Control" in answer.headers
    assert "Cross-Origin-Resource-Policy" not in client.post("/b2").headers


@pytest.mark.parametrize("path", ["/", "/bins/b1", "/api/v1/bins/b1/requests"])
def test_captured_data_is_in_no_cache(client: FlaskClient, path: str) -> None:
    assert client.get(path).headers["Cache-Control"] == "no-store"


PAGES = ["/", "/bins/b1", "/emitter", "/api", "/bins/b1/fields", "/bins/nobody"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_runs_the_scripts_it_names_and_no_other(client: FlaskClient, path: str) -> None:
    """By 'self' what a bin answers could be loaded as a script of ours."""
    seen = set()
    for _ in range(2):
        answer = client.get(path)
        policy = dict(
            part.strip().partition(" ")[::2]
            for part in answer.headers["Content-Security-Policy"].split(";")
        )
        found = re.fullmatch(r"'nonce-([\w-]{22})'", policy["script-src"])
        assert found
        tags = re.findall(r"<script[^>]*>", answer.text)
        assert len(tags) >= 4
        assert all(f'nonce="{found[1]}" src="/static/' in tag for tag in tags)
        seen.add(found[1])
    assert len(seen) == 2
