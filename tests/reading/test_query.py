"""The search language: what each term finds, and how a wrong one is explained."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.capture import Refusal
from inspector.domain import CapturedRequest
from inspector.errors import InspectorError
from inspector.reading.marks import find_marks, method_mark
from inspector.reading.query import AllOf, AnyOf, Lookup, Mark, parse_query
from inspector.reading.words import WORD, Phrase, has_phrase, searched_lines
from tests.reading.captures import make_captured

NOW = datetime(2026, 5, 10, 12, tzinfo=UTC)
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
BODY = (
    b"ticket[id]=5&ticket[subject]=Hierarchy+problem&ticket[agent][id]=3&ticket[workflow]="
    b"&ticket[participants][0][person][name]=Abed+Nadir&ticket[agent][email]=annie%40example.com"
    b"&ticket[total_user_waiting]=3600&custom_data="
)


def make_request(
    body: bytes = BODY, *, head: bytes = b"", refusal: Refusal | None = None
) -> CapturedRequest:
    line = b"POST /b1/hook%20s?page=2 HTTP/1.1\r\n"
    return make_captured(
        line + FORM + b"X-Deskpro-TicketId: 5\r\n" + head,
        body,
        bin_name="b1",
        received_us=int(NOW.timestamp() * 1_000_000),
        refusal=refusal,
        pinned=True,
        note="Call them later",
    )


FOUND = r"""
hierarchy
HIERARCHY prob
"hierarchy problem"
annie@example.com
example.com
subject
nadir
hook
method:POST
method:post
path:/hook
path:"hook s"
header:X-Deskpro-TicketId=5
header:x-deskpro-ticketid=5
header:X-Deskpro-TicketId
header:Content-Type:urlencoded
query:page=2
ticket.agent.id=3
ticket[agent][id]=3
ticket.subject="Hierarchy problem"
ticket.subject:problem
ticket.participants.0.person.name:Abed
ticket.participants[].person.name="Abed Nadir"
ticket.workflow=
custom_data=
ticket.agent.id!=4
ticket.nothing!=4
ticket.total_user_waiting>3599
ticket.total_user_waiting<3601
has:custom_data
has:ticket.agent
has:ticket.participants[].person
is:form
is:ticket
-is:json
-method:GET
-zebra
after:2026-05-10
before:2026-05-11
after:2026-05-10T11:59:59Z
after:1h
ticket.agent.id=3 method:POST hierarchy
zebra or hierarchy
zebra OR (hierarchy method:POST)
(zebra or hierarchy) (method:GET or method:POST)
-(zebra or method:GET)
-(-hierarchy)
-zebra or method:GET
((hierarchy))
zebra or before:2026-05-11
(is:json or has:custom_data) -(is:empty or is:multipart)
"or" or hierarchy
/^hierarchy p.*m$/
/HIER/
/(?-i)Hier/
/subject/
/hook s/
-/zebra|giraffe/
ticket.subject:/^Hier\w+ problem$/
ticket.subject:"/^hierarchy (problem|case)$/"
header:X-Deskpro-TicketId:/^[0-9]$/
before:2026-05-10T14:00:01+02:00
after:11:59 before:12:01
is:pinned
is:noted note:later
note:/^call/ or zebra
is:pinned or is:json
""".strip().splitlines()

NOT_FOUND = """
zebra
archy
"problem hierarchy"
method:GET
path:/other
header:X-Deskpro-TicketId=6
header:X-Other
query:page=3
ticket.agent.id=4
ticket.agent.id=
ticket.agent.id!=3
ticket.subject=hierarchy
ticket.subject:zebra
ticket.nothing=
ticket.total_user_waiting>3600
ticket.subject>1
has:ticket.nothing
is:empty
is:json
is:refused
-hierarchy
before:2026-05-10
after:2026-05-11
ticket.agent.id=3 method:GET
zebra or giraffe
(zebra or hierarchy) method:GET
-(zebra or hierarchy)
zebra or hierarchy method:GET
before:2026-05-10 or zebra
/^problem/
/(?-i)hier/
ticket.subject:/case/
-is:pinned
note:zebra
note:call -is:noted
""".strip().splitlines()


@pytest.mark.parametrize("text", FOUND)
def test_a_query_finds_what_it_names(text: str) -> None:
    assert parse_query(text, now=NOW).matches(make_request())


@pytest.mark.parametrize("text", NOT_FOUND)
def test_a_query_leaves_out_what_it_does_not_name(text: str) -> None:
    assert not parse_query(text, now=NOW).matches(make_request())


def is_found_by(lookup: Lookup, words: list[str], marks: list[str]) -> bool:
    """What an index answers to a lookup."""
    if isinstance(lookup, Mark):
        return lookup.word in marks
    if isinstance(lookup, Phrase):
        return has_phrase(words, lookup)
    found = (is_found_by(part, words, marks) for part in lookup.parts)
    return all(found) if isinstance(lookup, AllOf) else any(found)


@pytest.mark.parametrize("text", FOUND)
def test_an_index_of_words_never_hides_a_match(text: str) -> None:
    words = [word for line in searched_lines(make_request()) for word in WORD.findall(line)]
    query = parse_query(text, now=NOW)
    marks = find_marks(make_request())
    assert query.lookup is None or is_found_by(query.lookup, words, marks)
    assert set(query.excluded).isdisjoint(marks)
    received_us = make_request().received_us
    assert query.after_us is None or query.after_us <= received_us
    assert query.before_us is None or query.before_us > received_us


def test_what_may_be_looked_up_is() -> None:
    query = parse_query("(zebra or hierarchy) (method:PUT or is:json) -is:empty after:2026-05-01")
    assert query.lookup == AllOf(
        (
            AnyOf((Phrase(("zebra",), True), Phrase(("hierarchy",), True))),
            AnyOf((Mark("mput"), Mark("isjson"))),
        )
    )
    assert query.excluded == ("isempty",)
    assert parse_query("zebra or -hierarchy").lookup is None
    assert parse_query("is:pinned zebra").is_annotated
    assert not parse_query("is:pinned or zebra").is_annotated
    assert parse_query("after:2h or after:3h", now=NOW).after_us is not None
    assert parse_query("after:2h or zebra", now=NOW).after_us is None


def test_a_time_is_in_the_zone_of_who_writes_it() -> None:
    new_york = timezone(timedelta(hours=-4))
    eight = parse_query("after:2026-05-10T08:00", now=NOW, zone=new_york)
    assert eight.after_us == int(NOW.timestamp() * 1_000_000)
    assert parse_query("after:8:00", now=NOW, zone=new_york).after_us == eight.after_us
    utc = parse_query("after:2026-05-10T12:00Z", now=NOW, zone=new_york)
    assert utc.after_us == eight.after_us


@pytest.mark.parametrize(
    "text",
    ['"vip sup', "zebra or ", "hierarchy or", "(hierarchy", "(zebra or hierarch", "-(zebra"],
)
def test_a_query_that_is_being_typed_is_read_as_far_as_it_goes(text: str) -> None:
    with pytest.raises(InspectorError):
        parse_query(text)
    parse_query(text, is_typed=True).matches(make_request())


def test_no_pattern_and_no_text_makes_a_search_slow() -> None:
    """Python's own engine would take years over each of these."""
    request = make_request(b"ticket[subject]=" + b"a" * 5000 + b"!")
    for source in (r"(a+)+$", r"(a|aa)+$", r"(a*)*b", "a?" * 200 + "a" * 200 + "b"):
        assert not parse_query(f"ticket.subject:/{source}/").matches(request)


