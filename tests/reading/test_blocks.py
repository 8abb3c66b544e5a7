"""Summaries of blocks: what they tell of all requests is what each of them says itself."""

from __future__ import annotations

import json
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain import CapturedRequest
from inspector.reading.blocks import Summary, UnknownError, load_summary
from inspector.reading.indexing.readings import sum_up
from inspector.reading.query import parse_query
from tests.reading.captures import make_captured

KEYS = st.sampled_from(["a", "b", "0", "7", "[]", "é", "c.d", "x\0y", "\ud800", ""])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from(["", "1", " 2 ", "1_0", "x", "nan", "inf", "1e400", '{"a": {"b": 2}}', "[1]"]),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
)
NAMES = st.sampled_from(
    "a b a.b a.a a[] a[].b a.0 a.7 7 a[].0.b é [] "
    "query:a query:a.b header:X-A header:x-a header:Host".split()
)
NUMBERS = st.sampled_from(["-3", "0", "1", "2", "2.5", "nan", "inf", "10"])
TERMS = st.one_of(
    NAMES.map("has:{}".format),
    st.tuples(NAMES, st.sampled_from("<>"), NUMBERS).map("".join),
    st.sampled_from(["path:/b1", "path:hook", "path:%", "path:A", "is:json", "b=1", "zebra"]),
)
QUERIES = st.recursive(
    TERMS | TERMS.map("-{}".format),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(" ".join),
        st.tuples(inner, inner).map(" or ".join),
        inner.map("({})".format),
        inner.map("-({})".format),
    ),
    max_leaves=5,
)
TARGETS = st.sampled_from(
    ["/b1", "/b1/Hook", "/b1/%48ook", "/b1?a=1", "/b1?a[b]=2&a[0]=1", "/b1/%"]
)


def make(target: str, value: object, header: str) -> bytes:
    return (
        f"POST {target} HTTP/1.1\r\nHost: 1\r\nContent-Type: application/json\r\nX-A: {header}\r\n"
    ).encode()


def summed_up(requests: list[tuple[str, object, str]]) -> Summary:
    """What all of them have in common, from what was written down."""
    found = [sum_up(made(*each)) for each in requests]
    return load_summary(reduce(Summary.merged, found).dump())


def made(target: str, value: object, header: str) -> CapturedRequest:
    return make_captured(make(target, value, header), json.dumps(value).encode())


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(TARGETS, VALUES, st.sampled_from(["1", "x", "nan"])), min_size=1, max_size=4
    ),
    QUERIES,
)
def test_what_is_told_of_a_block_is_so_of_each_request(
    requests: list[tuple[str, object, str]], text: str
) -> None:
    judge = parse_query(text).judge
    if judge is None:
        return
    try:
        told = judge(summed_up(requests))
    except UnknownError:
        return
    if told is not None:
        matches = {parse_query(text).matches(made(*each)) for each in requests}
        assert matches == {told}


BLOCK: list[tuple[str, object, str]] = [
    ("/b1/hook", {"a": {"b": 3, "c": "x"}, "l": [1, 5], "t": '{"u": 9}', "one": {"n": 4}}, "1"),
    ("/b1/hook/x", {"a": {"b": "7"}, "l": [2]}, "2"),
]
TOLD = {
    "has:a": True,
    "has:a.b": True,
    "has:a.c": None,
    "has:z": False,
    "-has:a": False,
    "-has:z": True,
    "has:t.u": None,
    "t.u>9": False,
    "a.b>2": True,
    "a.b>3": None,
    "a.b>7": False,
    "a.b<3": False,
    "-a.b<8": False,
    "one<4": False,
    "one<5": None,
    "l[]>5": False,
    "l[]>1": None,
    "l.0<1": False,
    "path:/HOOK": True,
    "path:x": None,
    "-path:hook": False,
    "path:zebra": False,
    "header:x-a>2": False,
    "header:X-A>0": True,
    "header:host>0": None,
    "has:z a.b>2": False,
    "has:z or a.b>2": True,
    "has:z or a.b>3": None,
    "zebra has:z": False,
    "zebra or has:a": True,
    "-(zebra or has:a)": False,
    "zebra has:a": None,
}


@pytest.mark.parametrize("text", TOLD)
def test_a_summary_tells_what_it_can(text: str) -> None:
    judge = parse_query(text).judge
    assert judge is not None
    assert judge(summed_up(BLOCK)) is TOLD[text]


@pytest.mark.parametrize(
    "value", [{"a": "inf"}, {"a\0b": 1}, list(range(6000)), {f"k{n}": 1 for n in range(2500)}]
)
def test_what_would_not_be_told_right_or_is_too_much_is_not_summed_up(value: object) -> None:
    with pytest.raises(UnknownError):
        sum_up(made("/b1", value, "1"))


@pytest.mark.parametrize(
    "text", ["has:header:host", "header:Host=1", "header:host:1", "header:content-length>0"]
)
def test_headers_that_no_index_has_are_looked_up_in_none(text: str) -> None:
    assert parse_query(text).lookup is None
