"""Fields as columns of a list: names that people write, and values that strangers send."""

from __future__ import annotations

import pytest

from inspector.errors import InspectorError
from inspector.reading.columns import (
    MAX_COLUMNS,
    MAX_TEXT_CHARS,
    check_columns,
    label_columns,
    read_columns,
    split_names,
)
from tests.reading.captures import make_form, make_request

JSON = "application/json"


def test_names_are_parted_by_commas_and_lines_but_not_inside_quotes() -> None:
    assert split_names(' a.b, header:X-Y\n["a,b"].c,, ') == ["a.b", "header:X-Y", '["a,b"].c']


def test_each_column_comes_once_in_its_order() -> None:
    assert check_columns(["b", "a.c", "b"]) == ("b", "a.c")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a..b"], "names no field"),
        (["header:"], "After header: comes a name"),
        (["x" * 201], "at most 200 characters"),
        (['a\n"b'], "names no field"),
        (list("abcdefg"), f"at most {MAX_COLUMNS} columns"),
    ],
)
def test_what_is_no_column_is_refused_with_a_sentence(names: list[str], message: str) -> None:
    with pytest.raises(InspectorError) as problem:
        check_columns(names)
    assert problem.value.code == "invalid_columns"
    assert message in problem.value.message


def test_values_come_from_body_header_and_query() -> None:
    request = make_form(
        ("ticket[status]", "open"),
        ("ticket[empty]", ""),
        request_line="POST /deskpro?page=2 HTTP/1.1",
        headers=(("X-GitHub-Event", "push"),),
    )
    columns = ("ticket.status", "ticket.empty", "ticket.no", "header:x-github-event", "query:page")
    assert read_columns(request, columns) == {
        "ticket.status": "open",
        "ticket.empty": "",
        "ticket.no": None,
        "header:x-github-event": "push",
        "query:page": "2",
    }


def test_what_is_remembered_is_never_another_requests_or_anothers_columns() -> None:
    first, second = make_request(b'{"a":1,"b":2}', JSON), make_request(b'{"a":3}', JSON)
    for _ in range(2):
        assert read_columns(first, ("a",)) == {"a": "1"}
        assert read_columns(first, ("b",)) == {"b": "2"}
        assert read_columns(second, ("a", "b")) == {"a": "3", "b": None}


def test_a_long_value_is_cut() -> None:
    request = make_request(b'{"a":"%b"}' % (b"x" * 100_000), JSON)
    assert len(read_columns(request, ("a",))["a"] or "") <= MAX_TEXT_CHARS


def test_a_label_has_as_many_keys_as_say_something() -> None:
    names = ("ticket.status", "data.object.id", "tags[].name", "header:X-GitHub-Event", "id")
    labels = ["status", "object.id", "[].name", "x-github-event", "id"]
    assert [each.lower() for each in label_columns(names).values()] == labels
