"""The index of words in PostgreSQL itself, which all instances share.

A request waits in ``requests_to_index`` from the transaction that stores it to the one that
adds its words, so each is in one of the two tables for whoever looks: whatever order
transactions end in, nothing is left out. One instance at a time fills it. When a newer version
indexes differently, all requests are queued again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple
from zlib import crc32

from sqlalchemy import Connection, Engine, text

from inspector.domain import Bin, CapturedRequest
from inspector.domain.attempts import MAX_ATTEMPTS
from inspector.reading.fields import BODY
from inspector.reading.indexing.readings import READER, Reading
from inspector.reading.query import AllOf, Lookup, Mark, Query
from inspector.reading.words import WORD, Phrase, SearchedLine
from inspector.storage.attempts import KnownDeliveries
from inspector.storage.bins import BinStore
from inspector.storage.database.postgresql import ENQUEUE_ALL, INDEX_LOCK
from inspector.storage.installation import FIND_VALUE, INDEX_VERSION, SET_VALUE
from inspector.storage.models import db
from inspector.storage.requests import RequestStore
from inspector.storage.search.blocks import (
    Block,
    BlockKey,
    add_to_blocks,
    list_keys,
    to_blocks,
)
from inspector.storage.search.search_index import BATCH
from inspector.storage.search.word_index import PARTLY, VERSION, is_partly_read, make_document

# PostgreSQL's bounds on a word and on all words of a request, with some room.
MAX_WORD_BYTES = 2_000
MAX_BYTES = 900_000
LEAST_ADDED = 200
MOST_COUNTED = 100_000
# Marks, pairs and whole fields stand among the words, where no word can be one.
MARK = "="
PAIR = "~"
FIELD = "^"
# One text for all words is sent faster than a list of them; no word has a line's end in it.
SEPARATOR = "\n"
MAX_REMEMBERED_CHARS = 500

_FIND = """
    SELECT number FROM (
        (SELECT number FROM {among}
         WHERE number >= :lowest AND number < :before AND {condition}
         ORDER BY number DESC LIMIT :limit)
        UNION
        (SELECT number FROM requests_to_index
         WHERE bin_id = :bin AND number >= :lowest AND number < :before
         ORDER BY number DESC LIMIT :limit)
    ) AS found ORDER BY number DESC LIMIT :limit
"""
_HAS_WORDS = "words @@ CAST(:wanted AS tsquery)"
# The newest are looked through from the top; of all others those with the words are gathered
# first, by their index. The database would guess which is quicker, and wrong for rare words.
_NEAR_BY_WORDS = text(
    _FIND.format(among="request_words", condition=f"bin_id = :bin AND {_HAS_WORDS}")
)
_FAR_BY_WORDS = text(
    f"WITH gathered AS MATERIALIZED (SELECT number FROM request_words WHERE {_HAS_WORDS})"  # noqa: S608
    + _FIND.format(among="gathered", condition="true")
)
NEAR = 2_000
# What it costs to read words that lie outside of their rows is in no estimate.
_BY_INDEX, _AS_USUAL = (text(f"SET LOCAL enable_seqscan = {each}") for each in ("off", "on"))
_RETRIES = text(_FIND.format(among="request_words", condition="bin_id = :bin AND retry"))
_LOCK = text("SELECT pg_try_advisory_xact_lock(:key)")
_COUNT_WAITING = text(
    "SELECT count(*) FROM (SELECT 1 FROM requests_to_index LIMIT :most) AS waiting"
)
# A deletion removes a request from this table first as well. So the two never deadlock, and no
# words stay behind of a deleted request.
_WAITING = text("SELECT bin_id, number FROM requests_to_index LIMIT :limit FOR UPDATE SKIP LOCKED")
_ADD = text("""
    INSERT INTO request_words (bin_id, number, words, delivery, retry)
    SELECT :bin, :number, array_to_tsvector(string_to_array(:words, E'\\n')),
        CAST(:delivery AS bigint),
        EXISTS (SELECT 1 FROM request_words
            WHERE bin_id = :bin AND delivery = CAST(:delivery AS bigint) AND number < :number)
    ON CONFLICT (bin_id, number) DO UPDATE
    SET words = excluded.words, delivery = excluded.delivery, retry = excluded.retry
