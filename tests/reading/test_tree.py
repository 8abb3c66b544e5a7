import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.forms import build
from inspector.reading.detail import find_detail
from inspector.reading.nodes import MAX_CHILDREN, MAX_DEPTH, MAX_NODES, MAX_SEARCHED
from inspector.reading.paths import parse_path
from inspector.reading.receivers.names import EXPRESS, FLAT, PHP, QS, RACK, SENT
from inspector.reading.rows import Row
from inspector.reading.tree import Reading, build_reading
from tests.reading.captures import FORM_TYPE, make_form, make_request, make_sample


def make_json(value: Any) -> Any:
    return make_request(json.dumps(value).encode(), "application/json")


def find_row(reading: Reading, path: str) -> Row:
    return next(row for row in reading.rows if row.path == path)


def keys_at_top(reading: Reading) -> list[str]:
    """The keys of the rows directly under the tree's root."""
    depth, keys = 0, []
    for row in reading.rows:
        if depth == 0:
            keys.append(row.key)
        depth += row.opens - row.closes
    assert depth == 0
    return keys


def test_a_ticket_is_grouped_as_a_person_thinks() -> None:
    reading = build_reading(make_sample())
    assert keys_at_top(reading) == ["ticket", "person_context", "event", "custom_data"]
    inside = [row.key for row in reading.rows if row.path.count(".") == 1]
    assert inside.index("subject") < inside.index("status") < inside.index("agent")
    branches = "agent person participants ticket_slas product department language".split()
    assert [key for key in inside if key in branches] == branches


def test_every_field_of_the_sample_is_in_the_tree_once() -> None:
    reading = build_reading(make_sample())
    leaves = [row.path for row in reading.rows if row.path and not row.opens]
    assert len(leaves) == len(set(leaves)) == reading.total == 197
    assert reading.complete


def test_the_order_of_arrival_can_be_asked_for() -> None:
    reading = build_reading(make_sample(), order="sent")
    assert keys_at_top(reading) == [
        *("ticket", "person_context", "event_method", "event_performer", "event_type"),
        "custom_data",
    ]
    assert reading.rows[1].path == "ticket.date_last_user_reply"
    assert not [row for row in reading.rows if row.kind == "group"]


def test_the_facts_answer_the_first_questions() -> None:
    reading = build_reading(make_sample())
    facts = {fact.label: fact.text for fact in reading.facts}
    assert reading.subject == "Hierarchy problem"
    assert facts["Status"] == "awaiting agent"
    assert facts["Event"] == "update"
    assert facts["Agent"] == "Annie Edison · adderallfan5gpa@example.com"
    assert facts["Person"] == "Example User · genericdad75@example.com"
    assert "Ticket" not in facts  # The sample has no id.


def test_facts_take_the_first_answer_that_is_not_empty() -> None:
    reading = build_reading(
        make_form(("ticket[id]", ""), ("ticket[ref]", "AB-1"), ("ticket[agent][x][]", ""))
    )
    assert {fact.label: fact.path for fact in reading.facts} == {"Ticket": "ticket.ref"}


def test_a_folded_branch_says_what_it_holds() -> None:
    reading = build_reading(make_sample())
    assert find_row(reading, "ticket.participants").text == "Abed Nadir · boss@alllc.example.com"
    assert find_row(reading, "ticket.participants").fields == 31
    assert find_row(reading, "ticket.agent").text == "Annie Edison · adderallfan5gpa@example.com"
    assert find_row(reading, "ticket.product").text == "Robo-cat Mk 2"


@pytest.mark.parametrize(
    ("pairs", "kind", "note"),
    [
        ((("a[0]", "x"), ("a[1]", "y")), "list", None),
        ((("a[1]", "x"), ("a[0]", "y")), "map", "indices arrived 1, 0"),
        ((("a[2]", "x"),), "map", "keys 2, not from 0 on"),
        ((("a[b]", "x"),), "map", None),
    ],
    ids=["a list", "out of order", "not from zero", "named"],
)
def test_lists_and_maps_are_told_apart_as_php_does(
    pairs: tuple[tuple[str, str], ...], kind: str, note: str | None
) -> None:
    row = build_reading(make_form(*pairs)).rows[0]
    assert row.kind == kind
    assert (row.note or "").partition(":")[0] == (note or "")


