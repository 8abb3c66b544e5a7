"""Markup made in Python holds nothing of what was captured but text, whatever that is."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from unittest.mock import Mock
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain import Bin, CapturedRequest
from inspector.domain.answers.answer import GivenAnswer
from inspector.domain.relays.outcomes import RelayOutcome
from inspector.forms import build, parse
from inspector.reading.nodes import MAX_FILTER_CHARS
from inspector.reading.query import parse_query
from inspector.reading.reasons import find_reasons
from inspector.reading.tree import build_reading
from inspector.web.pages.rendering import request_rows
from inspector.web.pages.rendering.pairs import render_pairs
from inspector.web.pages.rendering.request_rows import render_request_rows
from inspector.web.pages.rendering.tree_rows import render_tree_rows
from inspector.web.pages.text import visible, visible_all
from tests.reading.captures import FORM_TYPE, make_captured, make_request

ODD = ("\u200d", "\ufe0f", "\u202e", "\u00e9", "\u4e00", "\U000e0101", "\udcff", "\r", "\0")
PIECES = st.sampled_from(
    (
        *("<script>", '"', "'", "&", "&lt;", "\t\n\t", "\t", "\n", "a", "1", " onclick=x ", *ODD),
        *("[", "]", ".", "x" * 3_000, "http://x/", "a@b.c", "2026-05-01 10:00:00"),
    )
)
TEXTS = st.lists(PIECES, max_size=5).map("".join)
TAGS = frozenset(
    "a b bdi details div em i li mark small span strong summary td th time tr ul".split()
)
TAGS |= {"p"}
ATTRIBUTES = frozenset("aria-label class data-form data-kind data-lost datetime dir href".split())
ATTRIBUTES |= {"open", "rel", "scope", "target", "title"}


# What else a list's row has.
ROW_TAGS = TAGS | frozenset({"input", "svg", "use", "code"})
ROW_ATTRIBUTES = ATTRIBUTES | frozenset(
    "aria-current aria-hidden data-bad data-id data-method data-number data-pinned focusable form"
    " hx-get hx-swap-oob id name type value".split()
)


class Reader(HTMLParser):
    """Fails on a tag or an attribute that is none of ours; keeps the links."""

    def __init__(
        self, tags: frozenset[str] = TAGS, attributes: frozenset[str] = ATTRIBUTES
    ) -> None:
        super().__init__()
        self.tags, self.attributes = tags, attributes
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.tags
        assert {name for name, _ in attrs} <= self.attributes
        self.links += [value or "" for name, value in attrs if name == "href"]


def read(markup: str, reader: Reader | None = None) -> list[str]:
    reader = reader or Reader()
    reader.feed(markup)
    reader.close()
    return reader.links


@given(st.lists(TEXTS))
def test_texts_escaped_together_are_as_each_alone(texts: list[str]) -> None:
    assert visible_all(texts) == [str(visible(text)) for text in texts]


def test_what_stands_between_texts_may_be_in_one() -> None:
    assert visible_all(["a\t\n\tb", "<"]) == ["a\t\n\tb", "&lt;"]
    assert visible_all(["\r", "\n"]) == [str(visible("\r")), "\n"]
    # A text that ends, or is, as what stands between texts begins.
    for texts in (["a\t\n", "b"], ["x", "\t\n", "y"], ["\n\t", ""], ["\t", "\0", "\t"], []):
        assert visible_all(texts) == [str(visible(text)) for text in texts]


@given(st.dictionaries(TEXTS.filter(bool), TEXTS, max_size=6), TEXTS, st.booleans())
def test_a_tree_and_its_pairs_hold_no_markup_but_ours(
    fields: dict[str, str], words: str, nested: bool
) -> None:
    body = build({"ticket": fields, "a_at": fields} if nested else fields)
    tree = build_reading(make_request(body, FORM_TYPE), filter_text=words[:MAX_FILTER_CHARS])
    links = read(render_tree_rows(tree, "/bins/b1/requests/1-1/field?as=rack&path="))
    assert all(each.startswith(("/bins/b1/", "http://x", "mailto:")) for each in links)
    assert read(render_pairs(parse(body).pairs, "/all")) == ["/all"] * len(
        [
            each
            for pair in parse(body).pairs
            for each in (pair.name[300:], pair.value[2_000:])
            if each
        ]
    )


@st.composite
def listed(draw: st.DrawFn) -> CapturedRequest:
    """A request of a bin's list with hostile texts wherever a row may show one."""
    names = ("ticket[id]", "ticket[subject]", "event_type", "type", "action", "a")
    body = "&".join(f"{name}={quote_odd(draw(TEXTS))}" for name in names if draw(st.booleans()))
    line = re.sub(r"[\r\n]", "", draw(TEXTS))
    head = f"P{line} /deskpro/{line} HTTP/1.1\r\nContent-Type: {FORM_TYPE}\r\nX-A: {line}\r\n"
    head += draw(st.sampled_from(("", f"X-GitHub-Event: {line}\r\n", "X-GitHub-Delivery: 1\r\n")))
    request = make_captured(head.encode("utf-8", "surrogateescape"), body.encode())
    error = draw(st.sampled_from((None, "unreachable")))
    relay = RelayOutcome("http://x/", None if error else 500, 3.0, None, error, draw(TEXTS))
    return replace(
        request,
        note=draw(st.sampled_from((None, "<i>"))) and draw(TEXTS),
        pinned=draw(st.booleans()),
        find_relay=draw(st.sampled_from((None, lambda _: relay))),
    )


