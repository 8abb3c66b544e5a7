import json
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
    for _ in range(3000):
        data = {"a": data}
    assert build(data) == b"a" + b"%5Ba%5D" * 2999 + b"=x"


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


# Data that PHP gives back as it was: strings in containers that are not empty, under keys that it
# does not change, and no map that it would take for a list.
TEXTS = st.text(
    st.characters(codec="utf-8") | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF)
)
STABLE_TEXTS = TEXTS.filter(
    lambda text: text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape") == text
)
KEYS = STABLE_TEXTS.filter(
    lambda key: (
        not set("\0]") & set(key)
        and key.strip(" \t\n\v\f\r")
        and "Host-" not in key
        and "Secure-" not in key
    )
)
TOP_KEYS = KEYS.filter(lambda key: not set(" .[") & set(key))


def is_list_to_php(data: dict[str, Any]) -> bool:
    return list(data) == [str(index) for index in range(len(data))]


def containers(entries: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    maps = st.dictionaries(KEYS | st.integers(-9, 9).map(str), entries, min_size=1, max_size=5)
    return st.lists(entries, min_size=1, max_size=4) | maps.filter(
        lambda data: not is_list_to_php(data)
    )


VALUES: st.SearchStrategy[Value] = st.recursive(STABLE_TEXTS, containers, max_leaves=12)


@given(st.dictionaries(TOP_KEYS | st.integers().map(str), VALUES, max_size=6))
def test_what_was_built_is_parsed_back(data: dict[str, Value]) -> None:
    assert json.dumps(parse(build(data)).value) == json.dumps(data)
