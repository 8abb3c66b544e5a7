import encodings
import json
import sys
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.forms import parse

MAX_INDEX = b"9223372036854775807"


@dataclass(frozen=True)
class Case:
    id: str
    body: bytes
    value: dict[str, Any]


# Recorded with PHP 8.2.36 under -d max_input_nesting_level=2 -d max_input_vars=3.
LIMITED = [
    Case("two brackets are allowed", b"a[b][c]=1", {"a": {"b": {"c": "1"}}}),
    Case("a third drops the pair", b"a[b][c][d]=1", {}),
    Case("and what its top name had", b"a[q]=1&z=1&a[b][c][d]=1", {"z": "1"}),
    Case("an unclosed third drops it, too", b"z=1&a[b][c][d=1", {"z": "1"}),
    Case("brackets after text are not counted", b"a[b][c]d[e]=1", {"a": {"b": {"c": "1"}}}),
    Case("the name may come again", b"a[b][c][d]=1&a[x]=2", {"a": {"x": "2"}}),
    Case(
        "a full array ends the pair before a third bracket is seen",
        b"a[%s]=1&a[][x][y]=2" % MAX_INDEX,
        {"a": {MAX_INDEX.decode(): "1"}},
    ),
    Case(
        "a full array at the limit takes no more",
        b"a[b][%s]=1&a[b][]=2" % MAX_INDEX,
        {"a": {"b": {MAX_INDEX.decode(): "1"}}},
    ),
    Case(
        "a third bracket is seen before an array at the limit is full",
        b"a[b][%s]=1&a[b][][c]=2" % MAX_INDEX,
        {},
    ),
    Case(
        "a barred key ends the pair before a third bracket is seen",
        b"a[q]=1&a[__Host-x][c][d]=2",
        {"a": {"q": "1"}},
    ),
    Case("a barred key may stand at the limit", b"a[b][__Host-x]=2", {"a": {"b": []}}),
    Case("but no bracket behind it", b"a[q]=1&a[b][__Host-x][d]=2", {}),
    Case("nor an unclosed one", b"a[q]=1&a[b][__Host-x][d=2", {}),
    Case("a fourth variable is not read", b"a=1&b=2&c=3&d=4", {"a": "1", "b": "2", "c": "3"}),
    Case(
        "a nameless pair counts, an empty piece does not", b"&a=1&&b=2&=3&d=4", {"a": "1", "b": "2"}
    ),
]


@pytest.mark.parametrize("case", LIMITED, ids=attrgetter("id"))
def test_limits_are_php_s(case: Case) -> None:
    form = parse(case.body, max_variables=3, max_depth=2)
    assert json.dumps(form.value) == json.dumps(case.value)


CHARSETS = [
    ("ISO-8859-1", b"M%FCnchen=caf\xe9&%E9[]=1", {"München": "café", "é": ["1"]}),
    ("windows-1252", b"a=%80", {"a": "€"}),
    ("Shift_JIS", b"%83%5B[x]=%83%5D", {"ゼ": {"x": "ゾ"}}),  # Brackets inside characters.
    ("iso-2022-jp", b"a=%1B$B$%22%1B(B", {"a": "あ"}),
    (" UTF8 ", b"a=%C3%A9", {"a": "é"}),
    ("us-ascii", b"a=x%C3", {"a": "x\udcc3"}),
    ("cp1252", b"a=%81", {"a": "\udc81"}),  # No character has this byte.
    ("hz", b"a=~x", {"a": "\N{REPLACEMENT CHARACTER}x"}),  # No surrogate stands for an ASCII byte.
]


@pytest.mark.parametrize(("charset", "body", "value"), CHARSETS)
def test_charset_is_honoured(charset: str, body: bytes, value: dict[str, Any]) -> None:
    form = parse(body, charset=charset)
    assert form.value == value
    assert "charset_unknown" not in {note.code for note in form.notes}


# Codecs Python knows that no form comes in: not for text, not upon ASCII, or slow on purpose.
ODD_CHARSETS = (
    "klingon hex rot13 zip idna punycode unicode_escape utf-16 utf-7 cp037 iso-8859-77 \0 é"
)


@pytest.mark.parametrize("charset", ODD_CHARSETS.split(" "))
def test_unreadable_charset_is_noted_and_utf_8_taken(charset: str) -> None:
    form = parse(b"a=%C3%A9+b", charset=charset)
    assert form.value == {"a": "é b"}
    assert [(note.code, note.name) for note in form.notes] == [("charset_unknown", charset)]


def test_labels_a_sender_made_up_are_not_remembered() -> None:
    _ = parse(b"a=1", charset="made-up").value
    size = len(encodings._cache)
    for number in range(50):
        _ = parse(b"a=1", charset=f"made-up-{number}").value
    assert len(encodings._cache) == size


@pytest.mark.parametrize("body", ["a=1", None, bytearray(b"a=1"), memoryview(b"a=1")])
def test_only_bytes_are_a_body(body: Any) -> None:
    with pytest.raises(TypeError, match="bytes"):
        parse(body)


@pytest.mark.parametrize("limits", [{"max_variables": 0}, {"max_depth": 0}, {"max_depth": -1}])
def test_limits_below_one_are_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        parse(b"", **limits)


def test_depth_costs_no_stack() -> None:
    depth = sys.getrecursionlimit()
    body = b"a%s=1&b[0]%s[1]=2&b[0]%s[0]=3" % (b"[]" * depth, b"[0]" * depth, b"[0]" * depth)
    form = parse(body, max_depth=depth + 9)
    value: Any = form.value["a"]
    for _ in range(depth):
        value = value[0]
    assert value == "1"
    assert [note.code for note in form.notes] == ["order_not_list"]


# Bytes that mean something to the parser, so that random bodies are worth reading.
TOKENS = (
    b"a b [ ] [] [] [0] [1] [-1] = = & & & % %5B %5d + . %00 \0 %2 \xff %C3 \xa9 \n \r ;".split(
        b" "
    )
)
BODIES = st.lists(st.sampled_from([*TOKENS, b" ", b"__Host-", MAX_INDEX]), max_size=40).map(
    b"".join
)


@given(
    BODIES | st.binary(),
    st.sampled_from(
        [None, "utf-8", "latin-1", "cp1252", "shift_jis", "gb18030", "iso-2022-jp", "hz"]
    ),
)
def test_no_content_is_an_error(body: bytes, charset: str | None) -> None:
    form = parse(body, charset=charset)
    assert isinstance(form.value, dict)
    assert len(form.notes) < 200
    assert len(form.pairs) <= body.count(b"&") + 1


@given(BODIES, st.integers(1, 5), st.integers(1, 3))
def test_the_two_passes_agree(body: bytes, max_variables: int, max_depth: int) -> None:
    form = parse(body, max_variables=max_variables, max_depth=max_depth)
    assert json.dumps(form._trace.value) == json.dumps(form.value)


@given(
    BODIES | st.binary() | st.lists(st.binary(max_size=4)).map(b"&".join),
    st.integers(1, 5),
    st.sampled_from([None, "latin-1", "shift_jis", "iso-2022-jp", "unheard-of"]),
)
def test_fields_are_those_of_the_pairs(
    body: bytes, max_variables: int, charset: str | None
) -> None:
    form = parse(body, max_variables=max_variables, charset=charset)
    assert list(form.iterate_fields()) == [(pair.name, pair.value) for pair in form.pairs]
