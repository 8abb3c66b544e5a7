import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain import CapturedRequest
from inspector.reading.fields import (
    MAX_FIELDS,
    Name,
    find_text,
    iterate_fields,
    iterate_values,
    parse_name,
)
from tests.reading.captures import make_form, make_request

REQUEST = make_request(
    b"a[0][id]=3&a[1][id]=5&b=&c[d]=x",
    request_line="POST /deskpro?page[n]=2 HTTP/1.1",
    headers=(("X-Ticket", "7"), ("x-ticket", "8")),
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ticket.agent.id", Name("body", ("ticket", "agent", "id"))),
        ("a[].id", Name("body", ("a", "[]", "id"))),
        ("query:page.n", Name("query", ("page", "n"))),
        ("header:x-ticket", Name("header", ("x-ticket",))),
        ("header:a.b", Name("header", ("a.b",))),
    ],
)
def test_a_name_written_out_can_be_read_back(text: str, name: Name) -> None:
    assert parse_name(text) == name
    assert str(name) == text


@pytest.mark.parametrize("text", ["", "header:", "query:", "a..b"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_name(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.1.id", "5"),
        ("a[].id", "3, 5"),
        ("a", "3, 5"),
        ("b", ""),
        ("c.d", "x"),
        ("c.e", None),
        ("a.2.id", None),
        ("a.id", None),
        ("b.c", None),
        ("query:page.n", "2"),
        ("header:X-TICKET", "7, 8"),
        ("header:x", None),
    ],
)
def test_a_field_is_found_by_its_name(name: str, text: str | None) -> None:
    assert find_text(REQUEST, parse_name(name)) == text


def test_many_values_are_summed_up() -> None:
    many = make_form(*((f"a[{index}]", str(index)) for index in range(50)))
    text = find_text(many, parse_name("a[]")) or ""
    assert text.startswith("0, 1, 2, ")
    assert text.endswith("19, …")


def test_a_request_says_its_fields_with_general_paths() -> None:
    found = [(place, ".".join(path), text) for place, path, text in iterate_fields(REQUEST)]
    assert found == [
        ("body", "a.[].id", "3"),
        ("body", "a.[].id", "5"),
        ("body", "b", ""),
        ("body", "c.d", "x"),
        ("query", "page.n", "2"),
        ("header", "content-type", "application/x-www-form-urlencoded"),
        ("header", "x-ticket", "7"),
        ("header", "x-ticket", "8"),
    ]


def test_values_come_with_their_exact_paths() -> None:
    value: dict[str, Any] = {"a": [{"b": 1}, []], "c": {}, "d": None}
    assert list(iterate_values(value)) == [
        (("a", "0", "b"), "1"),
        (("a", "1"), ""),
        (("c",), ""),
        (("d",), "null"),
    ]


def test_values_end_at_the_limit() -> None:
    assert sum(1 for _ in iterate_values(list(range(MAX_FIELDS + 1)))) == MAX_FIELDS


def make_json(value: Any) -> CapturedRequest:
    return make_request(json.dumps(value).encode(), "application/json")


@pytest.mark.slow
@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_every_leaf_is_found_by_its_own_path(value: Any) -> None:
    for path, text in iterate_values(value):
        if path and "[]" not in path:
            found = find_text(make_json(value), Name("body", path))
            assert (found or "") == text