""")
# Transactions end in any order, so a later request of a delivery may have been indexed before an
# earlier one. Only the next one can have counted as its first.
_MARK_NEXT = text("""
    UPDATE request_words AS late SET retry = true
    FROM unnest(CAST(:keys AS bigint[]), CAST(:numbers AS bigint[])) AS added (delivery, number)
    WHERE late.bin_id = :bin AND NOT late.retry AND late.number = (
        SELECT number FROM request_words
        WHERE bin_id = :bin AND delivery = added.delivery AND number > added.number
        ORDER BY number LIMIT 1
    )
""")
_BY_DELIVERY = text("""
    SELECT sought.delivery, found.number
    FROM unnest(CAST(:keys AS bigint[])) AS sought (delivery) CROSS JOIN LATERAL (
        SELECT number FROM request_words
        WHERE bin_id = :bin AND delivery = sought.delivery AND number <= :newest
        ORDER BY number DESC LIMIT :limit
    ) AS found
""")
_FIRST_WAITING = text("SELECT min(number) FROM requests_to_index WHERE bin_id = :bin")
# Until new words are merged into the index, each search reads them one by one, and PostgreSQL
# rather reads the words of all requests.
_MERGE = text("SELECT gin_clean_pending_list('request_words_by_word')")
# Without statistics PostgreSQL reads all words of a bin to find a rare one.
_ANALYZE = text("ANALYZE request_words")
_COUNTED = text("SELECT reltuples FROM pg_class WHERE relname = 'request_words'")
_DONE = text("DELETE FROM requests_to_index WHERE bin_id = :bin AND number = :number")


_BLOCK = text(
    "SELECT number, covered, summary FROM request_blocks"
    " WHERE bin_id = :bin AND number BETWEEN :first AND :last ORDER BY number DESC LIMIT :most"
)
_SET_BLOCK = text("""
    INSERT INTO request_blocks (bin_id, number, covered, summary)
    VALUES (:bin, :number, :covered, :summary)
    ON CONFLICT (bin_id, number) DO UPDATE
    SET covered = excluded.covered, summary = excluded.summary
