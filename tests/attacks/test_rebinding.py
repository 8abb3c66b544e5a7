"""DNS rebinding: a stranger's name resolves to this machine, and its page is of our origin.

The one thing that tells is the name in the Host header.
"""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from inspector.errors import InspectorError
from inspector.settings import Settings, check_host_name
from tests.attacks.conftest import MakeApp

STRANGERS = [
    "evil.example",
    "evil.example:8787",
    "127.0.0.1.evil.example",
    "127.0.0.1.nip.io:8787",
    "localhost.evil.example",
    "127.0.0.1:8787@evil.example",
    "127.0.0.1, evil.example",
    "localhost.",
    "hooks.localhost",
    "0.0.0.0:8787",
    "[::]:8787",
    "192.168.1.5:8787",
    "169.254.169.254",
    "[fe80::1]",
    "127.0.0.1/",
    "127.0.0.1:99999999",
    "[127.0.0.1",
    "\x00",
    "ｌｏｃａｌｈｏｓｔ".encode().decode("latin-1"),
]
OURS = ["127.0.0.1", "127.0.0.1:8787", "localhost:9000", "LOCALHOST", "[::1]:8787", "127.8.8.8", ""]
ASKED = [
    "/",
    "/bins/b1",
    "/bins/b1/stream",
    "/api/v1/bins",
    "/api/v1/bins/b1/requests",
    "/api/v1/bins/b1/events",
    "/metrics",
    "/static/base.css",
]


@pytest.mark.parametrize("host", STRANGERS)
def test_another_name_reaches_no_page(client: FlaskClient, host: str) -> None:
    answer = client.get("/api/v1/bins", headers={"Host": host})
    assert answer.status_code == 421
    assert answer.json is not None
    assert answer.json["error"]["code"] == "wrong_host"


@pytest.mark.parametrize("path", ASKED)
def test_another_name_reaches_nothing_of_ours(client: FlaskClient, path: str) -> None:
    assert client.get(path, headers={"Host": "evil.example"}).status_code == 421


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("host", ["inspector-1:8787", "10.244.0.7:8787", "tools.svc"])
def test_a_probe_may_ask_by_any_name(client: FlaskClient, path: str, host: str) -> None:
    """Caddy asks its upstreams by their own names, a kubelet by a pod's address."""
    answer = client.get(path, headers={"Host": host})
    assert (answer.status_code, answer.data) == (200, b"ok\n")


@pytest.mark.parametrize("host", OURS)
def test_our_own_names_are_answered(client: FlaskClient, host: str) -> None:
    assert client.get("/api/v1/bins", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", STRANGERS)
def test_a_webhook_may_call_us_by_any_name(client: FlaskClient, host: str) -> None:
    assert client.post("/b1/hook", data=b"a=1", headers={"Host": host}).data == b"ok\n"


def test_the_public_url_adds_its_name(make_app: MakeApp) -> None:
    client = make_app(public_url="https://hooks.example.com/x", token="t").test_client()
    for host, status in (("hooks.example.com", 200), ("example.com", 421), ("127.0.0.1", 200)):
        assert client.get("/login", headers={"Host": host}).status_code == status


def test_a_server_for_others_is_reached_by_any_address_but_by_no_name(make_app: MakeApp) -> None:
    client = make_app(host="0.0.0.0", token="t").test_client()
    for host, status in (("192.168.1.5:8787", 200), ("[fe80::1]", 200), ("evil.example", 421)):
        assert client.get("/login", headers={"Host": host}).status_code == status


def test_a_proxys_header_is_no_name_of_ours(client: FlaskClient) -> None:
    headers = {
        "Host": "evil.example",
        "X-Forwarded-Host": "127.0.0.1:8787",
        "X-Original-Host": "127.0.0.1:8787",
        "Forwarded": "host=127.0.0.1",
    }
    assert client.get("/", headers=headers).status_code == 421


NAMED = [
    ("inspector", 200),
    ("INSPECTOR:8787", 200),
    ("hooks.tools.svc:80", 200),
    ("a.b.tools.svc", 200),
    ("tools.svc", 421),
    ("xtools.svc", 421),
    ("inspector.evil.example", 421),
    ("evil.example", 421),
]


@pytest.mark.parametrize(("host", "status"), NAMED)
def test_further_names_are_those_that_were_given(make_app: MakeApp, host: str, status: int) -> None:
    client = make_app(host_names=("inspector", "*.tools.svc"), token="t").test_client()
    headers = {"Host": host, "Authorization": "Bearer t"}
    assert client.get("/api/v1/bins", headers=headers).status_code == status


def test_a_server_with_a_name_for_others_needs_a_token() -> None:
    assert Settings(host_names=("inspector.tools.svc",)).needs_token
    assert not Settings(host_names=("localhost",)).needs_token


@pytest.mark.parametrize(
    "text", ["", "*", "*.", "a:80", "http://a", "a/b", "a..b", "a b", "é.example"]
)
def test_what_is_no_name_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(InspectorError, match="is not a host name"):
        check_host_name(text)
