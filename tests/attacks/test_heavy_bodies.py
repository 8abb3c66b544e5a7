"""Bodies made to cost their reader time or memory: they cost what their length does, no more."""

from __future__ import annotations

import base64
import gzip
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import brotli
import pytest
from flask.testing import FlaskClient

from inspector.domain.content import import_zstd
from tests.attacks.conftest import MakeApp

zstd = import_zstd()

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
XML = "application/xml"
PARTS = "multipart/form-data; boundary=x"
# The smaller of two sizes; what goes over a body twice and thrice shows at the larger.
SIZE = 25_000
FACTOR = 4
# Four times the body may cost so many times the work: far from sixteen, with room for noise,
MAX_RATIO = 9
# and this much is nothing worth comparing.
FREE_S = 0.05


@dataclass(frozen=True)
class Case:
    """``make`` gives a body that grows with its argument, roughly a number of bytes."""

    id: str
    media_type: str
    make: Callable[[int], bytes]
    coding: str = ""


def nest_entities(size: int) -> bytes:
    count = min(size // 20, 40)
    entities = b"".join(
        b'<!ENTITY b%d "%s">' % (i, b"&b%d;" % (i - 1) * 10) for i in range(1, count)
    )
    padding = b"<!-- %s -->" % (b"x" * size)
    return b'<!DOCTYPE l [<!ENTITY b0 "aaaaaaaaaa">' + entities + b"]>" + padding + b"<l>&b9;</l>"


def nest_messages(size: int) -> bytes:
    data = b"\x0a\x00" * (size // 2)
    for _ in range(20):
        data = b"\x0a" + encode_varint(len(data)) + data
    return data


def encode_varint(number: int) -> bytes:
    low = bytes([number & 0x7F | (0x80 if number > 0x7F else 0)])
    return low + (encode_varint(number >> 7) if number > 0x7F else b"")


def join(size: int, width: int, make: Callable[[int], bytes], by: bytes = b"&") -> bytes:
    return by.join(make(each) for each in range(size // width))


def nest_texts(data: bytes, depth: int) -> bytes:
    text = data.decode()
    for _ in range(depth):
        text = json.dumps({"a": text})
    return text.encode()


def nest_base64(data: bytes) -> bytes:
    for _ in range(3):
        data = b'{"a":"%s"}' % base64.b64encode(data)
    return data


PICTURE = b'"data:image/png;base64,%s"' % base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\xff" * 22)
TOKEN = b'"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4iLCJleHAiOjF9.c2ln"'


def name_part(name: bytes, filename: bytes = b"") -> bytes:
    file = b'; filename="%s"' % filename if filename else b""
    head = b'Content-Disposition: form-data; name="%s"%s' % (name, file)
    return b"--x\r\n%s\r\n\r\n1\r\n--x--" % head


CASES = [
    Case("one long word", FORM, lambda n: b"a=" + b"x" * n),
    Case("pairs", FORM, lambda n: b"a=1&" * (n // 4)),
    Case("names", FORM, lambda n: join(n, 8, lambda i: b"k%d=1" % i)),
    Case("separators", FORM, lambda n: b"&" * n),
    Case("brackets", FORM, lambda n: b"a" + b"[x]" * (n // 3) + b"=1"),
    Case("brackets that stay open", FORM, lambda n: b"a" + b"[" * n + b"=1"),
    Case("names, 64 deep", FORM, lambda n: join(n, 250, lambda i: b"a" + b"[%d]" % i * 64)),
    Case("a bomb in gzip", FORM, lambda n: gzip.compress(b"a=" + b"x" * 100 * n), "gzip"),
    Case("a bomb in brotli", FORM, lambda n: brotli.compress(b"x" * 100 * n, quality=5), "br"),
    Case("members of gzip", FORM, lambda n: gzip.compress(b"") * (n // 20), "gzip"),
    Case(
        "gzip in gzip in gzip",
        FORM,
        lambda n: gzip.compress(gzip.compress(gzip.compress(b"x" * 100 * n))),
        "gzip, gzip, gzip",
    ),
    Case("lists", JSON, lambda n: b"[" + b"[]," * (n // 3) + b"1]"),
    Case("brackets deep", JSON, lambda n: b"[" * n),
    Case("a number of many digits", JSON, lambda n: b"1" * n),
    Case("keys", JSON, lambda n: b"{%s}" % join(n, 10, lambda i: b'"k%d":1' % i, b",")),
    Case("a name many times", JSON, lambda n: b"{%s}" % join(n, 6, lambda _: b'"a":1', b",")),
    Case(
        "names twice, everywhere",
        JSON,
        lambda n: b"[%s]" % join(n, 14, lambda _: b'{"a":1,"a":2}', b","),
    ),
    Case("a long name twice", JSON, lambda n: b"{%s}" % b",".join([b'"%s":1' % (b"x" * n)] * 2)),
    Case("escapes, then no number", JSON, lambda n: b'["' + b'\\"' * (n // 2) + b'",NaN]'),
    Case("line ends, then no text", JSON, lambda n: b"\n" * n + b"\xff"),
    Case("surrogates", JSON, lambda n: b'{"a":"' + b"\\ud800" * (n // 6) + b'"}'),
    Case("entities of entities", "application/xml", nest_entities),
    Case("elements deep", "application/xml", lambda n: b"<a>" * (n // 3)),
    Case("boundaries", PARTS, lambda n: b"--x\r\n" * (n // 5)),
    Case("almost boundaries", PARTS, lambda n: b"\r\n--" * (n // 4)),
    Case("header lines in a part", PARTS, lambda n: b"--x\r\n" + b"a: b\r\n" * (n // 6)),
    Case("a parameter without end", PARTS, lambda n: name_part(b"\\" * n)),
    Case(
        "quotes without end",
        PARTS,
        lambda n: (
            b"--x\r\nContent-Disposition: form-data; name=%s\r\n\r\n1\r\n--x--"
            % (b"\"'\\" * (n // 3))
        ),
    ),
    Case(
        "signs to escape",
        PARTS,
        lambda n: b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"%&+=" * (n // 4),
    ),
    Case(
        "a file at a deep place under a long path",
        PARTS,
        lambda n: name_part(b"[]" * (n // 4), b"/" * (n // 2)),
    ),
    Case("a coding with a long way", "text/plain; charset=punycode", lambda n: b"a" * n),
    Case(
        "a coding that is none of text",
        "text/plain; charset=zlib",
        lambda n: gzip.compress(b"a" * 10 * n),
    ),
    Case("lines", "text/plain", lambda n: b"\n" * n),
    Case("turns of direction", "text/plain", lambda n: "\u202e".encode() * (n // 3)),
    Case("escapes", "text/plain", lambda n: b"\x1b[31m" * (n // 5)),
    Case(
        "text in text in text", JSON, lambda n: nest_texts(b"[%s]" % (b"1," * (n // 8) + b"1"), 3)
    ),
    Case(
        "texts with values",
        JSON,
        lambda n: b"[%s]" % join(n, 20, lambda _: b'"{\\"a\\":[1]}"', b","),
    ),
    Case("base64 of brackets", JSON, lambda n: b'["ey%s"]' % base64.b64encode(b"[" * (n // 2))),
    Case("a token of dots", JSON, lambda n: b'["eyJ%s"]' % (b"." * n)),
    Case("a token in each text", JSON, lambda n: b"[%s]" % join(n, 60, lambda _: TOKEN, b",")),
    Case("lines of JSON", "text/plain", lambda n: b'{"a":1}\n' * (n // 8)),
    Case("lines of JSON, the last one broken", JSON, lambda n: b'{"a":1}\n' * (n // 8) + b"{]"),
    Case("no form after all", "text/plain", lambda n: b"a=1&" * (n // 4) + b"\n."),
    Case("elements without a type", "", lambda n: b"<a>" * (n // 7) + b"</a>" * (n // 7)),
    Case("entities without a type", "", nest_entities),
    Case("a bomb in gzip without its header", JSON, lambda n: gzip.compress(b"[" * 100 * n)),
    Case("odd bytes", "text/plain", lambda n: b"aaaa\xff\0" * (n // 6)),
    Case("elements side by side", XML, lambda n: b"<a>%s</a>" % (b"<b/>" * (n // 4))),
    Case("attributes", XML, lambda n: b"<a %s/>" % join(n, 9, lambda i: b'k%d="1"' % i, b" ")),
    Case("one name many times", XML, lambda n: b"<a>%s</a>" % (b"<b>1</b>" * (n // 8))),
    Case("comments without end", "text/html", lambda n: b"<!--" * (n // 4)),
    Case("CDATA without end", "text/html", lambda n: b"<a><![CDATA[" * (n // 12)),
    Case("quotes in tags without end", "text/html", lambda n: b"<a b='" * (n // 6)),
    Case("scripts without end", "text/html", lambda n: b"<script><a>" * (n // 11)),
    Case("end tags of nothing", "text/html", lambda n: b"<p></x>" * (n // 7)),
    Case("flow mappings that stay open", "application/yaml", lambda n: b"{a: [" * (n // 5)),
    Case("keys of keys", "application/yaml", lambda n: b"? - : " * (n // 6)),
    Case("selections that stay open", "application/graphql", lambda n: b'{ a(b: "' * (n // 9)),
    Case("selections in one line", "application/graphql", lambda n: b"{a b " * (n // 5)),
    Case("a query in JSON", JSON, lambda n: b'{"query":"{%s"}' % (b"a(b:{c:[" * (n // 8))),
    Case(
        "aliases of aliases",
        "application/yaml",
        lambda n: join(n, 30, lambda i: b"k%d: &k%d [*k%d, *k%d]" % (i + 1, i + 1, i, i), b"\n"),
    ),
    Case("base64 in base64 in base64", JSON, lambda n: nest_base64(b"[%s1]" % (b"1," * (n // 8)))),
    Case("pictures in texts", JSON, lambda n: b"[%s]" % join(n, 80, lambda _: PICTURE, b",")),
    Case(
        "a long picture in a text",
        JSON,
        lambda n: b'{"a":"%s"}' % base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(n // 2)),
    ),
    Case("a data URL without end", JSON, lambda n: b'["data:%s"]' % (b";a=b" * (n // 4))),
    Case("regular expressions", "text/javascript", lambda n: b"/[/a" * (n // 4)),
    Case("a quote without end", "text/csv", lambda n: b'"' + b'a,""\n' * (n // 5)),
    Case("columns", "text/csv", lambda n: b"," * n),
    Case("lists in lists", "application/msgpack", lambda n: b"\x91" * n),
    Case("lists beside lists", "application/msgpack", lambda n: b"\x91\x90" * (n // 2)),
    Case("lengths that lie", "application/msgpack", lambda n: b"\xdd\x7f\xff\xff\xff" * (n // 5)),
    Case("tags of tags", "application/cbor", lambda n: b"\xc1" * n),
    Case("texts in pieces", "application/cbor", lambda n: b"\x7f" + b"\x61a" * (n // 2) + b"\xff"),
    Case(
        "messages or texts",
        "application/protobuf",
        lambda n: b"\x0a\x04\x0a\x02\x0a\x00" * (n // 6),
    ),
    Case("messages in messages", "application/protobuf", nest_messages),
    Case("a bomb in zstd", FORM, lambda n: zstd.compress(b"a=" + b"x" * 100 * n), "zstd"),
    Case("frames of zstd", FORM, lambda n: zstd.compress(b"") * (n // 9), "zstd"),
    Case("an encoding without end", "text/xml", lambda n: b"<?xml " + b"encoding " * (n // 9)),
]
TYPES = [
    ("a long boundary", lambda n: f"multipart/form-data; boundary={'-' * n}", b"-" * 200_000),
    ("parameters", lambda n: "a/b" + ";a=b" * (n // 4), b"x"),
]
REQUEST_PATHS = (
    "/bins/{name}",
    "/bins/{name}/fields",
    "/bins/{name}/requests/{id}",
    "/api/v1/bins/{name}/requests/{id}",
    "/api/v1/bins/{name}/requests?q=nothing",
)


def keep(client: FlaskClient, name: str, body: bytes, headers: dict[str, str]) -> list[str]:
    """The addresses of the pages and calls about a bin with this one body."""
    client.post("/api/v1/bins", json={"name": name})
    assert client.post(f"/{name}", data=body, headers=headers).status_code == 200
    listed = client.get(f"/api/v1/bins/{name}/requests").text
    request_id = json.loads(listed, parse_int=str)[0]["id"]  # a number may be too long for an int
    return [path.format(name=name, id=request_id) for path in REQUEST_PATHS]


def cost_of(client: FlaskClient, path: str) -> float:
    """Its processor time."""
    began = time.process_time()
    answer = client.get(path)
    size = len(answer.data)
    spent = time.process_time() - began
    assert answer.status_code == 200, f"{path}: {answer.text[:200]}"
    # No page grows with what was sent; the API gives all of it, each in its forms.
    assert size < (50_000_000 if path.startswith("/api/") else 1_500_000), path
    return spent


def assert_linear(client: FlaskClient, few: tuple[Any, ...], many: tuple[Any, ...]) -> None:
    paths = zip(keep(client, "small", *few), keep(client, "large", *many), strict=True)
    for small, large in paths:
        less, more = cost_of(client, small), cost_of(client, large)
        if more >= MAX_RATIO * FREE_S:  # Below, no second look could make it fail.
            less, more = min(less, cost_of(client, small)), min(more, cost_of(client, large))
        assert more < MAX_RATIO * (less + FREE_S), f"{large}: {less:.3f} s, then {more:.3f} s"


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_a_heavy_body_costs_no_more_than_its_length(client: FlaskClient, case: Case) -> None:
    headers = {"Content-Type": case.media_type, "Content-Encoding": case.coding}
    few, many = case.make(SIZE), case.make(FACTOR * SIZE)
    assert_linear(client, (few, headers), (many, headers))


@pytest.mark.parametrize(("make", "body"), [each[1:] for each in TYPES], ids=[t[0] for t in TYPES])
def test_a_heavy_type_costs_no_more_than_its_length(
    client: FlaskClient, make: Callable[[int], str], body: bytes
) -> None:
    few, many = ({"Content-Type": make(size)} for size in (5_000, FACTOR * 5_000))
    assert_linear(client, (body, few), (body, many))


def test_a_list_of_bombs_is_shown_as_soon_as_others(client: FlaskClient) -> None:
    headers = {"Content-Type": FORM, "Content-Encoding": "gzip"}
    spent = []
    for name, size in (("small", 300_000), ("large", 30_000_000)):
        client.post("/api/v1/bins", json={"name": name})
        bomb = gzip.compress(b"ticket[subject]=" + b"x" * size)
        for _ in range(50):
            client.post(f"/{name}", data=bomb, headers=headers)
        began = time.process_time()
        assert client.get(f"/bins/{name}").status_code == 200
        spent.append(time.process_time() - began)
    assert spent[1] < 3 * (spent[0] + FREE_S), "a list decodes no further than it shows"


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
