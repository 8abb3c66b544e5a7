from dataclasses import dataclass
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.forms import Pair, Value, parse
from inspector.forms.pairs import MAX_UNREAD_PAIRS


@dataclass(frozen=True)
class Case:
    id: str
    body: bytes
    outcomes: list[tuple[str, tuple[str, ...] | None, bool]]


CASES = [
    Case("a value at the top", b"a=1", [("a", ("a",), True)]),
    Case("values below", b"a[x][]=1&a[x][]=2",
         [("a[x][]", ("a", "x", "0"), True), ("a[x][]", ("a", "x", "1"), True)]),
    Case("a changed name", b"a.b=1", [("a.b", ("a_b",), True)]),
    Case("a repeated name", b"a=1&a=2", [("a", ("a",), False), ("a", ("a",), True)]),
    Case("a string replaced", b"a=1&a[b]=2", [("a", ("a",), False), ("a[b]", ("a", "b"), True)]),
    Case("a string replaced by nothing", b"a=1&a[__Host-b]=2",
         [("a", ("a",), False), ("a[__Host-b]", None, False)]),
    Case("an array replaced", b"a[b]=1&a=2&a[b]=3",
         [("a[b]", ("a", "b"), False), ("a", ("a",), False), ("a[b]", ("a", "b"), True)]),
    Case("dropped with its whole top name", b"a=1&a" + b"[b]" * 65 + b"=2",
         [("a", ("a",), False), ("a" + "[b]" * 65, None, False)]),
    Case("nameless", b"=1&[x]=2&a=3",
         [("", None, False), ("[x]", None, False), ("a", ("a",), True)]),
    Case("after a NUL byte", b"a=1&b\0c=2&&d",
         [("a", ("a",), True), ("b", ("b",), True), ("d", None, False)]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_what_became_of_each_pair(case: Case) -> None:
    pairs = parse(case.body).pairs
    assert [(pair.name, pair.path, pair.is_kept) for pair in pairs] == case.outcomes


def test_a_pair_has_what_was_sent_and_what_was_read() -> None:
    assert parse(b"&&a=&%C3%A9+%5Bx%5D=%zz=+&c").pairs == (
        Pair(0, b"a", b"", "a", "", ("a",), True),
        Pair(1, b"%C3%A9+%5Bx%5D", b"%zz=+", "é [x]", "%zz= ", ("é_", "x"), True),
        Pair(2, b"c", b"", "c", "", ("c",), True),
    )


def test_what_a_nul_byte_cut_off_is_still_there_as_sent() -> None:
    cut, dropped = parse(b"a=1\x002&b=%41").pairs
    assert (cut.raw_value, cut.value) == (b"1\x002", "1")
    assert (dropped.raw_name, dropped.name, dropped.value) == (b"b", "b", "A")


def test_pairs_beyond_the_limit_are_listed_to_a_bound_and_counted() -> None:
    body = b"&".join(b"n%d=1" % number for number in range(MAX_UNREAD_PAIRS + 10))
    form = parse(body, max_variables=3)
    assert len(form.value) == 3
    assert [pair.path for pair in form.pairs[:5]] == [("n0",), ("n1",), ("n2",), None, None]
    assert len(form.pairs) == MAX_UNREAD_PAIRS + 3
    assert form.unlisted == 7
    assert parse(body, max_variables=10).unlisted == 0


def list_leaves(value: Value, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        return [(path, value)]
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    return [leaf for key, entry in entries for leaf in list_leaves(entry, (*path, str(key)))]


@given(
    st.lists(st.sampled_from([b"a", b"b", b"[b]", b"[0]", b"[]", b"=", b"&", b"&"])).map(b"".join)
)
def test_each_leaf_of_the_tree_has_the_one_pair_it_came_from(body: bytes) -> None:
    form = parse(body, max_depth=3)
    kept = [(pair.path, pair.value) for pair in form.pairs if pair.is_kept]
    assert sorted(kept) == sorted(list_leaves(form.value))
    assert form.has_pairs == bool(form.pairs)
