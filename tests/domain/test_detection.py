import pytest

from inspector.domain.content import parse_media_type
from inspector.domain.detection import (
    FORM_TYPE,
    JSON_TYPE,
    LINES_TYPE,
    XML_TYPE,
    detect,
    is_well_formed,
    parse_lines,
)


def found(body: bytes, declared: str = "") -> str | None:
    detected = detect(body, parse_media_type(declared))
    return None if detected is None else detected.type


@pytest.mark.parametrize("declared", ["", "text/plain; charset=UTF-8", "application/octet-stream"])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a":1}', JSON_TYPE),
        (b'\xef\xbb\xbf [{"a": "b=c&d=e"}]\r\n', JSON_TYPE),
        (b'{"a":1}\n{"a":2}\n', LINES_TYPE),
        (b"<order><id>5</id></order>", XML_TYPE),
        (b'<?xml version="1.0"?>\n<a xmlns="urn:x"/>', XML_TYPE),
        (b"ticket[id]=5&ticket[subject]=Printer+on+fire", FORM_TYPE),
        (b"a=1", FORM_TYPE),
        (b"a=&b=%C3%A9", FORM_TYPE),
        (b"a=x&b=&c=%C3%A9", FORM_TYPE),
        (b"aGVsbG8=", None),
        (b"aGVsbG8gd29ybGQ==", None),
        (b"E = mc2", None),
        (b"hello", None),
        (b"5", None),
        (b'{"a":1', None),
        (b'{"a":1}\n{"a":', None),
        (b"[ERROR] 5 [x]", None),
        (b"<b>bold</i>", None),
        (b"<!DOCTYPE html><html></html>", None),
        (b"<html><body>x</body></html>", None),
        (b"", None),
        (b"   ", None),
        (b"\0\xff{}", None),
    ],
)
def test_a_body_is_told_by_the_whole_of_it(
    body: bytes, declared: str, expected: str | None
) -> None:
    assert found(body, declared) == expected


def test_json_that_curl_sends_as_a_form_is_told_with_what_to_do() -> None:
    detected = detect(b'{"a":1}', parse_media_type(FORM_TYPE))
    assert detected is not None
    assert detected[:2] == (JSON_TYPE, FORM_TYPE)
    assert "-H 'Content-Type: application/json'" in detected.reason


def test_without_a_type_nothing_is_declared() -> None:
    detected = detect(b'{"a":1}', parse_media_type(""))
    assert detected is not None
    assert detected.declared is None
    assert "without a Content-Type" in detected.reason


@pytest.mark.parametrize(
    ("body", "declared"),
    [
        (b'{"a":1}', "application/json"),
        (b'{"a":1}\n{"a":2}', "application/x-ndjson"),
        (b'{"a":1}', "application/cloudevents+json"),
        (b"<a/>", "text/xml"),
        (b"<a/>", "image/svg+xml"),
        (b"a=1&b=2", FORM_TYPE),
        (b'{"a":1}', "multipart/form-data; boundary=x"),
    ],
)
def test_nothing_is_told_of_a_body_that_is_as_declared(body: bytes, declared: str) -> None:
    assert found(body, declared) is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b"a=1&b=2", FORM_TYPE), (b'{"a":1}\n{"b":2}', LINES_TYPE), (b"<a>1</a>", XML_TYPE)],
)
def test_other_bodies_under_the_type_of_json_are_told(body: bytes, expected: str) -> None:
    assert found(body, "application/json") == expected


def test_xml_with_entities_is_refused_before_they_are_resolved() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]><x>&l9;</x>'.encode()
    outside = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    assert not is_well_formed(bomb)
    assert not is_well_formed(outside)
    assert not is_well_formed(b"<a>" * 100_000 + b"</a>" * 100_000)


@pytest.mark.parametrize(
    "body",
    [
        b"a=1&" * 500_000 + b"\n!",
        b"%" * 500_000,
        b"a[" * 500_000 + b"=",
        b"{" * 500_000 + b"}" * 500_000,
        b"[," + b"\n" * 500_000 + b"]",
        b"{}\n" * 200_000,
        b'<?xml version="1.0" encoding="zlib"?><a/>',
        b"<" + b" a='1'" * 200_000,
    ],
)
def test_hostile_bodies_are_told_nothing_of(body: bytes) -> None:
    assert found(body) is None


def test_lines_keep_their_numbers_and_are_bounded() -> None:
    assert parse_lines(b'{"a":1.50}\n\n[2]') == [{"a": 1.5}, [2]]
    assert parse_lines(b'{"a":1}\n5') is None
    assert parse_lines(b"[]\n" * 100_001) is None
