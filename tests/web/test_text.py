"""Nothing a stranger sends hides, turns the line around or breaks the page."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment

from inspector.web.pages.text import (
    encode_exact,
    prepare_text,
    say_clock,
    say_size,
    show_odd,
    visible,
)


@dataclass(frozen=True)
class Case:
    id: str
    text: str
    shown: str


CASES = [
    Case("plain text stays", "Grüße, 日本 🎉", "Grüße, 日本 🎉"),
    Case("tab and line feed are layout", "a\tb\nc", "a\tb\nc"),
    Case("a carriage return before a line feed is layout", "a\r\nb", "a\r\nb"),
    Case("a carriage return alone is named", "a\rb", r"a\x0db"),
    Case("escape, as in a terminal's colours", "\x1b[31m", r"\x1b[31m"),
    Case("NUL and DEL", "\0\x7f", r"\x00\x7f"),
    Case("an override of direction", "a\u202eb", "a[U+202E]b"),
    Case("an isolate", "\u2066x\u2069", "[U+2066]x[U+2069]"),
    Case("a space without width", "pay\u200bpal", "pay[U+200B]pal"),
    Case(
        "the joiner of an emoji stays", "\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"
    ),
    Case("a joiner in a Persian word stays", "می\u200cخواهم", "می\u200cخواهم"),
    Case("a joiner between Latin letters", "ad\u200dmin\u200c", "ad[U+200D]min[U+200C]"),
    Case("the colour of an emoji stays", "\u2764\ufe0f 1\ufe0f", "\u2764\ufe0f 1\ufe0f"),
    Case("a variation of a letter", "a\ufe01\ufe0f", "a[U+FE01][U+FE0F]"),
    Case("a variant of an ideograph stays", "葛\U000e0100", "葛\U000e0100"),
    Case("variants that hide text", "葛\U000e0100\U000e0101", "葛\U000e0100[U+E0101]"),
    Case("a blank that is no space", "a\u2800b\u034f", "a[U+2800]b[U+034F]"),
    Case("a byte that was no UTF-8", "a\udcffb", r"a\xffb"),
    Case("half a surrogate pair", "\ud83d", "[U+D83D]"),
    Case("a tag that hides text", "\U000e0041", "[U+E0041]"),
]


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_show_odd(case: Case) -> None:
    assert show_odd(case.text) == case.shown


def test_odd_characters_are_set_apart_and_named() -> None:
    assert visible("<b>\u202e") == (
        '&lt;b&gt;<span class="odd" title="right-to-left override">[U+202E]</span>'
    )


def test_a_run_of_odd_characters_is_one_mark() -> None:
    assert visible("\0" * 1000).count("<span") == 1


@given(st.text())
def test_every_text_can_be_encoded_and_none_makes_markup(text: str) -> None:
    show_odd(text).encode()
    shown = visible(text)
    shown.encode()
    assert shown.count("<") == 2 * shown.count("<span")


def test_a_template_needs_no_filter_to_be_safe() -> None:
    environment = Environment(autoescape=True)
    prepare_text(environment)
    template = environment.from_string('<a title="{{ text }}">{{ text }} {{ 3 }}</a>')
    assert template.render(text='"\udcff\u202e') == (
        r'<a title="&#34;\xff[U+202E]">&#34;\xff[U+202E] 3</a>'
    )


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 B"), (999, "999 B"), (12_345, "12.3 kB"), (3_000_000, "3.0 MB")]
)
def test_say_size(count: int, said: str) -> None:
    assert say_size(count) == said


@pytest.mark.parametrize(
    ("instant", "shown"),
    [
        (datetime(2026, 5, 2, 9, 1, 49, tzinfo=UTC), "09:01:49"),
        (datetime(2026, 5, 1, 9, 1, 49, tzinfo=UTC), "May 01, 09:01"),
        (datetime(2014, 5, 2, 9, 1, 49, tzinfo=UTC), "2014-05-02 09:01"),
    ],
)
def test_a_clock_of_another_day_says_which(instant: datetime, shown: str) -> None:
    assert say_clock(instant, datetime(2026, 5, 2, 23, tzinfo=UTC)) == shown


@given(st.text())
def test_what_a_script_copies_is_the_text_and_shows_nothing_odd(text: str) -> None:
    encoded = encode_exact(text)
    assert encoded.isascii()
    assert encoded == "" or unquote(encoded) == text
    assert encoded != "" or show_odd(text) == text or re.search("[\ud800-\udfff]", text)
