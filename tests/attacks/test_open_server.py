"""A server that others can reach: nothing of ours opens without its token, and nobody floods it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import Any

import pytest
from flask.testing import FlaskClient

from inspector.errors import InspectorError
from inspector.settings import Settings
from inspector.storage.logins import LoginStore
from inspector.web.access.gate import OPEN
from inspector.web.access.tokens import WRONG_BURST
from tests.attacks.conftest import MakeApp
from tests.attacks.test_other_pages import list_routes
from tests.conftest import StartServer
from tests.server.conftest import RunningServer, StartProcess

TOKEN = "t0ken-of-this-test"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
STRANGER = {"REMOTE_ADDR": "203.0.113.9"}


@pytest.fixture
def client(make_app: MakeApp) -> FlaskClient:
    return make_app(host="0.0.0.0", token=TOKEN, max_requests_per_s=1_000).test_client()


def test_nothing_of_ours_opens_without_the_token(make_app: MakeApp) -> None:
    client = make_app(host="0.0.0.0", token=TOKEN, max_requests_per_s=10_000.0).test_client()
    client.post("/b1")
    routes = list(list_routes(client.application))
    assert len(routes) > 30
    opened = set()
    for method, path in routes:
        answer = client.open(path, method=method, environ_overrides=STRANGER)
        if answer.status_code != 401:
            endpoint, _ = client.application.url_map.bind("").match(path, method)
            opened.add(endpoint)
    assert opened == set(OPEN) - {"login.take_token"}


def test_webhooks_need_no_token(client: FlaskClient) -> None:
    assert client.post("/b1", environ_overrides=STRANGER).data == b"ok\n"


@pytest.mark.parametrize(
    "authorization", ["Bearer wrong", "Bearer", "Basic {token}", "{token}", "Bearer {token}x", ""]
)
def test_a_wrong_token_opens_nothing(client: FlaskClient, authorization: str) -> None:
    headers = {"Authorization": authorization.format(token=TOKEN)}
    assert client.get("/api/v1/bins", headers=headers).status_code == 401
    assert client.get("/api/v1/bins", headers=BEARER).status_code == 200


@pytest.mark.parametrize("query", ["token", "access_token", "key", "secret"])
def test_a_token_in_a_url_opens_nothing(client: FlaskClient, query: str) -> None:
    assert client.get(f"/api/v1/bins?{query}={TOKEN}").status_code == 401
    assert client.get(f"/login?{query}={TOKEN}").status_code == 200
    assert client.get("/").status_code == 401


def test_the_form_opens_it_for_this_browser(client: FlaskClient) -> None:
    asked = client.get("/bins/b1?before=1-9")
    assert asked.status_code == 401
    assert 'value="/bins/b1?before=1-9"' in asked.text
    wrong = client.post("/login", data={"token": "wrong", "back": "/bins/b1"})
    assert wrong.status_code == 401
    assert "Set-Cookie" not in wrong.headers
    right = client.post("/login", data={"token": TOKEN, "back": "/bins/b1"})
    assert (right.status_code, right.location) == (303, "/bins/b1")
    cookie = right.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie
    assert TOKEN not in cookie
    assert client.get("/bins/b1").status_code == 200


def test_the_cookie_is_secure_behind_https(make_app: MakeApp) -> None:
    app = make_app(
        token=TOKEN, public_url="https://hooks.example.com", trusted_proxies=("10.0.0.1",)
    )
    for peer, is_secure in (("10.0.0.1", True), ("10.0.0.2", False)):
        answer = app.test_client().post(
            "/login",
            data={"token": TOKEN},
            headers={"Host": "hooks.example.com", "X-Forwarded-Proto": "https"},
            environ_overrides={"REMOTE_ADDR": peer},
        )
        assert ("Secure" in answer.headers["Set-Cookie"]) is is_secure


def test_another_token_makes_the_cookie_worthless(make_app: MakeApp) -> None:
    first = make_app(token=TOKEN).test_client()
    cookie = first.post("/login", data={"token": TOKEN}).headers["Set-Cookie"]
    name, _, value = cookie.partition(";")[0].partition("=")
    for token, status in ((TOKEN, 200), ("another-token", 401)):
        again = make_app(token=token).test_client()
        again.set_cookie(name, value, domain="127.0.0.1")
        assert again.get("/").status_code == status


def test_guessing_the_token_is_slowed_down(client: FlaskClient) -> None:
    guesses = [client.post("/login", data={"token": "wrong"}) for _ in range(WRONG_BURST)]
    assert {each.status_code for each in guesses} == {401}
    for _ in range(3):
        assert client.post("/login", data={"token": TOKEN}).status_code == 429
        assert client.get("/api/v1/bins", headers=BEARER).status_code == 429
    assert client.get("/api/v1/bins", headers=BEARER, environ_overrides=STRANGER).status_code == 200


@pytest.mark.parametrize("path", ["/login", "/healthz", "/", "/static/base.css", "/api/v1/bins"])
@pytest.mark.parametrize(
    "more", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "elsewhere.example"}], ids=str
)
def test_guessing_with_a_call_of_any_kind_is_slowed_down(
    client: FlaskClient, path: str, more: dict[str, str]
) -> None:
    guess = {"Authorization": "Bearer wrong-token", **more}
    for _ in range(WRONG_BURST):
        assert client.get(path, headers=guess).status_code != 429
    for _ in range(3):  # The right one would tell itself apart.
        assert client.get(path, headers=guess).status_code == 429
        assert client.get(path, headers={**guess, **BEARER}).status_code == 429


def test_a_senders_own_authorization_is_no_guess(client: FlaskClient) -> None:
    for _ in range(WRONG_BURST + 3):
        sent = client.post("/b1", headers={"Authorization": "Bearer of-the-sender"})
        assert sent.status_code == 200
    assert client.get("/api/v1/bins", headers=BEARER).status_code == 200


def test_a_cookie_copied_before_the_log_out_opens_nothing_after_it(make_app: MakeApp) -> None:
    app = make_app(token=TOKEN)
    owner, thief = app.test_client(), app.test_client()
    cookie = owner.post("/login", data={"token": TOKEN}).headers["Set-Cookie"]
    name, _, value = cookie.partition(";")[0].partition("=")
    thief.set_cookie(name, value, domain="127.0.0.1")
    assert thief.get("/").status_code == 200
    # What opened a bin since has the same login.
    made = owner.post("/api/v1/bins", json={"name": "hushed", "private": True}, headers=BEARER)
    owner.post("/bins/hushed/open", data={"secret": (made.json or {})["secret"]})
    assert owner.post("/logout").status_code == 303
    assert thief.get("/").status_code == 401
    owner.post("/login", data={"token": TOKEN})
    assert owner.get("/").status_code == 200
    assert thief.get("/").status_code == 401


def test_each_page_of_a_login_has_a_button_that_ends_it(make_app: MakeApp) -> None:
    browser = make_app(token=TOKEN).test_client()
    assert "/logout" not in browser.get("/").text
    browser.post("/login", data={"token": TOKEN})
    for path in ("/", "/bins/b1", "/emitter", "/api", "/bins/nobody"):
        assert browser.get(path).text.count('<form method="post" action="/logout">') == 1, path
    assert browser.post("/logout").status_code == 303
    assert "/logout" not in browser.get("/").text


def test_who_has_opened_a_private_bin_can_close_it_again(make_app: MakeApp) -> None:
    browser = make_app().test_client()
    made = browser.post("/api/v1/bins", json={"name": "hushed", "private": True})
    assert "/logout" not in browser.get("/emitter").text
    browser.post("/bins/hushed/open", data={"secret": (made.json or {})["secret"]})
    assert 'action="/logout"' in browser.get("/emitter").text
    browser.post("/logout")
    assert browser.get("/bins/hushed").status_code == 401


def test_a_login_is_no_trouble_to_the_page_of_a_lost_database(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(token=TOKEN)
    browser = app.test_client()
    browser.post("/login", data={"token": TOKEN})

    def fail(*_given: object) -> bool:
        raise InspectorError("database_unusable", "The database is away.")

    monkeypatch.setattr(LoginStore, "has_ended", fail)
    answer = browser.get("/")
    assert "The database is away." in answer.text
    assert "/logout" not in answer.text


def test_the_cookie_is_named_by_the_port(client: FlaskClient) -> None:
    cookie = client.post("/login", data={"token": TOKEN}).headers["Set-Cookie"]
    assert cookie.startswith("inspector-8787=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


def test_the_token_opens_no_private_bin(client: FlaskClient) -> None:
    made = client.post("/api/v1/bins", json={"name": "hushed", "private": True}, headers=BEARER)
    secret = (made.json or {})["secret"]
    path = "/api/v1/bins/hushed/requests"
    for _ in range(WRONG_BURST + 2):  # and is no wrong guess either
        assert client.get(path, headers=BEARER).status_code == 401
    assert client.get("/api/v1/bins", headers=BEARER).json == [
        each
        for each in client.get("/api/v1/bins", headers=BEARER).json or []
        if each["name"] == "b1"
    ]
    holder = {"Authorization": f"Bearer {secret}"}
    assert client.get(path, headers=holder).status_code == 200
    assert client.get("/api/v1/bins", headers=holder).status_code == 401
    assert client.get("/api/v1/bins/b1", headers=holder).status_code == 401
    assert client.post(f"{path}/2-1/replay", headers=holder).status_code in (401, 404)
    assert client.delete("/api/v1/bins/hushed", headers=holder).status_code == 204


def test_a_token_makes_another_sites_page_no_friend(client: FlaskClient) -> None:
    """A browser sends the cookie to other ports of this host too, so the page still counts."""
    client.post("/login", data={"token": TOKEN})
    foreign = {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:9999"}
    assert client.get("/api/v1/bins", headers=foreign).status_code == 403
    assert client.post("/bins", headers=foreign).status_code == 403
    # Who can send the token itself need not be asked where it comes from.
    assert client.get("/api/v1/bins", headers=foreign | BEARER).status_code == 200


def test_without_a_token_a_server_for_others_does_not_start(make_app: MakeApp) -> None:
    for chosen in ({"host": "0.0.0.0"}, {"host": "::"}, {"public_url": "https://h.example.com"}):
        with pytest.raises(InspectorError, match="needs a token"):
            make_app(**chosen)


def test_another_wsgi_server_on_all_addresses_is_still_for_this_machine_alone(
    make_app: MakeApp,
) -> None:
    client = make_app().test_client()
    assert client.get("/api/v1/bins", environ_overrides=STRANGER).status_code == 403
    forwarded = {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"}
    answer = client.get("/api/v1/bins", headers=forwarded, environ_overrides=STRANGER)
    assert answer.status_code == 403


def test_a_trusted_proxy_on_this_machine_lends_nobody_its_address(make_app: MakeApp) -> None:
    client = make_app(trusted_proxies=("127.0.0.1",)).test_client()
    assert client.get("/api/v1/bins").status_code == 200
    forwarded = {"X-Forwarded-For": "203.0.113.9"}
    assert client.get("/api/v1/bins", headers=forwarded).status_code == 403


def test_a_server_for_others_makes_its_token_and_says_it_once(start_server: StartServer) -> None:
    server = start_server("--host", "0.0.0.0", "--bin", "b1")
    found = re.findall(r"Access token: (\S+) ", server.output)
    assert len(found) == 1
    assert len(found[0]) >= 32
    port = int(server.url.rsplit(":", 1)[1])
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        for headers, status in (({}, 401), ({"Authorization": f"Bearer {found[0]}"}, 200)):
            connection.request("GET", "/api/v1/bins", headers=headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status
    assert server.output.count(found[0]) == 1


@contextmanager
def flooded(server: RunningServer, path: str, count: int) -> Iterator[list[int]]:
    """The statuses of so many requests in a row, from a peer that is not this machine."""
    headers = {"X-Forwarded-For": "203.0.113.9"}
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        statuses = []
        for _ in range(count):
            connection.request("POST", path, b"a=1", headers)
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
            if answer.status == 429:
                assert int(answer.headers["Retry-After"]) >= 1
        yield statuses


@pytest.fixture
def proxied(start_process: StartProcess) -> RunningServer:
    """A server whose peers, all of this machine, are proxies for others."""
    return start_process(
        host="127.0.0.1", token=TOKEN, trusted_proxies=("127.0.0.1",), max_requests_per_s=5
    )


@pytest.mark.parametrize("path", ["/b1", "/api/v1/bins"])
def test_a_peer_elsewhere_that_floods_us_is_answered_429(proxied: RunningServer, path: str) -> None:
    with flooded(proxied, path, 40) as statuses:
        assert 429 not in statuses[:10]
        assert statuses.count(429) >= 15
    proxied.send(b"POST /b1 HTTP/1.1\r\nX-Forwarded-For: 203.0.113.10\r\n\r\n")
    time.sleep(0.3)
    with flooded(proxied, path, 1) as statuses:
        assert statuses != [429]


def test_a_peer_that_floods_us_on_one_breath_is_answered_429_for_the_rest(
    proxied: RunningServer,
) -> None:
    request = b"POST /b1 HTTP/1.1\r\nX-Forwarded-For: 203.0.113.9\r\nContent-Length: 0\r\n\r\n"
    got = proxied.send(request * 50)
    assert got.count(b"HTTP/1.1 200 OK") < 20
    assert got.count(b"HTTP/1.1 ") == 50
    assert got.count(b"HTTP/1.1 429 ") > 30
    assert proxied.get("/healthz") == (200, "ok\n")


def test_this_machine_is_not_limited(proxied: RunningServer) -> None:
    for _ in range(40):
        assert b" 200 OK" in proxied.send(b"POST /b1 HTTP/1.1\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize(
    ("settings", "needs"),
    [
        ({}, False),
        ({"host": "localhost"}, False),
        ({"host": "::1"}, False),
        ({"host": "127.0.0.2"}, False),
        ({"host": "0.0.0.0"}, True),
        ({"host": ""}, True),
        ({"host": "192.168.1.5"}, True),
        ({"host": "myhost.local"}, True),
        ({"public_url": "http://localhost:9000"}, False),
        ({"public_url": "https://hooks.example.com"}, True),
        ({"token": "12345678"}, True),
    ],
)
def test_who_needs_a_token(settings: dict[str, Any], needs: bool) -> None:
    assert Settings(**settings).needs_token is needs
