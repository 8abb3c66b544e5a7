from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.reading.paths import (
    MISSING,
    Path,
    find_value,
    form_name,
    format_path,
    jq_name,
    parse_path,
    python_name,
    quote_path,
    template_name,
)


@dataclass(frozen=True)
class Case:
    id: str
    path: Path
    root: Any
    dotted: str
    form: str
    template: str
    python: str
    jq: str


CASES = [
    Case(
        "plain keys",
        ("ticket", "agent", "id"),
        {"ticket": {"agent": {"id": "3"}}},
        "ticket.agent.id",
        "ticket[agent][id]",
        "{{ ticket.agent.id }}",
        'request.form["ticket"]["agent"]["id"]',
        ".form.ticket.agent.id",
    ),
    Case(
        "an index of a list",
        ("ticket", "emails", "0", "id"),
        {"ticket": {"emails": [{"id": "3"}]}},
        "ticket.emails.0.id",
        "ticket[emails][0][id]",
        "{{ ticket.emails[0].id }}",
        'request.form["ticket"]["emails"][0]["id"]',
        ".form.ticket.emails[0].id",
    ),
    Case(
        "a number that is a map's key",
        ("ids", "2"),
        {"ids": {"2": "6"}},
        "ids.2",
        "ids[2]",
        "{{ ids['2'] }}",
        'request.form["ids"]["2"]',
        '.form.ids["2"]',
    ),
    Case(
        "a key with a dot and quotes",
        ("a", "b.\"c'"),
        {"a": {"b.\"c'": ""}},
        'a["b.\\"c\'"]',
        "a[b.\"c']",
        "{{ a['b.\"c\\''] }}",
        'request.form["a"]["b.\\"c\'"]',
        '.form.a["b.\\"c\'"]',
    ),
    Case(
        "a key with a hyphen at the top",
        ("x-y",),
        {"x-y": ""},
        "x-y",
        "x-y",
        "{{ _context['x-y'] }}",
        'request.form["x-y"]',
        '.form["x-y"]',
    ),
]


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_a_place_is_written_as_each_language_does(case: Case) -> None:
    assert find_value(case.root, case.path) is not MISSING
    assert format_path(case.path) == case.dotted
    assert parse_path(case.dotted) == case.path
    assert form_name(case.path) == case.form
    assert template_name(case.path, case.root) == case.template
    assert python_name(case.path, case.root, "form") == case.python
    assert jq_name(case.path, case.root, "form") == case.jq


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", ()),
        ("ticket[agent][id]", ("ticket", "agent", "id")),
        ("emails[].id", ("emails", "[]", "id")),
        ("[].id", ("[]", "id")),
        ('a["b.c"].d', ("a", "b.c", "d")),
        ('[""]', ("",)),
        ("[soap:Body][@id].x", ("soap:Body", "@id", "x")),
    ],
)
def test_more_spellings_of_a_path_are_understood(text: str, path: Path) -> None:
    assert parse_path(text) == path


@pytest.mark.parametrize("text", [".a", "a..b", "a]", 'a["b', 'a["\\x"]', "a.", ".a[b]"])
def test_what_is_no_path_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"path"):
        parse_path(text)


@given(st.lists(st.text().filter(lambda key: key != "[]"), max_size=5))
def test_any_path_written_out_can_be_read_back(keys: list[str]) -> None:
    assert parse_path(format_path(tuple(keys))) == tuple(keys)


@pytest.mark.parametrize(
    ("text", "link"),
    [("ticket.a-b", "ticket.a-b"), ('a["ä&"]', "a%5B%22%C3%A4%26%22%5D"), ("x" * 1_001, "")],
)
def test_a_path_fits_into_a_url_or_has_no_link(text: str, link: str) -> None:
    assert quote_path(text) == link


@pytest.mark.parametrize("path", [("a", "9"), ("a", "-1"), ("a", "٣"), ("b",), ("a", "0", "x")])
def test_what_is_not_there_is_missing(path: Path) -> None:
    assert find_value({"a": ["x"]}, path) is MISSING
