"""What a bin is told to answer is checked when it is told, not when it is sent."""

from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.answers.rules import NO_RULES, answer_always, dump_rules, load_rules
from inspector.domain.answers.answer import Answer, describe_given
from inspector.domain.answers.documents import make_answer, parse_header_lines
from inspector.errors import InspectorError


@dataclass(frozen=True)
class Wrong:
    id: str
    given: dict[str, Any]
    code: str


WRONG = [
    Wrong("an interim status", {"status": 100}, "invalid_status"),
    Wrong("no status at all", {"status": 600}, "invalid_status"),
    Wrong("a moment in the past", {"delay_s": -1.0}, "invalid_delay_s"),
    Wrong("for ever", {"delay_s": 301.0}, "invalid_delay_s"),
    Wrong("no number", {"delay_s": float("nan")}, "invalid_delay_s"),
    Wrong("a body beyond the limit", {"body": "ä" * 500_001}, "invalid_body"),
    Wrong("too many headers", {"headers": [("X-A", "b")] * 51}, "invalid_headers"),
    Wrong("a header beyond the limit", {"headers": [("X-A", "b" * 8_000)]}, "invalid_headers"),
    Wrong("a name with a blank", {"headers": [("X A", "b")]}, "invalid_headers"),
    Wrong("a nameless header", {"headers": [("", "b")]}, "invalid_headers"),
    Wrong("a second header in a value", {"headers": [("X-A", "b\r\nC: d")]}, "invalid_headers"),
    Wrong("a line feed at the end", {"headers": [("X-A", "b\n")]}, "invalid_headers"),
    Wrong("a NUL", {"headers": [("X-A", "b\0")]}, "invalid_headers"),
    Wrong("what Latin-1 has not", {"headers": [("X-A", "✓")]}, "invalid_headers"),
    Wrong("the framing, insisted on", {"headers": [("Content-Length", "5")]}, "invalid_headers"),
    Wrong("a cookie", {"headers": [("Set-Cookie", "a=b")]}, "header_reaches_further"),
    Wrong("all is wiped", {"headers": [("Clear-Site-Data", '"*"')]}, "header_reaches_further"),
    Wrong("a worker", {"headers": [("Service-Worker-Allowed", "/")]}, "header_reaches_further"),
]


@pytest.mark.parametrize("wrong", WRONG, ids=attrgetter("id"))
def test_what_cannot_be_sent_is_refused_with_its_field(wrong: Wrong) -> None:
    with pytest.raises(InspectorError) as raised:
        make_answer(**wrong.given)
    assert raised.value.code == wrong.code
    assert raised.value.details["field"] in wrong.given


def test_framing_is_the_servers_whoever_insists() -> None:
    with pytest.raises(InspectorError, match="set by the server itself"):
        make_answer(headers=[("Transfer-Encoding", "chunked")], insisted=True)


def test_who_insists_may_set_a_cookie() -> None:
    answer = make_answer(headers=[("Set-Cookie", "a=b")], insisted=True)
    assert answer.sendable_headers() == (("Set-Cookie", "a=b"),)


@pytest.mark.parametrize(("status", "body"), [(200, b"ok\n"), (204, b""), (503, b"")])
def test_without_a_body_only_200_says_ok(status: int, body: bytes) -> None:
    assert make_answer(status=status).body == body


@given(
    st.builds(
        make_answer,
        status=st.integers(200, 599),
        headers=st.lists(st.tuples(st.just("X-A"), st.text("abc \t\xe9", max_size=5)), max_size=3),
        body=st.none() | st.text(),
        delay_s=st.floats(0, 300),
        insisted=st.booleans(),
    )
)
def test_an_answer_is_kept_as_it_was_made(answer: Answer) -> None:
    assert load_rules(dump_rules(answer_always(answer))).usual == answer


def test_the_usual_answer_takes_no_room() -> None:
    assert dump_rules(answer_always(make_answer())) is None
    assert load_rules(None) == NO_RULES


def test_header_lines_are_names_and_values() -> None:
    assert parse_header_lines("A: b\r\n\n  C :d: e\n") == (("A", "b"), ("C", "d: e"))
    with pytest.raises(InspectorError, match="Name: value"):
        parse_header_lines("A: b\nnothing")


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("none", ["nosniff", "none"]),
        ("", ["nosniff", ""]),
        (" NoSniff", [" NoSniff"]),
        ("nosniff", ["nosniff"]),
    ],
)
def test_no_answer_lets_a_browser_guess_its_type(value: str, sent: list[str]) -> None:
    """Of several lines browsers heed the first alone."""
    answer = Answer(headers=(("X-Content-type-options", value),))
    headers = describe_given(answer).headers
    assert [given for name, given in headers if name.lower().startswith("x-content-t")] == sent
