"""Searching a bin, with the index of words, without it, and while it is being filled."""

from __future__ import annotations

import gzip
import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from inspector.capture import IMPORTED, Capture
from inspector.domain import Bin
from inspector.reading.query import parse_query
from inspector.reading.words import WORD, searched_lines
from inspector.storage.outcomes import Outcome, Stored
from inspector.storage.requests import Key
from inspector.storage.rows import load_rows_after
from inspector.storage.search.indexes import open_index
from inspector.storage.search.search_index import IndexFiller, SearchIndex
from inspector.storage.search.word_index import (
    MAX_WORDS_A_REQUEST,
    IndexUnusableError,
    WordIndex,
)
from inspector.web.services import Services
from tests.reading.captures import make_captured

COUNT = 230
HEAD = b"POST /b1 HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
TINY = st.sampled_from(["a", "Ab", "b1", "0", "_", " ", "-", "é", "\0", "%", ".", "\n", "ß"])


def make_case(bin_name: str, number: int) -> Capture:
    body = (
        f"ticket[id]={number}&ticket[agent][id]={number % 7}&ticket[subject]=Case+{number}".encode()
    )
    return Capture(bin_name, number * 1_000_000, HEAD, lambda: body, len(body))


def store_all(services: Services, captures: Sequence[Capture]) -> None:
    """Store them in this order, in few transactions."""
    outcomes: SimpleQueue[Outcome] = SimpleQueue()
    for each in captures:
        services.writer.submit(each, outcomes.put)
    assert {type(outcomes.get(timeout=60)) for _ in captures} == {Stored}


def store_body(
    services: Services, bin_name: str, number: int, body: bytes, head: bytes = HEAD
) -> None:
    capture = Capture(bin_name, number * 1_000_000, head, lambda: body, len(body))
    assert isinstance(services.writer.store(capture), Stored)


