import json
import sys
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.forms import Value, build, parse

DATA = Path(__file__).parent / "data"
BUILT = [json.loads(line) for line in (DATA / "built.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("case", BUILT, ids=lambda case: case["id"])
def test_body_is_php_s(case: dict[str, Any]) -> None:
    data = {"a": float(case["float"])} if "float" in case else json.loads(case["data"])
    assert build(data) == case["body"].encode("ascii")


def test_a_flat_ticket_is_built_byte_for_byte() -> None:
    lines = (DATA / "ticket_sample.tsv").read_text("utf-8").splitlines()
    flat = dict(line.split("\t") for line in lines)
    assert len(flat) == 196
    assert build(flat) == (DATA / "ticket_sample.body").read_bytes()


def test_a_ticket_comes_back_from_its_tree() -> None:
    value = parse((DATA / "ticket_sample.body").read_bytes()).value
    assert json.dumps(parse(build(value)).value) == json.dumps(value)


@dataclass(frozen=True)
class Case:
    id: str
    data: Any
    body: bytes


CASES = [
    Case("a surrogate escape gives its byte back", {"a\udcff": "\udc80"}, b"a%FF=%80"),
    Case("bytes are taken as they are", {b"\xe9": b"\xff a"}, b"%E9=%FF+a"),
    Case("a tuple is a list", {"a": ("x", "y")}, b"a%5B0%5D=x&a%5B1%5D=y"),
    Case("keys may be integers", {7: {-1: "x"}}, b"7%5B-1%5D=x"),
    Case("a key may be true, which is 1", {True: "x"}, b"1=x"),
    Case(
        "the same list twice is no circle",
        {"a": (pair := ["x"]), "b": pair},
        b"a%5B0%5D=x&b%5B0%5D=x",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_build(case: Case) -> None:
    assert build(case.data) == case.body


def test_depth_costs_no_stack() -> None:
    data: Any = "x"
    for _ in range(sys.getrecursionlimit()):
        data = {"a": data}
    assert build(data) == b"a" + b"%5Ba%5D" * (sys.getrecursionlimit() - 1) + b"=x"


def test_a_container_that_holds_itself_is_refused() -> None:
    circle: dict[str, Any] = {"a": ["x"]}
    circle["a"].append(circle)
    with pytest.raises(ValueError, match="holds itself"):
        build(circle)


def test_text_that_no_bytes_stand_for_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        build({"a": "\ud800"})


@pytest.mark.parametrize("data", ["a=1", None, 5, {"a": object()}, {None: "x"}, {"a": {1.5: "x"}}])
def test_what_no_form_can_hold_is_refused(data: Any) -> None:
    with pytest.raises(TypeError):
        build(data)


# Data that PHP gives back as it was: texts in containers that are not empty, under keys that it
# does not change, and no map that it would take for a list.
BYTES = st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF)  # Not UTF-8.
TEXTS = st.text(BYTES | st.characters(codec="utf-8"), max_size=8)
KEY_TEXTS = st.text(BYTES | st.characters(codec="utf-8", exclude_characters="\0]"), max_size=8)
TOP_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0[ ."), max_size=8)
INDICES = st.integers(-3, 9).map(str)


def is_utf_8_or_not_at_all(text: str) -> bool:
    """Whether no surrogate escapes stand side by side for what is UTF-8 together."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape") == text


def is_kept_as_key(key: str) -> bool:
    return bool(key.strip(" \t\n\v\f\r")) and "Host-" not in key and is_utf_8_or_not_at_all(key)


def is_no_list(data: dict[str, Any]) -> bool:
    return list(data) != [str(index) for index in range(len(data))]


KEYS = KEY_TEXTS.filter(is_kept_as_key) | INDICES
VALUES: st.SearchStrategy[Value] = st.recursive(
    TEXTS.filter(is_utf_8_or_not_at_all),
    lambda entries: (
        st.lists(entries, min_size=1, max_size=4)
        | st.dictionaries(KEYS, entries, min_size=1, max_size=4).filter(is_no_list)
    ),
    max_leaves=5,
)
FORMS = st.dictionaries(TOP_TEXTS.filter(is_kept_as_key) | INDICES, VALUES, max_size=3)


@pytest.mark.slow
@given(FORMS)
def test_what_was_built_is_parsed_back(data: dict[str, Value]) -> None:
    assert json.dumps(parse(build(data)).value) == json.dumps(data)
