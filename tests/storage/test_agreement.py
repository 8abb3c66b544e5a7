"""A search by an index finds what a search by reading finds, whatever a field holds."""

from __future__ import annotations

import json
from typing import Any

from inspector.capture import Capture
from inspector.domain import Bin
from inspector.reading.fields import MAX_FIELDS
from inspector.reading.query import parse_query
from inspector.storage.outcomes import Stored
from inspector.storage.search.indexes import open_index
from inspector.web.services import Services

JSON_HEAD = b"POST /b1?q[a]=1&q[b]=2 HTTP/1.1\r\nContent-Type: application/json\r\n"
FORM_HEAD = JSON_HEAD.replace(b"application/json", b"application/x-www-form-urlencoded")

BODIES: list[Any] = [
    {"ticket": {"agent": {"id": 3, "name": "Ann Lee"}, "subject": "Printer", "tags": ["a", "b"]}},
    {"ticket": {"agent": {"id": 3}, "tags": [], "subject": "x", "empty": {}}},
    {"ticket": {"agent": "3, Ann Lee", "tags": ["a, b"]}},
    {"people": [{"id": 3, "name": "Ann"}, {"id": 4, "name": "Bob"}], "more": [[1, 2], [3]]},
    {"wide": {str(n): n for n in range(25)}, "deep": {"wide": list(range(21))}},
    {"_": ""},
    {"text": '{"in": {"a": 1, "b": 2}}'},
    {"agent_id": {"id": {"value": 7}}, "odd-name": {"_": {"x": 1}}, "5": {"6": {"7": "x"}}},
    {f"f{n}": n for n in range(MAX_FIELDS + 10)},
]
FORMS = [
    b"ticket[agent][id]=3&ticket[agent][name]=Ann+Lee&ticket[tags][]=a&ticket[tags][]=b",
    b"ticket[agent][7]=3&ticket[agent][9]=Ann&ticket[subject]=Printer",
]
QUERIES = [
    'ticket.agent="3, Ann Lee"',
    "ticket.agent=3",
    'ticket.agent:"3 ann"',
    'ticket.agent:"3 an"',
    "ticket.agent:lee",
    "ticket.agent>2",
    'ticket.tags="a, b"',
    'ticket.tags:"a b"',
    "ticket.tags=",
    "ticket.empty=",
    'people[]="3, Ann"',
    'people.1="4, Bob"',
    'people="3, Ann, 4, Bob"',
    'people[]:"4 bob"',
    'more[]="1, 2"',
    'more="1, 2, 3"',
    'text.in="1, 2"',
    "agent_id.id=7",
    "agent_id=7",
    "odd-name=1",
    "5.6=x",
    "5=x",
    'query:q="1, 2"',
    'query:q:"1 2"',
    "_=",
    "query:q:2",
    "query:q",
    'ticket.agent="3, Ann"',
    f"f{MAX_FIELDS + 5}={MAX_FIELDS + 5}",
    f"has:f{MAX_FIELDS + 5}",
    f"f{MAX_FIELDS + 5}>1",
    f"f{MAX_FIELDS - 1}={MAX_FIELDS - 1}",
    'wide="0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, …"',
    'deep.wide:"18 19"',
]


def store(services: Services, head: bytes, body: bytes) -> None:
    capture = Capture("b1", 1_000_000, head, lambda: body, len(body))
    assert isinstance(services.writer.store(capture), Stored)


def search(services: Services, bin_: Bin, text: str) -> list[int]:
    found = services.search.find(bin_, parse_query(text), limit=500, time_s=60)
    return [request.number for request in found.requests]


def read(services: Services, bin_: Bin, text: str) -> list[int]:
    query = parse_query(text)
    page = services.requests.page(bin_, limit=500)
    return [request.number for request in page.requests if query.matches(request)]


def index_all(services: Services) -> None:
    index = open_index(services.engine, services.requests, services.bins)
    assert index is not None
    services.search.index = index
    while index.fill():
        pass


def test_a_list_or_a_map_is_found_by_its_values_joined(services: Services) -> None:
    services.bins.create("b1")
    for body in BODIES:
        store(services, JSON_HEAD, json.dumps(body).encode())
    for form in FORMS:
        store(services, FORM_HEAD, form)
    index_all(services)
    bin_ = services.bins.get("b1")
    by_reading = {text: read(services, bin_, text) for text in QUERIES}
    assert {text: search(services, bin_, text) for text in QUERIES} == by_reading
    assert not [text for text, found in by_reading.items() if not found]
