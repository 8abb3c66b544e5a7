"""What was exported comes back, and what others saved can be looked at."""

from __future__ import annotations

import contextlib
import json
from base64 import b64encode
from dataclasses import dataclass, replace
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.capture import Capture
from inspector.errors import InspectorError
from inspector.exports import export_request
from inspector.exports.har import render_har
from inspector.exports.saved import is_line, read_lines, read_saved, to_line
from tests.reading.captures import make_request, make_sample

NOW_US = 1_700_000_000_000_000
REQUESTS = [
    make_sample(),
    make_request(b"\x00\xff\r\n", "application/octet-stream"),
    make_request(b'{"a": 1}', "application/json"),
    make_request(b"", ""),
]
ARCHIVE = "".join(render_har(REQUESTS, "http://127.0.0.1:8787")).encode()


def read(data: bytes) -> list[Capture]:
    return list(read_saved(data, "b2", NOW_US))


def test_an_archive_of_ours_comes_back() -> None:
    captures = read(ARCHIVE)
    for capture, request in zip(captures, REQUESTS, strict=True):
        assert capture.raw_head == request.raw_head
        assert capture.read_body() == request.body
        assert capture.received_us == request.received_us
        assert (capture.bin_name, capture.fidelity) == ("b2", "imported")


def test_an_archive_of_ours_brings_bytes_back_that_are_no_utf_8() -> None:
    head = b"POST /deskpro/x?n=1 HTTP/1.1\r\nX-Name: caf\xe9\r\nX-Other: \xc3\xa9\r\n"
    archive = "".join(render_har([replace(make_request(), raw_head=head)], "http://127.0.0.1:8787"))
    (capture,) = read(archive.encode())
    assert capture.raw_head == head
    changed = json.loads(archive)
    changed["log"]["entries"][0]["request"]["headers"][0]["value"] = "tea"
    (capture,) = read(json.dumps(changed).encode())
    assert b"\r\nX-Name: tea\r\nX-Other: \xc3\xa9\r\n" in capture.raw_head


def test_what_cannot_be_read_is_left_out_when_asked() -> None:
    good = '{"request_line": "GET /a HTTP/1.1"}'
    long = json.dumps({"request_line": "GET /" + "x" * 70_000 + " HTTP/1.1"})
    left_out: list[str] = []
    lines = "\n".join([good, '{"a', good, '{"request_line": "GET / HTTP/1.1", "time": "x"}', long])
    found = list(read_saved(lines.encode(), "b2", NOW_US, left_out=left_out))
    assert [each.raw_head for each in found] == [b"GET /a HTTP/1.1\r\n"] * 2
    assert [each.split(" is ")[0] for each in left_out] == ["Line 2", "Line 4", "Line 5"]
    entry = {"request": {"method": "GET", "url": "https://example.com/"}}
    archive = {"log": {"entries": [{"request": {}}, entry, 5, {"request": {"method": "A B"}}]}}
    left_out = []
    (only,) = read_saved(json.dumps(archive).encode(), "b2", NOW_US, left_out=left_out)
    assert only.raw_head.startswith(b"GET / HTTP/1.1\r\nHost: example.com\r\n")
    assert [each.split(" is ")[0] for each in left_out] == ["Entry 1", "Entry 3", "Entry 4"]


def test_a_raw_request_of_ours_comes_back() -> None:
    (capture,) = read(export_request(REQUESTS[1], "raw", "http://127.0.0.1:8787").data)
    assert capture.raw_head == REQUESTS[1].raw_head
    assert capture.read_body() == REQUESTS[1].body


CHUNKED = b"PUT /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
LENGTH_3 = b"PUT /x HTTP/1.1\nContent-Length: 3\n\n"


@pytest.mark.parametrize(
    ("data", "body", "chunked"),
    [
        (CHUNKED + b"3\r\na\r\n\r\n2;x=y\r\n\x00\xff\r\n0\r\n\r\n", b"a\r\n\x00\xff", True),
        (CHUNKED + b"0\r\n\r\n", b"", True),
        (CHUNKED + b"a=1", b"a=1", False),
        (CHUNKED + b"3\r\nab", b"3\r\nab", False),
        (LENGTH_3 + b"a=1\n", b"a=1", False),
        (LENGTH_3 + b"a=1\nb", b"a=1\nb", False),
        (LENGTH_3 + b"a", b"a", False),
        (b"PUT /x HTTP/1.1\r\n\r\na=1\n", b"a=1\n", False),
    ],
)
def test_a_raw_body_is_what_was_sent(data: bytes, body: bytes, chunked: bool) -> None:
    (capture,) = read(data)
    assert (capture.read_body(), capture.chunked) == (body, chunked)


@pytest.mark.parametrize("form", ["raw", "har"])
def test_a_chunked_request_comes_back(form: str) -> None:
    head = b"POST /deskpro HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
    request = replace(make_request(b"0\r\n\r\n\xff"), raw_head=head, chunked=True)
    (capture,) = read(export_request(request, form, "http://127.0.0.1:8787").data)
    assert (capture.raw_head, capture.chunked) == (request.raw_head, True)
    assert capture.read_body() == request.body


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("many", [True, False])
def test_what_the_api_answers_is_read(many: bool, indent: int | None) -> None:
    entry = {"request_line": "GET /a HTTP/1.1", "raw_headers": [["A", "1"]]}
    captures = read(json.dumps([entry, entry] if many else entry, indent=indent).encode())
    assert len(captures) == (2 if many else 1)
    assert captures[0].raw_head == b"GET /a HTTP/1.1\r\nA: 1\r\n"