def quote_odd(text: str) -> str:
    return quote(text.encode("utf-8", "surrogateescape"))


@given(st.lists(listed(), max_size=3), TEXTS, TEXTS)
def test_rows_of_a_list_hold_no_markup_but_ours(
    requests: list[CapturedRequest], search: str, name: str
) -> None:
    columns = ("ticket.subject", f'["{"".join(filter(str.isalpha, name))}<b>"]', "header:X-A")
    bin_ = Bin(1, "deskpro", False, datetime.now(UTC), 9, 9, 9, columns=columns)
    query = parse_query("a!=1 -ticket.id=0 header:X-A=a")
    reasons = {each.id: find_reasons(each, query) for each in requests}
    markup = render_request_rows(bin_, requests, search, "1-1", reasons, swapped=True)
    links = read(markup, Reader(ROW_TAGS, ROW_ATTRIBUTES))
    assert markup.count("<li ") == len(requests)
    assert all(link.startswith(("/bins/deskpro/requests/1-1", "/static/")) for link in links)
    assert markup.count('class="row-why"') == sum(len(reasons[each.id]) for each in requests)


def test_what_is_kept_of_a_row_is_of_the_same_request_and_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = make_request(b"subject=Fire&ticket[id]=7")
    others = [
        first,
        make_request(b"subject=Flood&ticket[id]=7"),
        make_request(b"subject=Fire&ticket[id]=8"),
        make_request(b"subject=Fire&ticket[id]=7", request_line="PUT /deskpro/a<b HTTP/1.1"),
        make_request(b"subject=Fire&ticket[id]=7", received_us=first.received_us + 1),
        replace(first, bin_name="other"),
        replace(first, find_answer=lambda _: GivenAnswer("answered", 503)),
        first,
    ]
    bin_ = Bin(1, "deskpro", False, datetime.now(UTC), 9, 9, 9)
    days = [datetime(2014, 7, 2, 12, tzinfo=UTC), datetime(2014, 7, 3, 12, tzinfo=UTC)]
    for day in (*days, days[0]):
        monkeypatch.setattr(request_rows, "datetime", Mock(now=lambda _, day=day: day))
        for each in others:
            render_request_rows(bin_, [first])
            assert render_request_rows(bin_, [each]) == show_afresh(bin_, each)


def show_afresh(bin_: Bin, each: CapturedRequest) -> str:
    before = dict(request_rows._kept)
    request_rows._kept.clear()
    shown = render_request_rows(bin_, [each])
    request_rows._kept.update(before)
    return shown
