import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.forms import to_json_safe, visible

MARK = "\N{REPLACEMENT CHARACTER}"

# Answers of PHP 8.2.36's json_encode with JSON_INVALID_UTF8_SUBSTITUTE.
VISIBLE = [
    (b"plain", "plain"),
    ("é€😀".encode(), "é€😀"),
    (b"\xff", MARK),
    (b"a\x80\x80b", f"a{MARK}{MARK}b"),
    (b"\xc3", MARK),
    (b"\xc3\xc3\xa9", f"{MARK}é"),
    (b"\xc3\xff\xff", f"{MARK}{MARK}"),
    (b"\xe2\x82", MARK),
    (b"\xe2\x82a", f"{MARK}a"),
    (b"\xe0\x80\x80", MARK),
    (b"\xed\xa0\x80\xed\xb0\x80", f"{MARK}{MARK}"),
    (b"\xf4\x90\x80\x80\x80", f"{MARK}{MARK}"),
    (b"\xf0\x9f\xe2\x82\xac", f"{MARK}€"),
    (b"\xc0\xaf", f"{MARK}{MARK}"),
    (b"\xf5\x80", f"{MARK}{MARK}"),
]


@pytest.mark.parametrize(("raw", "text"), VISIBLE)
def test_visible_marks_as_php_does(raw: bytes, text: str) -> None:
    assert visible(raw.decode("utf-8", "surrogateescape")) == text


@given(st.text(st.characters()))
def test_what_is_visible_can_be_encoded(text: str) -> None:
    assert visible(visible(text)) == visible(text)
    assert visible(text).encode().decode() == visible(text)


def test_json_safe_data_is_a_copy_with_all_texts_visible() -> None:
    data: dict[str, Any] = {
        "a\udcff": ["\udcff", {"b": "é"}, []],
        "n": [1, 1.5, True, None],
        "e": {},
    }
    safe = to_json_safe(data)
    assert json.dumps(safe, ensure_ascii=False) == json.dumps(
        {f"a{MARK}": [MARK, {"b": "é"}, []], "n": [1, 1.5, True, None], "e": {}},
        ensure_ascii=False,
    )
    safe["n"].append(2)
    assert data["n"] == [1, 1.5, True, None]


def test_names_that_look_alike_become_one() -> None:
    names = ("\udcfe", "x", "\udcff")
    assert to_json_safe(dict(zip(names, "123", strict=True))) == {MARK: "3", "x": "2"}


def test_a_text_alone_is_made_visible() -> None:
    assert to_json_safe("\udcff") == MARK


def test_depth_costs_no_stack() -> None:
    data: Any = "x"
    for _ in range(sys.getrecursionlimit()):
        data = [{"a": data}]
    safe = to_json_safe(data)
    for _ in range(sys.getrecursionlimit()):
        safe = safe[0]["a"]
    assert safe == "x"
