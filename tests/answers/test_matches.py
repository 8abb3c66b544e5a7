"""Which requests a ``match`` object fits, and what is wrong with one that cannot be read."""

import time
from operator import attrgetter
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.answers.matches import fits_glob, read_match
from inspector.errors import InspectorError
from tests.answers.conftest import Ask

JSON = {"Content_Type": "application/json"}


class Case(NamedTuple):
    id: str
    match: dict[str, Any]
    fits: bool


CASES = [
    Case("nothing is asked", {}, True),
    Case("the method in any case", {"method": "post"}, True),
    Case("another method", {"method": "GET"}, False),
    Case("the path below the bin", {"path": "/hook/7"}, True),
    Case("a path without its slash", {"path": "hook/7"}, True),
    Case("a glob", {"path": "/hook/*"}, True),
    Case("a glob in the middle", {"path": "/h*/7"}, True),
    Case("a glob of another path", {"path": "/other/*"}, False),
    Case("a query field", {"query": {"page": 2}}, True),
    Case("a query field of another value", {"query": {"page": "3"}}, False),
    Case("a query field that is absent", {"query": {"other": None}}, True),
    Case("a query field that must not be there", {"query": {"page": None}}, False),
    Case("a header by any case of its name", {"headers": {"x-kind": "a"}}, True),
    Case("a header that is there", {"headers": {"X-Kind": True}}, True),
    Case("a header that is not there", {"headers": {"X-Other": True}}, False),
    Case("a field of the JSON, a number as text", {"where": {"ticket.id": "5"}}, True),
    Case("a field of the JSON, a number", {"where": {"ticket.id": 5}}, True),
    Case("a field of the JSON, a flag", {"where": {"ticket.open": True}}, True),
    Case("a field that is absent", {"where": {"ticket.none": None}}, True),
    Case("a field of another value", {"where": {"ticket.id": 6}}, False),
    Case("the search language", {"q": "ticket.id=5 method:POST"}, True),
    Case("the search language finds it not", {"q": "-method:POST"}, False),
    Case("all of it", {"method": "POST", "path": "/hook/*", "where": {"ticket.id": 5}}, True),
    Case("all but one", {"method": "POST", "path": "/hook/*", "where": {"ticket.id": 6}}, False),
]


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_a_match_fits(case: Case, ask: Ask) -> None:
    body = b'{"ticket": {"id": 5, "open": true}}'
    request = ask("POST", "/hook/7?page=2", body, X_Kind="a", **JSON)
    match = read_match(case.match)
    assert match.fits(request) is case.fits
    assert read_match(match.to_json()).fits(request) is case.fits
    assert match.fits_all is (not case.match)


class Wrong(NamedTuple):
    id: str
    match: Any
    field: str


WRONG = [
    Wrong("a list", [], "match"),
    Wrong("a slip", {"metod": "POST"}, "match.metod"),
    Wrong("no method", {"method": "P OST"}, "match.method"),
    Wrong("no path", {"path": 5}, "match.path"),
    Wrong("no names", {"headers": ["X-A"]}, "match.headers"),
    Wrong("a value with insides", {"where": {"a": [1]}}, "match.where.a"),
    Wrong("a field path that is none", {"where": {"a[": 1}}, "match.where"),
    Wrong("a search that is none", {"q": "metod:POST"}, "match.q"),
    Wrong("too much", {"headers": {f"X-{n}": "a" for n in range(51)}}, "match"),
]


def test_a_match_is_told_in_words_one_condition_each() -> None:
    match = read_match(
        {
            "headers": {"X-Kind": "a", "X-Skip": None, "X-Any": True},
            "where": {"ticket.open": True, "ticket.none": None},
            "method": "POST",
            "path": "/hook/*",
            "query": {"page": 2},
            "q": "is:json",
        }
    )
    assert match.list_conditions() == [
        ("header", "X-Kind: a", ""),
        ("header", "X-Skip", "not sent"),
        ("header", "X-Any", "with any value"),
        ("field", "ticket.open=true", ""),
        ("field", "ticket.none", "not sent"),
        ("method", "POST", ""),
        ("path", "/hook/*", ""),
        ("query", "page=2", ""),
        ("search", "is:json", ""),
    ]
    assert read_match({}).list_conditions() == []


@pytest.mark.parametrize("wrong", WRONG, ids=attrgetter("id"))
def test_a_wrong_match_names_its_place(wrong: Wrong) -> None:
    with pytest.raises(InspectorError) as raised:
        read_match(wrong.match)
    assert raised.value.code == "invalid_match"
    assert raised.value.details["field"] == wrong.field


@given(st.lists(st.text("ab*", max_size=4), max_size=5), st.text("ab", max_size=12))
def test_a_glob_is_what_a_pattern_would_be(pieces: list[str], text: str) -> None:
    import re

    glob = "".join(pieces)
    pattern = ".*".join(map(re.escape, glob.split("*")))
    assert fits_glob(glob, text) is (re.fullmatch(pattern, text) is not None)


def test_a_hostile_path_costs_no_more_than_its_length() -> None:
    def cost(size: int) -> float:
        text = "a" * size
        began = time.thread_time()
        for _ in range(5):
            assert not fits_glob("*a" * 20 + "*b", text)
        return time.thread_time() - began

    cost(1_000)
    assert cost(400_000) < 40 * max(cost(100_000), 1e-4)
