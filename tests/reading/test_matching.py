"""Which request matches, and what is said of those that do not."""

import re
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any
from unittest.mock import ANY

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.reading.matching import Difference, RequestMatch, explain_missing
from inspector.reading.paths import MISSING, parse_path
from tests.reading.captures import make_form, make_request, make_sample

ORDER = make_form(
    ("ticket[id]", "5"),
    ("ticket[subject]", "Printer on fire"),
    ("ticket[labels][0]", "hot"),
    ("custom_data", ""),
    request_line="POST /deskpro/orders/a%20b?x=1&y=1&y=2&z= HTTP/1.1",
    headers=(("X-Id", "7"), ("X-Many", "a"), ("X-Many", "b")),
)


@dataclass(frozen=True)
class Case:
    id: str
    match: dict[str, Any]
    differs_in: list[str] = field(default_factory=list)


CASES = [
    Case("nothing asked for matches everything", {}),
    Case("a method in any case", {"method": "post"}),
    Case("another method", {"method": "PUT"}, ["method"]),
    Case("a method among several", {"method": re.compile("^(POST|PUT)$")}),
    Case("a path below the bin, decoded", {"path": "/orders/a b"}),
    Case("a path below the bin, as sent", {"path": "/orders/a%20b"}),
    Case("a whole path", {"path": "/deskpro/orders/a%20b"}),
    Case("half a path", {"path": "/orders"}, ["path"]),
    Case("a pattern finds its part of the path", {"path": re.compile("orders/a b$")}),
    Case("a query value", {"query": {"x": "1"}}),
    Case("a repeated query value is a list", {"query": {"y": ["1", "2"]}}),
    Case("one of the repeated ones is enough", {"query": {"y": "1"}}, []),
    Case("an empty query value", {"query": {"z": ""}}),
    Case("an empty one is not absent", {"query": {"z": None}}, ["query z"]),
    Case("an absent query value", {"query": {"a": None}}),
    Case("a header in any case", {"headers": {"x-id": "7"}}),
    Case("repeated headers are joined", {"headers": {"X-Many": "a, b"}}),
    Case("an absent header", {"headers": {"X-Other": None}}),
    Case("a header that is absent after all", {"headers": {"X-Other": ""}}, ["header X-Other"]),
    Case("a field", {"where": {"ticket.id": "5"}}),
    Case("a field spelled as in a form", {"where": {"ticket[labels][0]": "hot"}}),
    Case("a field is text", {"where": {"ticket.id": 5}}, ["ticket.id"]),
    Case("an empty field", {"where": {"custom_data": ""}}),
    Case("an empty field is not absent", {"where": {"custom_data": None}}, ["custom_data"]),
    Case("an absent field", {"where": {"ticket.agent.id": None}}),
    Case("whatever a field holds", {"where": {"ticket.id": ANY}}),
    Case("anything is not nothing", {"where": {"ticket.agent": ANY}}, ["ticket.agent"]),
    Case("a whole branch", {"where": {"ticket.labels": ["hot"]}}),
    Case("a pattern", {"where": {"ticket.subject": re.compile("fire$")}}),
    Case("a pattern needs text", {"where": {"ticket": re.compile(".")}}, ["ticket"]),
    Case("a function", {"where": {"ticket.id": str.isdigit}}),
    Case("a function that says no", {"where": {"ticket.id": str.isalpha}}, ["ticket.id"]),
    Case("the body as text", {"body": re.compile("custom_data=$")}),
    Case("the body as bytes", {"body": re.compile(b"^ticket")}),
    Case("another body", {"body": b"x"}, ["body"]),
    Case("no JSON", {"json": None}),
    Case("JSON that is not there", {"json": {"a": 1}}, ["json"]),
    Case(
        "everything that differs is named",
        {"method": "PUT", "headers": {"X-Id": "8"}, "where": {"ticket.id": "5", "a": "1"}},
        ["method", "header X-Id", "a"],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_a_request_differs_in(case: Case) -> None:
    found = RequestMatch(**case.match).find_differences(ORDER)
    assert [each.what for each in found] == case.differs_in


HINTS = [
    Case("a misspelt field", {"where": {"ticket.subjekt": "x"}}, ["ticket has 'subject'"]),
    Case(
        "a field with no likeness",
        {"where": {"ticket.zzz": "x"}},
        ["ticket has 'id', 'subject', 'labels'"],
    ),
    Case("a misspelt header", {"headers": {"X-Idd": "7"}}, ["the head has 'X-Id'"]),
    Case("a misspelt query name", {"query": {"xx": "1"}}, ["the query has 'x', 'y', 'z'"]),
    Case("beyond a list", {"where": {"ticket.labels[1]": "x"}}, ["ticket.labels is a list of 1"]),
    Case("below a text", {"where": {"ticket.id.x": "1"}}, ["ticket.id is a text"]),
    Case("a number", {"where": {"ticket.id": 5}}, ["what a form carries is text"]),
    Case(
        "a function that raises",
        {"where": {"ticket.id": lambda value: value["x"]}},
        ["comparing raised TypeError: string indices must be integers, not 'str'"],
    ),
]


@pytest.mark.parametrize("case", HINTS, ids=attrgetter("id"))
def test_a_hint_says_what_is_there_instead(case: Case) -> None:
    found = RequestMatch(**case.match).find_differences(ORDER)
    assert [each.hint for each in found] == case.differs_in


def test_a_body_without_fields_is_said_to_have_none() -> None:
    (found,) = RequestMatch(where={"a": "1"}).find_differences(make_request(b"hi", "text/plain"))
    assert found == Difference("a", "1", MISSING, "the body is neither a form nor JSON")


def test_json_keeps_its_types() -> None:
    request = make_request(b'{"id": 5, "none": null}', "application/json")
    assert RequestMatch(where={"id": 5, "none": None}).find_differences(request) == []
    assert RequestMatch(where={"id": "5"}).find_differences(request)


def test_the_sample_matches_by_any_of_its_fields() -> None:
    match = RequestMatch(where={"ticket.participants[0].person.can_agent": ANY, "custom_data": ""})
    assert match.find_differences(make_sample()) == []


def test_expectations_are_listed_in_words() -> None:
    match = RequestMatch(method="PUT", headers={"X-Id": "7"}, where={"ticket.id": "5"})
    assert match.list_expectations() == [
        ("method", "PUT"),
        ("header X-Id", "7"),
        ("ticket.id", "5"),
    ]


@pytest.mark.parametrize("wrong", [{"where": {"ticket..id": 1}}, {"where": {"[": 1}}])
def test_what_is_no_path_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="path"):
        RequestMatch(**wrong)


def test_a_text_where_a_mapping_belongs_is_refused() -> None:
    with pytest.raises(TypeError, match=r"headers=\{\.\.\.\}"):
        RequestMatch(headers="X-Id: 7")  # type: ignore[arg-type]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.binary(), st.sampled_from(["", "application/x-www-form-urlencoded", "application/json"]))
def test_no_request_makes_it_raise(body: bytes, content_type: str) -> None:
    match = RequestMatch(
        method="X", path="/", query={"a": "1"}, where={"a.b[0]": "1"}, body=b"", json=1
    )
    match.find_differences(make_request(body, content_type))


@pytest.mark.slow
@given(values, st.sampled_from(["a", "a.b", "a[0].b", "0", 'a["b.c"]']))
def test_no_value_makes_the_explanation_raise(value: Any, path: str) -> None:
    root = {"a": value}
    assert explain_missing(root, (*parse_path(path), "surely-not-there"))
