"""XML and binary formats wherever JSON is read: tree, search, comparison, waits, exports."""

from __future__ import annotations

from typing import Any

import pytest

from inspector.exports.table import list_fields
from inspector.reading.compare import compare_requests
from inspector.reading.detail import find_detail
from inspector.reading.fields import Name, find_text
from inspector.reading.json_notes import explain_unread
from inspector.reading.matching import RequestMatch
from inspector.reading.query import parse_query
from inspector.reading.tree import build_reading
from tests.reading.captures import make_request

ORDER = b"""<?xml version="1.0"?>
<order id="7" xmlns:p="urn:pay"><p:total>12.50</p:total>
<item>Cup</item><item>Tea</item><note><![CDATA[{"gift": "yes"}]]></note></order>"""
MESSAGEPACK = bytes.fromhex("82 a2 6964 07 a4 6e616d65 c4 02 ff 00".replace(" ", ""))


def make_order(body: bytes = ORDER, kind: str = "application/xml", number: int = 1) -> Any:
    return make_request(body, kind, number=number)


@pytest.mark.parametrize("kind", ["application/xml", "text/xml; charset=utf-8", "text/plain", ""])
def test_xml_is_a_tree(kind: str) -> None:
    reading = build_reading(make_order(kind=kind))
    shown = {row.path: (row.kind, row.text) for row in reading.rows if not row.opens}
    assert reading.source == "xml"
    assert shown == {
        'order["@id"]': ("text", "7"),
        'order["@xmlns:p"]': ("text", "urn:pay"),
        'order["p:total"]': ("text", "12.50"),
        "order.item.0": ("text", "Cup"),
        "order.item.1": ("text", "Tea"),
        "order.note.gift": ("text", "yes"),
    }


@pytest.mark.parametrize(
    "query",
    [
        "order.item[]=Tea",
        'order["p:total"]=12.50',
        'order["p:total"]>12',
        'order["p:total"]:12',
        'order["@id"]=7',
        "order.@id=7",
        "has:order.note.gift",
        "tea",
        "is:xml",
    ],
)
def test_xml_is_found_by_search(query: str) -> None:
    assert parse_query(query).matches(make_order())
    assert (
        not parse_query(query).matches(make_order(b"<order/>", "text/plain")) or query == "is:xml"
    )


def test_an_element_that_came_once_is_found_as_one_of_a_list() -> None:
    request = make_order(b"<order><item>Tea</item></order>")
    assert parse_query("order.item[]=Tea").matches(request)
    assert not parse_query("order.item[]=Cup").matches(request)
    assert RequestMatch(where={"order.item[]": "Tea"}).find_differences(request) == []


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (ORDER, "order"),
        (b"<order><title>Tea for two</title></order>", "Tea for two"),
        (b"<s:Envelope xmlns:s='u'><s:Header/><s:Body><x:Pay xmlns:x='v'/></s:Body></s:Envelope>",
         "Pay"),
        (b"<Envelope/>", "Envelope"),
        (b"<a><b></a>", "POST /deskpro"),
    ],
)  # fmt: skip
def test_xml_is_titled_by_what_it_is_about(body: bytes, title: str) -> None:
    assert make_order(body).title == title


def test_two_orders_are_compared_field_by_field() -> None:
    found = compare_requests(make_order(), make_order(ORDER.replace(b"Tea", b"Rum"), number=2))
    body = next(section for section in found.sections if section.title == "Body")
    assert [(entry.label, entry.status) for entry in body.entries] == [("order.item.1", "changed")]


def test_a_field_of_xml_has_names_for_tests_and_jq() -> None:
    detail = find_detail(make_order(), ("order", "p:total"))
    assert detail is not None
    names = dict(detail.names)
    assert names["Inspector"] == 'order["p:total"]'
    assert names["pytest (Inspector)"] == 'request.at("order[\\"p:total\\"]")'
    assert names["jq on Inspector's JSON"] == '.parsed.value.order["p:total"]'


def test_a_match_and_a_table_look_into_binary_formats() -> None:
    request = make_request(MESSAGEPACK, "application/msgpack")
    assert RequestMatch(where={"id": 7}).find_differences(request) == []
    assert list_fields(request) == {"id": "7", "name": "ff00"}
    rows = {row.key: row.kind for row in build_reading(request).rows}
    assert rows == {"id": "number", "name": "bytes"}
    assert find_text(request, Name("body", ("name",))) == "ff00"


def test_a_body_that_cannot_be_read_says_why() -> None:
    request = make_order(b"<a><b></a>")
    assert build_reading(request).source is None
    assert request.parsed.problem == (
        "The body cannot be read as XML: an end tag does not fit (line 1)."
    )
    assert explain_unread(request).startswith("the body cannot be read as XML")
    entities = make_order(b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>')
    assert "never resolved" in entities.parsed.problem


def test_a_body_in_latin_1_is_read_in_it() -> None:
    body = '<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>'.encode("latin-1")
    assert make_order(body).parsed.value == {"a": "é"}
    assert make_order("<a>é</a>".encode("utf-16")).parsed.value == {"a": "é"}
