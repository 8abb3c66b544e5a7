import os

import pytest

from inspector.domain.content import parse_media_type
from inspector.domain.detection import detect
from inspector.domain.multipart import split_parts
from inspector.domain.texts import decode_text_body

LOG = b"2024-05-01 10:00 ticket 5 was answered\n" * 300


def read(data: bytes, kind: str = "") -> str | None:
    return decode_text_body(data, parse_media_type(kind))


@pytest.mark.parametrize(
    ("data", "kind", "text"),
    [
        ("José".encode(), "text/plain", "José"),
        ("José".encode("latin-1"), "text/csv; charset=ISO-8859-1", "José"),
        ("a;ž".encode("cp1250"), "text/csv; charset=windows-1250", "a;ž"),
        ("é;ž".encode("utf-16"), "text/csv", "é;ž"),
        ("é;ž".encode("utf-16-be"), "text/csv; charset=UTF-16BE", "é;ž"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>', "text/xml", "é"),
        (b"<?xml version='1.0' encoding='windows-1252'?><a>\x80</a>", "", "€"),
    ],
)
def test_a_charset_that_is_named_is_believed(data: bytes, kind: str, text: str) -> None:
    found = read(data, kind)
    assert found is not None
    assert text in found


@pytest.mark.parametrize("odd", [b"\xe9", b"\0", b"\xf0\x9f\x98", b"\x01"])
def test_one_odd_byte_does_not_make_a_text_binary(odd: bytes) -> None:
    text = read(LOG + odd)
    assert text is not None
    assert text.startswith(LOG.decode())
    assert text.encode("utf-8", "surrogateescape") == LOG + odd


def test_a_short_text_may_have_an_odd_byte_where_its_type_says_text() -> None:
    assert read(b"caf\xe9 5", "text/plain") == "caf\udce9 5"
    assert read(b"caf\xe9 5") is None


@pytest.mark.parametrize(
    "data",
    [b"\x89PNG\r\n\x1a\n\0\0\0", b"\0", b"\xff" * 9, os.urandom(5_000), b"\xff\xfe\0", b"\0a" * 50],
)
def test_binary_stays_binary(data: bytes) -> None:
    assert read(data, "application/octet-stream") is None


@pytest.mark.parametrize("label", ["utf-7", "zlib", "idna", "rot13", "x" * 9_999, "\0", "utf-16\0"])
def test_a_charset_that_is_none_is_never_looked_up(label: str) -> None:
    assert read(b"abc", f"text/plain; charset={label}") == "abc"


def test_a_files_name_is_read_in_its_own_charset() -> None:
    head = b"Content-Disposition: form-data; name=\"f\"; filename*=iso-8859-1'en'%E9t%E9.txt"
    body = b"--B\r\n" + head + b"\r\n\r\nx\r\n--B--"
    assert split_parts(body, "B").parts[0].filename == "été.txt"


def test_gzip_without_its_header_is_told_and_only_when_it_is_whole() -> None:
    import gzip

    data = gzip.compress(b'{"a":1}')
    detected = detect(data, parse_media_type("application/json"))
    assert detected is not None
    assert detected.type == "application/gzip"
    assert "Content-Encoding: gzip" in detected.reason
    assert detect(data[:-4], parse_media_type("application/json")) is None
    assert detect(data, parse_media_type("application/gzip")) is None
