"""What counts as names and values, and what may be a header's name."""

from typing import Any

import pytest

from inspector.domain.pairs import find_pairs, is_token


@pytest.mark.parametrize(
    ("value", "pairs"),
    [
        ([], ()),
        ({}, ()),
        ([["a", "1"], ["a", "2"]], (("a", "1"), ("a", "2"))),
        ((("a", "1"),), (("a", "1"),)),
        ({"b": "1", "a": "2"}, (("b", "1"), ("a", "2"))),
        (None, None),
        ("ab", None),
        (5, None),
        (["ab"], None),
        ([["a"]], None),
        ([["a", "b", "c"]], None),
        ([["a", 1]], None),
        ({"a": None}, None),
        ([{"a": "1", "b": "2"}], None),
    ],
)
def test_pairs_are_lists_of_two_texts_or_objects_of_texts(value: Any, pairs: Any) -> None:
    assert find_pairs(value) == pairs


@pytest.mark.parametrize("name", ["a", "X-Ticket", "!#$%&'*+.^_`|~09"])
def test_a_token_may_be_a_name(name: str) -> None:
    assert is_token(name)


@pytest.mark.parametrize("name", ["", " ", "a b", "a:", "a\n", "\0", "é", "a/b", '"'])
def test_anything_else_is_no_token(name: str) -> None:
    assert not is_token(name)
