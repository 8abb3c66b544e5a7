"""Bodies made to cost their reader time or memory: they are shown, soon, and as far as it goes."""

from __future__ import annotations

import gzip
import time
from dataclasses import dataclass
from operator import attrgetter

import brotli
import pytest
from flask.testing import FlaskClient

from tests.attacks.conftest import MakeApp

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
PARTS = "multipart/form-data; boundary=x"
MB = 1_000_000
# Most take a tenth of it, on a busy machine too; what goes over a body twice and thrice, minutes.
MAX_CPU_S = 10


@dataclass(frozen=True)
class Case:
    id: str
    media_type: str
    body: bytes
    coding: str = ""


CASES = [
    Case("one word of 9 MB", FORM, b"a=" + b"x" * 9 * MB),
    Case("2 million pairs", FORM, b"a=1&" * (2 * MB)),
    Case("500,000 names", FORM, b"&".join(b"k%d=1" % i for i in range(500_000))),
    Case("9 MB of separators", FORM, b"&" * 9 * MB),
    Case("200,000 brackets", FORM, b"a" + b"[x]" * 200_000 + b"=1"),
    Case("brackets that stay open", FORM, b"a" + b"[" * MB + b"=1"),
    Case("1,000 names, 64 deep", FORM, b"&".join(b"a" + b"[%d]" % i * 64 for i in range(1000))),
    Case("a bomb in gzip", FORM, gzip.compress(b"a=" + b"x" * 40 * MB), "gzip"),
    Case("a bomb in brotli", FORM, brotli.compress(b"x" * 40 * MB), "br"),
    Case("300,000 members of gzip", FORM, gzip.compress(b"") * 300_000, "gzip"),
    Case(
        "gzip in gzip in gzip",
        FORM,
        gzip.compress(gzip.compress(gzip.compress(b"x" * 40 * MB))),
        "gzip, gzip, gzip",
    ),
    Case("3 million lists", JSON, b"[" + b"[]," * 3 * MB + b"1]"),
    Case("5 million brackets deep", JSON, b"[" * 5 * MB),
    Case("a number of 9 million digits", JSON, b"1" * 9 * MB),
    Case("500,000 keys", JSON, b"{" + b",".join(b'"k%d":1' % i for i in range(500_000)) + b"}"),
    Case("a name 499,000 times", JSON, b"{" + b",".join([b'"a":1'] * 499_000) + b"}"),
    Case("names twice, everywhere", JSON, b"[" + b",".join([b'{"a":1,"a":2}'] * 150_000) + b"]"),
    Case("a name of 4 MB twice", JSON, b"{" + b",".join([b'"%s":1' % (b"x" * 4 * MB)] * 2) + b"}"),
    Case("4 million escapes, then no number", JSON, b'["' + b'\\"' * 4 * MB + b'",NaN]'),
    Case("9 million line ends, then no text", JSON, b"\n" * 9 * MB + b"\xff"),
    Case("half a million surrogates", JSON, b'{"a":"' + b"\\ud800" * 500_000 + b'"}'),
    Case(
        "entities of entities",
        "application/xml",
        b'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
        + b"".join(b'<!ENTITY b%d "%s">' % (i, b"&b%d;" % (i - 1) * 10) for i in range(1, 20))
        + b"]><l>&b19;</l>",
    ),
    Case("a million elements deep", "application/xml", b"<a>" * MB),
    Case("1.8 million boundaries", PARTS, b"--x\r\n" * 1_800_000),
    Case("2 million that are almost", PARTS, b"\r\n--" * 2 * MB),
    Case("a million header lines in a part", PARTS, b"--x\r\n" + b"a: b\r\n" * MB),
    Case(
        "a parameter without end",
        PARTS,
        b'--x\r\nContent-Disposition: form-data; name="' + b"\\" * 8 * MB + b"\r\n\r\n1\r\n--x--",
    ),
    Case(
        "quotes without end",
        PARTS,
        b"--x\r\nContent-Disposition: form-data; name=" + b"\"'\\" * 3 * MB + b"\r\n\r\n1\r\n--x--",
    ),
    Case(
        "9 million signs to escape",
        PARTS,
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"%&+=" * 2 * MB,
    ),
    Case(
        "a file at a deep place under a long path",
        PARTS,
        b'--x\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n\r\n1\r\n--x--'
        % (b"[]" * 2 * MB, b"/" * 4 * MB),
    ),
    Case("a boundary of 60 KB", f"multipart/form-data; boundary={'-' * 60_000}", b"-" * 9 * MB),
    Case("a coding with a long way", "text/plain; charset=punycode", b"a" * 500_000),
    Case("a coding that is none of text", "text/plain; charset=zlib", gzip.compress(b"a" * MB)),
    Case("9 million lines", "text/plain", b"\n" * 9 * MB),
    Case("3 million turns of direction", "text/plain", "\u202e".encode() * 3 * MB),
    Case("a megabyte of escapes", "text/plain", b"\x1b[31m" * 200_000),
    Case("15,000 parameters", "a/b" + ";a=b" * 15_000, b"x"),
]
REQUEST_PATHS = (
    "/bins/b1",
    "/bins/b1/fields",
    "/bins/b1/requests/1-1",
    "/api/v1/bins/b1/requests/1-1",
    "/api/v1/bins/b1/requests?q=nothing",
)


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_a_heavy_body_is_shown_soon(client: FlaskClient, case: Case) -> None:
    headers = {"Content-Type": case.media_type, "Content-Encoding": case.coding}
    assert client.post("/b1", data=case.body, headers=headers).status_code == 200
    for path in REQUEST_PATHS:
        began = time.process_time()
        answer = client.get(path)
        size = len(answer.data)
        assert answer.status_code == 200, f"{path}: {answer.text[:200]}"
        assert time.process_time() - began < MAX_CPU_S, path
        # No page grows with what was sent; the API gives all of it, each in its forms.
        assert size < (50_000_000 if path.startswith("/api/") else 1_500_000), path


def test_a_list_of_bombs_is_shown_soon(client: FlaskClient) -> None:
    bomb = gzip.compress(b"ticket[subject]=" + b"x" * 30 * MB)
    headers = {"Content-Type": FORM, "Content-Encoding": "gzip"}
    for _ in range(50):
        client.post("/b1", data=bomb, headers=headers)
    began = time.process_time()
    assert client.get("/bins/b1").status_code == 200
    assert time.process_time() - began < MAX_CPU_S


def test_how_far_a_body_is_decoded_is_a_setting(make_app: MakeApp) -> None:
    client = make_app(max_decoded_bytes=1000).test_client()
    headers = {"Content-Type": "text/plain", "Content-Encoding": "gzip"}
    client.post("/b1", data=gzip.compress(b"x" * 5000), headers=headers)
    found = client.get("/api/v1/bins/b1/requests/1-1").json or {}
    assert found["body"] == "x" * 1000
    assert "1,000 bytes" in client.get("/bins/b1/requests/1-1").text


def test_how_much_of_a_form_is_read_is_a_setting(make_app: MakeApp) -> None:
    client = make_app(max_form_variables=3, max_form_depth=2).test_client()
    client.post("/b1", data=b"a=1&b[x][y]=2&c[x][y][z]=3&d=4", content_type=FORM)
    found = client.get("/api/v1/bins/b1/requests/1-1").json or {}
    assert found["form"] == {"a": "1", "b": {"x": {"y": "2"}}}
    assert {note["code"] for note in found["form_notes"]} >= {"nesting_exceeded"}