@pytest.fixture(autouse=True, scope="module")
def few_requests_are_near() -> Iterator[None]:
    """So that both ways of asking PostgreSQL find something here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inspector.storage.search.table_index.NEAR", 7)
        yield


@pytest.fixture
def b1(services: Services) -> Bin:
    services.bins.create("b1")
    services.bins.create("other")
    captures = []
    for number in range(1, COUNT + 1):
        captures.append(make_case("b1", number))
        if number % 10 == 0:
            captures.append(make_case("other", number))
    store_all(services, captures)
    return services.bins.get("b1")


def fill_words(services: Services, index: WordIndex) -> None:
    while batch := load_rows_after(services.requests, index.last_row, 50):
        index.add(batch)


def make_index(services: Services) -> SearchIndex:
    """The index that this database has, empty, and used by searches."""
    index = open_index(services.engine, services.requests, services.bins)
    assert index is not None
    services.search.index = index
    return index


def fill(index: SearchIndex) -> None:
    while index.fill():
        pass


@pytest.fixture(params=["read", "half indexed", "indexed"])
def searchable(
    request: pytest.FixtureRequest, services: Services, b1: Bin
) -> Iterator[Callable[..., list[int]]]:
    if request.param != "read":
        index = make_index(services)
        for _ in range(2):
            assert index.fill()
        if request.param == "indexed":
            fill(index)

    def find(text: str, **chosen: Any) -> list[int]:
        found = services.search.find(b1, parse_query(text), time_s=60, **chosen)
        return [request.number for request in found.requests]

    yield find
    if services.search.index is not None:
        services.search.index.close()


def test_matches_come_newest_first(searchable: Callable[..., list[int]]) -> None:
    expected = [number for number in range(COUNT, 0, -1) if number % 7 == 3]
    assert searchable("ticket.agent.id=3", limit=500) == expected
    assert searchable("ticket.agent.id=3", limit=5) == expected[:5]


def test_bounds_are_kept(searchable: Callable[..., list[int]]) -> None:
    assert searchable("case", before=5) == [4, 3, 2, 1]
    assert searchable("case", after=COUNT - 2) == [COUNT, COUNT - 1]
    assert searchable("case 17") == [179, 178, 177, 176, 175, 174, 173, 172, 171, 170, 17]


TOGETHER = {
    "ticket.id=7 or ticket.id=9": [9, 7],
    "(ticket.id=7 or ticket.id=9) ticket.subject:9": [9],
    "case (ticket.id=7 or zebra) -(method:GET or is:json)": [7],
    "ticket.id=7 or before:1970-01-01T00:00:03Z": [7, 2, 1],
    "-ticket.id>2": [2, 1],
    "/^Case 1[1-3]$/": [13, 12, 11],
    r"ticket.subject:/^case \d$/ ticket.id>7": [9, 8],
    "is:pinned": [220, 5],
    "note:first or note:zebra": [5],
    "is:pinned -note:first": [220],
    "note:/^a f/": [5],
    "is:pinned or ticket.id=9": [220, 9, 5],
}


@pytest.mark.slow
def test_conditions_are_put_together(
    services: Services, b1: Bin, searchable: Callable[..., list[int]]
) -> None:
    services.annotator.annotate(b1, "5", pinned=True, note="A first one")
    services.annotator.annotate(b1, "220", pinned=True)
    services.annotator.annotate(services.bins.get("other"), "1", pinned=True, note="first")
    assert {text: searchable(text) for text in TOGETHER} == TOGETHER


def test_times_are_bounds_too(searchable: Callable[..., list[int]]) -> None:
    found = searchable("case before:1970-01-01T00:00:04 after:1970-01-01T00:00:02")
    assert found == [3, 2]
    assert searchable("before:1970-01-01T00:00:03") == [2, 1]


def test_what_is_not_there_is_not_found(searchable: Callable[..., list[int]]) -> None:
    assert searchable("zebra") == []
    assert searchable("ticket.id=9999") == []


def test_what_a_request_is_not_is_found_too(
    services: Services, b1: Bin, searchable: Callable[..., list[int]]
) -> None:
    assert searchable("-is:ticket") == searchable("-method:POST") == []
    assert searchable("-is:json -case", limit=500) == []
    assert len(searchable("-is:json -method:GET case", limit=500)) == COUNT


def test_times_are_kept_to_when_what_was_imported_is_older(
    services: Services, b1: Bin, searchable: Callable[..., list[int]]
) -> None:
    assert searchable("after:1970-01-01T00:03:49") == [COUNT, COUNT - 1]
    store_all(
        services,
        [
            Capture("b1", second * 1_000_000, HEAD, lambda: b"case=old", 8, fidelity=IMPORTED)
            for second in range(1, 101)
        ],
    )
    now = services.bins.get("b1")

    def find(text: str) -> list[int]:
        found = services.search.find(now, parse_query(text), time_s=60)
        return [request.number for request in found.requests]

    assert find("after:1970-01-01T00:03:49") == [COUNT, COUNT - 1]
    assert find("case after:1970-01-01T00:03:49") == [COUNT, COUNT - 1]
    assert find("before:1970-01-01T00:00:03") == [COUNT + 2, COUNT + 1, 2, 1]


BIG = b"&filler=" + b"x" * 300_000


@pytest.mark.parametrize("is_indexed", [True, False])
def test_a_number_is_found_by_its_digits_as_sent_and_by_its_fewest(
    services: Services, is_indexed: bool
) -> None:
    services.bins.create("b1")
    head = b"POST /b1 HTTP/1.1\r\nContent-Type: application/json\r\n"
    for number, text in enumerate((b"1.50", b"150e-2", b"1.6", b'"1.50"', b"100"), 1):
        store_body(services, "b1", number, b'{"a": {"b": %s}}' % text, head)
    if is_indexed:
        fill(make_index(services))

    def find(text: str) -> list[int]:
        found = services.search.find(services.bins.get("b1"), parse_query(text), time_s=60)
        return [request.number for request in found.requests]

    assert find("a.b=1.50") == [4, 1]
    assert find("a.b=1.5") == [2, 1]
    assert find("a.b=150e-2") == [2]
    assert find("a.b!=1.5") == [5, 4, 3]
    assert find("a.b>1.5") == [5, 3]
    assert find("a.b=100") == [5]
    assert find('"1 50"') == find("a.b:1.50") == [4, 1]


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (HEAD, b"ticket[id]=777" + BIG),
        (
            HEAD + b"Content-Encoding: gzip\r\n",
            gzip.compress(random.Random(1).randbytes(300_000).hex().encode() + b"&ticket[id]=777"),
        ),
        (HEAD, b"ticket[id]=777&words=" + b"w+" * (MAX_WORDS_A_REQUEST + 10)),
    ],
    ids=["too big for a list", "too big once decoded", "too many words"],
)
def test_what_is_too_big_to_be_indexed_is_read(
    services: Services, head: bytes, body: bytes
) -> None:
    services.bins.create("b1")
    store_all(services, [make_case("b1", 1)])
    store_body(services, "b1", 2, body, head)
    index = make_index(services)
    fill(index)

    def find(text: str) -> list[int]:
        found = services.search.find(services.bins.get("b1"), parse_query(text), time_s=60)
        return [request.number for request in found.requests]

    assert find("ticket.id=777") == find("777") == [2]
    assert find("is:ticket") == find("method:POST") == [2, 1]
    assert find("ticket.id=778") == find("-is:ticket") == []
    index.close()


@given(st.lists(TINY).map("".join), st.lists(TINY).map("".join))
def test_the_index_cuts_words_where_searching_does(path: str, header: str) -> None:
    head = f"POST /b1/{quote(path)} HTTP/1.1\r\nX-Said: {header}\r\n".encode()
    request = make_captured(head)
    index = WordIndex(":memory:")
    index.add([(1, request)])
    execute = index._connection.execute
    execute("CREATE VIRTUAL TABLE temp.seen USING fts5vocab(main, words, instance)")
    seen = execute("SELECT term FROM seen WHERE col = 'said' ORDER BY offset").fetchall()
    words = [word for line in searched_lines(request) for word in WORD.findall(line)]
    assert [word for (word,) in seen] == words
    index.close()


NOWHERE = {
    "ticket.id<1": [],
    "ticket.agent.id>6 case": [],
    "-has:ticket": [],
    "-ticket.id<1000": [],
    "path:/hook": [],
    "has:ticket path:/hook or -has:ticket.subject": [],
    "-path:/b1": [],
    "ticket.id<3": [2, 1],
    "ticket.id>228": [230, 229],
    "ticket.id<3 or path:/hook": [2, 1],
}


def test_whole_blocks_are_passed_over(
    services: Services, b1: Bin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of those that came in between, and of what cannot be summed up, each is read."""
    index = make_index(services)
    fill(index)
    read: list[int] = []
    read_rows = services.requests.read

    def count_rows(*args: Any, **chosen: Any) -> Any:
        found = read_rows(*args, **chosen)
        read.append(len(found))
        return found

    monkeypatch.setattr(services.requests, "read", count_rows)
    for text, expected in NOWHERE.items():
        read.clear()
        found = services.search.find(b1, parse_query(text), time_s=60)
        assert ([each.number for each in found.requests], found.searched_to) == (expected, None)
        # The newest are read first, and the block with what is found.
        assert sum(read) <= 50 + 100 * bool(expected), text
    index.close()


