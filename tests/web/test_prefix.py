"""Below a path of another server: every address of every page keeps the prefix, by any proxy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from inspector.app import create_app
from inspector.domain.proxies import Addresses, check_bin_domain, check_path_prefix
from inspector.errors import InspectorError
from inspector.settings import Settings, check_public_url
from inspector.web.prefix import add_prefix
from tests.clients import ReadingClient

PREFIX = "/inspector"
TICKET = {"ticket[id]": "5", "ticket[subject]": 'a" href="/evil"', "path": "/x", "custom_data": ""}
# All that a browser or htmx follows by itself or by a click.
ADDRESS = re.compile(
    r'\s(href|src|action|formaction|hx-(?:get|post|put|patch|delete)|sse-connect)="([^"]*)"'
)
# Any other attribute that begins like an address, but for those that hold texts.
ANY_PATH = re.compile(r'\s([a-z-]+)="(/(?!in)[^"]*)"')
TEXTS = {"data-key", "value", "title", "placeholder", "aria-label", "data-copy", "data-exact"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, path_prefix=PREFIX)


@pytest.fixture
def proxied(app: Flask) -> FlaskClient:
    """A client as behind a proxy that leaves the prefix in the path."""
    return app.test_client()


def find_addresses(page: str) -> set[str]:
    return {unescape(address) for _, address in ADDRESS.findall(page)}


def crawl(client: FlaskClient, start: str, prefix: str, headers: dict[str, str]) -> set[str]:
    """Follow all links of all pages; each must be below the prefix, and there."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        address = waiting.pop()
        if address in seen or len(seen) > 400:
            continue
        seen.add(address)
        answer = client.get(address, headers=headers)
        assert answer.status_code < 400, (address, answer.status_code, answer.text[:300])
        location = answer.headers.get("Location")
        found = {("href", location)} if location else set()
        if answer.mimetype == "text/html":
            found |= {(name, unescape(each)) for name, each in ADDRESS.findall(answer.text)}
            others = ANY_PATH.findall(answer.text)
            assert {name for name, _ in others} <= TEXTS, (address, others)
        for name, each in found:
            target = urljoin(f"http://localhost{address}", each)
            parts = urlsplit(target)
            assert parts.netloc == "localhost", (address, each)
            path = parts.path
            assert path == prefix or path.startswith(f"{prefix}/"), (address, each)
            is_page = not re.search(r"/(delete|clear|stream|events|export)$", path)
            if is_page and name in ("href", "src", "hx-get"):
                waiting.append(f"{path}?{parts.query}" if parts.query else path)
    return seen


def fill(client: FlaskClient, prefix: str, headers: dict[str, str]) -> None:
    def post(path: str, **how: Any) -> Any:
        answer = client.post(f"{prefix}{path}", headers=headers, **how)
        assert answer.status_code < 400, answer.text
        return answer

    for _ in range(2):
        post("/orders/p?q=1", data=TICKET)
    post("/orders", json={"a": {"b": "/c"}})
    made = post("/api/v1/actions", json={"action": {"url": "http://127.0.0.1:1/"}})
    assert made.status_code == 201
    post("/api/v1/deliveries", json={"action": {"url": "http://127.0.0.1:1/"}})
    post("/api/v1/bins/orders/requests/1-1/replay", json={"url": "http://127.0.0.1:1/"})


@pytest.mark.slow
def test_every_address_of_every_page_is_below_the_prefix(proxied: FlaskClient) -> None:
    fill(proxied, PREFIX, {})
    seen = crawl(proxied, f"{PREFIX}/", PREFIX, {})
    for place in ("/", "/bins/orders", "/bins/orders/requests/1-1", "/emitter", "/api",
                  "/bins/orders/fields", "/bins/orders/answers", "/bins/orders/replay",
                  "/emitter/deliveries/1", "/static/page.js"):  # fmt: skip
        assert any(each.partition("?")[0] == PREFIX + place for each in seen), place
    page = proxied.get(f"{PREFIX}/bins/orders/requests/1-1").text
    assert "a&#34; href=&#34;/evil" in page, "what was captured stays as it was"
    assert f"http://localhost{PREFIX}/bins/orders/requests/1-1" in page
    assert f"http://localhost{PREFIX}/orders" in page


def test_a_proxy_may_take_the_prefix_off(client: FlaskClient) -> None:
    fill(client, "", {})
    page = client.get("/bins/orders/requests/1-1").text
    for address in find_addresses(page):
        assert address.startswith((f"{PREFIX}/", "#", "http://localhost")), address
    request = client.get("/api/v1/bins/orders/requests/1-1").json or {}
    assert request["path"] == "/orders/p"


