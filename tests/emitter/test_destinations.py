"""Where requests may go: kinds of addresses, and the rules of a server that others reach."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.emitter.http_client.destinations import (
    ANYWHERE,
    PUBLIC,
    DestinationPolicy,
    classify_address,
    restrict_to,
)
from inspector.emitter.http_client.urls import parse_url
from inspector.errors import InspectorError

KINDS = {
    "public": """
        1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
        169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0
        198.17.255.255 198.20.0.0 223.255.255.255 168.63.129.15
        2001:4860:4860::8888 2606:4700::1111 2a00::1 2400:cb00::1
        ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1 ::8.8.8.8 ::ffff:0:8.8.8.8
    """,
    "loopback": """
        127.0.0.1 127.0.0.0 127.255.255.255 ::1 ::ffff:127.0.0.1 ::127.0.0.1 ::ffff:0:127.0.0.1
        64:ff9b::7f00:1 2002:7f00:1::1
        2001:0:808:808:0:0:80ff:fffe 2001:0:7f00:1:0:0:f7f7:f7f7 2a00::5efe:7f00:1
        2a00::200:5efe:7f00:1
    """,
    "private": """
        10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255 198.18.0.0
        fc00::1 fdff::1 fec0::1 ::ffff:10.1.2.3 ::ffff:a01:203 64:ff9b::a00:1 2002:c0a8:101::1
    """,
    "link-local": "169.254.0.1 169.254.255.255 fe80::1 febf::1 ::ffff:169.254.1.1 2002:a9fe:101::",
    "carrier-grade NAT": "100.64.0.0 100.127.255.255 ::ffff:100.64.0.1 64:ff9b::6440:1",
    "metadata": """
        169.254.169.254 169.254.170.2 100.100.100.200 168.63.129.16 192.0.0.192 fd00:ec2::254
        fd20:ce::254 ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 2002:a9fe:a9fe::
    """,
    "multicast": "224.0.0.0 239.255.255.255 ff00:: ff02::1 ::ffff:224.0.0.1",
    "unspecified": "0.0.0.0 0.1.2.3 :: ::ffff:0.0.0.0 64:ff9b::",
    "documentation": "192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 3fff::1",
    "local NAT64": "64:ff9b:1::808:808 64:ff9b:1:ffff::1",
    "reserved": """
        240.0.0.0 255.255.255.255 192.0.0.1 192.88.99.1 100::1 2001:1::1 4000::1 5f00::1 1::1
        0:0:0:1:: e000::1 64:ff9b:2::1
    """,
}
CASES = [(address, kind) for kind, listed in KINDS.items() for address in listed.split()]


@pytest.mark.parametrize(("address", "kind"), CASES)
def test_every_address_is_what_it_is(address: str, kind: str) -> None:
    assert classify_address(ipaddress.ip_address(address)) == kind


@given(st.ip_addresses())
def test_what_we_call_public_python_calls_global(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if classify_address(address) != PUBLIC or address.version == 6:
        return
    assert address.is_global


@given(st.ip_addresses(v=4), st.sampled_from(["::ffff:{}", "64:ff9b::{}", "::ffff:0:{}", "::{}"]))
def test_an_ipv4_address_in_an_ipv6_one_is_the_same_kind(
    inner: ipaddress.IPv4Address, form: str
) -> None:
    outer = ipaddress.IPv6Address(form.format(inner))
    if int(outer) > 1:
        assert classify_address(outer) == classify_address(inner)


BINS = {"deskpro", "abc12345"}
SHARED = restrict_to(
    ["hooks.example.com", "*.partner.example", "10.1.0.0/16", "2a00::1", "[2a00::2]", "93.184.1.1"],
    own_urls=["http://192.168.1.5:8787", "https://bins.example.com/"],
    is_bin=BINS.__contains__,
)


@pytest.mark.parametrize(
    "url",
    [
        "http://192.168.1.5:8787/deskpro",
        "http://192.168.1.5:8787/deskpro/any/path?x=1",
        "http://0xc0a80105:8787/abc12345",
        "https://bins.example.com/deskpro",
        "http://hooks.example.com/",
        "https://HOOKS.example.com.:8443/x",
        "http://a.partner.example/",
        "http://a.b.partner.example/",
        "http://10.1.2.3/",
        "http://167838211/",
        "http://[2a00::1]/",
        "http://[2a00:0::2]:99/",
        "http://93.184.1.1/",
    ],
)
def test_own_bins_and_allowed_hosts_may_be_sent_to(url: str) -> None:
    SHARED.check_url(parse_url(url))


@pytest.mark.parametrize(
    "url",
    [
        "http://192.168.1.5:8787/",
        "http://192.168.1.5:8787/api/v1/bins",
        "http://192.168.1.5:8787/deskpro/../api/v1/bins",
        "http://192.168.1.5:8787/deskpro/x/%2e%2E/../api",
        "http://192.168.1.5:8787/deskpro/%2f..%2F%2e%2e%2fapi",
        "http://192.168.1.5:8787/deskpro/x%5C..%5c../api",
        "http://192.168.1.5:8787/deskpro\\..\\api",
        "http://192.168.1.5:8787/desk%70ro",
        "http://192.168.1.5:8787//deskpro",
        "http://192.168.1.5:8788/deskpro",
        "https://192.168.1.5:8787/deskpro",
        "http://192.168.1.6:8787/deskpro",
        "http://127.0.0.1:8787/deskpro",
        "http://localhost:8787/deskpro",
        "http://example.com/",
        "http://xhooks.example.com/",
        "http://hooks.example.com.evil.example/",
        "http://partner.example/",
        "http://xpartner.example/",
        "http://10.2.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:10.1.2.3]/",
        "http://8.8.8.8/",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(InspectorError) as caught:
        SHARED.check_url(parse_url(url))
    assert caught.value.code == "destination_refused"
    assert "--emit-allow" in caught.value.message
    ANYWHERE.check_url(parse_url(url))


@pytest.mark.parametrize(
    ("url", "address", "allowed"),
    [
        ("http://hooks.example.com/", "93.184.216.34", True),
        ("http://hooks.example.com/", "10.1.9.9", True),
        ("http://hooks.example.com/", "10.2.0.1", False),
        ("http://hooks.example.com/", "127.0.0.1", False),
        ("http://hooks.example.com/", "169.254.169.254", False),
        ("http://hooks.example.com/", "::ffff:169.254.169.254", False),
        ("http://hooks.example.com/", "64:ff9b::7f00:1", False),
        ("http://bins.example.com/deskpro", "10.2.0.1", False),
        ("https://bins.example.com/deskpro", "10.2.0.1", True),
        ("https://bins.example.com/api/v1/bins", "10.2.0.1", False),
    ],
)
def test_a_name_is_judged_by_the_address_it_has(url: str, address: str, allowed: bool) -> None:
    parsed = parse_url(url)
    ANYWHERE.check_address(parsed, ipaddress.ip_address(address))
    if allowed:
        SHARED.check_address(parsed, ipaddress.ip_address(address))
        return
    with pytest.raises(InspectorError) as caught:
        SHARED.check_address(parsed, ipaddress.ip_address(address))
    assert caught.value.code == "destination_refused"
    assert str(ipaddress.ip_address(address)) in caught.value.message


def test_a_policy_without_anything_allows_nothing() -> None:
    with pytest.raises(InspectorError):
        DestinationPolicy().check_url(parse_url("http://example.com/"))


@pytest.mark.parametrize(
    "value", ["", "*", "a b", "http://h", "h/x", "h:81", "10.0.0.0/99", "a@b", "*.*.x"]
)
def test_what_is_no_host_cannot_be_allowed(value: str) -> None:
    with pytest.raises(InspectorError) as caught:
        restrict_to([value])
    assert caught.value.code == "invalid_destination"
