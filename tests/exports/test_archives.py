"""HTTP Archives that others wrote: what they say arrives, or is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inspector.capture import Capture
from inspector.domain import Message
from inspector.exports.saved import read_saved

NOW_US = 1_700_000_000_000_000


def read(request: dict[str, Any], **entry: Any) -> tuple[Capture, Message]:
    """The one request of an archive, and how it reads."""
    sent = {"method": "POST", "url": "https://shop.test:8443/hook?a=1", **request}
    archive = {"log": {"entries": [{"request": sent, **entry}]}}
    (capture,) = read_saved(json.dumps(archive).encode(), "b1", NOW_US)
    return capture, Message(raw_head=capture.raw_head, body=capture.read_body())


def say(capture: Capture) -> str:
    return " ".join(note.message for note in capture.wire.notes)


@pytest.mark.parametrize(
    ("headers", "host"),
    [
        ([{"name": ":authority", "value": "api.test"}], "api.test"),
        ([{"name": "accept", "value": "*/*"}], "shop.test:8443"),
        ([{"name": "host", "value": "own.test"}, {"name": ":authority", "value": "x"}], "own.test"),
    ],
)
def test_the_host_is_there(headers: list[dict[str, str]], host: str) -> None:
    _, message = read({"headers": headers})
    assert [value for name, value in message.raw_headers if name.lower() == "host"] == [host]


@pytest.mark.parametrize(
    ("version", "read_as"),
    [
        ("h2", "2"),
        ("HTTP/2", "2"),
        ("http/2.0", "2"),
        ("h3", "3"),
        ("h3-29", "3"),
        ("http/1.1", "1.1"),
        ("HTTP/1.0", "1.0"),
        ("unknown", "1.1"),
        ("", "1.1"),
    ],
)
def test_versions_are_read_as_each_program_writes_them(version: str, read_as: str) -> None:
    assert read({"httpVersion": version})[1].request_line.endswith(f" HTTP/{read_as}")


PARAMS = [
    {"name": "title", "value": "A ä"},
    {"name": "photo", "fileName": 'a"b.png', "contentType": "image/png"},
    {"name": "note", "fileName": "n.txt", "value": "text"},
]


@pytest.mark.parametrize("boundary", ["; boundary=----x", ""])
def test_fields_of_a_multipart_form_are_parts(boundary: str) -> None:
    kind = f"multipart/form-data{boundary}"
    data = {"mimeType": kind, "params": PARAMS}
    capture, message = read(
        {"headers": [{"name": "Content-Type", "value": kind}], "postData": data}
    )
    assert message.parts is not None
    assert message.parts.problem is None
    found = [(part.name, part.filename, part.data) for part in message.parts.parts]
    assert found == [
        ("title", None, "A ä".encode()),
        ("photo", "a%22b.png", b""),
        ("note", "n.txt", b"text"),
    ]
    assert "no content of the file" in say(capture)
    assert "put together" in say(capture)


def test_fields_of_a_form_stay_urlencoded() -> None:
    data = {
        "mimeType": "application/x-www-form-urlencoded",
        "params": [{"name": "a", "value": "1"}],
    }
    assert read({"postData": data})[1].body == b"a=1"


def test_what_is_left_out_is_named() -> None:
    capture, _ = read(
        {"bodySize": 1234, "cookies": [{"name": "a", "value": "b"}]}, _webSocketMessages=[{}, {}]
    )
    assert (capture.body_size, capture.truncated) == (1234, True)
    for text in ("1,234 bytes of body", "1 cookies", "2 messages of a WebSocket"):
        assert text in say(capture)


def test_a_character_may_stand_for_each_byte_that_was_sent() -> None:
    text = bytes(range(256)).decode("latin-1")
    assert read({"bodySize": 256, "postData": {"text": text}})[1].body == bytes(range(256))
    assert read({"postData": {"text": "caf\xe9"}})[1].body == "café".encode()


@pytest.mark.parametrize(
    ("length", "data", "said"),
    [
        ("298", {}, "298 bytes of body were sent, and has none"),
        ("6", {"text": "ab"}, "6 bytes were sent; its text has 2"),
        ("9" * 5000, {"text": "ab"}, None),
        ("many", {}, None),
    ],
)
def test_a_body_that_is_not_all_there_is_told_by_its_length(
    length: str, data: dict[str, str], said: str | None
) -> None:
    capture, _ = read({"headers": [{"name": "Content-Length", "value": length}], "postData": data})
    assert said is None or said in say(capture)
    assert said is not None or "were sent" not in say(capture)


def test_a_query_that_only_the_list_has_is_there() -> None:
    listed = [{"name": "q", "value": "a b"}]
    assert read({"url": "https://x.test/p", "queryString": listed})[1].target == "/p?q=a+b"
    assert read({"queryString": listed})[1].target == "/hook?a=1"


@pytest.mark.parametrize("date", ["yesterday", "2024-13-01", 5, None, "0001-01-01T00:00:00+23:59"])
def test_an_odd_date_refuses_nothing(date: Any) -> None:
    capture, _ = read({}, startedDateTime=date)
    if date != "0001-01-01T00:00:00+23:59":
        assert capture.received_us == NOW_US
        assert "it got that of the import" in say(capture)