""")
_FORGET_BLOCKS = "DELETE FROM request_blocks"


class TableIndex:
    """A ``SearchIndex`` in the database's own tables."""

    def __init__(self, requests: RequestStore, bins: BinStore, engine: Engine) -> None:
        self._requests = requests
        self._bins = bins
        self._engine = engine
        self._added = 0

    def find(self, bin_: Bin, query: Query, *, before: int | None, limit: int) -> list[int] | None:
        """See ``SearchIndex``."""
        lowest = min((bin_.kept_from, *bin_.kept_below))
        end = 2**62 if before is None else before
        values = {
            "bin": bin_.id,
            "lowest": lowest,
            "before": end,
            "wanted": format_tsquery(bin_.id, query),
            "limit": limit,
        }
        if not query.has_words:
            return list(db.session.scalars(_RETRIES, values))
        middle = min(end, bin_.last_number + 1) - NEAR
        if middle <= lowest:
            return list(db.session.scalars(_NEAR_BY_WORDS, values))
        found = list(db.session.scalars(_NEAR_BY_WORDS, {**values, "lowest": middle}))
        if len(found) < limit:
            rest = {**values, "before": middle, "limit": limit - len(found)}
            db.session.execute(_BY_INDEX)
            found += db.session.scalars(_FAR_BY_WORDS, rest)
            db.session.execute(_AS_USUAL)
        return found

    def load_blocks(self, bin_: Bin, *, first: int, last: int, most: int) -> Mapping[int, Block]:
        """See ``SearchIndex``."""
        values = {"bin": bin_.id, "first": first, "last": last, "most": most}
        return to_blocks(db.session.execute(_BLOCK, values).all())

    def find_deliveries(
        self, bin_id: int, keys: Sequence[int], newest: int
    ) -> KnownDeliveries | None:
        """See ``DeliveryIndex``."""
        values = {"bin": bin_id, "keys": list(keys), "newest": newest, "limit": MAX_ATTEMPTS}
        numbers: dict[int, list[int]] = {}
        with self._engine.connect() as connection:
            # First what waits: it may be taken in before the second question.
            waiting = connection.execute(_FIRST_WAITING, values).scalar()
            for key, number in connection.execute(_BY_DELIVERY, values):
                numbers.setdefault(key, []).append(number)
        return KnownDeliveries(numbers, newest if waiting is None else waiting - 1)

    def count_missing(self) -> int:
        """See ``SearchIndex``; no more than ``MOST_COUNTED`` are counted."""
        return int(db.session.scalar(_COUNT_WAITING, {"most": MOST_COUNTED}) or 0)

    def fill(self) -> bool:
        """See ``SearchIndex``."""
        with self._engine.begin() as connection:
            if not connection.execute(_LOCK, {"key": INDEX_LOCK}).scalar():
                return False
            if not _is_ours(connection):
                return False
            waiting = connection.execute(_WAITING, {"limit": BATCH}).all()
            for bin_id in {row.bin_id for row in waiting}:
                bin_ = self._bins.find_by_id(bin_id)
                if bin_ is None:
                    continue
                numbers = [row.number for row in waiting if row.bin_id == bin_id]
                keys = self._requests.find_keys(bin_, numbers)
                found = self._requests.iterate_keys(bin_, keys, whole_bodies=False)
                _add_requests(connection, bin_id, found)
            if waiting:
                done = [{"bin": row.bin_id, "number": row.number} for row in waiting]
                connection.execute(_DONE, done)
        self._added += len(waiting)
        if len(waiting) == BATCH:
            return True
        if waiting:
            with self._engine.begin() as connection:
                connection.execute(_MERGE)
        self._renew_statistics()
        return False

    def _renew_statistics(self) -> None:
        """Run ``ANALYZE`` when the words have grown by half, before PostgreSQL's autovacuum."""
        if self._added < LEAST_ADDED:
            return
        with self._engine.begin() as connection:
            counted = connection.execute(_COUNTED).scalar() or 0
            if self._added > counted / 2:
                connection.execute(_ANALYZE)
                self._added = 0

    def close(self) -> None:
        """Nothing to close: the tables belong to the database."""


def _add_requests(connection: Connection, bin_id: int, requests: Iterable[CapturedRequest]) -> None:
    rows, summed_up = [], []
    for each in requests:
        reading = None if is_partly_read(each) else READER.read(each)
        if reading is not None:
            summed_up.append((each, reading))
        key = each.identity.delivery_key
        rows.append(
            {
                "bin": bin_id,
                "number": each.number,
                "words": SEPARATOR.join(list_words(each, reading)),
                "delivery": None if key is None else key.value,
            }
        )
    if rows:
        connection.execute(_ADD, rows)
        _mark_next(connection, rows)
    _add_to_blocks(connection, summed_up)


def _add_to_blocks(
    connection: Connection, requests: Sequence[tuple[CapturedRequest, Reading]]
) -> None:
    known: dict[BlockKey, Block] = {}
    for bin_id, last in list_keys(each for each, _ in requests):
        values = {"bin": bin_id, "first": last, "last": last, "most": 1}
        rows = connection.execute(_BLOCK, values).all()
        known |= {(bin_id, number): block for number, block in to_blocks(rows).items()}
    for (bin_id, last), block in add_to_blocks(requests, known).items():
        covered = f"{block.covered:x}"
        row = {"bin": bin_id, "number": last, "covered": covered, "summary": block.summary}
        connection.execute(_SET_BLOCK, row)