def test_empty_is_told_from_absent() -> None:
    reading = build_reading(make_form(("ticket[id]", "5"), ("custom_data", "")))
    assert find_row(reading, "custom_data").kind == "text"
    absent = [row.key for row in reading.rows if row.kind == "absent"]
    assert absent == ["person_context"]


def test_json_types_are_visible() -> None:
    value: dict[str, Any] = {
        "n": 1.5,
        "t": True,
        "z": None,
        "s": "1",
        "l": [],
        "m": {},
        "d": {"0": 1},
    }
    reading = build_reading(make_json(value))
    rows = {row.path: (row.kind, row.text) for row in reading.rows}
    assert rows["n"] == ("number", "1.5")
    assert rows["t"] == ("boolean", "true")
    assert rows["z"] == ("null", "null")
    assert rows["s"] == ("text", "1")
    assert (rows["l"], rows["m"]) == (("list", ""), ("map", ""))
    assert find_row(reading, "d").note is None  # A sender of JSON meant a map.


@pytest.mark.parametrize("value", ["x", 5, None, True, [], {}])
def test_a_bare_json_value_is_a_reading_too(value: Any) -> None:
    reading = build_reading(make_json(value))
    assert reading.source == "json"
    assert reading.total == 1
    assert len(reading.rows) == 1


@pytest.mark.parametrize(
    ("content_type", "body"),
    [("", b"a 1"), ("text/plain", b"a 1"), ("application/json", b"{"), ("image/png", b"\x89")],
)
def test_a_body_without_fields_says_so(content_type: str, body: bytes) -> None:
    assert build_reading(make_request(body, content_type)).source is None


def test_the_filter_leaves_matching_fields_and_their_ancestors() -> None:
    reading = build_reading(make_sample(), filter_text="Email")
    leaves = [row for row in reading.rows if row.path and not row.opens]
    assert reading.matching == len(leaves)
    assert reading.total == 197
    assert all("email" in f"{row.path} {row.text}".lower() for row in leaves)
    assert find_row(reading, "ticket.participants.0.person.primary_email.email") in leaves
    assert all(row.open for row in reading.rows if row.opens)


def test_the_filter_wants_all_of_its_words_and_marks_each() -> None:
    reading = build_reading(make_sample(), filter_text="person BOSS")
    row = find_row(reading, "ticket.participants.0.person.primary_email.email")
    assert reading.matching == 1
    assert row.text_parts == (("boss", True), ("@alllc.example.com", False))
    assert find_row(reading, "ticket.participants.0.person").key_parts == (("person", True),)


EMAIL = "ticket.participants.0.person.primary_email.email"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("ticket[participants][0][person][primary_email][email]", EMAIL),
        ("ticket%5Bparticipants%5D%5B0%5D%5Bperson%5D%5Bprimary_email%5D%5Bemail%5D", EMAIL),
        ("ticket[participants][0][person][primary_email][em", EMAIL),
        ("participants[].person.primary_email.email", EMAIL),
        ("{{ ticket.person.id }}", "ticket.person.id"),
        ("{{ ticket.person.id", "ticket.person.id"),
        ("{{ ticket.person.id }} person", "ticket.person.id"),
    ],
)
def test_the_filter_finds_a_field_by_a_name_copied_from_elsewhere(name: str, path: str) -> None:
    reading = build_reading(make_sample(), filter_text=name)
    assert [row.path for row in reading.rows if row.path and not row.opens] == [path]


def test_the_filter_takes_an_element_for_any_and_a_name_for_its_beginning() -> None:
    def count(filter_text: str) -> int:
        return build_reading(make_sample(), filter_text=filter_text).matching

    assert count("participants[].person") == count("ticket.participants.0.person") > 1
    assert count("ticket[person]") == count("ticket.person.") > 1


ODD = {"ticket": {"a b": ["x", {"it's": 1, 'q"\\': 2}], "c]": 3, "\u00fc": 4}, "params": {"a.b": 5}}


