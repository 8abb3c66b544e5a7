"""Why a request is among the results: the field, and what in it was looked for."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain import CapturedRequest
from inspector.errors import InspectorError
from inspector.reading.query import parse_query
from inspector.reading.reasons import MAX_REASONS, Parts, find_reasons
from tests.reading.captures import make_form, make_request

TICKET = make_form(
    ("ticket[id]", "5"),
    ("ticket[subject]", "Hierarchy problem"),
    ("ticket[agent][name]", "Annie Edison"),
    ("custom_data", ""),
    headers=(("X-Deskpro-TicketId", "5"),),
)


def draw(parts: Parts | None) -> str | None:
    return None if parts is None else "".join(f"[{text}]" if hit else text for text, hit in parts)


def draw_reasons(request: CapturedRequest, query: str) -> list[tuple[str | None, str | None]]:
    return [
        (draw(reason.name), draw(reason.text))
        for reason in find_reasons(request, parse_query(query))
    ]


@dataclass(frozen=True)
class Case:
    id: str
    query: str
    reasons: list[tuple[str, str | None]]


CASES = [
    Case("a word in a value", "edi", [("ticket.agent.name", "Annie [Edi]son")]),
    Case("words in a row", '"annie edison"', [("ticket.agent.name", "[Annie Edison]")]),
    Case("a word in a name", "agent", [("ticket.[agent].name", "Annie Edison")]),
    Case("over the name's end", '"id 5"', [("ticket.[id]", "[5]")]),
    Case("a word in the path", "desk", [("", "POST /[desk]pro")]),
    Case("a header", "deskpro-ticketid", [("header:x-[deskpro-ticketid]", "5")]),
    Case("a value", "ticket.id=5", [("ticket.id", "[5]")]),
    Case("a word in a field", "ticket.subject:prob", [("ticket.subject", "Hierarchy [prob]lem")]),
    Case("a greater number", "ticket.id>4", [("ticket.id", "[5]")]),
    Case("a field that is there, empty", "has:custom_data", [("custom_data", "")]),
    Case("another value", "ticket.id!=6", [("ticket.id", "[5]")]),
    Case("no such field", "ticket.nothing!=6", [("ticket.nothing", None)]),
    Case("two terms", "ticket.id=5 hierarchy", [
        ("ticket.id", "[5]"), ("ticket.subject", "[Hierarchy] problem"),
    ]),
    Case("the same twice is said once", "ticket.id=5 ticket.id=5", [("ticket.id", "[5]")]),
    Case("what a list shows anyway", "method:POST path:/deskpro is:form after:1999-01-01", []),
    Case("what is not there", "-zebra -has:zebra -ticket.id=7", []),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_reasons(case: Case) -> None:
    assert parse_query(case.query).matches(TICKET)
    assert draw_reasons(TICKET, case.query) == case.reasons


def test_a_hit_deep_in_a_long_text_is_in_sight() -> None:
    request = make_form(("message", "lorem " * 100 + "needle " + "ipsum " * 100))
    ((_, text),) = draw_reasons(request, "needle")
    assert text is not None
    assert text.startswith("…")
    assert text.endswith("…")
    assert "[needle]" in text
    assert len(text) < 90


def test_a_body_without_fields_is_shown_too() -> None:
    request = make_request(b"plain words", "text/plain")
    assert draw_reasons(request, "words") == [("body", "plain [words]")]


def test_only_so_many_reasons_are_given() -> None:
    request = make_form(*((name, "x") for name in "abcdefgh"))
    query = " ".join(f"has:{name}" for name in "abcdefgh")
    assert len(find_reasons(request, parse_query(query))) == MAX_REASONS


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=30))
def test_nothing_that_was_sent_raises(name: str, value: str, text: str) -> None:
    request = make_request(f"{name}={value}".encode("utf-8", "replace"))
    try:
        query = parse_query(text)
    except InspectorError:
        return
    if not query.matches(request):
        return
    for reason in find_reasons(request, query):
        assert sum(len(part) for part, _ in (*reason.name, *(reason.text or ()))) < 200
