"""Rows kept from one form to the next are those of the whole tree, byte for byte as markup."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.forms import parse
from inspector.forms.losses import Losses
from inspector.reading.grouping import is_ticket
from inspector.reading.kept.rows import KeptRows
from inspector.reading.kept.spans import find_span
from inspector.reading.kept.states import StateCache
from inspector.reading.meaning import say_distance
from inspector.reading.nodes import build_tree
from inspector.reading.rows import RowOptions, list_rows
from inspector.reading.tree import Reading, build_reading
from inspector.web.pages.rendering.tree_rows import render_tree_rows
from tests.bench.bench_forms import vary
from tests.reading.captures import RECEIVED_US, SAMPLE_BODY, make_request

DATA = Path(__file__).parents[1] / "forms" / "data"
AT = datetime.fromtimestamp(RECEIVED_US / 1e6, UTC)
FILLED = b"".join(b"&filled[%d]=%d" % (place, place) for place in range(45))
HEADER, CLAIMS = (
    base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
    for part in ({"alg": "HS256", "typ": "JWT"}, {"exp": RECEIVED_US // 1_000_000 + 60})
)
VALUES = [
    *(b"", b"0", b"1", b"true", b"false", b"2", b"plain text", b"x" * 400, b"y" * 2_500),
    *(b"2014-07-02 09:01:00", b"2014-07-02 09:01:40", b"1404291700", b"1404291700000"),
    *(b"1404291708", b"2031-01-01 00:00:00", b"0001-01-01 00:00:00", b"9999-12-31 23:59:59"),
    *(
        b"http://127.0.0.1/a?b=c",
        b"https://a.example/?x=%20y",
        b"javascript:alert(1)",
        b"a@b.example",
    ),
    *(
        b"<script>alert(1)</script>",
        b"\"'&lt;&amp;",
        b" onload=x ",
        b"\0",
        b"\x01",
        b"a\r\nb\n\nc\n\nd",
    ),
    *(b"\xe2\x80\xae", b"\xff\xfe", "é 語 👩‍💻".encode(), b'{"a": [1, {"b": "2"}]}', b"[]", b"{}"),
    *(b"".join((HEADER, b".", CLAIMS, b".c2ln")), b"7 minutes", b"eyJhIjogMX0", b"PT5M"),
]
NAMES = [
    *(b"id", b"name", b"subject", b"is_hidden", b"has_email", b"date_created", b"date_created_ts"),
    *(b"date_created_ts_ms", b"picture", b"total_user_waiting", b"warn_time", b"warn_time_unit"),
    *(b"amount", b"currency", b"email", b"", b"0", b"1", b"a.b", b"a b", b'"', b"<b>", b"\xc3\xa9"),
    *(b"\xe2\x80\xae", b"\xff", b"&", b"n" * 300, b"custom_data", b"event_type", b"event_method"),
]
TOPS = [b"ticket", b"person_context", b"custom_data", b"event_type", b"other", b"date_created"]


def list_both(kept: KeptRows, body: bytes, at: datetime = AT) -> bool:
    """Compare the rows and the markup with the oracle's; True when they were kept."""
    value: Any = parse(body).value
    options = RowOptions(at, (), is_ticket(value), php=True)
    tree = build_tree(value)
    expected = list_rows(tree.root, options) if value else []
    found = kept.list_rows(value, options)
    if found is None:
        return False
    assert found.rows == expected
    assert (found.fields, tree.complete) == (tree.total, True)
    assert show(found.rows) == show(expected)
    return True


def show(rows: list[Any]) -> str:
    reading = Reading("form", rows, losses=Losses())
    return str(render_tree_rows(reading, "/bins/b1/requests/1-1/field?as=rack&path="))


def write(pairs: Iterable[tuple[tuple[bytes, ...], bytes]]) -> bytes:
    return b"&".join(
        quote_from_bytes(path[0] + b"".join(b"[%s]" % key for key in path[1:])).encode()
        + b"="
        + quote_from_bytes(value).encode()
        for path, value in pairs
    )


def read_cases() -> Iterator[bytes]:
    """The forms of the project's data: the cases of PHP, those built, and the sample."""
    for line in (DATA / "cases.jsonl").read_text().splitlines():
        case = json.loads(line)
        yield base64.b64decode(case["body_b64"]) if "body_b64" in case else case["body"].encode()


def test_rows_of_all_recorded_forms_are_those_of_their_trees() -> None:
    kept, count = KeptRows(), 0
    for body in read_cases():
        for padded in (body + FILLED, b"ticket[id]=7&" + body + FILLED):
            count += list_both(kept, padded)
    assert count > 600


@pytest.mark.parametrize("weight", [16_000_000, 60_000])
def test_changing_values_names_and_moments_give_the_rows_of_their_trees(weight: int) -> None:
    kept, random_ = KeptRows(StateCache(weight)), random.Random(7)
    pieces = [piece.partition(b"=") for piece in SAMPLE_BODY.split(b"&")]
    pairs = [(name, value) for name, _, value in pieces]
    at, count = AT, 0
    for _ in range(70):
        for _ in range(random_.randrange(4)):
            place = random_.randrange(len(pairs))
            value = quote_from_bytes(random_.choice(VALUES)).encode()
            pairs[place] = pairs[place][0], random_.choice((value, pairs[place][1]))
        if random_.random() < 0.2:
            del pairs[random_.randrange(len(pairs))]
        if random_.random() < 0.3:
            name = b"ticket%%5B%s%%5D" % quote_from_bytes(random_.choice(NAMES)).encode()
            value = quote_from_bytes(random_.choice(VALUES)).encode()
            pairs.insert(random_.randrange(len(pairs)), (name, value))
        at += timedelta(seconds=random_.choice((0, 0, 0.3, 1, 45, 4_000, -30, 100_000)))
        count += list_both(kept, b"&".join(b"=".join(pair) for pair in pairs), at)
        assert kept.cache.weight <= weight
    assert count > 65


