"""Fields in parts: what PHP's ``$_POST`` has of them (recorded, see data/README.md), and notes."""

import json
from base64 import b64decode
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.forms import to_json_safe
from inspector.forms.parts import (
    MAX_FILE_BYTES,
    MAX_FILES,
    MAX_PARAMETERS,
    PartsForm,
    find_boundary,
    parse_parts,
)

DATA = Path(__file__).parent / "data"
CASES = [json.loads(line) for line in (DATA / "multipart.jsonl").read_text("utf-8").splitlines()]


def part(head: str, value: str = "1") -> bytes:
    return f"--B\r\n{head}\r\n\r\n{value}\r\n".encode()


def named(name: str, value: str = "1") -> bytes:
    return part(f'Content-Disposition: form-data; name="{name}"', value)


def test_no_recorded_case_is_missing() -> None:
    assert len(CASES) == 422


def read_case(case: dict[str, Any]) -> PartsForm:
    content_type = case.get("content_type", "multipart/form-data; boundary=B")
    return parse_parts(b64decode(case["body_b64"]), find_boundary(content_type))


@pytest.mark.parametrize("case", CASES, ids=itemgetter("id"))
def test_value_is_what_php_posts(case: dict[str, Any]) -> None:
    form = read_case(case)
    expected = case["expected"]
    if isinstance(expected, list):  # at the top ours is always an object
        expected = {str(index): entry for index, entry in enumerate(expected)}
    # Texts are compared, because == on dicts ignores the order of keys.
    assert json.dumps(to_json_safe(form.value)) == json.dumps(expected)
    assert json.dumps(form._trace.value) == json.dumps(form.value)


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (named("a") + named("b[]"), []),
        (named("a[b"), ["bracket_unclosed"]),
        (named("a") + named("a"), ["name_repeated"]),
        (named(""), ["name_empty"]),
        (part("Content-Disposition: form-data") + named("a"), ["part_unnamed"]),
        (part("Content-Type: text/plain") + named("a"), ["part_unmarked"]),
        (named("a").replace(b"--B\r\n", b"--B \r\n"), ["boundary_not_found"]),
        (b"", ["boundary_not_found"]),
        (named("a").replace(b"1\r\n", b"") + named("b"), ["boundary_in_value"]),
    ],
)
def test_what_php_drops_or_changes_is_noted(body: bytes, codes: list[str]) -> None:
    assert [note.code for note in parse_parts(body, "B").notes] == codes


def test_limits_are_noted() -> None:
    five = b"".join(named(f"a{number}") for number in range(5))
    form = parse_parts(five, "B", max_variables=3)
    assert list(form.value) == ["a0", "a1", "a2"]
    assert [note.code for note in form.notes] == ["variables_exceeded"]
    file = part('Content-Disposition: form-data; name="f"; filename=""')
    form = parse_parts(file * (3 + MAX_FILES) + named("a"), "B", max_variables=3)
    assert form.value == {}
    assert [note.code for note in form.notes] == ["parts_exceeded"]


def test_a_name_after_all_parameters_that_are_read_is_none() -> None:
    head = "Content-Disposition: form-data" + "; x=1" * MAX_PARAMETERS + '; name="a"'
    assert [note.code for note in parse_parts(part(head), "B").notes] == ["part_unnamed"]


def test_a_content_type_without_boundary_is_noted() -> None:
    form = parse_parts(named("a"), None)
    assert (form.value, form.has_pairs) == ({}, False)
    assert [note.code for note in form.notes] == ["boundary_missing"]


def test_a_boundary_is_quoted_where_no_line_is_it() -> None:
    form = parse_parts(named("a"), find_boundary("multipart/form-data; boundary=B ; charset=x"))
    (note,) = form.notes
    assert (note.code, "“--B ”" in note.message) == ("boundary_not_found", True)


FILE_NOTES = {
    "a file's brackets do not match": ["file_misplaced"],
    "a file after one with bad brackets": ["file_misplaced"],
    "an empty file name with bad brackets": ["file_misplaced"],
    "more files than PHP takes": ["files_exceeded"],
    "files too large count": ["file_too_large"] * 10 + ["files_exceeded", "file_too_large"],
    "a file beyond MAX_FILE_SIZE": ["file_too_large"],
    "a file within MAX_FILE_SIZE": [],
    "a file name with a path": ["file_path_cut"],
    "a file in a list": [],
}


