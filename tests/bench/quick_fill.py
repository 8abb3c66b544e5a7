"""A bin of very many requests that differ in a number, and their words, filled by SQL.

Storing and indexing 100,000 tickets one by one takes a quarter of an hour on a busy machine. Here
the first ``READ`` are stored and indexed by the program itself, and the rest is made in the
database by putting numbers in the place of two marks; some of it is held to what the
program makes of the same requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import text

from inspector.capture import Capture
from inspector.domain import Bin, CapturedRequest
from inspector.reading.indexing.readings import walk
from inspector.reading.words import SearchedLine
from inspector.storage.records import REQUEST_COLUMNS, read_capture
from inspector.storage.requests import Key
from inspector.storage.search.blocks import SIZE, Block, add_to_blocks
from inspector.storage.search.file_index import FileIndex
from inspector.storage.search.search_index import SearchIndex
from inspector.storage.search.table_index import MARK, SEPARATOR, TableIndex, find_words, list_words
from inspector.storage.search.word_index import make_document
from inspector.web.services import Services
from tests.postgresql import connect

# So many requests are stored and read by the program itself.
READ = 1_000
STEP = 10_000
# Digits that stand for the request's number, and for its number modulo ``PERIOD``.
NUMBER = "7107734598"
OTHER = "8208845609"
PERIOD = 9
EVERY_US = 100_000
# Each is a delivery of its own, whose key is anywhere among all.
SPREAD = 2_305_843_009_213_693_967
KEYS = 2**62

# The request with these two texts in it, received at a time in microseconds.
Make = Callable[[str, str, int], Capture]

_COPIED = [each for each in REQUEST_COLUMNS if each not in ("number", "received_us", "body_size")]
_PUT = "replace(replace(:{0}, :number, CAST(n AS text)), :other, CAST(n % :period AS text))"
_SERIES = {
    "sqlite": "(WITH RECURSIVE s(n) AS (VALUES(:first) UNION ALL SELECT n + 1 FROM s"
    " WHERE n < :last) SELECT n FROM s)",
    "postgresql": "(SELECT * FROM generate_series(CAST(:first AS bigint), :last) AS s(n))",
}
_TO_BYTES = {"sqlite": "CAST({} AS BLOB)", "postgresql": "convert_to({}, 'UTF8')"}
_COUNT = text("""
    UPDATE bins SET last_number = :last, held = :last, stored_bytes = (
        SELECT sum(body_size + length(raw_head)) FROM requests WHERE bin_id = :bin
    ) WHERE id = :bin
""")
_ADD_WORDS = text("""
    INSERT INTO request_words (bin_id, number, words, delivery, retry)
    SELECT :bin, n, array_to_tsvector(CAST(:same AS text[]))
        || array_to_tsvector(string_to_array(own, E'\\n')),
        CAST(n * CAST(:spread AS numeric) % :keys AS bigint), false
    FROM unnest(CAST(:numbers AS bigint[]), CAST(:own AS text[])) AS given (n, own)
