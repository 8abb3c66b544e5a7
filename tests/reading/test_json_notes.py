"""What is told of a JSON body that is broken or odd: where, and why."""

import json
from dataclasses import dataclass, replace
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.reading.json_notes import find_json_notes
from tests.reading.captures import make_request

JSON = "application/json"


@dataclass(frozen=True)
class Case:
    id: str
    body: bytes
    code: str
    says: str
    place: tuple[int | None, int | None] = (None, None)
    name: str = ""


CASES = [
    Case(
        "a comma is missing",
        b'{"a": 1\n "b": 2}',
        "broken",
        'Line 2, column 2, between “{"a": 1\\n ” and “"b": 2}”: a comma or a closing bracket is',
        (2, 2),
    ),
    Case("a colon is missing", b'{"a" 1}', "broken", "a colon is missing", (1, 6)),
    Case("single quotes", b"{\"a\": 'b'}", "broken", "texts stand in double quotes", (1, 7)),
    Case("names in single quotes", b"{'a': 1}", "broken", "a name in double quotes is", (1, 2)),
    Case("a word of Python's", b'{"a": True}', "broken", "True is no value: there are", (1, 7)),
    Case("a comment", b"// x\n{}", "broken", "JSON has no comments", (1, 1)),
    Case("a comma too many", b"[1, ]", "broken", "nothing follows the last comma"),
    Case("a comma too many in a map", b'{"a": 1,}', "broken", "nothing follows the last comma"),
    Case("a zero first", b"[012]", "broken", "this number is not written as JSON has them"),
    Case("a fraction only", b"[.5]", "broken", "this number is not written as JSON has them"),
    Case("an open text", b'{"a": "b}', "broken", "the text that begins here is never", (1, 7)),
    Case("a line end in a text", b'["a\nb"]', "broken", "written with a backslash, as \\n"),
    Case("a wrong escape", b'["\\x41"]', "broken", 'after a backslash comes "'),
    Case("half an escape", b'["\\u12"]', "broken", "after \\u come four digits"),
    Case("it ends too soon", b'{"a": [1,', "broken", 'after “{"a": [1,”: the body ends before'),
    Case("a form", b"a=1&b=2", "broken", "before “a=1&b=2”: a is no value", (1, 1)),
    Case("a page", b"<html>", "broken", "no value begins like this", (1, 1)),
    Case("text after the value", b'{"a": 1} x', "text_after", "and “x”: the value has", (1, 10)),
    Case("lines of JSON", b'{"a": 1}\n{"a": 2}', "text_after", "and more follows", (2, 1)),
    Case("signs that hide", '"a" \u202e\x1b'.encode(), "text_after", "“\\u202e\\x1b”"),
    Case("far into it", b'["' + b"x" * 99 + b'" 1]', "broken", "“…" + "x" * 18 + '" ” and “1]”'),
    Case("no number", b'{"NaN": "Infinity",\n"b": NaN}', "no_number", "NaN is no num", (2, 6)),
    Case("nothing finite", b"[-Infinity]", "no_number", "-Infinity is no number", (1, 2)),
    Case("not UTF-8", b'{"a":\n "\xe9t\xe9"}', "not_decodable", "bytes are not UTF-8", (2, 3)),
    Case("a byte order mark", b"\xef\xbb\xbf{}", "byte_order_mark", "byte order mark"),
    Case("UTF-16", '{"a": 1}'.encode("utf-16-le"), "not_utf8", "The body is UTF-16-LE"),
    Case("deep", b"[" * 300, "nesting_exceeded", "deeper than 200 levels"),
    Case("wide", b"[" + b"1," * 600_000 + b"1]", "values_exceeded", "more than 500,000"),
    Case("a name twice", b'{"a": 1, "a": 2}', "key_repeated", "there 2 times", name="a"),
    Case(
        "a name in a list",
        b'{"a": {"x": [{}, {"b.c": 1, "d": 2, "b.c": 3}]}}',
        "key_repeated",
        "most readers keep the last value only",
        name='a.x.1["b.c"]',
    ),
]


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_a_note_says_what_is_odd_and_where(case: Case) -> None:
    (note,) = find_json_notes(make_request(case.body, JSON))
    assert note.code == case.code
    assert case.says in note.message
    assert note.name == case.name
    if case.place != (None, None):
        assert (note.line, note.column) == case.place


@pytest.mark.parametrize("body", [b"", b" \n", b"null", b"0", b'{"a": [1.50, "NaN", {"a": 2}]}'])
def test_a_good_body_and_an_empty_one_have_no_notes(body: bytes) -> None:
    assert find_json_notes(make_request(body, JSON)) == ()


def test_only_json_is_looked_at() -> None:
    assert find_json_notes(make_request(b"{", "text/plain")) == ()
    assert find_json_notes(make_request(b"{", "application/problem+json")) != ()
    coded = make_request(b"{", JSON, headers=(("Content-Encoding", "gzip"),))
    assert find_json_notes(coded) == (), "that it is not gzip is told already"


def test_a_body_that_we_cut_is_not_called_broken() -> None:
    request = replace(make_request(b'{"a": [1, 2', JSON), truncated=True, body_size=99)
    (note,) = find_json_notes(request)
    assert note.code == "cut_off"


def test_repeated_names_beyond_a_few_are_counted() -> None:
    inner = b",".join(b'{"k": 1, "k": 2, "k": 3}' for _ in range(50))
    notes = find_json_notes(make_request(b"[" + inner + b"]", JSON))
    assert [note.name for note in notes] == [*(f"{index}.k" for index in range(10)), ""]
    assert "3 times" in notes[0].message
    assert notes[-1].message == "And 80 more of this kind."


def test_names_repeated_in_what_was_dropped_are_counted() -> None:
    notes = find_json_notes(make_request(b'{"a": {"b": 1, "b": 2}, "a": 3}', JSON))
    assert [note.name for note in notes] == ["a", ""]
    assert notes[-1].message == "And 1 more of this kind."


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(VALUES.map(json.dumps), st.integers(0, 80), st.binary(max_size=3))
def test_a_body_that_is_not_read_has_a_note(text: str, at: int, put: bytes) -> None:
    body = text.encode()
    request = make_request(body[:at] + put + body[at:], JSON)
    notes = find_json_notes(request)
    if request.json is None and request.body.strip() not in (b"", b"null"):
        assert notes
    for note in notes:
        assert len(note.message) < 300
        assert note.message.isprintable()
