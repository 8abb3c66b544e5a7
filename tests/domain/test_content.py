"""Content codings undone: whole, in members, cut off, wrong, and never without end."""

from __future__ import annotations

import gzip
import re
import time
import zlib
from dataclasses import dataclass
from operator import attrgetter

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain.content import MAX_MEMBERS, decode_content, import_zstd

zstd = import_zstd()
TEXT = b"ticket[id]=5&" * 1000
BARE = zlib.compress(TEXT)[2:-4]


@dataclass(frozen=True)
class Case:
    id: str
    body: bytes
    coding: str
    data: bytes
    problem: str | None = None


CASES = [
    Case("none", b"a=1", "", b"a=1"),
    Case("identity", b"a=1", "identity", b"a=1"),
    Case("an empty body", b"", "gzip", b""),
    Case("gzip", gzip.compress(TEXT), "gzip", TEXT),
    Case("by its old name, in capitals", gzip.compress(TEXT), " X-GZIP ", TEXT),
    Case("three members", gzip.compress(TEXT) * 3, "gzip", TEXT * 3),
    Case("an empty member", gzip.compress(b"") + gzip.compress(TEXT), "gzip", TEXT),
    Case("deflate as zlib", zlib.compress(TEXT), "deflate", TEXT),
    Case("deflate as sent by some", BARE, "deflate", TEXT),
    Case("brotli", brotli.compress(TEXT), "br", TEXT),
    Case("zstd", zstd.compress(TEXT), "zstd", TEXT),
    Case("zstd in two frames", zstd.compress(TEXT) + zstd.compress(b"!"), "zstd", TEXT + b"!"),
    Case("not zstd", b"\xff" * 50, "zstd", b"\xff" * 50, "is not zstd"),
    Case("two codings", gzip.compress(brotli.compress(TEXT)), "br, gzip", TEXT),
    Case("cut off", gzip.compress(TEXT)[:-8], "gzip", TEXT, "goes on"),
    Case("not gzip", b"a=1", "gzip", b"a=1", "is not gzip"),
    Case("something after it", gzip.compress(TEXT) + b"xyz", "gzip", TEXT, "goes on"),
    Case("not brotli", b"\xff" * 50, "br", b"\xff" * 50, "is not br"),
    Case("a coding nobody knows", b"a=1", "lzma", b"a=1", "lzma is not one"),
    Case("four codings", b"a=1", "gzip, gzip, gzip, gzip", b"a=1", "More than three"),
]


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_decode_content(case: Case) -> None:
    found = decode_content(case.body, case.coding)
    assert found.data == (case.data or case.body)
    assert (case.problem or "") in (found.problem or "")
    assert (found.problem is None) is (case.problem is None)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize(
    "body",
    [b"hello", b"\xff" * 50, gzip.compress(TEXT, mtime=0)[:15] + b"\xff" * 50],
    ids=["a text", "binary", "a head of gzip"],
)
def test_a_body_in_another_coding_is_told_in_words_of_ours(body: bytes, coding: str) -> None:
    problem = decode_content(body, coding).problem or ""
    assert re.fullmatch(r"(The body is not|Decoded only as far as) [\w ,;:.-]+", problem)
    assert not re.search("error|header|stored|distance|decompress", problem)


@given(st.lists(st.binary(max_size=2000), min_size=1, max_size=6))
def test_members_come_out_joined(members: list[bytes]) -> None:
    body = b"".join(map(gzip.compress, members))
    found = decode_content(body, "gzip")
    assert (found.data, found.problem) == (b"".join(members), None)


@given(
    st.binary(max_size=300),
    st.sampled_from(["gzip", "deflate", "br", "zstd", "gzip, br", "x, gzip"]),
)
def test_no_content_is_an_error(body: bytes, coding: str) -> None:
    decode_content(body, coding, max_bytes=1000)


@pytest.mark.slow
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip, gzip"])
def test_a_bomb_goes_off_no_further_than_the_limit(coding: str) -> None:
    compress = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}
    compress["zstd"] = zstd.compress
    body = b"\0" * 30_000_000
    for each in coding.split(", "):
        body = compress[each](body)
    found = decode_content(body, coding, max_bytes=1_000_000)
    assert len(found.data) <= 1_000_000
    assert "goes on" in (found.problem or "")


def test_a_million_members_take_no_longer_than_a_thousand() -> None:
    body = gzip.compress(b"x") * 400_000
    began = time.monotonic()
    found = decode_content(body, "gzip")
    assert time.monotonic() - began < 10  # copied for each member it would take minutes
    assert found.data == b"x" * MAX_MEMBERS
    assert "goes on" in (found.problem or "")