_PATHS = st.tuples(st.sampled_from(TOPS), st.lists(st.sampled_from(NAMES), max_size=3)).map(
    lambda path: (path[0], *path[1])
)
_FORMS = st.lists(st.tuples(_PATHS, st.sampled_from(VALUES)), max_size=25)
_SHARED = KeptRows()


@settings(deadline=None, max_examples=60)
@given(
    _FORMS, st.lists(st.sampled_from(VALUES), min_size=1, max_size=30), st.integers(-(9**6), 9**6)
)
def test_any_forms_of_the_same_names_give_the_rows_of_their_trees(
    pairs: list[tuple[tuple[bytes, ...], bytes]], values: list[bytes], seconds: int
) -> None:
    others = [
        (path, values[place % len(values)] if place % 3 else value)
        for place, (path, value) in enumerate(pairs)
    ]
    for kept in (_SHARED, KeptRows(StateCache(100_000))):
        list_both(kept, write(pairs) + FILLED)
        list_both(kept, write(others) + FILLED)
        list_both(kept, write(others) + FILLED, AT + timedelta(seconds=seconds))
        list_both(kept, write(pairs) + FILLED, AT + timedelta(microseconds=1))


def test_a_sibling_that_changes_changes_what_is_said_of_the_others() -> None:
    kept = KeptRows()
    for name in ("Ann", "Bob", ""):
        body = (
            f"ticket[id]=7&ticket[name]={name}&ticket[warn_time]=5&ticket[warn_time_unit]=minutes"
        )
        assert list_both(kept, body.encode() + FILLED)
    found = kept.list_rows(parse(body.replace("minutes", "hours").encode() + FILLED).value, OPTIONS)
    assert found is not None
    assert [row.meaning.text for row in found.rows if row.key == "warn_time" and row.meaning] == [
        "5 hours"
    ]


OPTIONS = RowOptions(AT, (), grouped=True, php=True)


def test_a_group_that_comes_to_be_the_last_ends_the_lists() -> None:
    kept = KeptRows()
    names = "a b c d e f g date_created date_updated".split()
    for empty in ((), ("f", "g"), ("g",), ()):
        pairs = [
            ((b"ticket", name.encode()), b"" if name in empty else b"2014-07-02 09:01:00")
            for name in names
        ]
        assert list_both(kept, write(pairs) + FILLED)


def test_unchanged_rows_stand_again_and_changed_ones_do_not() -> None:
    kept = KeptRows()
    first, second = (
        kept.list_rows(parse(body).value, OPTIONS) for body in (SAMPLE_BODY, vary(SAMPLE_BODY, 1))
    )
    third = kept.list_rows(parse(vary(SAMPLE_BODY, 1)).value, OPTIONS)
    assert first is not None
    assert second is not None
    assert third is not None
    before = {id(row) for row in first.rows}
    assert 100 < sum(id(row) in before for row in second.rows) < len(second.rows) - 40
    assert sum(a is b for a, b in zip(second.rows, third.rows, strict=True)) == len(third.rows) - 1


def test_small_forms_deep_ones_and_those_beyond_limits_are_left_to_the_tree() -> None:
    kept = KeptRows()
    wide = b"&".join(b"a[%d]=x" % place for place in range(501))
    many = b"&".join(b"a[%d][%d]=x" % (place % 90, place) for place in range(990))
    deep = b"a" + b"[b]" * 30 + b"=x" + FILLED
    assert not any(list_both(kept, body) for body in (b"a=b", wide, deep))
    assert not kept.list_rows(
        {"a": {str(n): {str(i): "x" for i in range(30)} for n in range(90)}}, OPTIONS
    )
    assert list_both(kept, many)
    request = make_request(wide)
    assert build_reading(request).complete is False


def test_memory_for_hostile_names_is_bounded() -> None:
    kept = KeptRows(StateCache(1_000_000))
    for number in range(10):
        names = b"&".join(
            b"a%d[%d]=%s" % (number, place, b"%E2%80%AE" * 500) for place in range(99)
        )
        assert list_both(kept, names) is True
        assert kept.cache.weight <= 1_000_000
    assert list_both(kept, SAMPLE_BODY)


def test_threads_that_read_at_once_each_get_their_own_rows() -> None:
    kept, failures = KeptRows(), list[BaseException]()

    def read(number: int) -> None:
        try:
            for turn in range(6):
                at = AT + timedelta(seconds=number * 100)
                assert list_both(kept, vary(SAMPLE_BODY, number * 100 + turn % 3), at)
        except BaseException as error:
            failures.append(error)

    threads = [Thread(target=read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


_MOMENTS = st.datetimes(timezones=st.just(UTC))


@given(_MOMENTS, st.one_of(_MOMENTS, st.integers(-(10**13), 10**13)))
def test_a_span_has_the_moments_that_say_the_same_distance(
    instant: datetime, other: datetime | int
) -> None:
    try:
        at = other if isinstance(other, datetime) else instant + timedelta(microseconds=other)
    except OverflowError:
        return
    since, until = find_span(instant, at)
    assert since <= at < until or since == until == at
    if since < until:
        said = say_distance(instant, at)
        assert (
            say_distance(instant, since)
            == say_distance(instant, until - timedelta.resolution)
            == said
        )