def test_what_no_block_covers_is_found(services: Services, b1: Bin) -> None:
    index = make_index(services)
    for _ in range(2):
        index.fill()
    odd = b"ticket[id]=-5&ticket[odd]=inf"
    store_body(services, "b1", COUNT + 1, odd)
    fill(index)
    store_all(services, [make_case("b1", number) for number in range(COUNT + 2, COUNT + 150)])
    services.requests.delete(b1, f"{b1.id}-40")
    store_body(services, "b1", 0, b"lone=1", HEAD.replace(b"/b1", b"/b1/Hook%2f"))
    now = services.bins.get("b1")

    def find(text: str) -> list[int]:
        found = services.search.find(now, parse_query(text), time_s=60)
        return [request.number for request in found.requests]

    expected = {
        "ticket.id<1": [COUNT + 1],
        "ticket.odd>1": [COUNT + 1],
        "-has:ticket": [COUNT + 150],
        "path:/hook/": [COUNT + 150],
    }
    assert {text: find(text) for text in expected} == expected
    fill(index)
    assert {text: find(text) for text in expected} == expected
    index.close()


def test_what_was_deleted_is_not_found(
    services: Services, b1: Bin, searchable: Callable[..., list[int]]
) -> None:
    services.requests.delete(b1, f"{b1.id}-17")
    assert searchable("ticket.id=17") == []


def test_a_search_stops_after_its_time_and_can_go_on(services: Services, b1: Bin) -> None:
    query = parse_query("ticket.id=1")
    before: int | None = None
    steps = 0
    while True:
        found = services.search.find(b1, query, before=before, time_s=0)
        steps += 1
        if found.requests or found.searched_to is None:
            break
        before = found.searched_to
    assert [request.number for request in found.requests] == [1]
    assert steps == 5