def _mark_next(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    told = [row for row in rows if row["delivery"] is not None]
    if told:
        keys = [row["delivery"] for row in told]
        numbers = [row["number"] for row in told]
        values = {"bin": told[0]["bin"], "keys": keys, "numbers": numbers}
        connection.execute(_MARK_NEXT, values)


def _is_ours(connection: Connection) -> bool:
    """Queue all requests again when an older version has indexed them.

    False where a newer one did: it fills the index, and its words stay.
    """
    found = int(connection.execute(FIND_VALUE, {"name": INDEX_VERSION}).scalar() or 0)
    if found < VERSION:
        connection.exec_driver_sql(ENQUEUE_ALL)
        connection.exec_driver_sql(_FORGET_BLOCKS)
        connection.execute(SET_VALUE, {"name": INDEX_VERSION, "value": str(VERSION)})
    return found <= VERSION


class LineWords(NamedTuple):
    """The words of a line, with the bytes of the longest and of all."""

    words: frozenset[str]
    longest_bytes: int
    all_bytes: int


def list_words(request: CapturedRequest, reading: Reading | None = None) -> list[str]:
    """A request's words, its pairs of words side by side, its fields and its marks, each once.

    PostgreSQL's own positions end at the 256th of a word and at the 16,383rd of all, and what
    lies beyond would be left out; with pairs, phrases are found without. A phrase is within a
    line, and so are pairs. Pairs of a field are in most tickets somewhere (``id=3``), so a field
    with its value is a word as well. ``reading`` is the request's, where it was read before.
    """
    marks, _, lines = make_document(request, reading)
    of_lines = [find_words(line) for line in lines]
    found = {MARK + mark for mark in marks.split()}
    found.update(*[each.words for each in of_lines])
    is_big = sum(each.all_bytes for each in of_lines) > MAX_BYTES
    if is_big:
        is_big = sum(len(word.encode()) for word in found) > MAX_BYTES
    if is_big or max((each.longest_bytes for each in of_lines), default=0) > MAX_WORD_BYTES:
        return [f"{MARK}b{request.bin_id}", MARK + PARTLY]
    return [*found]


def find_words(line: SearchedLine) -> LineWords:
    """The words, pairs and field of a searched line."""
    text, name = line
    cut = _cut_line if len(text) > MAX_REMEMBERED_CHARS else _remember_line
    return cut(text, None if name is None else name.place)


def _cut_line(text: str, place: str | None) -> LineWords:
    words = WORD.findall(text)
    found = {*words, *map(PAIR.join, pairwise(words))}
    if place is not None:  # A place is one word.
        found.add(name_field(words if place == BODY else words[1:]))
    if not text.isascii():
        found = {word.encode("utf-8", "replace").decode() for word in found}
    sizes = [len(word.encode()) for word in found]
    return LineWords(frozenset(found), max(sizes, default=0), sum(sizes))


# The lines of some tickets: most of them are in the next ticket as well.
_remember_line = lru_cache(maxsize=2_000)(_cut_line)


def name_field(words: Sequence[str]) -> str:
    """One short word for all words of a field; two fields seldom share one."""
    return f"{FIELD}{crc32(' '.join(words).encode('utf-8', 'replace')):x}"


def format_tsquery(bin_id: int, query: Query) -> str:
    """The query as PostgreSQL asks it; words have letters and digits only, marks no quotes."""
    wanted = f"'{MARK}b{bin_id}'"
    if query.lookup is not None:
        wanted += f" & ('{MARK}{PARTLY}' | ({format_lookup(query.lookup)}))"
    return "".join([wanted, *(f" & !'{MARK}{mark}'" for mark in query.excluded)])


def format_lookup(lookup: Lookup) -> str:
    """All pairs of words in a phrase; the query itself looks at what stands between them.

    A word too long to be kept can be in requests only that are partly indexed.
    """
    if isinstance(lookup, Mark):
        return f"'{MARK}{lookup.word}'"
    if isinstance(lookup, Phrase):
        if lookup.whole:
            return f"'{name_field(lookup.words)}'"
        pairs = list(map(PAIR.join, pairwise(lookup.words)))
        is_long = any(len(pair.encode()) > MAX_WORD_BYTES for pair in pairs)
        words = [f"'{each}'" for each in (lookup.words if is_long or not pairs else pairs)]
        if lookup.begun:
            words[-1] += ":*"
        return f"({' & '.join(words)})"
    joiner = " & " if isinstance(lookup, AllOf) else " | "
    return f"({joiner.join(map(format_lookup, lookup.parts))})"
