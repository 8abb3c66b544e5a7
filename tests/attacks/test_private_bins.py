"""A private bin is open to whoever has its secret, and leaks by no other way."""

from __future__ import annotations

from secrets import compare_digest

import pytest
from flask.testing import FlaskClient
from sqlalchemy import inspect, text

from inspector.web.access.tokens import WRONG_BURST
from tests.attacks.conftest import MakeApp
from tests.attacks.test_other_pages import list_routes
from tests.server.conftest import RunningServer

MARK = "Psst7f3a"


@pytest.fixture
def secret(client: FlaskClient) -> str:
    """The secret of the bin ``hushed``, which holds one request that says ``MARK``."""
    made = client.post("/api/v1/bins", json={"name": "hushed", "private": True}).json
    assert made is not None
    sent = {"ticket[id]": "5", "ticket[note]": MARK}
    assert client.post(f"/hushed/{MARK}", data=sent, headers={"X-Mark": MARK}).data == b"ok\n"
    secret = made["secret"]
    assert isinstance(secret, str)
    return secret


# Calls that check their body before they look at the bin.
WELL_FORMED = {
    "replay": {"url": "http://127.0.0.1:9/"},
    "relay": {"url": "http://127.0.0.1:9/"},
    "prune": {"older_than_s": 60},
}


def test_every_route_of_a_private_bin_wants_its_secret(client: FlaskClient, secret: str) -> None:
    routes = [
        (method, path)
        for method, path in list_routes(client.application, name="hushed", request_id="2-1")
        if "/bins/hushed" in path and method != "OPTIONS" and not path.endswith("/open")
    ]
    assert len(routes) > 30
    for method, path in routes:
        call = path.rpartition("/")[2]
        query = {"a": "1", "b": "2"} if call == "compare" else None
        answer = client.open(path, method=method, json=WELL_FORMED.get(call), query_string=query)
        assert answer.status_code == 401, f"{method} {path}"
        assert MARK not in answer.text
        assert "Bearer" in answer.headers["WWW-Authenticate"]
    bearer = {"Authorization": f"Bearer {secret}"}
    (found,) = client.get("/api/v1/bins/hushed/requests", headers=bearer).json or []
    assert found["ticket"] == {"id": "5", "note": MARK}


def test_a_secret_is_stored_as_a_hash_alone_and_compared_in_constant_time(
    client: FlaskClient, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with client.application.extensions["inspector"].engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        kept = repr([connection.execute(text(f'SELECT * FROM "{name}"')).all() for name in tables])
    assert "hushed" in kept
    assert secret not in kept
    asked: list[object] = []

    def compare(one: str, other: str) -> bool:
        asked.append((len(one), len(other)))
        return compare_digest(one, other)

    monkeypatch.setattr("inspector.storage.bins.secrets.compare_digest", compare)
    for shown, status in ((secret, 200), (secret[:-1], 401)):
        bearer = {"Authorization": f"Bearer {shown}"}
        assert client.get("/api/v1/bins/hushed", headers=bearer).status_code == status
    assert asked == [(64, 64)] * 2


@pytest.mark.parametrize("path", ["/", "/api/v1/bins", "/metrics", "/readyz", "/emitter"])
def test_nothing_lists_or_counts_it(client: FlaskClient, secret: str, path: str) -> None:
    answer = client.get(path)
    assert "hushed" not in answer.text
    assert MARK not in answer.text


def test_metrics_do_not_count_what_it_receives(client: FlaskClient, secret: str) -> None:
    names = ("captures_stored_total", "capture_batches_total")
    for count in (0, 1):
        for name in names:
            assert f"inspector_{name} {count}.0\n" in client.get("/metrics").text
        client.post("/b1")


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer wrong",
        "Bearer ",
        "Bearer null",
        "Basic cXVpZXQ6cXVpZXQ=",
        "{secret}",
        "Bearer {secret}x",
        "Bearer \xe4\xf6\xfc",
        "Token {secret}",
    ],
)
def test_a_wrong_secret_opens_nothing(client: FlaskClient, secret: str, authorization: str) -> None:
    headers = {"Authorization": authorization.format(secret=secret)}
    assert client.get("/api/v1/bins/hushed/requests", headers=headers).status_code == 401


@pytest.mark.parametrize(
    "where", ["?secret={secret}", "?token={secret}", "?access_token={secret}", "?key={secret}"]
)
def test_a_secret_in_a_url_opens_nothing(client: FlaskClient, secret: str, where: str) -> None:
    path = "/bins/hushed" + where.format(secret=secret)
    assert client.get(path).status_code == 401


def test_another_bins_secret_opens_nothing(client: FlaskClient, secret: str) -> None:
    other = client.post("/api/v1/bins", json={"private": True}).json or {}
    headers = {"Authorization": f"Bearer {other['secret']}"}
    assert client.get("/api/v1/bins/hushed/requests", headers=headers).status_code == 401
    name = other["name"]
    assert client.get(f"/api/v1/bins/{name}", headers=headers).status_code == 200