@pytest.mark.parametrize("receiver", [PHP, RACK, QS, EXPRESS, FLAT, SENT])
@pytest.mark.parametrize(
    "message",
    [make_sample(), make_request(build(ODD)), make_json(ODD), make_json([[1, 2], ODD])],
    ids=["sample", "odd form", "odd json", "list"],
)
def test_every_name_that_a_field_is_offered_by_finds_it(message: Any, receiver: str) -> None:
    rows = [
        row
        for row in build_reading(message, opened="all", receiver=receiver).rows
        if row.path and not row.opens
    ]
    assert rows
    for row in rows[:: len(rows) // 12 + 1]:
        detail = find_detail(message, parse_path(row.path), receiver)
        assert detail is not None
        names = [name for _, name in detail.names] + [each.raw_name for each in detail.pairs]
        for name in {*names, row.path}:
            found = build_reading(message, filter_text=name, receiver=receiver)
            assert row.path in [each.path for each in found.rows], name


def test_a_text_in_brackets_is_found_in_values_too() -> None:
    reading = build_reading(make_json({"log": "[urgent] x", "b": 1}), filter_text="[urgent]")
    assert [row.path for row in reading.rows] == ["log"]


def test_a_filter_that_nothing_matches_leaves_nothing() -> None:
    reading = build_reading(make_sample(), filter_text="no such thing")
    assert (reading.matching, reading.rows) == (0, [])


def test_the_filter_reaches_beyond_what_fits_on_the_page() -> None:
    many = make_json({"items": [{"id": index} for index in range(5_000)]})
    everything, found = build_reading(many), build_reading(many, filter_text="4999")
    assert not everything.complete
    assert [row.path for row in found.rows] == ["items", "items.4999", "items.4999.id"]


def test_a_filter_that_gave_up_says_so() -> None:
    many = make_json({"a": [{"items": list(range(MAX_SEARCHED + 5))}]})
    reading = build_reading(many, filter_text="no such thing")
    assert (reading.matching, reading.complete) == (0, False)


def test_what_is_left_out_is_counted() -> None:
    reading = build_reading(make_json(list(range(100_000))))
    assert reading.rows[-1].kind == "more"
    assert reading.rows[-1].size == 100_000 - MAX_CHILDREN
    wide = build_reading(make_json([list(range(400))] * 400))
    assert len(wide.rows) <= MAX_NODES + 402
    shown = sum(row.path.count(".") == 0 and row.kind == "list" for row in wide.rows)
    assert [row.size for row in wide.rows if row.kind == "more"][-1] == 400 - shown


def test_depth_is_bounded() -> None:
    value: Any = "x"
    for _ in range(150):
        value = {"a": value}
    reading = build_reading(make_json(value))
    assert max(row.path.count(".") for row in reading.rows) == MAX_DEPTH - 1
    assert reading.rows[-1].kind == "more"
    assert keys_at_top(reading) == ["a"]


def test_long_values_are_cut_and_counted() -> None:
    row = build_reading(make_form(("a", "x" * 1_000_000))).rows[0]
    assert len(row.text) == 2_000
    assert row.cut == 998_000


@pytest.mark.parametrize("opened", ["all", "none", "level"])
def test_the_reader_says_how_far_the_tree_is_open(opened: str) -> None:
    rows = [row for row in build_reading(make_sample(), opened=opened).rows if row.opens]
    is_open = {row.path or row.key: row.open for row in rows}
    assert is_open["ticket"] == (opened != "none")
    assert is_open["ticket.agent"] == (opened == "all")


FORM_BODIES = st.lists(
    st.tuples(
        st.sampled_from(["ticket", "ticket[agent]", "a[b][c]", "person_context[x_ts]", "a[]", "["]),
        st.text(max_size=20),
    )
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("ticket"), inner),
    max_leaves=30,
)


@given(st.binary(), st.text(max_size=5))
def test_no_body_makes_a_reading_raise(body: bytes, words: str) -> None:
    build_reading(make_request(body, FORM_TYPE), filter_text=words)
    build_reading(make_request(body, "application/json"), filter_text=words)


@given(FORM_BODIES, st.sampled_from(["", "a", "ticket"]), st.sampled_from(["", "sent"]))
def test_no_form_makes_a_reading_raise(
    pairs: list[tuple[str, str]], words: str, order: str
) -> None:
    keys_at_top(build_reading(make_form(*pairs), filter_text=words, order=order))


@pytest.mark.slow
@given(VALUES, st.sampled_from(["", "a", "1"]))
def test_no_json_makes_a_reading_raise(value: Any, words: str) -> None:
    reading = build_reading(make_json(value), filter_text=words)
    keys_at_top(reading)
    assert reading.matching <= reading.total
