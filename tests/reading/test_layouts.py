"""Bodies laid out: exact in every token, bounded whatever comes, and never markup."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.reading.layouts.graphql import lay_out_graphql
from inspector.reading.layouts.laying_out import LaidOut, lay_out_body, lay_out_text
from inspector.reading.layouts.pieces import Sheet, join
from inspector.reading.layouts.source import LANGUAGES, MAX_COLOURED_CHARS
from inspector.reading.layouts.table import MAX_COLUMNS, MAX_ROWS, read_table
from tests.reading.captures import make_request


def lay_out(body: bytes, kind: str) -> LaidOut:
    found = lay_out_body(make_request(body, kind))
    assert found is not None
    return found


def read(laid_out: LaidOut) -> str:
    return "".join(join(laid_out.pieces)).rstrip("\n")


CASES = [
    (
        "JSON keeps digits, escapes and repeated names",
        "application/json",
        rb'{"a":[1,2.50,{},[ ]],"b":"\u00e9","b":null,"c":{"d":true}}',
        '{\n  "a": [\n    1,\n    2.50,\n    {},\n    []\n  ],\n  "b": "\\u00e9",\n  "b": null,\n'
        '  "c": {\n    "d": true\n  }\n}',
    ),
    ("a bare value", "application/json", b' "x"', '"x"'),
    ("an empty list", "application/json", b"[]", "[]"),
    ("JSON by its content", "text/plain", b'{"a":1}', '{\n  "a": 1\n}'),
    ("JSON lines", "application/x-ndjson", b'{"a":1}\n[2]\n', '{\n  "a": 1\n}\n[\n  2\n]'),
    (
        "XML",
        "application/xml",
        b'<?xml version="1.0"?><a b="1"><c>x</c><d/><e>m<f/>n</e><g><![CDATA[<x>]]></g>'
        b"<!-- y --></a>",
        '<?xml version="1.0"?>\n<a b="1">\n  <c>x</c>\n  <d/>\n  <e>\n    m\n    <f/>\n    n\n'
        "  </e>\n"
        "  <g><![CDATA[<x>]]></g>\n  <!-- y -->\n</a>",
    ),
    (
        "HTML: void elements, scripts as they are, what is not closed",
        "text/html",
        b"<!doctype html><body><p>a<br>b</p><script>\n if (a<b) </script><li>c</body>",
        "<!doctype html>\n<body>\n  <p>\n    a\n    <br>\n    b\n  </p>\n"
        "  <script>\n if (a<b) </script>\n  <li>c\n</body>",
    ),
    ("YAML is as sent", "application/yaml", b"a: 1\nb:\n  - x # y", "a: 1\nb:\n  - x # y"),
    ("GraphQL", "application/graphql", b"query { a(id: 3) }", "query {\n  a(id: 3)\n}"),
]


@pytest.mark.parametrize(
    ("kind", "body", "text"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_body_is_laid_out(kind: str, body: bytes, text: str) -> None:
    assert read(lay_out(body, kind)) == text


def test_pieces_have_the_kinds_of_their_colours() -> None:
    pieces = lay_out(b'{"a":["b",1,true]}', "application/json").pieces
    assert [piece for piece in pieces if piece[0]] == [
        ("key", '"a"'),
        ("str", '"b"'),
        ("num", "1"),
        ("word", "true"),
    ]
    assert ("key", "b") in lay_out(b'<a b="c"/>', "text/xml").pieces
    assert ("word", "query") in lay_out(b"query { a }", "application/graphql").pieces
    assert ("key", "a") in lay_out(b"a: 1", "text/yaml").pieces


ONE_LINE = (
    "query Q($id:ID!,$n:Int=5){user(id:$id,o:{a:1,b:[1,2]}){...F name,nick:login"
    ' friends(first:$n)@include(if:$x){node{... on User@d{age}}}say(t:"{ \\" }")}}'
    "fragment F on User{id}"
)
LAID_OUT = """\
query Q($id: ID!, $n: Int=5) {
  user(id: $id, o: {a: 1, b: [1, 2]}) {
    ...F
    name,
    nick: login
    friends(first: $n)@include(if: $x) {
      node {
        ... on User@d {
          age
        }
      }
    }
    say(t: "{ \\" }")
  }
}
fragment F on User {
  id
}"""


def test_graphql_of_one_line_has_a_field_a_line() -> None:
    assert lay_out_graphql(ONE_LINE, 5_000) == LAID_OUT
    assert lay_out_graphql(LAID_OUT, 5_000) == LAID_OUT
    written = "{\n a # of theirs\n}"
    assert lay_out_graphql(written, 5_000) == written


@given(st.text(alphabet='{}()[]":,.#\\ ab@$!\n') | st.text())
def test_whatever_is_sent_as_graphql_keeps_its_signs(text: str) -> None:
    made = lay_out_graphql(text, 5_000)
    assert re.sub(r"\s", "", made) == re.sub(r"\s", "", text)


@pytest.mark.parametrize("piece", ["{", '"""', '"\\', "a{", "((", "...", "}", "on a{"])
def test_hostile_graphql_stays_within_its_bound(piece: str) -> None:
    assert len(lay_out_graphql(piece * 20_000, 50_000)) <= max(50_000, len(piece) * 20_000)


def test_the_query_of_graphql_in_json_is_shown_as_such() -> None:
    body = json.dumps({"query": "query Q {\n  a\n}", "variables": {}}).encode()
    inner = lay_out(body, "application/json").inner
    assert inner is not None
    assert (inner.language, read(inner)) == ("GraphQL", "query Q {\n  a\n}")
    assert lay_out(b'{"query": "red shoes"}', "application/json").inner is None


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b'{"a":', "application/json"), (b"\xff\x00", "application/xml"), (b"a=1", "text/plain")],
)
def test_what_has_no_layout_stays_as_sent(body: bytes, kind: str) -> None:
    assert lay_out_body(make_request(body, kind)) is None