def test_the_api_knows_its_prefix(proxied: FlaskClient) -> None:
    fill(proxied, PREFIX, {})
    bins = proxied.get(f"{PREFIX}/api/v1/bins").json or []
    assert bins[0]["url"] == f"http://localhost{PREFIX}/orders"
    assert bins[0]["inspect_url"] == f"http://localhost{PREFIX}/orders?inspect"
    listed = proxied.get(f"{PREFIX}/api/v1/bins/orders/requests?limit=1")
    (link,) = re.findall(r"<([^>]+)>", listed.headers["Link"])
    assert link.startswith(f"http://localhost{PREFIX}/api/v1/bins/orders/requests?")
    (request,) = listed.json or []
    assert request["path"] == f"{PREFIX}/orders"
    document = proxied.get(f"{PREFIX}/api/v1/openapi.json").json or {}
    assert document["servers"] == [{"url": f"{PREFIX}/api/v1"}]
    missing = proxied.get(f"{PREFIX}/api/v1/bins/none")
    assert (missing.json or {})["error"]["code"] == "bin_not_found"
    curl = proxied.get(f"{PREFIX}/api/v1/bins/orders/requests/1-1?format=curl").text
    assert f"http://localhost{PREFIX}/orders/p?q=1" in curl
    waited = proxied.get(f"{PREFIX}/api/v1/bins/orders/requests/wait?after=0&path=/p&timeout=1")
    assert waited.status_code == 200
    replayed = proxied.get(f"{PREFIX}/api/v1/deliveries/2").json or {}
    assert replayed["url"] == "http://127.0.0.1:1/p?q=1"


def test_redirects_and_cookies_are_below_the_prefix(app: Flask, settings: Settings) -> None:
    client = app.test_client()
    made = client.post(f"{PREFIX}/bins", data={"name": "other"})
    assert made.headers["Location"] == f"{PREFIX}/bins/other"
    shown = client.get(f"{PREFIX}/orders?inspect")
    assert shown.headers["Location"] == f"{PREFIX}/bins/orders"
    token = "t" * 20
    with_token = replace(settings, token=token, data_dir=settings.data_dir / "other")
    other = create_app(with_token)
    try:
        door = other.test_client()
        form = door.get(f"{PREFIX}/bins/orders?q=a")
        assert form.status_code == 401
        assert f'action="{PREFIX}/login"' in form.text
        (back,) = re.findall(r'name="back" value="([^"]*)"', form.text)
        opened = door.post(
            f"{PREFIX}/login",
            data={"token": token, "back": unescape(back)},
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        assert opened.headers["Location"] == f"{PREFIX}/bins/orders?q=a"
        assert f"Path={PREFIX}" in opened.headers["Set-Cookie"].split("; ")
        assert door.get(f"{PREFIX}/bins/orders").status_code == 200
    finally:
        other.extensions["inspector"].close()


@pytest.fixture
def behind(settings: Settings) -> Iterator[Flask]:
    """An application that believes a proxy on this machine, and has no prefix of its own."""
    app = create_app(replace(settings, path_prefix="", trusted_proxies=("127.0.0.1",)))
    app.test_client_class = ReadingClient
    yield app
    app.extensions["inspector"].close()


@pytest.mark.parametrize("sent_prefix", ["", "/a/b"])
def test_a_trusted_proxy_says_its_prefix(behind: Flask, sent_prefix: str) -> None:
    client, headers = behind.test_client(), {"X-Forwarded-Prefix": "/a/b/"}
    fill(client, sent_prefix, headers)
    page = client.get(f"{sent_prefix}/bins/orders", headers=headers).text
    assert 'href="/a/b/bins/orders/requests/1-1"' in page
    assert "http://localhost/a/b/orders" in page
    assert 'href="/bins/orders/requests/1-1"' in client.get("/bins/orders").text


def test_a_public_url_without_a_path_takes_the_prefix_that_a_proxy_says(settings: Settings) -> None:
    names: dict[str, Any] = {"path_prefix": "", "trusted_proxies": ("127.0.0.1",)}
    app = create_app(replace(settings, public_url="https://hooks.test", token="t" * 9, **names))
    try:
        opened = {"Host": "hooks.test", "Authorization": f"Bearer {'t' * 9}"}
        for prefix, path in (({"X-Forwarded-Prefix": "/a/b"}, "/a/b"), ({}, "")):
            bins = app.test_client().get("/api/v1/bins", headers={**opened, **prefix}).json or []
            assert [each["url"] for each in bins] == [f"https://hooks.test{path}/orders"]
    finally:
        app.extensions["inspector"].close()


@pytest.mark.parametrize("hostile", ["//evil.test", "/a/../b", '/"><script>', "/a\\b", "evil", ""])
def test_a_prefix_that_cannot_be_is_not_believed(behind: Flask, hostile: str) -> None:
    page = behind.test_client().get("/", headers={"X-Forwarded-Prefix": hostile}).text
    assert 'href="/bins/orders"' in page
    assert "evil" not in page


def test_a_stranger_says_no_prefix(app: Flask) -> None:
    headers = {"X-Forwarded-Prefix": "/evil"}
    assert "evil" not in app.test_client().get("/inspector/", headers=headers).text


@pytest.mark.parametrize("text", ["inspector", "/a//b", "/a/../b", "/a b", "//a", "/<", "/a?b"])
def test_a_prefix_is_checked(text: str) -> None:
    with pytest.raises(InspectorError) as caught:
        check_path_prefix(text)
    assert caught.value.code == "invalid_path_prefix"
    with pytest.raises(InspectorError):
        check_public_url(f"https://h.test{text if text.startswith('/') else '/a b'}")


def test_a_public_url_with_a_path_is_a_prefix() -> None:
    settings = Settings(public_url=check_public_url("https://h.test/in/"))
    assert settings.addresses.path_prefix == "/in"
    assert settings.base_url == "https://h.test/in"
    assert Settings(public_url="https://h.test", path_prefix="/in").base_url == "https://h.test/in"
    assert check_path_prefix("/in/") == "/in"
    assert check_path_prefix("/") == ""


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("hooks.test", "https://hooks.test"),
        ("localhost", "https://hooks.test"),
        ("other.test", "http://other.test"),
        ("a.cluster.svc:8080", "http://a.cluster.svc:8080"),
    ],
)
def test_of_several_names_the_one_that_was_used_stands_in_urls(
    settings: Settings, host: str, base: str
) -> None:
    names: dict[str, Any] = {"host_names": ("other.test", "*.cluster.svc"), "path_prefix": ""}
    app = create_app(replace(settings, public_url="https://hooks.test", token="t" * 9, **names))
    try:
        headers = {"Host": host, "Authorization": f"Bearer {'t' * 9}"}
        bins = app.test_client().get("/api/v1/bins", headers=headers).json or []
        assert [each["url"] for each in bins] == [f"{base}/orders"]
    finally:
        app.extensions["inspector"].close()


