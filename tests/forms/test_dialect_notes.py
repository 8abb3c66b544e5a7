"""Notes of the readers other than PHP's: each code from the body that calls for it."""

from dataclasses import dataclass
from operator import attrgetter

import pytest

from inspector.forms import parse
from inspector.forms.flat import MESSAGES as FLAT_MESSAGES
from inspector.forms.qs.messages import EXPRESS_MESSAGES
from inspector.forms.rack.messages import MESSAGES as RACK_MESSAGES


@dataclass(frozen=True)
class Case:
    """``notes`` are code, name and position."""

    dialect: str
    body: bytes
    notes: list[tuple[str, str, int | None]]
    charset: str | None = None

    @property
    def id(self) -> str:
        return f"{self.dialect} {self.body[:40]!r} {self.charset or ''}"


LONG = b"&".join(b"a[%s]=1" % (b"x" * 250 + b"%d" % n) for n in range(300))
CASES = [
    Case("rack", b"a[b]=1&a[c]=2&d[]=3", []),
    Case("rack", b"a=1&a=2", [("name_repeated", "a", 1)]),
    Case("rack", b"a[b]=1&a=2", [("array_replaced", "a", 1)]),
    Case("rack", b"a=1&a[b]=2", [("type_conflict", "a[b]", 1)]),
    Case("rack", b"a=1&a[]=2&a[b]=3", [("type_conflict", "a[]", 1)]),
    Case("rack", b"a=%", [("invalid_parameter", "a", 0)]),
    Case("rack", b"a\xff=1", [("invalid_parameter", "a\N{REPLACEMENT CHARACTER}", 0)]),
    Case("rack", b"&" * 4096, [("limit_exceeded", "", None)]),
    Case("rack", b"a=" + b"x" * 4_194_304, [("limit_exceeded", "", None)]),
    Case("rack", LONG, [("limit_exceeded", "a[" + "x" * 198 + "…", 259)]),
    Case("rack", b"[a]=1", [("name_changed", "[a]", 0)]),
    Case("rack", b"a[b]c[d]=1", [("name_changed", "a[b]c[d]", 0)]),
    Case("rack", b"=1", [("name_empty", "", 0)]),
    Case("rack", b"a" + b"[b]" * 32 + b"=1", [("nesting_deep", "a" + "[b]" * 32, 0)]),
    Case("rack", b"a=%FF", [("not_decodable", "a", 0)]),
    Case("rack", b"a[][b]=1&a[][]=2", [("value_lost", "a[][]", 1)]),
    Case("rack", b"a[b]=1&a[[]]=2", [("value_lost", "a[[]]", 1)]),
    Case("rack", b"a&b=1", [("value_nil", "a", 0)]),
    Case("rack", b"a=1", [("charset_ignored", "", None)], "latin-1"),
    Case("rack", b"a=1", [("charset_ignored", "", None)], "klingon"),
    Case("qs", b"a[b]=1&a[c]=2&d[]=3&d[]=4", []),
    Case("qs", b"a[b=1", [("bracket_unclosed", "a[b", 0)]),
    Case("qs", b"a=1", [("charset_ignored", "", None)], "latin-1"),
    Case("qs", b"a[20]=1", [("index_too_large", "a[20]", 0)]),
    Case("qs", b"a=1&a[b]=2", [("kinds_mixed", "a[b]", 1)]),
    Case("qs", b"a[5]=1", [("list_closed_up", "a", None)]),
    Case("qs", b"&".join([b"a[]=1"] * 21), [("list_too_long", "a[]", 20)]),
    Case("qs", b"toString=1", [("name_barred", "toString", 0)]),
    Case("qs", b"a[b]c[d]=1", [("name_changed", "a[b]c[d]", 0)]),
    Case("qs", b"=1", [("name_empty", "", 0)]),
    Case("qs", b"a=1&a=2", [("name_repeated", "a", 1)]),
    Case("qs", b"a[b][c][d][e][f][g][h]=1", [("nesting_cut", "a[b][c][d][e][f][g][h]", 0)]),
    Case("qs", b"a=%FF", [("not_decodable", "a", 0)]),
    Case("qs", b"a=1&5=2", [("order_changed", "", None)]),
    Case("qs", b"a[b]=1&a=", [("value_lost", "a", 1)]),
    Case("qs", b"a[b]=1&a[b]x=", [("name_changed", "a[b]x", 1), ("value_lost", "a[b]x", 1)]),
    Case("qs", b"&" * 1000 + b"a=1", [("variables_exceeded", "", None)]),
    Case("express", b"a[b][c][d][e][f][g][h]=1&toString=1", []),
    Case("express", b"a=" + b"x" * 102_400, [("body_too_large", "", None)]),
    Case("express", b"a=1", [("charset_refused", "WINDOWS-1252", None)], "windows-1252"),
    Case("express", b"a=1", [], "ISO-8859-1"),
    Case("express", b"a" + b"[b]" * 33 + b"=1&c=2",
         [("nesting_refused", "a" + "[b]" * 33, 0)]),
    Case("express", b"&" * 1000, [("variables_refused", "", None)]),
    Case("flat", b"a[b]=1&a[c]=2", []),
    Case("flat", b"a=1", [("charset_ignored", "", None)], "latin-1"),
    Case("flat", b"&" * 1000, [("django_refuses", "", None)]),
    Case("flat", b"a=%", [("escape_invalid", "a", 0)]),
    Case("flat", b"a=%FF", [("not_decodable", "a", 0)]),
    Case("flat", b"a=\xff", [("flask_refuses", "", None), ("not_decodable", "a", 0)]),
    Case("flat", b"a=1&a=2", [("name_repeated", "a", None)]),
    Case("flat", b"a=1;b=2", [("semicolon", "a", 0)]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_notes(case: Case) -> None:
    form = parse(case.body, case.dialect, charset=case.charset)
    assert [(note.code, note.name, note.position) for note in form.notes] == case.notes
    assert not any("{" in note.message for note in form.notes)
    assert all(len(note.message) < 600 for note in form.notes)


@pytest.mark.parametrize(
    ("dialects", "messages"),
    [
        (("rack",), RACK_MESSAGES),
        (("qs", "express"), EXPRESS_MESSAGES),
        (("flat",), FLAT_MESSAGES),
    ],
)
def test_every_sentence_has_a_body_that_calls_for_it(
    dialects: tuple[str, ...], messages: dict[str, str]
) -> None:
    called = {note[0] for case in CASES if case.dialect in dialects for note in case.notes}
    assert called == messages.keys()


@pytest.mark.parametrize(
    ("dialect", "body", "refusal"),
    [
        ("php", b"a=1&a[b]=2", ""),
        ("qs", b"a[b]=1&a=2", ""),
        ("rack", b"a=1&a[b]=2", "expected Hash (got String) for param `a'): Rails and Sinatra"),
        ("rack", b"a[]=1&a[b]=2", "expected Hash (got Array) for param `a'"),
        ("rack", b"a[b]=1&a[]=2", "expected Array (got Rack::QueryParser::Params) for param `a'"),
        ("express", b"&" * 1000, "Express answers 413 Payload Too Large (“too many parameters”)"),
        ("express", b"a" + b"[b]" * 33, "Express answers 400 Bad Request"),
    ],
)
def test_a_refusal_says_how_the_receiver_answers(dialect: str, body: bytes, refusal: str) -> None:
    form = parse(body, dialect)
    assert refusal in form.refusal
    assert bool(form.refusal) is bool(refusal)
    assert form.dialect == dialect


LIMITED = [
    ("rack", b"a[b][c]=1", {"max_depth": 2}, {}),
    ("rack", b"a[b]=1", {"max_depth": 2}, {"a": {"b": "1"}}),
    ("rack", b"a=1&b=2", {"max_variables": 1}, {}),
    ("qs", b"a[b][c]=1", {"max_depth": 1}, {"a": {"b": {"[c]": "1"}}}),
    ("qs", b"a=1&b=2", {"max_variables": 1}, {"a": "1"}),
    ("express", b"a=1&b=2", {"max_variables": 1}, {}),
    ("express", b"a[b][c]=1", {"max_depth": 1}, {}),
]


@pytest.mark.parametrize(("dialect", "body", "limits", "value"), LIMITED)
def test_limits_can_be_given(
    dialect: str, body: bytes, limits: dict[str, int], value: object
) -> None:
    assert parse(body, dialect, **limits).value == value  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("dialect", "charset", "value"),
    [
        ("rack", "latin-1", "\udce9\u00e9"),
        ("flat", "latin-1", ["\udce9\u00e9"]),
        ("qs", "latin-1", "%E9%C3%A9"),
        ("express", "iso-8859-1", "\u00e9\u00c3\u00a9"),
        ("express", "UTF-8", "%E9%C3%A9"),
    ],
)
def test_a_charset_is_what_the_receiver_makes_of_it(
    dialect: str, charset: str, value: object
) -> None:
    assert parse(b"a=%E9%C3%A9", dialect, charset=charset).value == {"a": value}


def test_names_beyond_the_caches_are_read_alike() -> None:
    name = b"a[" + b"x" * 300 + b"]"
    for dialect in ("rack", "qs", "express"):
        assert parse(name + b"=1", dialect).value == {"a": {"x" * 300: "1"}}
    assert parse(name + b"=1", "flat").value == {name.decode(): ["1"]}


@pytest.mark.parametrize("dialect", ["rack", "qs", "express", "flat"])
def test_thousands_of_names_leave_the_caches_bounded(dialect: str) -> None:
    from inspector.forms import flat
    from inspector.forms.qs.values import _EXPRESS, _QS
    from inspector.forms.rack.names import CACHE

    for start in range(0, 5000, 500):
        names = [f"name{number}[x]" for number in range(start, start + 500)]
        parse("&".join(names).encode(), dialect)
    for names_seen in (CACHE.names, _QS.names, _EXPRESS.names, flat._names):
        assert len(names_seen) <= 2048