def test_the_filler_takes_in_everything(services: Services, b1: Bin) -> None:
    index = make_index(services)
    filler = IndexFiller(services.in_context(index.fill))
    filler.catch_up()
    filler.stop()
    assert not index.fill()
    query = parse_query("case")
    numbers = index.find(b1, query, before=None, limit=1000)
    assert numbers == list(range(COUNT, 0, -1))
    index.close()


def test_an_index_on_a_full_disk_goes_on_when_there_is_room(services: Services, b1: Bin) -> None:
    index = WordIndex(":memory:")
    pages = index._connection.execute("PRAGMA page_count").fetchone()[0]
    index._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        fill_words(services, index)
    assert index.last_row == 0
    assert index.rows(0, 10) == []

    index._connection.execute("PRAGMA max_page_count = 100000")
    fill_words(services, index)
    assert len(index.rows(0, 1000)) == COUNT + COUNT // 10
    index.close()


@pytest.mark.parametrize("content", [None, b"no database at all" * 100], ids=["a folder", "other"])
def test_a_file_that_can_be_no_index_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "words"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(IndexUnusableError, match=r"words cannot be used \("):
        WordIndex(str(path))


def test_the_index_is_for_its_owner_only(tmp_path: Path) -> None:
    index = WordIndex(str(tmp_path / "words"))
    modes = {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    index.close()
    assert modes == {0o600}


@pytest.mark.usefixtures("searchable")
def test_neighbours_are_the_next_matches(services: Services, b1: Bin) -> None:
    def step(text: str, number: int) -> tuple[str | None, ...]:
        found = services.search.find_neighbours(b1, parse_query(text), number, time_s=60)
        return tuple(each and each.partition("-")[2] for each in found)

    assert step("ticket.agent.id=3", 100) == ("94", "101")
    assert step("ticket.agent.id=3", 101) == ("94", "108")
    assert step("ticket.id=230", 1) == (None, "230")
    assert step("ticket.id=1", 230) == ("1", None)
    assert step("ticket.agent.id!=9", 5) == ("4", "6")
    assert step("zebra", 5) == (None, None)


def test_what_the_index_does_not_find_is_not_looked_for(services: Services, b1: Bin) -> None:
    index = make_index(services)
    fill(index)
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_others: object) -> None:
        said.append(statement)

    event.listen(services.engine, "before_cursor_execute", note)
    for text, found in (("zebra", []), ("ticket.id=5", [5])):
        said.clear()
        requests = services.search.find(b1, parse_query(text), time_s=60).requests
        assert [each.number for each in requests] == found
        assert any("requests.number IN" in each for each in said) == bool(found)
    event.remove(services.engine, "before_cursor_execute", note)
    index.close()


def test_requests_are_looked_up_by_their_numbers_and_not_in_all_of_the_bin(
    services: Services, b1: Bin
) -> None:
    """A lower bound beside the numbers would have SQLite walk the bin from there."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_others: Any) -> None:
        asked.append((statement, values))

    event.listen(services.engine, "before_cursor_execute", note)
    keys = services.requests.find_keys(b1, [5, 200, 9_999])
    found = list(services.requests.iterate_keys(b1, keys))
    event.remove(services.engine, "before_cursor_execute", note)
    assert [each.number for each in found] == [200, 5]
    looked = [each for each in asked if "requests" in each[0]]
    assert len(looked) == 2
    if services.engine.dialect.name == "sqlite":
        with services.engine.connect() as connection:
            for statement, values in looked:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                assert "(bin_id=? AND number=?)" in plan.all()[0][3]


def test_numbers_that_a_bin_let_go_of_are_not_found_but_for_pinned_ones(
    services: Services, b1: Bin
) -> None:
    b1 = b1._replace(kept_from=100, kept_below=(7,))
    keys = services.requests.find_keys(b1, [5, 7, 99, 100, 230])
    assert [each.number for each in keys] == [230, 100, 7]
    gone = [Key(number, 0) for number in (5, 100, 7)]
    assert [each.number for each in services.requests.iterate_keys(b1, gone)] == [100, 7]
    assert services.requests.find_keys(b1, [5]) == []
    assert list(services.requests.iterate_keys(b1, [Key(5, 0)])) == []