def test_our_lines_come_back_byte_for_byte() -> None:
    heads = b"POST /x HTTP/1.1\r\nX-Latin: caf\xe9\r\nX-Fold: a\r\n b\r\nx-dup: 1\r\nX-Dup: 2\r\n"
    before = Capture("b1", 5, heads, lambda: b"\x00\xff", 2, peer="10.0.0.1", chunked=True)
    (after,) = read(to_line(before).encode())
    assert after.raw_head == heads
    assert (after.read_body(), after.received_us, after.peer) == (b"\x00\xff", 5, "10.0.0.1")
    assert after.chunked is True


@pytest.mark.parametrize(
    ("said", "head"),
    [
        ("caf\xe9", b"GET /a HTTP/1.1\r\nX-Name: caf\xe9\r\n"),
        ("tea", b"GET /a HTTP/1.1\r\nX-Name: tea\r\n"),  # changed by hand
    ],
)
def test_a_header_in_latin_1_comes_back_as_it_was(said: str, head: bytes) -> None:
    entry = {
        "request_line": "GET /a HTTP/1.1",
        "raw_headers": [["X-Name", said]],
        "head_base64": b64encode(b"GET /a HTTP/1.1\r\nX-Name: caf\xe9\r\n").decode(),
    }
    (capture,) = read(json.dumps(entry).encode())
    assert capture.raw_head == head


def test_a_browsers_archive_is_read() -> None:
    entry = {
        "startedDateTime": "2026-05-01T10:00:00.5+02:00",
        "request": {
            "method": "POST",
            "url": "https://shop.example/a b?x=1#frag",
            "httpVersion": "h2",
            "headers": [
                {"name": ":authority", "value": "shop.example"},
                {"name": "x-evil", "value": "a\r\nInjected: yes"},
            ],
            "postData": {
                "mimeType": "application/x-www-form-urlencoded",
                "params": [{"name": "a[b]", "value": "1 2"}, {"name": "c"}],
            },
        },
    }
    (capture,) = read(json.dumps({"log": {"entries": [entry]}}).encode())
    head = b"POST /a%20b?x=1 HTTP/2\r\nHost: shop.example\r\nx-evil: a Injected: yes\r\n"
    assert capture.raw_head == head
    assert capture.read_body() == b"a%5Bb%5D=1+2&c="
    assert capture.received_us == 1_777_622_400_500_000


def test_lines_are_read_no_sooner_than_asked_for() -> None:
    lines = iter([to_line(capture).encode() for capture in read(ARCHIVE)] + [b"nonsense"])
    captures = read_lines(lines, "b2", NOW_US)
    assert next(captures).read_body() == REQUESTS[0].body
    assert is_line(next(lines))
    assert not is_line(b"GET / HTTP/1.1")
    assert not is_line(b'{"log": {}}')


@dataclass(frozen=True)
class Wrong:
    id: str
    data: bytes
    says: str


WRONG = [
    Wrong("nothing", b" \n", "The file is empty"),
    Wrong("a letter", b"Dear Sir or Madam", "This is no HTTP request"),
    Wrong("other JSON", b'{"a": 1}', "Request 1 is no request"),
    Wrong("a list of others", b'[{"request_line": "GET / HTTP/1.1"}, 5]', "Request 2 is no"),
    Wrong("a broken list", b"[1, 2", "Line 1 is no request"),
    Wrong("a broken line", b'{"request_line": "GET / HTTP/1.1"}\n{"a"', "Line 2 is no request"),
    Wrong(
        "a body that is not base64",
        b'{"request_line": "GET / HTTP/1.1", "body_base64": "%%"}',
        "Request 1 is no request that can be read",
    ),
    Wrong("an archive without entries", b'{"log": {}}', "no list of entries"),
    Wrong("an entry without URL", b'{"log": {"entries": [{"request": {}}]}}', "it has no 'method'"),
    Wrong(
        "a method with a line end",
        b'{"log": {"entries": [{"request": {"method": "A\\r\\nB", "url": "/"}}]}}',
        "is no method",
    ),
]


@pytest.mark.parametrize("case", WRONG, ids=attrgetter("id"))
def test_what_is_no_such_file_is_explained(case: Wrong) -> None:
    with pytest.raises(InspectorError, match=case.says) as caught:
        read(case.data)
    assert caught.value.code == "invalid_file"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
)
KEYS = ["request_line", "raw_headers", "time", "refused", "body_size", "body_base64"]


@pytest.mark.slow
@given(
    st.binary(max_size=200)
    | st.builds(
        lambda fields: json.dumps({"request_line": "GET / HTTP/1.1", **fields}).encode(),
        st.dictionaries(st.sampled_from(KEYS), JSON),
    )
    | st.builds(lambda entry: json.dumps({"log": {"entries": [entry]}}).encode(), JSON)
)
def test_any_file_is_read_or_explained(data: bytes) -> None:
    with contextlib.suppress(InspectorError):
        for capture in read(data):
            capture.read_body()
