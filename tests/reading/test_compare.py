from dataclasses import dataclass, field
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.reading.compare import Comparison, Entry, compare_requests
from inspector.reading.difference import MAX_CHARS, Parts, split_difference
from tests.reading.captures import make_form, make_request, make_sample


def list_differences(comparison: Comparison) -> dict[str, Entry]:
    return {
        entry.label: entry
        for section in comparison.sections
        for entry in section.entries
        if section.title != "Request"
    }


def join(parts: Parts | None) -> str | None:
    return None if parts is None else "".join(text for text, _ in parts)


@dataclass(frozen=True)
class Case:
    id: str
    old: tuple[tuple[str, str], ...]
    new: tuple[tuple[str, str], ...]
    differences: dict[str, tuple[str, str | None, str | None]]
    also: dict[str, list[str]] = field(default_factory=dict)


CASES = [
    Case("nothing", (("a", "1"),), (("a", "1"),), {}),
    Case("a value", (("a[b]", "1"),), (("a[b]", "2"),), {"a.b": ("changed", "1", "2")}),
    Case("a new field", (), (("a", "1"),), {"a": ("added", None, "1")}),
    Case("a field gone", (("a", "1"),), (), {"a": ("removed", "1", None)}),
    Case("emptied is not gone", (("a", "1"),), (("a", ""),), {"a": ("changed", "1", "")}),
    Case(
        "a value that became a map",
        (("a", "1"),),
        (("a[b]", "1"),),
        {"a.b": ("added", None, "1"), "a": ("removed", "1", None)},
    ),
    Case("order says nothing", (("a", "1"), ("b", "2")), (("b", "2"), ("a", "1")), {}),
    Case(
        "a date takes its stamps along",
        (("t[d_ts_ms]", "1000"), ("t[d_ts]", "1"), ("t[d]", "1970-01-01 00:00:01")),
        (("t[d_ts_ms]", "2000"), ("t[d_ts]", "2"), ("t[d]", "1970-01-01 00:00:02")),
        {"t.d": ("changed", "1970-01-01 00:00:01", "1970-01-01 00:00:02")},
        {"t.d": ["d_ts", "d_ts_ms"]},
    ),
    Case(
        "a stamp without its date stands for its family",
        (("d_ts_ms", "1000"), ("d_ts", "1")),
        (("d_ts_ms", "2000"), ("d_ts", "2")),
        {"d_ts": ("changed", "1", "2")},
        {"d_ts": ["d_ts_ms"]},
    ),
    Case(
        "an item is known by its id, wherever it stands",
        (("p[0][id]", "15"), ("p[0][n]", "x")),
        (("p[0][id]", "7"), ("p[0][n]", "y"), ("p[1][id]", "15"), ("p[1][n]", "z")),
        {
            "p[id=7].id": ("added", None, "7"),
            "p[id=7].n": ("added", None, "y"),
            "p[id=15].n": ("changed", "x", "z"),
        },
    ),
    Case(
        "items with one id twice are known by their place",
        (("p[0][id]", "1"), ("p[1][id]", "1")),
        (("p[0][id]", "1"), ("p[1][id]", "2")),
        {
            "p[id=1].id": ("added", None, "1"),
            "p[id=2].id": ("added", None, "2"),
            "p.0.id": ("removed", "1", None),
            "p.1.id": ("removed", "1", None),
        },
    ),
    Case(
        "a stamp that moved alone is seen",
        (("d", "x"), ("d_ts", "1")),
        (("d", "x"), ("d_ts", "2")),
        {"d_ts": ("changed", "1", "2")},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_fields_are_compared_by_their_decoded_names(case: Case) -> None:
    found = list_differences(compare_requests(make_form(*case.old), make_form(*case.new)))
    shown = {label: (e.status, join(e.old), join(e.new)) for label, e in found.items()}
    assert shown == case.differences
    assert {label: e.also for label, e in found.items() if e.also} == case.also


def test_a_field_gone_stands_where_it_was() -> None:
    old = make_form(("a", "1"), ("b", "1"), ("c", "1"), ("d", "1"))
    new = make_form(("x", "1"), ("a", "2"), ("d", "2"))
    assert list(list_differences(compare_requests(old, new))) == ["x", "a", "b", "c", "d"]


def test_times_and_durations_say_how_far_they_moved() -> None:
    old = make_form(("x_ts", "100"), ("total_user_waiting", "60"), ("id", "3"))
    new = make_form(("x_ts", "3700"), ("total_user_waiting", "90"), ("id", "5"))
    found = list_differences(compare_requests(old, new))
    assert {label: entry.by for label, entry in found.items()} == {
        "x_ts": "1 h later",
        "total_user_waiting": "30 s more",
        "id": None,
    }


def test_headers_are_compared_whatever_their_case() -> None:
    old = make_request(headers=(("X-Ticket", "5"), ("X-Old", "1")))
    new = make_request(headers=(("x-ticket", "5"), ("X-New", "1")))
    found = list_differences(compare_requests(old, new))
    assert {label: e.status for label, e in found.items()} == {
        "x-new": "added",
        "x-old": "removed",
    }


def test_methods_paths_and_queries_are_compared() -> None:
    old = make_request(request_line="POST /deskpro?a[b]=1 HTTP/1.1")
    new = make_request(request_line="PUT /deskpro/x?a[b]=2 HTTP/1.1")
    sections = {section.title: section for section in compare_requests(old, new).sections}
    assert [entry.label for entry in sections["Request"].entries] == ["method", "path"]
    assert [str(entry.name) for entry in sections["Query"].entries] == ["query:a.b"]


def test_other_bodies_are_compared_as_text_or_by_their_hash() -> None:
    text = compare_requests(make_request(b"a b", "text/plain"), make_request(b"a c", "text/plain"))
    assert list_differences(text)["body"].new == (("a ", False), ("c", True))
    hashed = compare_requests(make_request(b"\0", "x/y"), make_request(b"\1", "x/y"))
    assert (join(list_differences(hashed)["body"].old) or "").startswith("1 bytes, SHA-256 6e34")


def test_the_sample_differs_from_another_of_it_in_what_was_replaced_alone() -> None:
    old, new = make_sample(), make_sample(2, **{"ticket[agent][timezone]": "Asia/Tokyo"})
    comparison = compare_requests(old, new)
    assert list(list_differences(comparison)) == ["ticket.agent.timezone"]
    assert comparison.counts["same"] >= 196
    assert comparison.differs
    assert not compare_requests(old, old).differs


def test_differences_beyond_the_limit_are_counted() -> None:
    many = make_request(b"&".join(b"a%d=%d" % (i, i) for i in range(900)))
    wide = make_request(str(list(range(3_000))).encode(), "application/json")
    assert compare_requests(make_request(), many).counts["added"] >= 900
    empty = make_request(b"", "application/json")
    body = compare_requests(empty, wide).sections[0]
    assert (len(body.entries), body.hidden) == (1_000, 2_000)


def test_a_change_in_a_long_text_is_shown_where_it_is() -> None:
    old, new = split_difference("x" * 1_000_000 + " a", "x" * 1_000_000 + " b")
    assert join(old) == "…" + "x" * 59 + " a"
    assert new[-1] == ("b", True)


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("3", "5", ["3"]),
        ("moved to Sales by Annie", "moved to Support by Abed", ["Sales", "Annie"]),
        ("a b", "a b c", []),
        ("", "x", []),
    ],
)
def test_the_words_that_went_are_told_apart(old: str, new: str, changed: list[str]) -> None:
    parts, _ = split_difference(old, new)
    assert [text for text, is_changed in parts if is_changed] == changed


@given(st.text(alphabet="ab ,", max_size=120), st.text(alphabet="ab ,", max_size=120))
def test_what_is_shared_is_the_same_on_both_sides(old: str, new: str) -> None:
    before, after = split_difference(old, new)
    assert (join(before), join(after)) == (old, new)
    shared = ["".join(text for text, changed in parts if not changed) for parts in (before, after)]
    assert shared[0] == shared[1]


@pytest.mark.slow
@given(st.text(min_size=MAX_CHARS), st.text())
def test_long_texts_stay_bounded(old: str, new: str) -> None:
    assert len(join(split_difference(old + old, new)[0]) or "") <= MAX_CHARS + 2


@given(st.binary(), st.binary(), st.sampled_from(["application/json", "x/y", "text/plain"]))
def test_no_body_makes_a_comparison_raise(old: bytes, new: bytes, kind: str) -> None:
    compare_requests(make_request(old), make_request(new, kind))
