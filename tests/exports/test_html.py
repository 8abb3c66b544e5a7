"""The HTML file that is handed over: whole, readable, and inert whatever was captured."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from itertools import repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain import CapturedRequest
from inspector.exports.html import MAX_REQUESTS, render_comparison, render_requests
from inspector.reading.compare import compare_requests
from tests.reading.captures import make_form, make_request, make_sample

EVIL = "</pre></style><script>alert(1)</script><img src=http://192.0.2.1/x onerror=alert(1)>'\"&"
ALLOWED = set(
    "html head meta title style body main h1 h2 h3 p details summary ul li div span b em i code pre"
    " table thead tbody tr th td dl dt dd del ins strong".split()
)


class Reader(HTMLParser):
    """The elements and attributes of a document, and its text."""

    def __init__(self, document: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.open: list[str] = []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(document: str) -> Reader:
    """Read a document, which must be well-formed and have nothing that loads, links or runs."""
    reader = Reader(document)
    assert reader.open == []
    assert reader.tags <= ALLOWED
    assert not reader.attributes & {"href", "src", "srcset", "style", "action", "id"}
    assert not any(name.startswith("on") for name in reader.attributes)
    return reader


def test_a_ticket_is_readable_whole() -> None:
    document = "".join(render_requests([make_sample()], "A ticket"))
    reader = read(document)
    assert re.search(r"<summary>#\d+ POST /\S+ · Hierarchy problem · .*\d:\d\d UTC<", document)
    for text in ("A ticket", "Hierarchy problem", "Annie Edison", "boss@alllc.example.com"):
        assert text in reader.text
    assert "Content-Type" in reader.text
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', document)
    style = document.partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


@pytest.mark.parametrize(
    "captured",
    [
        make_form((EVIL, EVIL), (f"ticket[{EVIL}]", EVIL), ("ticket[subject]", EVIL)),
        make_request(EVIL.encode(), "text/html"),
        make_request(f'{{"{EVIL[:20]}": "{EVIL[:20]}"}}'.encode(), "application/json"),
        make_request(b"\x00\xff" * 4_000, EVIL[:60]),
        make_request("\u202egnp.exe\u200b".encode(), "text/plain"),
    ],
    ids=["form", "html", "json", "bytes", "invisible"],
)
def test_what_was_captured_is_text_and_nothing_else(captured: CapturedRequest) -> None:
    document = "".join(render_requests([captured], EVIL))
    read(document)
    assert "\u202e" not in document
    assert "\u200b" not in document


@given(st.binary(max_size=300), st.sampled_from(["application/json", "text/plain", "x"]))
def test_no_body_breaks_the_document(body: bytes, media_type: str) -> None:
    read("".join(render_requests([make_request(body, media_type)], "x")))


def test_headers_that_prove_who_sends_are_hidden() -> None:
    given = make_request(b"a", headers=(("Authorization", "Bearer hush"), ("X-A", "1")))
    other = make_request(b"a", headers=(("Authorization", "Bearer hash"), ("X-A", "2")))
    document = "".join(render_requests([given], "x"))
    assert "hush" not in document
    assert "Bearer ***" in document
    compared = render_comparison(compare_requests(given, other), given, other)
    read(compared)
    assert "hush" not in compared
    assert "hash" not in compared
    assert "***" in compared


def test_a_file_has_only_so_many_requests_and_says_so() -> None:
    small = make_form(("a", "1"))
    full = "".join(render_requests(repeat(small, MAX_REQUESTS), "x"))
    assert full.count('class="request"') == MAX_REQUESTS
    assert "Only the first" not in full
    more = "".join(render_requests(repeat(small, MAX_REQUESTS + 1), "x"))
    assert more.count('class="request"') == MAX_REQUESTS
    assert "Only the first 500 requests are in this file." in more
    assert "There are no requests." in "".join(render_requests([], "x"))


def test_a_comparison_marks_what_changed() -> None:
    old, new = make_form(("a", "one two"), ("b", EVIL)), make_form(("a", "one three"))
    document = render_comparison(compare_requests(old, new), old, new)
    reader = read(document)
    assert "one <del>two</del>" in document
    assert "one <ins>three</ins>" in document
    assert "not sent" in reader.text
    assert "They do not differ." in render_comparison(compare_requests(old, old), old, old)


def test_a_comparison_tells_empty_from_absent() -> None:
    old, new = make_form(("a", "1"), ("b", "")), make_form(("a", ""), ("c", ""))
    document = render_comparison(compare_requests(old, new), old, new)
    told = re.findall(r'<tr><th scope="row">(.*?)</th><td>(.*?)</td><td>(.*?)</td>', document)
    empty, absent = '<i class="muted">empty</i>', '<i class="muted">not sent</i>'
    assert ("changed: a", "<del>1</del>", empty) in told
    assert ("removed: b", empty, absent) in told
    assert ("added: c", absent, empty) in told
