"""What strangers sent, on a terminal: shown, never obeyed."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.cli.lines import escape_pieces


@dataclass(frozen=True)
class Case:
    id: str
    sent: bytes
    shown: str


CASES = [
    Case("plain text", b"a,b\n1,2\n", "a,b\n1,2\n"),
    Case("a table's own line ends", b"a\r\nb\r\n", "a\nb\n"),
    Case("a line that would be written over", b"evil\rgood", "evil\ngood"),
    Case("letters of any script and tabs", "ü\tж".encode(), "ü\tж"),
    Case("colours, bells and backspaces", b"\x1b[31m\x07\x08\x7f", "\\x1b[31m\\x07\\x08\\x7f"),
    Case("an eight-bit escape", "\x9b31m".encode(), "\\x9b31m"),
    Case("text turned round", "\u202eabc".encode(), "\\u202eabc"),
    Case("no UTF-8", b"a\xffb\x9b", "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"),
]


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_a_terminal_is_shown(case: Case) -> None:
    assert b"".join(escape_pieces([case.sent])).decode() == case.shown
    bytewise = [case.sent[at : at + 1] for at in range(len(case.sent))]
    assert b"".join(escape_pieces(bytewise)).decode() == case.shown


@given(st.lists(st.binary()))
def test_a_terminal_is_given_nothing_that_it_obeys(pieces: list[bytes]) -> None:
    shown = b"".join(escape_pieces(pieces)).decode()
    assert shown == b"".join(escape_pieces([b"".join(pieces)])).decode()
    assert all(each.isprintable() or each in "\n\t" for each in shown)
