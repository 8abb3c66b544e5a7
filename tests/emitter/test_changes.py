"""Changing a ticket before it is sent: as PHP would assign, and without side effects."""

import copy
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.emitter import sample_context
from inspector.emitter.changes import (
    Change,
    apply_changes,
    apply_set,
    parse_set,
    split_path,
    unset,
)
from inspector.errors import InspectorError
from inspector.forms import build, parse

TICKET: Any = {"ticket": {"id": "1", "tags": ["a", "b"], "map": {"3": "x"}}}


class Case(NamedTuple):
    path: str
    value: Any
    ticket: Any


SETS = [
    Case("ticket.id", "5", {"id": "5", "tags": ["a", "b"], "map": {"3": "x"}}),
    Case("ticket[id]", 5, {"id": "5", "tags": ["a", "b"], "map": {"3": "x"}}),
    Case("ticket.new", True, {"id": "1", "tags": ["a", "b"], "map": {"3": "x"}, "new": "1"}),
    Case("ticket.tags.0", "c", {"id": "1", "tags": ["c", "b"], "map": {"3": "x"}}),
    Case("ticket.tags[2]", "c", {"id": "1", "tags": ["a", "b", "c"], "map": {"3": "x"}}),
    Case("ticket[tags][]", "c", {"id": "1", "tags": ["a", "b", "c"], "map": {"3": "x"}}),
    Case(
        "ticket.tags.5", "c", {"id": "1", "tags": {"0": "a", "1": "b", "5": "c"}, "map": {"3": "x"}}
    ),
    Case(
        "ticket.tags.x", "c", {"id": "1", "tags": {"0": "a", "1": "b", "x": "c"}, "map": {"3": "x"}}
    ),
    Case("ticket.map[]", "y", {"id": "1", "tags": ["a", "b"], "map": {"3": "x", "4": "y"}}),
    Case("ticket.id.sub.0", "y", {"id": {"sub": ["y"]}, "tags": ["a", "b"], "map": {"3": "x"}}),
    Case("ticket[a.b]", "y", {"id": "1", "tags": ["a", "b"], "map": {"3": "x"}, "a.b": "y"}),
    Case("ticket.tags", ["z"], {"id": "1", "tags": ["z"], "map": {"3": "x"}}),
    Case("ticket.tags", {"k": None}, {"id": "1", "tags": {"k": ""}, "map": {"3": "x"}}),
    Case("ticket", "gone", "gone"),
]


@pytest.mark.parametrize("case", SETS, ids=str)
def test_a_value_is_put_where_php_would_put_it(case: Case) -> None:
    before = copy.deepcopy(TICKET)
    assert apply_set(TICKET, case.path, case.value) == {"ticket": case.ticket}
    assert before == TICKET


UNSETS = [
    Case("ticket.id", None, {"tags": ["a", "b"], "map": {"3": "x"}}),
    Case("ticket.tags.0", None, {"id": "1", "tags": ["b"], "map": {"3": "x"}}),
    Case("ticket.map[3]", None, {"id": "1", "tags": ["a", "b"], "map": {}}),
]


@pytest.mark.parametrize("case", UNSETS, ids=str)
def test_what_is_taken_away_is_gone(case: Case) -> None:
    before = copy.deepcopy(TICKET)
    assert unset(TICKET, case.path) == {"ticket": case.ticket}
    assert before == TICKET


@pytest.mark.parametrize("path", ["ticket.no", "ticket.tags.2", "ticket.id.x", "nothing"])
def test_taking_away_what_is_not_there_is_an_error(path: str) -> None:
    with pytest.raises(InspectorError) as caught:
        unset(TICKET, path)
    assert caught.value.code == "path_not_found"
    assert path in caught.value.message


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("ticket", ["ticket"]),
        ("ticket.a.0", ["ticket", "a", "0"]),
        ("ticket[a][0]", ["ticket", "a", "0"]),
        ("ticket.a[0].b", ["ticket", "a", "0", "b"]),
        ("ticket[a b][c.d][]", ["ticket", "a b", "c.d", ""]),
    ],
)
def test_paths_are_written_with_dots_or_brackets(path: str, keys: list[str]) -> None:
    assert split_path(path) == keys


UNREADABLE = [
    *["", ".", "ticket.", "ticket..a", ".ticket", "[ticket]", "ticket[a", "ticket]a", "ticket[a]b"],
    "ticket" + ".a" * 64,
]


@pytest.mark.parametrize("path", UNREADABLE)
def test_a_path_that_cannot_be_read_is_an_error(path: str) -> None:
    with pytest.raises(InspectorError) as caught:
        split_path(path)
    assert caught.value.code == "invalid_path"


@pytest.mark.parametrize(
    ("path", "says"), [("subject", "begins with one of ticket"), ("custom_data.x", "the action's")]
)
def test_a_path_begins_with_a_field_of_the_helpdesk(path: str, says: str) -> None:
    with pytest.raises(InspectorError) as caught:
        apply_set(TICKET, path, "x")
    assert (caught.value.code, says in caught.value.message) == ("invalid_path", True)


def test_a_change_is_written_with_an_equals_sign() -> None:
    assert parse_set("ticket.subject= a=b ") == Change("ticket.subject", " a=b ")
    with pytest.raises(InspectorError):
        parse_set("ticket.subject")


def test_changes_are_made_in_order_with_the_number_of_the_delivery() -> None:
    changes = [
        Change("ticket.id", "{n}"),
        Change("ticket.tags", ["#{n}", {"x": "{n}{n}"}]),
        Change("ticket.map", None),
    ]
    assert apply_changes(TICKET, changes, number=7) == {
        "ticket": {"id": "7", "tags": ["#7", {"x": "77"}]}
    }


def test_the_sample_is_never_changed() -> None:
    before = copy.deepcopy(sample_context())
    changed = apply_set(sample_context(), "ticket.agent.emails.0.id", "99")
    changed = unset(changed, "person_context.usergroups.1")
    assert sample_context() == before
    assert changed != before


KEYS = st.sampled_from(["a", "b", "0", "1", "2", "00", "-1", ""])


@given(st.lists(st.tuples(st.lists(KEYS, min_size=1, max_size=3), st.sampled_from("xy"))))
def test_changes_give_what_php_reads_from_the_same_assignments(
    assignments: list[tuple[list[str], str]],
) -> None:
    context: Any = {}
    pairs = []
    for keys, value in assignments:
        path = "ticket" + "".join(f"[{key}]" for key in keys)
        context = apply_set(context, path, value)
        pairs.append(f"{path}={value}")
    expected = parse("&".join(pairs).encode()).value
    assert parse(build(context)).value == expected
