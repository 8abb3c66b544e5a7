"""Markup made in Python holds nothing of what was captured but text, whatever that is."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from inspector.forms import build, parse
from inspector.reading.nodes import MAX_FILTER_CHARS
from inspector.reading.tree import build_reading
from inspector.web.pages.rendering.pairs import render_pairs
from inspector.web.pages.rendering.tree_rows import render_tree_rows
from inspector.web.pages.text import visible, visible_all
from tests.reading.captures import FORM_TYPE, make_request

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


class Reader(HTMLParser):
    """Fails on a tag or an attribute that is none of ours; keeps the links."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        assert {name for name, _ in attrs} <= ATTRIBUTES
        self.links += [value or "" for name, value in attrs if name == "href"]


def read(markup: str) -> list[str]:
    reader = Reader()
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
    links = read(render_tree_rows(tree, "/bins/b1/requests/1-1", "&as=rack"))
    assert all(each.startswith(("/bins/b1/", "http://x", "mailto:")) for each in links)
    assert read(render_pairs(parse(body).pairs, "/all")) == ["/all"] * len(
        [
            each
            for pair in parse(body).pairs
            for each in (pair.name[300:], pair.value[2_000:])
            if each
        ]
    )
