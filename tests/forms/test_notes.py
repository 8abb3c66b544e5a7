from dataclasses import dataclass
from operator import attrgetter

import pytest

from inspector.forms import Note, parse
from inspector.forms.notes import MAX_NAME_CHARS, MAX_NOTES_OF_A_KIND

MAX_INDEX = b"9223372036854775807"


@dataclass(frozen=True)
class Case:
    id: str
    body: bytes
    notes: list[tuple[str, str, int | None]]


CASES = [
    Case("an ordinary form has none", b"a=1&b[]=2&b[]=3&c[x][y]=%C3%A9&d[5]=x&__Host-e=1", []),
    Case("no form has none", b"", []),
    Case("a dot in the name", b"z=1&a.b=1", [("name_changed", "a.b", 1)]),
    Case("a space before the name", b"+a=1", [("name_changed", " a", 0)]),
    Case("dots in brackets are left alone", b"a[b.c+d]=1", []),
    Case("a bracket never closed", b"a[b=1", [("bracket_unclosed", "a[b", 0)]),
    Case("a later bracket never closed", b"a[b][c=1", [("bracket_unclosed", "a[b][c", 0)]),
    Case("text after a bracket", b"a[b]c[d]=1", [("text_after_bracket", "a[b]c[d]", 0)]),
    Case("a second closing bracket", b"a[b]]=1", [("text_after_bracket", "a[b]]", 0)]),
    Case("no name", b"=1", [("name_empty", "", 0)]),
    Case("nothing before the bracket", b"[a]=1", [("name_empty", "[a]", 0)]),
    Case("a barred key", b"a[__Host-x]=1", [("name_barred", "a[__Host-x]", 0)]),
    Case("a barred name made by PHP", b"..Secure-x=1", [("name_barred", "..Secure-x", 0)]),
    Case("a name again", b"a=1&a=2", [("name_repeated", "a", 1)]),
    Case("a name again by another spelling", b"a_b=1&a[b=2",
         [("bracket_unclosed", "a[b", 1), ("name_repeated", "a[b", 1)]),
    Case("a string gives way to an array", b"a=1&a[b]=2", [("string_replaced", "a[b]", 1)]),
    Case("a string gives way to an array for nothing", b"a=1&a[__Host-b]=2",
         [("name_barred", "a[__Host-b]", 1), ("string_replaced", "a[__Host-b]", 1)]),
    Case("an array gives way to a string", b"a[b]=1&a=2", [("array_replaced", "a", 1)]),
    Case("an index too many", b"a[%s]=1&a[]=2" % MAX_INDEX, [("append_overflow", "a[]", 1)]),
    Case("NUL in a name", b"a%00b=1", [("nul_in_name", "a\0b", 0)]),
    Case("NUL in the body", b"a=1&b=\0&c=2", [("nul_in_body", "", None)]),
    Case("a name that is not UTF-8", b"%FF=1", [("not_decodable", "\N{REPLACEMENT CHARACTER}", 0)]),
    Case("a value that is not UTF-8", b"a=%FF", [("not_decodable", "a", 0)]),
    Case("a list out of order", b"a[b][1]=x&a[b][0]=y", [("order_not_list", "a[b]", None)]),
    Case("a list in a list out of order", b"a[][1]=x&a[0][0]=y",
         [("order_not_list", "a[0]", None)]),
    Case("a gap is no disorder", b"a[0]=x&a[2]=y&a[1x]=z", []),
    Case("nor is order at the top a matter", b"1=x&0=y", []),
    Case("about the whole first", b"a=1&a=2&a[1]=x&a[0]=y",
         [("order_not_list", "a", None), ("name_repeated", "a", 1),
          ("string_replaced", "a[1]", 2)]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_notes(case: Case) -> None:
    notes = parse(case.body).notes
    assert [(note.code, note.name, note.position) for note in notes] == case.notes


SENTENCES = [
    (b"a.b[c]=1", "PHP reads the name as “a_b[c]”: it takes off spaces before it, and makes _ of"
     " other spaces and of dots."),
    (b"a.[__Host-x]=1", "PHP reads the name as “a_”: it takes off spaces before it, and makes _ of"
     " other spaces and of dots."),
    (b"a[b][][d=1", "A [ is never closed: PHP reads the name as “a[b][]”."),
    (b"a[2]=x&a[1]=x&a[0]=x", "Sent in order 2, 1, 0: PHP makes an object of it, not a list."),
    (b"&".join(b"a[%d]=" % i for i in (1, 0, *range(2, 20))),
     "Sent in order 1, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, ...: PHP makes an object of it, not a"
     " list."),
    (b"a=1\0&b=2&&c", "A NUL byte ends the form for PHP's parse_str: pairs dropped after it: 2."),
    (b"a" + b"[b]" * 65 + b"=1", "There are more than 64 levels of brackets: PHP drops this pair"
     " and all that it had under the same first name."),
    (b"&".join([b"a[]=1"] * 1007), "PHP reads the first 1000 variables only: pairs dropped after"
     " them: 7."),
]  # fmt: skip


@pytest.mark.parametrize(("body", "sentence"), SENTENCES)
def test_sentences_name_the_facts(body: bytes, sentence: str) -> None:
    assert parse(body).notes[0].message == sentence


def test_a_charset_that_does_not_fit_is_named() -> None:
    (note,) = parse(b"a=%81", charset="windows-1252").notes
    assert note.message == "Some bytes are not CP1252: they are shown as \N{REPLACEMENT CHARACTER}."


def test_beyond_the_nesting_limit_nothing_else_is_said() -> None:
    notes = parse(b"a.b" + b"[c]" * 64 + b"x=1").notes
    assert [note.code for note in notes] == ["name_changed", "text_after_bracket"]
    notes = parse(b"a.b" + b"[c]" * 65 + b"x=1").notes
    assert [note.code for note in notes] == ["nesting_exceeded"]


def test_notes_of_a_kind_are_bounded_and_counted() -> None:
    notes = parse(b"&".join([b"a=1"] * 101 + [b"b.c=1"])).notes
    assert [note.code for note in notes].count("name_repeated") == MAX_NOTES_OF_A_KIND + 1
    assert notes[-2].code == "name_changed"
    assert notes[-1] == Note("name_repeated", "", "And 90 more of this kind.")


def test_a_long_name_is_cut_in_its_note() -> None:
    (note,) = parse(b"a." + b"x" * 1_000_000).notes
    assert note.name == "a." + "x" * (MAX_NAME_CHARS - 2) + "…"
    assert len(note.message) < MAX_NAME_CHARS + 200


def test_notes_can_be_shown_and_encoded() -> None:
    for note in parse(b"%FF.b=1&\xe9[\xff]x=1", charset="klingon\udcff").notes:
        assert (note.name + note.message).encode()
