"""HTTP Archives and tables: as their specifications have them, and harmless."""

from __future__ import annotations

import csv
import io
import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from inspector.domain import CapturedRequest
from inspector.exports import export_request
from inspector.exports.har import render_har
from inspector.exports.table import FIXED, OTHERS, list_fields, render_csv, render_row
from tests.reading.captures import make_form, make_request, make_sample

BASE = "http://127.0.0.1:8787"
SCHEMA = Draft202012Validator(
    json.loads((Path(__file__).parent / "har_schema.json").read_text(encoding="utf-8"))
)

REQUESTS = [
    make_sample(),
    make_request(b"\x00\xff", "application/octet-stream"),
    make_request(request_line="GET /deskpro/a?x=1&x=%26&y HTTP/1.0", content_type=""),
    make_request(headers=(("Cookie", "a=1; b=x%20y"), ("Cookie", "c"))),
    make_request(request_line="PURGE http://h/deskpro\u202e|x HTTP/1.1"),
    make_request(b'{"a": "\\ud800"}', "application/json"),
    make_request(request_line="broken"),
]


def read_har(requests: list[CapturedRequest]) -> dict[str, Any]:
    har = json.loads("".join(render_har(requests, BASE)))
    SCHEMA.validate(har)
    assert isinstance(har, dict)
    return har


def test_an_archive_is_as_the_specification_has_it() -> None:
    entries = read_har(REQUESTS)["log"]["entries"]
    assert len(entries) == len(REQUESTS)
    assert read_har([])["log"]["entries"] == []


def test_an_entry_says_what_was_sent() -> None:
    request = make_request(
        b"ticket[id]=5",
        request_line="PUT /deskpro/a?x=1&x=%26 HTTP/1.1",
        headers=(("X-A", "1"), ("x-a", "2"), ("Cookie", "s=1")),
    )
    (entry,) = read_har([request])["log"]["entries"]
    assert entry["startedDateTime"] == "2014-07-02T09:01:49.000000+00:00"
    sent = entry["request"]
    assert sent["method"] == "PUT"
    assert sent["url"] == f"{BASE}/deskpro/a?x=1&x=%26"
    assert sent["httpVersion"] == "HTTP/1.1"
    assert [(each["name"], each["value"]) for each in sent["headers"]][-3:-1] == [
        ("X-A", "1"),
        ("x-a", "2"),
    ]
    assert sent["queryString"] == [{"name": "x", "value": "1"}, {"name": "x", "value": "&"}]
    assert sent["cookies"] == [{"name": "s", "value": "1"}]
    assert sent["postData"]["text"] == "ticket[id]=5"
    assert sent["bodySize"] == 12
    assert sent["headersSize"] == len(request.raw_head) + 2


def test_a_body_that_is_no_text_is_whole_in_an_archive() -> None:
    (entry,) = read_har([make_request(b"\x00\xff", "image/png")])["log"]["entries"]
    posted = entry["request"]["postData"]
    assert posted["_encoding"] == "base64"
    assert b64decode(posted["text"]) == b"\x00\xff"


def test_one_request_is_an_archive_too() -> None:
    made = export_request(make_sample(), "har", BASE)
    SCHEMA.validate(json.loads(made.data))
    assert made.media_type == "application/har+json"


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_no_bytes_make_an_archive_that_is_none(head: bytes, body: bytes) -> None:
    request = make_request(body)
    object.__setattr__(request, "raw_head", head)
    read_har([request])


def read_csv(requests: list[CapturedRequest]) -> list[dict[str, str]]:
    text = "".join(render_csv(lambda: requests))
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_table_has_a_column_for_each_field_of_any_request() -> None:
    rows = read_csv(
        [
            make_form(("ticket[id]", "5"), ("custom_data", "")),
            make_request(b'{"a": {"b": [1, null]}, "c": true}', "application/json"),
            make_request(b"hello", "text/plain", request_line="PUT /deskpro/x?y=1 HTTP/1.1"),
        ]
    )
    assert list(rows[0]) == [*FIXED, "ticket[id]", "custom_data", "a[b][0]", "a[b][1]", "c"]
    assert [row["ticket[id]"] for row in rows] == ["5", "", ""]
    assert [row["a[b][0]"] for row in rows] == ["", "1", ""]
    assert [row["body"] for row in rows] == ["", "", "hello"]
    assert (rows[2]["method"], rows[2]["path"], rows[2]["query"]) == ("PUT", "/deskpro/x", "y=1")
    assert rows[0]["received_at"] == "2014-07-02T09:01:49.000000+00:00"
    assert rows[0]["remote_addr"] == "127.0.0.1"


def test_values_of_a_repeated_name_share_a_cell() -> None:
    assert list_fields(make_form(("a", "1"), ("b", "x"), ("a", "2"))) == {"a": "1\n2", "b": "x"}


def test_a_table_keeps_what_has_no_column_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.exports.table.MAX_COLUMNS", 2)
    rows = read_csv([make_form(("a", "1"), ("b", "2"), ("c", "3")), make_form(("d", "4"))])
    assert list(rows[0]) == [*FIXED, "a", "b", OTHERS]
    assert [row[OTHERS] for row in rows] == ['{"c": "3"}', '{"d": "4"}']


FULL_WIDTH = "\uff1d\uff0b\uff0d\uff20"


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", *FULL_WIDTH])
def test_no_cell_is_a_formula(cell: str) -> None:
    rows = read_csv([make_form((cell, cell), ("x", cell))])
    assert rows[0]["x"] == f"'{cell}"
    assert rows[0][f"'{cell}"] == f"'{cell}"


@pytest.mark.parametrize(
    "blank", ["\xa0", "\u3000", "\u200b", "\ufeff", "\u202e", "\xad", "\u2003 "]
)
@pytest.mark.parametrize("start", ["", "x;", "x\n"])
def test_no_formula_hides_behind_what_shows_nothing(start: str, blank: str) -> None:
    (row,) = csv.reader(io.StringIO(render_row([f"{start}{blank}=1+1"]), newline=""))
    assert row == [f"{start}{blank}'=1+1"]


@pytest.mark.parametrize("start", ["", "x;", 'x;"', "x; ", "\t", "x\t", "\r", "\n", "x\n", 'x,\n"'])
@pytest.mark.parametrize("sign", ["=1+1", "+1", "-1", "@SUM(A1)", *FULL_WIDTH])
def test_no_cell_is_a_formula_however_the_file_is_split(start: str, sign: str) -> None:
    text = "".join(render_csv(lambda: [make_form(("a", start + sign), (start + sign, "x"))]))
    for delimiter in ",;\t":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            for cell in row:
                assert cell.lstrip('" ')[:1] not in ("=", "+", "-", "@", *FULL_WIDTH), cell


def test_a_sign_within_a_cell_is_left_alone() -> None:
    assert render_row(["1-2", "a=b", "", "5"]) == "1-2,a=b,,5\r\n"


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
def test_a_row_reads_back(cells: list[str]) -> None:
    (row,) = csv.reader(io.StringIO(render_row(cells), newline=""))
    assert len(row) == len(cells)
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in row)
