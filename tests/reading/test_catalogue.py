import sys
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain import CapturedRequest
from inspector.reading.nodes import split_words
from inspector.reading.overview.catalogue import (
    MAX_DISTINCT,
    MAX_FIELDS,
    SORTS,
    Catalogue,
    FieldStatistics,
    filter_fields,
    sort_fields,
)
from tests.reading.captures import make_form, make_request, make_sample


def fold(*requests: CapturedRequest) -> Catalogue:
    catalogue = Catalogue()
    for request in requests:
        catalogue.add(request)
    return catalogue


def find(catalogue: Catalogue, name: str) -> FieldStatistics:
    return next(each for each in catalogue.fields.values() if str(each.name) == name)


def make_ticket(number: int, ticket: str, agent: str) -> CapturedRequest:
    return make_form(("ticket[id]", ticket), ("ticket[agent][id]", agent), number=number)


def test_a_field_is_counted_by_request_and_by_value() -> None:
    catalogue = fold(
        make_form(("a", "x"), number=4),
        make_form(("a", ""), number=5),
        make_form(("a", "y"), ("b", ""), number=6),
        make_form(("c", "1"), number=9),
    )
    field = find(catalogue, "a")
    assert (field.present, field.empty, field.distinct, field.many) == (3, 1, 3, False)
    assert (field.first_number, field.last_number) == (4, 6)
    assert field.examples == ["x", "y"]
    assert find(catalogue, "b").examples == []
    assert (catalogue.request_count, catalogue.first_number, catalogue.last_number) == (4, 4, 9)


def test_elements_of_a_list_are_one_field() -> None:
    field = find(fold(make_form(("a[0][id]", "1"), ("a[1][id]", "2"))), "a[].id")
    assert (field.present, field.distinct) == (1, 2)


def test_a_field_varies_when_requests_that_have_it_differ() -> None:
    catalogue = fold(
        make_form(("same", "x"), ("list[]", "1"), ("list[]", "2"), ("other", "1"), number=1),
        make_form(("same", "x"), ("list[]", "1"), ("list[]", "2"), ("other", ""), number=2),
        make_form(("once", "1"), number=3),
    )
    varying = {str(each.name) for each in catalogue.fields.values() if each.varies}
    assert varying == {"other"}


def test_headers_and_queries_are_fields_too() -> None:
    catalogue = fold(
        make_request(request_line="GET /x?q=1 HTTP/1.1", headers=(("X-Deskpro-TicketId", "5"),))
    )
    assert find(catalogue, "query:q").examples == ["1"]
    assert find(catalogue, "header:x-deskpro-ticketid").examples == ["5"]
    assert not [each for each in catalogue.fields.values() if str(each.name) == "header:host"]


def test_a_change_is_one_within_the_same_ticket() -> None:
    catalogue = fold(
        make_ticket(1, "5", "3"),
        make_ticket(2, "6", "4"),
        make_ticket(3, "5", "3"),
        make_ticket(4, "6", "9"),
        make_ticket(5, "5", "3"),
    )
    agent = find(catalogue, "ticket.agent.id")
    assert (agent.changes, agent.changed_from, agent.changed_in) == (1, 2, 4)
    assert find(catalogue, "ticket.id").changes == 0


def test_coming_and_going_are_changes() -> None:
    catalogue = fold(make_form(("a", "1"), number=1), make_form(number=2), make_form(("a", "1")))
    assert find(catalogue, "a").changes == 2


def test_a_field_that_came_up_lately_is_new() -> None:
    numbers = count(1)
    catalogue = fold(*(make_form(("a", "1"), number=next(numbers)) for _ in range(50)))
    assert not catalogue.is_new(find(catalogue, "a"))
    catalogue.add(make_form(("b", "1"), number=next(numbers)))
    assert catalogue.is_new(find(catalogue, "b"))
    for _ in range(3):
        catalogue.add(make_form(("a", "1"), number=next(numbers)))
    assert not catalogue.is_new(find(catalogue, "b"))


def test_nothing_is_new_in_a_bin_with_few_requests() -> None:
    catalogue = fold(make_form(number=1), make_form(("a", "1"), number=2))
    assert not catalogue.is_new(find(catalogue, "a"))


def test_distinct_values_are_told_apart_up_to_a_limit() -> None:
    catalogue = fold(*(make_form(("a", str(index)), number=index + 1) for index in range(99)))
    field = find(catalogue, "a")
    assert (field.distinct, field.many) == (MAX_DISTINCT, True)
    assert len(field.examples) == 3


def test_what_is_kept_is_bounded() -> None:
    catalogue = Catalogue()
    for number in range(1, 6):
        pairs = ((f"f{number}_{index}", "x" * 5_000) for index in range(1_000))
        catalogue.add(make_form(*pairs, number=number))
    assert len(catalogue.fields) == MAX_FIELDS
    assert catalogue.hidden == 3_001  # Of 5,000 and a header.
    assert (
        max(sys.getsizeof(text) for each in catalogue.fields.values() for text in each.examples)
        < 500
    )


@pytest.mark.parametrize("sort", [*SORTS, "", "nonsense"])
@pytest.mark.parametrize("descending", [True, False])
def test_every_sort_keeps_every_field(sort: str, descending: bool) -> None:
    fields = fold(make_sample()).fields.values()
    assert len(sort_fields(fields, sort, descending=descending)) == len(fields)


def test_fields_are_sorted_as_asked_and_otherwise_as_one_thinks() -> None:
    catalogue = fold(
        make_form(("z", "1"), ("ticket[x]", ""), ("ticket[id]", "1"), number=1),
        make_form(("z", "2"), number=2),
    )
    fields = list(catalogue.fields.values())
    usual = [str(each.name) for each in sort_fields(fields, "", descending=False)]
    assert usual == ["ticket.id", "ticket.x", "z", "header:content-type"]
    distinct = sort_fields(fields, "distinct", descending=True)
    assert str(distinct[0].name) == "z"
    assert str(sort_fields(fields, "path", descending=True)[0].name) == "z"


def test_fields_are_filtered_by_name_and_example() -> None:
    fields = list(fold(make_sample()).fields.values())
    names = [str(each.name) for each in filter_fields(fields, split_words("email BOSS"))]
    assert names == ["ticket.participants[].person.primary_email.email"]


@given(st.binary(), st.sampled_from(["application/json", "application/x-www-form-urlencoded"]))
def test_no_request_makes_the_catalogue_raise(body: bytes, kind: str) -> None:
    fold(make_request(body, kind), make_request(body[::-1], kind))