def test_csv_is_a_table_with_its_own_delimiter() -> None:
    table = lay_out(b'\xef\xbb\xbfid;name\r\n1;"Tea; green"\r\n2\r\n', "text/csv").table
    assert table is not None
    assert table.rows == (("id", "name"), ("1", "Tea; green"), ("2", ""))
    assert table.total == 3


def test_a_table_is_bounded_in_every_direction() -> None:
    line = ",".join("x" * 300 for _ in range(MAX_COLUMNS + 5))
    table = read_table("\n".join([line] * 2_000), "text/csv")
    assert table is not None
    assert len(table.rows) <= MAX_ROWS
    assert table.total is None
    assert table.more_columns == 5
    assert max(len(cell) for row in table.rows for cell in row) == 200
    assert read_table("a,b\n" * 300, "text/csv").total == 300  # type: ignore[union-attr]
    assert read_table('"' + "x" * 200_000, "text/csv") is None


@pytest.mark.parametrize("kind", ["application/json", "text/html", "application/yaml"])
def test_a_layout_ends_where_its_room_does(kind: str) -> None:
    text = "[" * 90 + "1," * 30_000 + "1" + "]" * 90 if "json" in kind else "<a>\n" * 30_000
    laid_out = lay_out_text(text, kind, 5_000)
    assert laid_out is not None
    assert len("".join(join(laid_out.pieces))) <= 5_000
    assert laid_out.is_cut


@pytest.mark.parametrize("kind", LANGUAGES)
def test_colours_keep_every_character(kind: str) -> None:
    text = "a: [1, 'x']\n/* b */ # c\n" * 10
    assert read(lay_out_text(text, kind) or LaidOut("")) == text.rstrip("\n")


def test_long_lines_and_long_texts_go_without_colours() -> None:
    long_line = lay_out_text("a: " + "x" * 3_000, "text/yaml")
    assert long_line is not None
    assert long_line.problem == "A line is too long for colours."
    long_text = lay_out_text("a: 1\n" * MAX_COLOURED_CHARS, "text/yaml")
    assert long_text is not None
    assert "colours" in (long_text.problem or "")


MARKUP = st.text(alphabet="<>/ab\"'=! -[]?{}:,1\n\\", max_size=80)


@given(MARKUP, st.sampled_from(["text/html", "text/xml", "application/json", "text/csv"]))
def test_no_text_breaks_a_layout(text: str, kind: str) -> None:
    lay_out_text(text, kind, 60)


@pytest.mark.slow
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
        max_leaves=12,
    )
)
def test_json_laid_out_is_the_same_json(value: object) -> None:
    laid_out = lay_out_text(json.dumps(value), "application/json")
    if laid_out is not None:
        assert json.loads(read(laid_out)) == value


def test_a_sheet_takes_no_more_than_it_has_room_for() -> None:
    sheet = Sheet(3)
    sheet.extend([("key", "ab"), ("", "cd")])
    assert sheet.finish() == (("key", "ab"), ("", "c"))
