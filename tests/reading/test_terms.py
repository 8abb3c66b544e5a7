"""Terms for a field that someone looks at find the request that it is in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.reading.fields import BODY, Name, iterate_fields
from inspector.reading.query import parse_query
from inspector.reading.terms import MAX_VALUE_CHARS, find_terms
from tests.reading.captures import make_form, make_sample


@pytest.mark.parametrize(
    ("path", "value", "equals"),
    [
        (("ticket", "agent", "id"), "3", "ticket.agent.id=3"),
        (("ticket", "subject"), "Printer on fire", 'ticket.subject="Printer on fire"'),
        (("custom_data",), "", "custom_data="),
        (("ticket", "subject"), 'He said "no"', ""),
        (("ticket", "subject"), "x" * (MAX_VALUE_CHARS + 1), ""),
    ],
)
def test_a_value_is_asked_for_where_the_language_can(
    path: tuple[str, ...], value: str, equals: str
) -> None:
    request = make_form((path[0] + "".join(f"[{key}]" for key in path[1:]), value))
    name = Name(BODY, path)
    assert find_terms(request, name) == (f"has:{name}", equals)


def test_every_field_of_the_sample_can_be_asked_for() -> None:
    request = make_sample()
    for place, path, text in iterate_fields(request):
        has, equals = find_terms(request, Name(place, path))
        assert parse_query(has).matches(request)
        assert equals or len(text) > MAX_VALUE_CHARS or "[]" in path


SENT = st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace").decode())


@given(SENT.filter(bool), SENT)
def test_a_term_finds_its_request_whatever_was_sent(key: str, value: str) -> None:
    request = make_form((key, value))
    for place, path, _ in iterate_fields(request):
        for term in find_terms(request, Name(place, path)):
            assert not term or parse_query(term).matches(request)
