"""What a search suggests: from the language, and from what a bin's requests have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inspector.domain import Bin, CapturedRequest
from inspector.reading.overview.allowance import LEAST_READ, LEAST_READ_BYTES, Allowance
from inspector.reading.overview.values import (
    MAX_VALUES,
    FieldValues,
    KeptValues,
    count_values,
    find_lacks,
)
from inspector.reading.query import parse_query
from inspector.reading.suggestions import MAX_SUGGESTIONS, suggest
from tests.reading.captures import make_request

REQUESTS = [
    make_request(
        f"ticket[agent][id]={agent}&ticket[agent][name]={name}&ticket[id]={number}"
        f"&ticket[status]=awaiting_agent".encode(),
        request_line=f"{'PUT' if number == 0 else 'POST'} /deskpro HTTP/1.1",
        headers=(("X-Kind", "update"),),
    )
    for number, (agent, name) in enumerate(
        [(3, "Annie+Edison")] * 3 + [(7, "Troy+Barnes")] + [(3, "Annie+Edison")] * 60
    )
]


@pytest.fixture(scope="module")
def known() -> FieldValues:
    found = count_values(REQUESTS, time_s=60)
    found.is_whole = True
    return found


@dataclass(frozen=True)
class Case:
    typed: str
    first: tuple[str, str]
    query: str = ""


CASES = [
    Case("me", ("method:", "the method")),
    Case("method:", ("method:POST", "63 requests")),
    Case("method:pu", ("method:PUT", "1 request")),
    Case("agent", ("ticket.agent.id=3", "63 requests")),
    Case("agent:7", ("ticket.agent.id=7", "1 request")),
    Case("agent=7", ("ticket.agent.id=7", "1 request")),
    Case("agent!=7", ("ticket.agent.id!=7", "63 requests")),
    Case("ticket[agent][id]=", ("ticket.agent.id=3", "63 requests")),
    Case("barn", ('ticket.agent.name="Troy Barnes"', "1 request")),
    Case("status:aw", ("ticket.status=awaiting_agent", "64 requests")),
    Case("ticket.id", ("ticket.id=", "many different values")),
    Case("has:stat", ("has:ticket.status", "64 requests")),
    Case("header:x-k", ("header:X-Kind=update", "64 requests")),
    Case("is:pin", ("is:pinned", "")),
    Case("after:", ("after:10m", "in the last ten minutes")),
    Case("is:form -agent:7", ("ticket.agent.id=7", "1 request"), "is:form -ticket.agent.id=7"),
    Case(
        "is:json or (agent:7", ("ticket.agent.id=7", "1 request"), "is:json or (ticket.agent.id=7"
    ),
    Case("agent 7", ("ticket.agent.id=7", "1 request")),
    Case("is:form -agent 7", ("ticket.agent.id=7", "1 request"), "is:form -ticket.agent.id=7"),
    Case("status aw", ("ticket.status=awaiting_agent", "64 requests")),
    Case(
        "x or barn",
        ('ticket.agent.name="Troy Barnes"', "1 request"),
        'x or ticket.agent.name="Troy Barnes"',
    ),
    Case('agent:"troy b', ('ticket.agent.name="Troy Barnes"', "1 request")),
]


@pytest.mark.parametrize("case", CASES, ids=attrgetter("typed"))
def test_the_likeliest_comes_first(known: FieldValues, case: Case) -> None:
    found = suggest(known, case.typed)
    assert (found[0].term, found[0].meaning) == case.first
    assert found[0].query == (case.query or case.first[0])


def test_counts_of_a_part_say_so() -> None:
    assert suggest(count_values(REQUESTS, time_s=60), "agent:7")[0].meaning == "1 of the newest 64"
    assert not count_values(REQUESTS, time_s=0).is_whole


def test_a_busy_machine_counts_some_requests_all_the_same() -> None:
    assert count_values(REQUESTS, time_s=0).read == LEAST_READ
    large = make_request(b"a=" + b"x" * LEAST_READ_BYTES)
    assert count_values([large] * 5, time_s=0).read == 1


def test_counts_that_were_cut_short_go_on_when_they_are_asked_for_again(
    known: FieldValues, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.reading.overview.values.Allowance", lambda _: Allowance(-1.0))
    created_at = datetime(2026, 1, 1, tzinfo=UTC)
    bin_ = Bin(1, "deskpro", False, created_at, 500, last_number=64, request_count=64)
    kept = KeptValues()
    looks = [kept.find(bin_, lambda count: REQUESTS[:count]) for _ in range(5)]
    assert [(look.read, look.is_whole) for look in looks] == [
        (20, False),
        (40, False),
        (60, False),
        (64, True),
        (64, True),
    ]
    assert looks[3].fields == known.fields
    changed = bin_._replace(last_number=65, request_count=65)
    assert kept.find(changed, lambda count: REQUESTS).read == LEAST_READ


def test_nothing_is_suggested_where_nothing_is_known() -> None:
    assert [each.term for each in suggest(FieldValues(), "")][:2] == ["method:", "has:"]
    assert suggest(FieldValues(), "zebra") == []
    assert suggest(FieldValues(), "/zeb") == []


def test_what_cannot_be_typed_is_not_suggested() -> None:
    body = b'{"a\\u202eb": "x", "note": "say \\"hi\\"", "line": "two\\nlines", "lone": "\\ud800"}'
    known = count_values([make_request(body, "application/json")])
    for typed in ("a", "note", "line", "lone", "sa", "two", "x"):
        for each in suggest(known, typed):
            assert each.term.isprintable()
            assert each.is_open or parse_query(each.query) is not None


def test_fields_of_many_names_and_values_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.reading.overview.values.MAX_NAMES", 100)
    body = ("{" + ",".join(f'"k{number}": {number}' for number in range(4000)) + "}").encode()
    known = count_values([make_request(body, "application/json")] * 3, time_s=60)
    assert len(known.fields) == len(known.values) == 100
    many = [make_request(b"n=%d" % number) for number in range(200)]
    assert len(count_values(many, time_s=60).values["n"]) == MAX_VALUES + 1


@pytest.mark.parametrize("before", ["\x1b ", "-- ", '"" '])
def test_nothing_completes_a_query_that_cannot_be_searched(before: str) -> None:
    known = count_values(REQUESTS[:4], time_s=60)
    assert all(each.is_open for each in suggest(known, before + "agent"))


@given(st.text(max_size=60))
@example("\x1b i")
def test_any_text_has_its_suggestions(typed: str) -> None:
    known = count_values(REQUESTS[:4], time_s=60)
    found = suggest(known, typed)
    assert len(found) <= MAX_SUGGESTIONS
    assert all(each.is_open or parse_query(each.query, is_typed=True) for each in found)


def test_a_request_lacks_what_those_like_it_have() -> None:
    def make(body: str, *headers: tuple[str, str], verb: str = "POST") -> CapturedRequest:
        line = f"{verb} /deskpro HTTP/1.1"
        return make_request(body.encode(), headers=headers, request_line=line)

    base = "ticket[id]=1&list[0][a]=1"
    whole = f"{base}&ticket[sla][id]=2&ticket[sla][name]=x&custom_data="
    requests = [
        *(make(whole, ("X-Deskpro-TicketId", "5")) for _ in range(6)),
        *(make(base) for _ in range(6)),
        make(f"{base}&once=1"),
        *(make("far=1", verb="PUT") for _ in range(5)),
    ]
    known = count_values(requests, time_s=60)
    lacks = {each.name: (each.present, each.count) for each in find_lacks(make(base), known)}
    assert lacks == {
        "ticket.sla": (6, 13),
        "custom_data": (6, 13),
        "header:X-Deskpro-TicketId": (6, 13),
    }
    full = make(whole + "&ticket[sla][id]=3", ("x-deskpro-ticketid", ""))
    assert find_lacks(full, known) == []
    other = make("far=2", verb="PATCH")
    assert find_lacks(other, known) == []


def test_what_tells_requests_apart_comes_first_and_empty_fields_never() -> None:
    known = count_values(
        [
            make_request(b"agent[url]=" + b"x" * 99 + b"&agent[none]=&agent[on]=1&agent[by]=" + by)
            for by in (b"a", b"b")
        ],
        time_s=60,
    )
    assert [each.term for each in suggest(known, "agent")] == [
        "agent.by=a",
        "agent.by=b",
        "agent.on=1",
    ]
