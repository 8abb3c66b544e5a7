from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain.formats.values import ExcessError, FormatError, TypedText
from inspector.domain.formats.xml import MAX_XML_DEPTH, DeclaredEntitiesError, parse_xml

CASES = [
    ("an element with text is the text", "<a>x &amp; y</a>", {"a": "x & y"}),
    ("an empty element is empty", "<a/>", {"a": ""}),
    ("attributes", '<a id="7">x</a>', {"a": {"@id": "7", "#text": "x"}}),
    ("elements of one name are a list", "<a><b>1</b><b>2</b></a>", {"a": {"b": ["1", "2"]}}),
    (
        "a prefix stays, and so does its namespace",
        '<s:a xmlns:s="urn:x"><s:b/></s:a>',
        {"s:a": {"@xmlns:s": "urn:x", "s:b": ""}},
    ),
    ("CDATA is its text", "<a><![CDATA[<b> & ]]></a>", {"a": "<b> &"}),
    ("mixed content", "<a>x<b>y</b>z</a>", {"a": {"b": "y", "#text": "xz"}}),
    ("comments are left out", "<a><!-- no --><b>1</b></a>", {"a": {"b": "1"}}),
    ("white space between elements", "<a>\n <b>1</b>\n</a>", {"a": {"b": "1"}}),
    (
        "a declaration says nothing here",
        '<?xml version="1.0" encoding="latin1"?><a>é</a>',
        {"a": "é"},
    ),
    (
        "a document type without declarations",
        '<!DOCTYPE a SYSTEM "http://x/y"><a>1</a>',
        {"a": "1"},
    ),
    ("an entity from elsewhere stays", '<!DOCTYPE a SYSTEM "x"><a>&b;</a>', {"a": "&b;"}),
]


@pytest.mark.parametrize(("text", "value"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_xml_as_nested_data(text: str, value: object) -> None:
    assert parse_xml(text) == value


def test_cdata_is_told_apart() -> None:
    value = parse_xml("<a><b><![CDATA[x]]></b><c>x</c></a>")["a"]
    assert isinstance(value["b"], TypedText)
    assert value["b"].kind == "CDATA"
    assert not isinstance(value["c"], TypedText)


HOSTILE = {
    "entities": ('<!DOCTYPE a [<!ENTITY b "x">]><a>&b;</a>', DeclaredEntitiesError),
    "a file": ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', FormatError),
    "a parameter": ('<!DOCTYPE a [<!ENTITY % b SYSTEM "http://127.0.0.1/">%b;]><a/>', FormatError),
    "attributes with defaults": ('<!DOCTYPE a [<!ATTLIST a b CDATA "x">]><a/>', FormatError),
    "depth": ("<a>" * (MAX_XML_DEPTH + 1) + "</a>" * (MAX_XML_DEPTH + 1), ExcessError),
    "many": (f"<a>{'<b/>' * 100_001}</a>", ExcessError),
    "cut off": ("<a><b>", FormatError),
    "nothing": ("x", FormatError),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_xml_is_refused(case: str) -> None:
    text, error = HOSTILE[case]
    with pytest.raises(error):
        parse_xml(text)


@given(st.text(alphabet="<>/a&;b[]!CDAT-?\"' =x\udce9é", max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    with contextlib.suppress(FormatError):
        parse_xml(text)
