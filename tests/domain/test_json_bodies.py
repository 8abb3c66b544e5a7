"""JSON texts as values and back, each number with the digits it was sent with."""

import copy
import json
import pickle
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain.json_bodies import (
    SentNumber,
    find_excess,
    parse_json,
    parse_sent_json,
    write_json,
    write_json_line,
)

NUMBERS = ["1.50", "1.5", "1e2", "-0", "-0.0", "1E400", "12345678901234567890.10", "0", "-7"]
NUMBERS += ["123456789012345678901234567890", "0.1000000000000000055511151231257827", "9" * 5000]


@pytest.mark.parametrize("text", NUMBERS, ids=lambda text: text[:20])
def test_a_number_is_written_as_it_was_sent(text: str) -> None:
    assert write_json(parse_sent_json(text.encode())) == text
    assert write_json(parse_sent_json(b'{"a": [%s]}' % text.encode())) == f'{{"a": [{text}]}}'


@pytest.mark.parametrize("text", NUMBERS[:-1], ids=lambda text: text[:20])
def test_a_sent_number_is_the_number_that_python_reads(text: str) -> None:
    usual = json.loads(text)
    assert parse_sent_json(text.encode()) == usual
    assert isinstance(parse_sent_json(text.encode()), int | float)


def test_a_sent_number_is_a_float_in_every_other_way() -> None:
    number: Any = parse_sent_json(b"1.50")
    assert issubclass(type(number), float)
    assert (str(number), repr(number), number + 1, hash(number)) == ("1.5", "1.5", 2.5, hash(1.5))
    assert json.dumps(number) == "1.5"
    for other in (copy.deepcopy(number), pickle.loads(pickle.dumps(number))):
        assert (type(other), other.text) == (SentNumber, "1.50")


@pytest.mark.parametrize("body", [b"NaN", b"[Infinity]", b"-Infinity", b"[1", b"\xff", b"[" * 300])
def test_what_is_no_json_is_none(body: bytes) -> None:
    assert parse_sent_json(body) is None
    assert parse_json(body) is None


def test_what_our_own_api_is_sent_has_numbers_that_it_can_keep() -> None:
    assert parse_json(b"1e400") is None
    assert type(parse_json(b"1.50")) is float


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
)  # fmt: skip


@pytest.mark.slow
@given(VALUES, st.sampled_from([0, 2]), st.booleans())
def test_other_values_are_written_as_python_writes_them(
    value: Any, indent: int, ensure_ascii: bool
) -> None:
    written = write_json(value, indent=indent, ensure_ascii=ensure_ascii)
    assert written == json.dumps(value, indent=indent or None, ensure_ascii=ensure_ascii)


@pytest.mark.slow
@given(VALUES)
def test_a_line_of_json_says_what_python_would_write(value: Any) -> None:
    line = write_json_line(value)
    assert json.loads(line) == value
    assert len(line.decode().splitlines()) == 1


ODD_TEXTS = '\x85\u2028\u2029\x0b\x1c\0\r\n\x7f"\\/<é\U0001f600'


@pytest.mark.parametrize("text", [*ODD_TEXTS, ODD_TEXTS])
def test_no_character_of_a_text_ends_a_line_of_json(text: str) -> None:
    line = write_json_line({text: [text]})
    assert json.loads(line) == {text: [text]}
    assert len(line.decode().splitlines()) == len(line.splitlines()) == 1


@pytest.mark.parametrize("text", NUMBERS, ids=lambda text: text[:20])
def test_a_number_is_in_a_line_of_json_as_it_was_sent(text: str) -> None:
    number = parse_sent_json(text.encode())
    assert write_json_line({"a": [number]}).replace(b" ", b"") == b'{"a":[%s]}' % text.encode()
    odd = write_json_line({"\udcff": [number], "b": 2**70}).replace(b" ", b"")
    assert odd == '{"\ufffd":[%s],"b":1180591620717411303424}'.encode() % text.encode()


def test_bytes_that_were_not_utf_8_are_shown_in_a_line_of_json() -> None:
    assert write_json_line({"a\udcff": "\udcc3"}) == '{"a\ufffd":"\ufffd"}'.encode()


def test_a_line_of_json_may_be_deep() -> None:
    value: Any = "\u2028"
    for _ in range(3000):
        value = [value]
    assert write_json_line(value) == b"[" * 3000 + b'"\\u2028"' + b"]" * 3000


def test_only_json_is_written_as_json() -> None:
    with pytest.raises(TypeError, match=r"no JSON|serializable"):
        write_json_line({"a": object()})


@pytest.mark.slow
def test_no_depth_is_too_deep_to_be_written() -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    assert len(write_json(value)) == 200_002


@pytest.mark.parametrize(
    "log", ["\x1b[0m" * 199, "[" * 5_000, '\\"[{' * 300, "a,b" * 400_000], ids=lambda log: log[:8]
)
def test_what_a_string_holds_is_no_structure(log: str) -> None:
    body = {"ticket": {"id": 5, "log": log}}
    assert parse_sent_json(json.dumps(body).encode()) == body
    assert parse_json(json.dumps(body).encode()) == body


def test_a_string_without_end_hides_no_depth_before_it() -> None:
    assert find_excess(b"[" * 300 + b'"' + b"]" * 300) == "nesting_exceeded"
    assert find_excess(b'["' + b'\\"' * 100_000 + b"[" * 300) is None


def test_strings_are_looked_through_in_one_go() -> None:
    def cost(count: int) -> float:
        spent = []
        for _ in range(3):
            began = time.process_time()
            find_excess(b"[" * 300 + b'"\\' * count)
            spent.append(time.process_time() - began)
        return min(spent)

    assert cost(400_000) < 16 * max(cost(100_000), 1e-3)
