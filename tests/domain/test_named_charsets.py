"""Charsets that fields and parts name for their neighbours, and those that JSON and HTML tell."""

from __future__ import annotations

from typing import Any

import pytest

from inspector.forms.named_charsets import find_named_charset, read_charsets
from inspector.reading.content import find_content, find_other_texts
from inspector.reading.query import parse_query
from tests.reading.captures import FORM_TYPE, make_request

PARTS = "multipart/form-data; boundary=b"


def make_parts(*parts: tuple[str, bytes], kind: str = "") -> Any:
    line = f"\r\nContent-Type: {kind}" if kind else ""
    body = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
        % (name.encode(), line.encode(), value)
        for name, value in parts
    )
    return make_request(body + b"--b--", PARTS)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"charset=windows-1252&first_name=Jos%E9+%80", "José €"),
        (b"first_name=Jos%E9+%80&charset=windows-1252", "José €"),
        (b"_charset_=iso-8859-1&first_name=Jos%E9", "José"),
        (b"charset=windows-1252&first_name=Jos%C3%A9", "José"),
        (b"charset=klingon&first_name=Jos%E9", "Jos\udce9"),
        (b"my_charset=windows-1252&first_name=Jos%E9", "Jos\udce9"),
    ],
)
def test_a_form_is_read_in_the_charset_that_a_field_names(body: bytes, name: str) -> None:
    request = make_request(body, FORM_TYPE)
    assert request.form is not None
    assert request.form.value["first_name"] == name
    noted = [note.code for note in request.list_form_notes(request.form)]
    assert ("charset_named" in noted) == (b"%C3" not in body and "\udce9" not in name)
    assert parse_query("first_name=José").matches(request) is (name == "José")


def test_the_type_is_believed_before_a_field() -> None:
    request = make_request(b"charset=windows-1252&a=%80", FORM_TYPE + "; charset=iso-8859-1")
    assert request.form is not None
    assert request.form.value["a"] == "\x80"


def test_a_list_of_charsets_speaks_of_each_field() -> None:
    charsets = b'{"to":"UTF-8","subject":"iso-8859-1","text":"windows-1252"}'
    request = make_parts(
        ("charsets", charsets),
        ("to", "José".encode()),
        ("subject", b"Jos\xe9"),
        ("text", b"\x80"),
        ("html", b"\xe9"),
    )
    assert request.form.value == {
        "charsets": charsets.decode(),
        "to": "José",
        "subject": "José",
        "text": "€",
        "html": "\udce9",
    }
    assert [(note.code, note.name) for note in request.form.notes][:2] == [
        ("charset_named", "subject"),
        ("charset_named", "text"),
    ]
    assert [pair.raw_value for pair in request.form.pairs][2] == b"Jos\xe9"


def test_a_part_is_read_in_its_own_charset_and_in_that_of_the_form() -> None:
    own = make_parts(("a", b"Jos\xe9"), kind='text/plain; charset="ISO-8859-1"')
    assert own.form.value == {"a": "José"}
    of_form = make_parts(("_charset_", b"iso-8859-1"), ("a", b"Jos\xe9"))
    assert of_form.form.value["a"] == "José"
    assert of_form.form_as("flat").value["a"] == ["José"]


@pytest.mark.parametrize("value", [b"[", b"[" * 5_000, b"[1]", b'{"a": 1}', b"x" * 20_000, b"\xff"])
def test_no_list_of_charsets_is_an_error(value: bytes) -> None:
    assert read_charsets([(b"charsets", value)]) == {}


def test_a_charset_named_a_million_times_is_found_at_once() -> None:
    assert find_named_charset(b"charset=&" * 100_000 + b"charset=latin1&a=%e9") == "iso8859-1"


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_json_in_wide_characters_is_text(charset: str) -> None:
    request = make_request('{"a":"é"}'.encode(charset), "application/json")
    assert request.json == {"a": "é"}
    assert request.body_text == '{"a":"é"}'


def test_json_as_text_in_utf_16_is_detected() -> None:
    request = make_request('{"a":"é"}'.encode("utf-16"), "text/plain; charset=utf-16")
    assert find_content(request) == ("json", {"a": "é"})


def test_html_tells_its_charset() -> None:
    body = '<html><head><meta charset="iso-8859-1"></head>é'.encode("latin-1")
    assert list(find_other_texts(make_request(body, "text/html"))) == [body.decode("latin-1")]