def test_each_method_has_a_mark_of_its_own() -> None:
    methods = ["POST", "M-SEARCH", "MSEARCH", "N4D", "m!", "\xe9", "\udce9", "0"]
    marks = {method_mark(method) for method in methods}
    assert len(marks) == len(methods)
    assert all(mark.isascii() and mark.isalnum() for mark in marks)
    assert method_mark("Post") == method_mark("POST")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (b"application/json", b'{"ticket": {"id": 5}}'),
        (b"application/json", b'{"person_context": {"id": 5}}'),
        (b"application/x-www-form-urlencoded", b"ticket[id]=5"),
        (
            b"multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="ticket[id]"\r\n\r\n5\r\n--x--',
        ),
    ],
)
def test_a_ticket_is_one_however_it_was_written(content_type: bytes, body: bytes) -> None:
    request = replace(
        make_request(body),
        raw_head=b"POST /b1 HTTP/1.1\r\nContent-Type: " + content_type + b"\r\n",
    )
    assert parse_query("is:ticket").matches(request)
    assert not parse_query("-is:ticket").matches(request)


def test_flags_see_what_is_odd() -> None:
    assert parse_query("is:empty").matches(make_request(b""))
    assert parse_query("is:refused").matches(make_request(refusal=Refusal(413, "")))
    assert parse_query("is:binary").matches(make_request(b"\xff\x00"))


def test_the_empty_query_matches_everything_and_is_false() -> None:
    query = parse_query("  ")
    assert not query
    assert query.matches(make_request())


@dataclass(frozen=True)
class Wrong:
    id: str
    text: str
    says: str


WRONG = [
    Wrong("an open quote", 'say "hello', "quote is not closed"),
    Wrong(
        "an unknown filter",
        "agent:3",
        r'There is no filter agent:\. To .*"agent:3".*path: ticket\.agent\.id=3',
    ),
    Wrong(
        "a filter with a slip in it", "metod:POST", r"filter metod:\. Did you mean method:POST\?"
    ),
    Wrong("a filter in capitals", "Header:X-Id=5", r"Did you mean header:X-Id=5\?"),
    Wrong("an unknown flag", "is:odd", "is:odd is not known. There is is:empty"),
    Wrong("nothing after a filter", "method:", "After method: something is missing"),
    Wrong("no number", "ticket.id>abc", "After > comes a number"),
    Wrong("no time", "before:tomorrow", "is no time. Write 2026-05-01"),
    Wrong("a time turned round", "-before:2h", "Instead of -before: write after:"),
    Wrong("no path", "ticket.[=3", "names no field"),
    Wrong("nothing to search for", "...", "no letter or digit"),
    Wrong("an open bracket", "(zebra or giraffe", "bracket is not closed"),
    Wrong("nothing in brackets", "a ()", "stands something to search for"),
    Wrong("nothing beside or", "or zebra", "stands something to search for"),
    Wrong("nothing behind or", "zebra or", 'quotes: "or"'),
    Wrong("too deep", "(" * 11 + "a" + ")" * 11, "at most 10 times"),
    Wrong("no regular expression", "/(/", "no regular expression .* missing"),
    Wrong("what RE2 leaves out", r"/(a)\1/", "no regular expression"),
    Wrong("a pattern that grows", "/((((a{100}){100}){100}){100})/", "no regular expression"),
    Wrong("too long", "x" * 1001, "at most 1000 characters"),
    Wrong("too many terms", "a " * 31, "at most 30 terms"),
]


@pytest.mark.parametrize("case", WRONG, ids=attrgetter("id"))
def test_what_is_wrong_is_explained(case: Wrong) -> None:
    with pytest.raises(InspectorError, match=case.says) as caught:
        parse_query(case.text)
    assert caught.value.code == "invalid_query"


@given(st.text(max_size=80))
def test_any_text_is_a_query_or_is_explained(text: str) -> None:
    with contextlib.suppress(InspectorError):
        parse_query(text).matches(make_request())