def test_only_our_own_markup_gets_a_prefix() -> None:
    markup = (
        '<a href="/a" title="/b">href="/c"</a><img src="//h/d"><a href="e">x="&#34; href=&#34;/f"'
    )
    assert add_prefix(markup, "/p") == markup.replace('href="/a"', 'href="/p/a"')
    assert add_prefix(markup, "") == markup


BELOW_DOMAIN = [
    ("desk.hooks.test", "desk"),
    ("DESK.hooks.test:8787", "desk"),
    ("desk.hooks.test.", "desk"),
    ("hooks.test", None),
    ("a.desk.hooks.test", None),
    ("desk.hooks.test.evil", None),
    ("", None),
]


@pytest.mark.parametrize(("host", "name"), BELOW_DOMAIN)
def test_a_bin_is_found_by_its_host(host: str, name: str | None) -> None:
    assert Addresses(bin_domain="hooks.test").find_bin(host) == name


@pytest.mark.parametrize("text", ["", "-", "a b", "h.test:80", "http://h.test", "a..b"])
def test_a_domain_of_bins_is_checked(text: str) -> None:
    if text == "-":
        assert check_bin_domain("*.Hooks.Test.") == "hooks.test"
        return
    with pytest.raises(InspectorError) as caught:
        check_bin_domain(text)
    assert caught.value.code == "invalid_bin_domain"


def test_bins_have_hosts_of_their_own(settings: Settings) -> None:
    app = create_app(replace(settings, path_prefix="", bin_domain="localhost"))
    try:
        client = app.test_client()
        for path in ("/hook/a?b=1", "/", "/bins/orders", "/static/page.js"):
            sent = client.post(path, data=b"x", headers={"Host": "orders.localhost:8787"})
            assert sent.status_code == 200
        requests = client.get("/api/v1/bins/orders/requests?limit=9").json or []
        assert len(requests) == 4
        assert "http://orders.localhost" in client.get("/bins/orders").text
        found = client.get("/api/v1/bins/orders/requests?q=path:/hook/a").json or []
        assert len(found) == 1
        curl = client.get("/api/v1/bins/orders/requests/1-1?format=curl").text
        assert "http://localhost/orders" in curl
        shown = client.get("/?inspect", headers={"Host": "orders.localhost"})
        assert shown.headers["Location"] == "http://localhost/bins/orders"
        missing = client.post("/x", headers={"Host": "none.localhost"})
        assert missing.status_code == 404
    finally:
        app.extensions["inspector"].close()
