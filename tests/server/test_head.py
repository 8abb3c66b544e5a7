"""A head read the short way says what the careful way says, or refuses alike."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from waitress.parser import ParsingError

from inspector.server import head

ODD = st.sampled_from([b"\r", b"\n", b"\0", b"\x7f", b" ", b"\t", b":", b"_", b"\xe9", b"\r\n "])
PIECES = st.one_of(ODD, st.binary(max_size=3), st.sampled_from([b"X-A", b"Host", b"a", b": "]))
LINES = st.lists(st.lists(PIECES, max_size=5).map(b"".join), max_size=5)
NEVER = re.compile(rb"(?!)")


def read(block: bytes) -> dict[str, str] | str:
    try:
        return head.parse_fields(block, max_fields=1000)
    except ParsingError as problem:
        return str(problem)


@given(LINES.map(lambda lines: b"".join(line + b"\r\n" for line in lines)))
@example(b"X-A: 1\r\nx-a:\t2 \r\nX_A: 3\r\n")
@example(b"X-A: 1\r\n 2\r\n")
@example(b"X-A : 1\r\n")
@example(b": 1\r\n")
@example(b"\r\n")
def test_fields(block: bytes) -> None:
    shortly = read(block)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(head, "_PLAIN_FIELDS", NEVER)
        assert read(block) == shortly


@given(st.lists(PIECES, max_size=6).map(b"".join), st.sampled_from([b"", b" HTTP/1.1", b" HTTP/2"]))
@example(b"POST /b1", b" HTTP/1.1")
def test_a_line_that_is_kept_reads_as_one_that_is_not(start: bytes, version: bytes) -> None:
    def parse(line: bytes, limit: int) -> tuple[str, bytes, str] | str:
        try:
            return head.parse_request_line(line, max_target_bytes=limit)
        except ParsingError as problem:
            return str(problem)

    # A limit on targets below what is kept has every line read anew.
    assert parse(start + version, 65_536) == parse(start + version, 200)
