"""URLs to send to: one reading of each, and a sentence for what has none."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.emitter.http_client.urls import parse_url
from inspector.errors import InspectorError


@pytest.mark.parametrize(
    ("text", "shown", "host", "port", "target"),
    [
        ("http://h", "http://h/", "h", 80, "/"),
        (" HTTP://Example.COM:8080/A ", "http://example.com:8080/A", "example.com", 8080, "/A"),
        ("https://h:443/?q", "https://h/?q", "h", 443, "/?q"),
        ("http://h:443/", "http://h:443/", "h", 443, "/"),
        ("http://h:/x", "http://h/x", "h", 80, "/x"),
        ("http://h?a=b#c", "http://h/?a=b", "h", 80, "/?a=b"),
        ("http://h/a b/ü?ü=%41%", "http://h/a%20b/%C3%BC?%C3%BC=%41%", "h", 80, None),
        ('http://h/<">', "http://h/%3C%22%3E", "h", 80, "/%3C%22%3E"),
        ("http://h/a[0]={x}|y", "http://h/a[0]={x}|y", "h", 80, None),
        ("http://[::1]:80/", "http://[::1]/", "::1", 80, "/"),
        ("http://[::FFFF:1.2.3.4]/", "http://[::ffff:102:304]/", "::ffff:102:304", 80, "/"),
        ("http://a_b.example/", "http://a_b.example/", "a_b.example", 80, "/"),
        ("http://localhost./", "http://localhost./", "localhost.", 80, "/"),
        ("http://münchen.example/", "http://xn--mnchen-3ya.example/", None, 80, "/"),
        ("http://ＥＸＡＭＰＬＥ。com/", "http://example.com/", "example.com", 80, "/"),
    ],
)
def test_urls_are_taken_apart(
    text: str, shown: str, host: str | None, port: int, target: str | None
) -> None:
    url = parse_url(text)
    assert str(url) == shown
    assert url.host == (host or url.host)
    assert url.port == port
    assert url.target == (target or url.target)
    assert parse_url(str(url)) == url


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7F.1", "0177.0.0.1",
        "0177.0.0.01", "017700000001", "0x7f.0.0.0x1", "127.0.0.1.", "127.0.0x1", "１２７.0.0.1",
        "127。0。0。1", "①②⑦.0.0.1",
    ],
)  # fmt: skip
def test_every_spelling_of_an_ipv4_address_is_that_address(host: str) -> None:
    assert parse_url(f"http://{host}/").host == "127.0.0.1"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no URL"),
        ("example.com/x", "must begin with http:// or https://"),
        ("127.0.0.1:8787/x", "must begin with http:// or https://"),
        ("/path", "must begin with"),
        ("http:/h", "must begin with"),
        ("http:///path", "names no host"),
        ("http://:80/", "names no host"),
        ("http://user@/", "names no host"),
        ("http://h/\r\nX: 1", "line break"),
        ("http://h\t/", "control character"),
        ("http://h/\0", "control character"),
        ("http://h/\x7f", "control character"),
        ("http://a b/", "is no host name"),
        ("http://a%2eb/", "is no host name"),
        ("http://a\\@b/", "back-slash"),
        ("http://a\\b/", "back-slash"),
        ("http://-a/", "is no host name"),
        ("http://a..b/", "is no host name"),
        ("http://" + "a" * 64 + "/", "is no host name"),
        ("http://" + "a." * 127 + "a/", "is no host name"),
        ("http://*/", "is no host name"),
        ("http://1.2.3.4.5/", "is no IPv4 address"),
        ("http://256.1.1.1/", "is no IPv4 address"),
        ("http://1.2.3.256/", "is no IPv4 address"),
        ("http://4294967296/", "is no IPv4 address"),
        ("http://08.1.1.1/", "is no IPv4 address"),
        ("http://a.b.1/", "is no IPv4 address"),
        ("http://1..1/", "is no IPv4 address"),
        ("http://0x100000000/", "is no IPv4 address"),
        ("http://" + "1" * 5000 + "/", "is no IPv4 address"),
        ("http://[::1/", "has no closing bracket"),
        ("http://[::1]x/", "has no closing bracket"),
        ("http://[]/", "is no IPv6 address"),
        ("http://[::1.2]/", "is no IPv6 address"),
        ("http://[fe80::1%25eth0]/", "zone"),
        ("http://h:0/", "is no port"),
        ("http://h:65536/", "is no port"),
        ("http://h:8o/", "is no port"),
        ("http://h:１/", "is no port"),
        ("http://h:" + "9" * 5000, "is no port"),
        ("http://::1/", "in brackets"),
        ("http://h/" + "x" * 8000, "longer than 8,000"),
    ],
    ids=lambda value: value[:30],
)
def test_what_cannot_be_sent_to_is_refused_with_a_sentence(text: str, says: str) -> None:
    with pytest.raises(InspectorError) as caught:
        parse_url(text)
    assert caught.value.code == "invalid_url"
    assert says in caught.value.message
    assert len(caught.value.message) < 200


@pytest.mark.parametrize("scheme", ["file", "gopher", "ftp", "ws", "javascript", "dict", "HTTPX"])
def test_no_scheme_but_http_and_https(scheme: str) -> None:
    with pytest.raises(InspectorError) as caught:
        parse_url(f"{scheme}://127.0.0.1/x")
    assert caught.value.code == "unsupported_scheme"


@given(
    st.text(st.characters(exclude_categories=()))
    | st.text("htps:/@.[]%#?\\0x1 \n").map("http://{}".format)
)
def test_a_url_or_an_error_and_never_a_second_line(text: str) -> None:
    try:
        url: Any = parse_url(text)
    except InspectorError:
        return
    request_line = f"GET {url.target} HTTP/1.1"
    assert request_line.isascii()
    assert request_line.isprintable()
    assert request_line.count(" ") == 2
    assert parse_url(str(url)).origin == url.origin