@pytest.mark.parametrize("id_", FILE_NOTES)
def test_what_php_does_to_files_is_noted(id_: str) -> None:
    (case,) = (case for case in CASES if case["id"] == id_)
    assert [note.code for note in read_case(case).notes] == FILE_NOTES[id_]


@pytest.mark.parametrize("case", CASES, ids=itemgetter("id"))
def test_a_file_is_noted_if_and_only_if_php_drops_or_renames_it(case: dict[str, Any]) -> None:
    notes = read_case(case).notes
    codes = {note.code for note in notes}
    files = case.get("files", [])
    assert ("file_too_large" in codes) == any(error == 2 for _, _, error in files)
    assert not files or "file_misplaced" not in codes
    renamed = [note for note in notes if note.code == "file_path_cut"]
    for note, (_, name, _) in zip(renamed, files, strict=bool(renamed)):
        assert f"“{name}”" in note.message


def test_a_file_beyond_phps_own_limit_is_noted() -> None:
    file = 'Content-Disposition: form-data; name="f"; filename="x"'
    assert parse_parts(part(file, "x" * MAX_FILE_BYTES), "B").notes == ()
    (note,) = parse_parts(part(file, "x" * (MAX_FILE_BYTES + 1)), "B").notes
    assert (note.code, note.name, "2,097,152" in note.message) == ("file_too_large", "f", True)


def test_pairs_are_as_sent_and_in_order() -> None:
    form = parse_parts(named("b%5B&=+", "1+1=2 & 100%\0") + named("a", ""), "B")
    sent = [(pair.raw_name, pair.raw_value, pair.name, pair.value) for pair in form.pairs]
    text = "1+1=2 & 100%\0"
    assert sent == [(b"b%5B&=+", text.encode(), "b%5B&=+", text), (b"a", b"", "a", "")]
    assert list(form.iterate_fields()) == [("b%5B&=+", text), ("a", "")]


@given(st.binary(), st.text(max_size=5) | st.none())
def test_no_content_is_an_error(body: bytes, boundary: str | None) -> None:
    form = parse_parts(body, boundary)
    assert form.value == form._trace.value
    assert len(form.pairs) == len(list(form.iterate_fields()))


@given(st.binary(min_size=1).filter(lambda name: not set(name) & set(b"\r\n\0\"'\\; \t\v\f[].=")))
def test_any_value_arrives_byte_for_byte(name: bytes) -> None:
    body = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + name + b"\r\n--B--\r\n"
    (value,) = parse_parts(body, "B").value.values()
    assert isinstance(value, str)
    assert value.encode("utf-8", "surrogateescape") == name


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize(("size", "value"), [(5_116, {"a": "1"}), (5_117, {})])
def test_a_boundary_beyond_phps_buffer_gives_nothing(
    size: int, value: dict[str, str], quoted: bool
) -> None:
    boundary = "b" * size
    body = named("a").replace(b"--B", b"--" + boundary.encode())
    content_type = (
        f'multipart/form-data; boundary="{boundary}"' if quoted else f"boundary={boundary}"
    )
    form = parse_parts(body, find_boundary(content_type))
    assert form.value == value
    assert [note.code for note in form.notes] == ["boundary_too_long"] * (not value)


def test_each_field_says_which_part_it_was() -> None:
    body = b"before\r\n" + named("a") + named("b")
    form = parse_parts(body, "B")
    assert [body.index(b"--B"), body.index(b"--B", 20)] == [field.start for field in form.fields]


@pytest.mark.parametrize(
    ("dialect", "value", "codes"),
    [
        ("php", {"a": {"b": ["1"]}}, []),
        ("rack", {"a": {"b": ["1"]}}, []),
        ("flat", {"a[b][]": ["1"]}, []),
        ("qs", {}, ["parts_unread"]),
        ("express", {}, ["parts_unread"]),
    ],
)
def test_parts_as_other_receivers_read_them(
    dialect: str, value: dict[str, object], codes: list[str]
) -> None:
    form = parse_parts(named("a[b][]"), "B", dialect)
    assert form.value == value
    assert [note.code for note in form.notes] == codes
