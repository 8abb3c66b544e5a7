"""A place with several values: every test asks each of them, in search and in matches alike."""

import json
from operator import attrgetter
from typing import Any, NamedTuple

import pytest

from inspector.capture import Capture
from inspector.domain import CapturedRequest
from inspector.reading.matching import RequestMatch
from inspector.reading.query import parse_query
from inspector.storage.records import read_capture
from inspector.web.api.wait import WaitQuery, make_match

DATA = {
    "tags": ["red", "green"],
    "list": [{"n": 1}, {"n": 2}],
    "nums": [10, 20, 1.50],
    "commits": [{"author": {"name": "Abed"}}, {"author": {"name": "Annie Edison"}}],
    "ticket": {"agent": {"agentgroup_ids": ["1", "4"]}},
    "none": [],
    "said": "请帮助我重置密码",
}
HEAD = (
    b"POST /b1?t[]=a&t[]=b&u=1&u=2 HTTP/1.1\r\nContent-Type: application/json\r\n"
    b"X-Many: one\r\nX-Many: two\r\n"
)


@pytest.fixture(scope="module")
def request_() -> CapturedRequest:
    body = json.dumps(DATA).encode()
    return read_capture(Capture("b1", 0, HEAD, lambda: body, len(body)), 1, 1)


FOUND = """
tags[]=green
tags[]=red
tags[]:green
list[].n=2
list[].n>1
nums[]>15
nums[]<2
nums[]=1.5
commits[].author.name=Abed
commits[].author.name="Annie Edison"
commits[].author.name:edison
ticket.agent.agentgroup_ids[]=4
query:t[]=b
header:X-Many=two
header:X-Many:one
list[].n!=3
tags[]!=blue
none[]!=1
has:tags[]
重置
密码
said=请帮助我重置密码
帮助我
"""
MISSED = """
tags[]=blue
tags[]:"red green"
list[].n!=1
tags[]!=green
header:X-Many!=two
query:t[]!=a
nums[]>20
list[].n<1
has:none[]
none[]=1
置重
码密
"""


@pytest.mark.parametrize("text", FOUND.split("\n")[1:-1])
def test_a_search_finds_any_of_the_values(request_: CapturedRequest, text: str) -> None:
    assert parse_query(text).matches(request_)


@pytest.mark.parametrize("text", MISSED.split("\n")[1:-1])
def test_a_search_that_no_value_fits_finds_nothing(request_: CapturedRequest, text: str) -> None:
    assert not parse_query(text).matches(request_)


class Case(NamedTuple):
    id: str
    match: dict[str, Any]
    fits: bool = True


CASES = [
    Case("an element of a list", {"where": {"tags[]": "green"}}),
    Case("a field of any element", {"where": {"list[].n": 2}}),
    Case("all elements as a list", {"where": {"tags[]": ["red", "green"]}}),
    Case("no element", {"where": {"list[].n": 3}}, False),
    Case("absent in all elements", {"where": {"list[].m": None}}),
    Case("not absent in all", {"where": {"list[].n": None}}, False),
    Case("a function", {"where": {"nums[]": lambda value: value > 15}}),
    Case("one of a repeated header", {"headers": {"X-Many": "two"}}),
    Case("all of a repeated header", {"headers": {"x-many": "one, two"}}),
    Case("a repeated header that is not absent", {"headers": {"X-Many": None}}, False),
    Case("one of a repeated query name", {"query": {"u": "2"}}),
    Case("all of a repeated query name", {"query": {"u": ["1", "2"]}}),
]


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_a_match_fits_any_of_the_values(request_: CapturedRequest, case: Case) -> None:
    assert (not RequestMatch(**case.match).find_differences(request_)) is case.fits


@pytest.mark.parametrize("where", ["tags[]=green", "list[].n=2", "nums[]=1.5"])
def test_a_waiting_call_asks_each_value_too(request_: CapturedRequest, where: str) -> None:
    assert not make_match(WaitQuery(where=(where,))).find_differences(request_)
