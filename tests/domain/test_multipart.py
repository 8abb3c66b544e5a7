"""Multipart bodies, whole, broken off and hostile."""

import time

from hypothesis import given
from hypothesis import strategies as st

from inspector.domain.multipart import MAX_PARTS, split_parts

WHOLE = (
    b"a preamble nobody shows\r\n"
    b"--AaB03x\r\n"
    b'Content-Disposition: form-data; name="note"\r\n'
    b"\r\n"
    b"two\r\nlines\r\n"
    b"--AaB03x  \r\n"
    b'content-disposition: form-data; name="file"; '
    b'filename="C:\\dir\\r\xc3\xa9sum\xc3\xa9 \\"1\\".svg"\r\n'
    b"Content-Type: image/svg+xml\r\n"
    b"\r\n"
    b"<svg>--AaB03x\n--AaB03xy\n</svg>\r\n"
    b"--AaB03x--\r\n"
    b"an epilogue"
)


def test_parts_keep_their_bytes() -> None:
    found = split_parts(WHOLE, "AaB03x")
    assert found.problem is None
    note, file = found.parts
    assert (note.name, note.filename, note.content_type, note.data) == (
        "note",
        None,
        "",
        b"two\r\nlines",
    )
    assert (file.name, file.content_type) == ("file", "image/svg+xml")
    assert file.filename == 'C:\\dir\\résumé "1".svg'
    assert file.data == b"<svg>--AaB03x\n--AaB03xy\n</svg>"


def test_a_file_name_is_made_safe_for_a_header() -> None:
    assert split_parts(WHOLE, "AaB03x").parts[1].safe_filename == "r_sum_1_.svg"


def test_a_file_name_may_come_percent_encoded() -> None:
    head = b"Content-Disposition: form-data; filename=a; filename*=UTF-8''%e2%82%ac.txt"
    assert split_parts(b"--x\r\n" + head + b"\r\n\r\n1\r\n--x--", "x").parts[0].filename == "€.txt"


def test_a_part_may_have_no_headers() -> None:
    assert split_parts(b"--x\r\n\r\nbody\r\n--x--", "x").parts[0].data == b"body"


def test_a_broken_off_body_gives_what_came() -> None:
    found = split_parts(WHOLE[: WHOLE.index(b"</svg>")], "AaB03x")
    assert [part.name for part in found.parts] == ["note", "file"]
    assert found.problem is not None
    assert "breaks off" in found.problem


def test_a_foreign_boundary_is_said() -> None:
    found = split_parts(WHOLE, "other")
    assert found.parts == []
    assert found.problem is not None


def test_parts_beyond_the_limit_are_left_out() -> None:
    found = split_parts(b"--x\r\n\r\n1\r\n" * (MAX_PARTS + 5) + b"--x--", "x")
    assert len(found.parts) == MAX_PARTS
    assert found.problem == f"Only the first {MAX_PARTS:,} parts are read."


@given(st.binary(), st.text())
def test_no_body_and_no_boundary_is_an_error(body: bytes, boundary: str) -> None:
    split_parts(body, boundary)
    split_parts(body.replace(b"x", b"\r\n--x"), "x")


def test_a_megabyte_of_almost_boundaries_is_quick() -> None:
    started = time.process_time()
    for hostile in (b"\n--x" + b" " * 1_000_000 + b"y", b"\n--xy" * 200_000, b"\r" * 1_000_000):
        split_parts(hostile, "x")
    assert time.process_time() - started < 1
