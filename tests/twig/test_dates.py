"""Dates in templates, against what PHP itself wrote (data/record_php_dates.php)."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.twig.date_letters import format_date
from inspector.twig.date_texts import find_zone, parse_date, shift_date

RECORDED = json.loads((Path(__file__).parent / "data" / "php_dates.json").read_text("utf-8"))
NOW = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "case", RECORDED["cases"], ids=lambda case: f"{case['text']} {case['zone']}"
)
def test_every_letter_writes_what_php_writes(case: dict[str, Any]) -> None:
    zone = find_zone(case["zone"])
    assert zone is not None
    moment = parse_date(case["text"], now=NOW, zone=zone)
    assert moment is not None
    assert {letter: format_date(moment, letter) for letter in case["written"]} == case["written"]


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2014-05-21 14:18:57", "2014-05-21T14:18:57+00:00"),
        ("2014-05-21", "2014-05-21T00:00:00+00:00"),
        ("2014/5/1 7:08", "2014-05-01T07:08:00+00:00"),
        ("2014-05-21T14:18:57Z", "2014-05-21T14:18:57+00:00"),
        ("2014-05-21T14:18:57.5+02:00", "2014-05-21T12:18:57.500000+00:00"),
        ("2014-05-21 14:18:57 -0130", "2014-05-21T15:48:57+00:00"),
        ("1400681937", "2014-05-21T14:18:57+00:00"),
        ("-1", "1969-12-31T23:59:59+00:00"),
        ("20322281937", "2613-12-27T14:18:57+00:00"),
        (" now ", "2020-01-02T03:04:05+00:00"),
        ("21 may", "2020-05-21T00:00:00+00:00"),
        ("14:30", "2020-01-02T14:30:00+00:00"),
        ("next monday", "2020-01-06T00:00:00+00:00"),
    ],
)
def test_dates_are_read_as_the_helpdesk_writes_them(text: str, iso: str) -> None:
    moment = parse_date(text, now=NOW)
    assert moment is not None
    assert moment.isoformat() == iso


NO_DATES = [
    "", "someday", "next", "last day off", "+1 dayx", "2014-13-01",
    "21/05/2014", "1st of May 2014", "13 am",
    "0000-00-00 00:00:00", "2014-05-21 25:00:00", "+999999999 years",
    "999999999999", "9999-12-31 23:59:59 -2300", "1" * 5000, "-" * 9, "١٢٣",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_DATES)
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_date(text, now=NOW) is None


@pytest.mark.parametrize("name", ["Nowhere/Land", "../etc/passwd", "", "\0", "a" * 5000])
def test_an_unknown_zone_is_none(name: str) -> None:
    assert find_zone(name) is None


@pytest.mark.parametrize(("text", "iso"), RECORDED["read"], ids=str)
def test_a_date_is_read_as_php_reads_it(text: str, iso: str) -> None:
    moment = parse_date(text, now=NOW)
    assert moment is not None
    assert moment.isoformat(timespec="seconds") == iso


@pytest.mark.parametrize(("base", "text", "iso"), RECORDED["moved"], ids=str)
def test_a_date_is_moved_as_php_moves_it(base: str, text: str, iso: str) -> None:
    moment = parse_date(base, now=NOW)
    assert moment is not None
    moved = shift_date(moment, text)
    assert moved is not None
    assert moved.isoformat(timespec="seconds") == iso


@given(st.text(alphabet="0123456789-/.: +aprnextMondayTZof", max_size=30), st.text(max_size=20))
def test_any_text_is_a_date_or_none(written: str, other: str) -> None:
    for text in (written, other, f"{written} {other}"):
        moment = parse_date(text, now=NOW)
        assert moment is None or moment.tzinfo is not None
        shift_date(NOW, text)


def test_reading_takes_time_in_step_with_the_text() -> None:
    for text in ("1" * 100_000, "monday " * 20_000, "-" * 100_000, "next " * 30_000, "1." * 50_000):
        assert parse_date(text, now=NOW) is None