def test_a_request_of_a_private_bin_is_not_found_through_another(
    client: FlaskClient, secret: str
) -> None:
    assert client.get("/api/v1/bins/b1/requests/2-1").status_code == 404
    assert client.get("/api/v1/bins/b1/requests/2-1/body").status_code == 404
    assert client.get("/bins/b1/requests/2-1").status_code == 404


def test_the_form_opens_it_for_this_browser_alone(client: FlaskClient, secret: str) -> None:
    asked = client.get("/bins/hushed/requests/2-1")
    assert asked.status_code == 401
    assert 'action="/bins/hushed/open"' in asked.text
    fields = {"secret": secret, "back": "/bins/hushed/requests/2-1"}
    opened = client.post("/bins/hushed/open", data=fields)
    assert (opened.status_code, opened.location) == (303, "/bins/hushed/requests/2-1")
    cookie = opened.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert secret not in cookie
    assert MARK in client.get("/bins/hushed/requests/2-1").text
    assert "hushed" in client.get("/").text
    assert client.application.test_client().get("/bins/hushed").status_code == 401
    assert client.post("/logout").status_code == 303
    assert client.get("/bins/hushed").status_code == 401


def test_the_secret_is_shown_once_where_it_is_made(client: FlaskClient) -> None:
    made = client.post("/bins", data={"name": "hidden", "private": "1"})
    assert made.status_code == 200
    shown = made.text.partition('<code id="secret">')[2].partition("<")[0]
    assert len(shown) == 32
    assert made.headers["Cache-Control"] == "no-store"
    page = client.get("/bins/hidden")
    assert page.status_code == 200
    assert shown not in page.text
    other = client.application.test_client()
    assert other.get("/bins/hidden").status_code == 401
    assert other.post("/bins/hidden/open", data={"secret": shown}).status_code == 303


@pytest.mark.parametrize(
    "back",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/bins\r\nX-Injected: 1",
        "",
    ],
)
def test_the_door_leads_nowhere_else(client: FlaskClient, secret: str, back: str) -> None:
    answer = client.post("/bins/hushed/open", data={"secret": secret, "back": back})
    assert answer.location == "/"
    assert "X-Injected" not in answer.headers


def test_a_forged_cookie_opens_nothing(client: FlaskClient, secret: str) -> None:
    opened = client.post("/bins/hushed/open", data={"secret": secret})
    name, _, value = opened.headers["Set-Cookie"].partition(";")[0].partition("=")
    payload, _, signature = value.partition(".")
    stranger = client.application.test_client()
    for forged in (
        "eyJiaW5zIjpbMSwyLDNdfQ",
        f"eyJiaW5zIjpbMSwyLDNdfQ.{signature}",
        f"{payload}.{signature[:-2]}AA",
        "[1,2]",
        "",
        "." * 1000,
    ):
        stranger.set_cookie(name, forged, domain="127.0.0.1")
        assert stranger.get("/bins/hushed").status_code == 401
    stranger.set_cookie(name, value, domain="127.0.0.1")
    assert stranger.get("/bins/hushed").status_code == 200


def test_a_cookie_of_another_installation_opens_nothing(
    client: FlaskClient, secret: str, make_app: MakeApp
) -> None:
    from itsdangerous import URLSafeTimedSerializer

    forged = URLSafeTimedSerializer("dev", salt="inspector").dumps({"bins": [2]})
    client.set_cookie("inspector-8787", str(forged), domain="127.0.0.1")
    assert client.get("/bins/hushed").status_code == 401


def test_a_bin_made_anew_under_the_name_is_not_open_to_the_old_cookie(
    client: FlaskClient, secret: str
) -> None:
    client.post("/bins/hushed/open", data={"secret": secret})
    assert client.delete("/api/v1/bins/hushed").status_code == 204
    stranger = client.application.test_client()
    stranger.post("/api/v1/bins", json={"name": "hushed", "private": True})
    assert client.get("/bins/hushed").status_code == 401
    bearer = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/v1/bins/hushed", headers=bearer).status_code == 401


def test_guessing_is_slowed_down(client: FlaskClient, secret: str) -> None:
    guess = {"Authorization": "Bearer wrong"}
    path = "/api/v1/bins/hushed/requests"
    statuses = [client.get(path, headers=guess).status_code for _ in range(WRONG_BURST + 5)]
    assert statuses == [401] * WRONG_BURST + [429] * 5
    slowed = client.post("/bins/hushed/open", data={"secret": secret})
    assert slowed.status_code == 429
    assert 1 <= int(slowed.headers["Retry-After"]) <= 10
    # Other peers, and calls that show nothing, go on.
    bearer = {"Authorization": f"Bearer {secret}"}
    other = client.get(path, headers=bearer, environ_overrides={"REMOTE_ADDR": "127.0.0.2"})
    assert other.status_code == 200
    assert client.get("/api/v1/bins").status_code == 200


def test_no_secret_is_in_a_log(server: RunningServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    wrong = b"GET /api/v1/bins/b1/requests HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    server.send(wrong + b"Authorization: Bearer sEcReT-sEcReT\r\n\r\n")
    server.send(b"GET /login HTTP/1.1\r\nAuthorization: Bearer sEcReT-sEcReT\r\nbroken\r\n\r\n")
    assert "sEcReT" not in caplog.text