""")
_ADD_BLOCK = text(
    "INSERT INTO request_blocks (bin_id, number, covered, summary)"
    " VALUES (:bin, :number, :covered, :summary)"
)
_REST = text("DELETE FROM requests_to_index WHERE bin_id = :bin")
_NO_INDEX = "DROP INDEX request_words_by_word"
_NEW_INDEX = (
    "SET maintenance_work_mem = '256MB'",
    "CREATE INDEX request_words_by_word ON request_words USING gin (words)",
    "ANALYZE",
)


def fill(services: Services, index: SearchIndex, make: Make, count: int, start_us: int) -> Bin:
    """The bin ``bench`` with requests numbered 1 to ``count``, all of them indexed.

    The only bin of its database, in whose rows the same numbers are the ids.
    """
    services.bins.create("bench", capacity=count)

    def make_numbered(number: int) -> Capture:
        at_us = start_us + number * EVERY_US
        return make(str(number), str(number % PERIOD), at_us)

    read = min(READ, count)
    for number in range(1, read):
        services.writer.submit(make_numbered(number), lambda _: None)
    services.writer.store(make_numbered(read))
    while index.fill():
        pass
    bin_ = services.bins.get("bench")
    if count > read:
        _add_requests(services, bin_, make(NUMBER, OTHER, 0), count)
        bin_ = services.bins.get("bench")
        for number in (read + 1, count // 2, count):
            (stored,) = _load(services, bin_, [number])
            made = make_numbered(number)
            assert (stored.raw_head, stored.body) == (made.raw_head, made.read_body())
            assert stored.received_us == made.received_us
        sample = read_capture(make(NUMBER, OTHER, 0), bin_.id, 1)
        if isinstance(index, FileIndex):
            _fill_file(services, index, bin_, sample, count)
        else:
            assert isinstance(index, TableIndex)
            _fill_tables(services, bin_, sample, count)
    while index.fill():
        pass
    assert index.count_missing() == 0
    return bin_


def _add_requests(services: Services, bin_: Bin, capture: Capture, count: int) -> None:
    dialect = services.engine.dialect.name
    to_bytes = _TO_BYTES[dialect]
    head, body = (to_bytes.format(_PUT.format(name)) for name in ("head", "body"))
    values = {"raw_head": "made.head", "body": "made.body"}
    columns = [*_COPIED, "number", "received_us", "body_size"]
    picked = [values.get(name, f"sample.{name}") for name in _COPIED]
    picked += ["n", "sample.received_us + (n - sample.number) * :every", "length(made.body)"]
    statement = text(
        f"INSERT INTO requests ({', '.join(columns)}) SELECT {', '.join(picked)}"
        " FROM requests AS sample CROSS JOIN"
        f" (SELECT n, {head} AS head, {body} AS body FROM {_SERIES[dialect]} AS numbers) AS made"
        " WHERE sample.bin_id = :bin AND sample.number = :read ORDER BY n"
    )
    marks = {"number": NUMBER, "other": OTHER, "period": PERIOD, "every": EVERY_US}
    texts = {"head": capture.raw_head.decode(), "body": capture.read_body().decode()}
    for first in range(READ + 1, count + 1, STEP):
        last = min(first + STEP - 1, count)
        bounds = {"first": first, "last": last, "bin": bin_.id, "read": READ}
        with services.engine.begin() as connection:
            connection.execute(statement, {**marks, **texts, **bounds})
    with services.engine.begin() as connection:
        connection.execute(_COUNT, {"bin": bin_.id, "last": count})


def _put(said: str, number: int) -> str:
    return said.replace(NUMBER, str(number)).replace(OTHER, str(number % PERIOD))


def _fill_file(
    services: Services, index: FileIndex, bin_: Bin, sample: CapturedRequest, count: int
) -> None:
    marks, said, _ = make_document(sample)
    for each in _load_some(services, bin_, count):
        assert make_document(each)[:2] == (marks, _put(said, each.number))
    blocks = _list_blocks(services, bin_, count)
    for first in range(READ + 1, count + 1, STEP):
        numbers = range(first, min(first + STEP, count + 1))
        with index._index._changing() as connection:
            connection.executemany(
                "INSERT INTO words (rowid, marks, said) VALUES (?, ?, ?)",
                ((each, marks, _put(said, each)) for each in numbers),
            )
            connection.executemany(
                "INSERT INTO known VALUES (?, ?, ?, ?)",
                ((each, each, bin_.id, each * SPREAD % KEYS) for each in numbers),
            )
            connection.execute("UPDATE progress SET last_row = ?", (numbers[-1],))
    with index._index._changing() as connection:
        connection.executemany("INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?)", blocks)


def _fill_tables(services: Services, bin_: Bin, sample: CapturedRequest, count: int) -> None:
    _, _, lines = make_document(sample)
    own = [line for line in lines if NUMBER in line[0] or OTHER in line[0]]
    same = [line for line in lines if line not in own]
    marks = {word for word in list_words(sample) if word.startswith(MARK)}
    known = marks.union(_list_words(same))

    def list_own(number: int) -> list[str]:
        return _list_words([(_put(line, number), name) for line, name in own])

    for each in _load_some(services, bin_, count):
        assert known | set(list_own(each.number)) == set(list_words(each))
    with services.engine.begin() as connection:
        connection.exec_driver_sql(_NO_INDEX)
    for first in range(READ + 1, count + 1, STEP):
        numbers = range(first, min(first + STEP, count + 1))
        values = {
            "bin": bin_.id,
            "same": sorted(known),
            "numbers": list(numbers),
            "own": [SEPARATOR.join(list_own(number)) for number in numbers],
            "spread": SPREAD,
            "keys": KEYS,
        }
        with services.engine.begin() as connection:
            connection.execute(_ADD_WORDS, values)
    # The program's own connections are cut when a statement takes so long.
    with connect(services.engine.url.render_as_string(hide_password=False)) as database:
        for statement in _NEW_INDEX:
            database.execute(statement)
    with services.engine.begin() as connection:
        rows = [
            {"bin": bin_.id, "number": last, "covered": covered, "summary": summary}
            for _, last, covered, summary in _list_blocks(services, bin_, count)
        ]
        connection.execute(_ADD_BLOCK, rows)
        connection.execute(_REST, {"bin": bin_.id})


def _list_words(lines: Iterable[SearchedLine]) -> list[str]:
    return [*set().union(*[find_words(line).words for line in lines])]


def _list_blocks(services: Services, bin_: Bin, count: int) -> list[tuple[int, int, str, bytes]]:
    """The rows of whole blocks above ``READ``, from the one before with other numbers."""
    known = _sum_up(services, bin_, READ).summary
    whole = f"{(1 << SIZE) - 1:x}"

    def spell(last: int) -> bytes:
        extent = b",%d.0,%d.0]"
        mine, theirs = extent % (READ - SIZE + 1, READ), extent % (last - SIZE + 1, last)
        return known.replace(mine, theirs)

    ends = range(READ + SIZE, count + 1, SIZE)
    for last in {ends[0], ends[len(ends) // 2], ends[-1]} if ends else ():
        assert _sum_up(services, bin_, last).summary == spell(last)
    return [(bin_.id, last, whole, spell(last)) for last in ends]


def _sum_up(services: Services, bin_: Bin, last: int) -> Block:
    numbers = range(last - SIZE + 1, last + 1)
    read = [(each, walk(each)) for each in _load(services, bin_, numbers)]
    (block,) = add_to_blocks(read, {}).values()
    return block


def _load_some(services: Services, bin_: Bin, count: int) -> list[CapturedRequest]:
    """Requests with each remainder of their numbers, and those at the ends."""
    numbers = {READ + 1, count, *(count // 2 + each for each in range(PERIOD))}
    return _load(services, bin_, sorted(number for number in numbers if number <= count))


def _load(services: Services, bin_: Bin, numbers: Sequence[int]) -> list[CapturedRequest]:
    keys = [Key(number, 0) for number in numbers]
    return list(services.requests.iterate_keys(bin_, keys, whole_bodies=False))
