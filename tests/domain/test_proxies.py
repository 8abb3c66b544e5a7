"""Whom a forwarding header may name, and when it is believed."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain.proxies import TrustedProxies, is_loopback
from inspector.errors import InspectorError

PROXIES = TrustedProxies.parse(["10.0.0.1", "192.168.0.0/16", "fd00::/8"])


@dataclass(frozen=True)
class Case:
    id: str
    peer: str
    forwarded_for: str
    client: str


CASES = [
    Case("nobody is named", "10.0.0.1", "", "10.0.0.1"),
    Case("a trusted peer names the client", "10.0.0.1", "203.0.113.9", "203.0.113.9"),
    Case("a stranger names nobody", "203.0.113.7", "1.2.3.4", "203.0.113.7"),
    Case("what the client made up stays unread", "10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"),
    Case(
        "a chain of trusted proxies", "10.0.0.1", "203.0.113.9, 192.168.7.7, fd00::1", "203.0.113.9"
    ),
    Case("a port is left out", "10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
    Case("IPv6 in brackets with a port", "10.0.0.1", "[2001:db8::1]:80", "2001:db8::1"),
    Case("IPv4 mapped into IPv6", "::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
    Case("a name is no address", "10.0.0.1", "evil.example", "10.0.0.1"),
    Case("an empty entry ends it", "10.0.0.1", "203.0.113.9, ", "10.0.0.1"),
    Case("loopback can be named, by who is trusted", "10.0.0.1", "127.0.0.1", "127.0.0.1"),
    Case("no peer at all", "", "203.0.113.9", ""),
]


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_find_client(case: Case) -> None:
    assert PROXIES.find_client(case.peer, case.forwarded_for) == case.client


@given(st.text(), st.text())
def test_without_trusted_proxies_no_header_changes_anything(peer: str, header: str) -> None:
    assert TrustedProxies().find_client(peer, header) == peer


@given(st.text())
def test_no_header_breaks_it(header: str) -> None:
    PROXIES.find_client("10.0.0.1", header)


@pytest.mark.parametrize("text", ["", "proxy.example", "10.0.0.1/99", "10.0.0"])
def test_what_is_no_address_is_no_proxy(text: str) -> None:
    with pytest.raises(InspectorError, match="is no address of a proxy"):
        TrustedProxies.parse([text])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_is_loopback(text: str, expected: bool) -> None:
    assert is_loopback(text) is expected
