"""An index of words for a bin of a million requests that differ in a number, filled by SQL.

The index itself reads a thousand requests a second. Here a few are read by it, and the
documents of the rest are written by putting their numbers in the place of those; what it
makes of some of them is held to that.
"""

from __future__ import annotations

from collections.abc import Callable

from inspector.domain import Bin, CapturedRequest
from inspector.reading.indexing.readings import walk
from inspector.storage.requests import Key, RequestStore
from inspector.storage.search.blocks import SIZE, Block, add_to_blocks
from inspector.storage.search.file_index import FileIndex
from inspector.storage.search.word_index import make_document

# So many requests are read by the index itself.
READ = 1_000
STEP = 10_000
# What changes from request to request repeats in so many, but for the number.
PERIOD = 9
# Each is a delivery of its own, whose key is anywhere among all.
SPREAD = 2_305_843_009_213_693_967

# The words of a request, by its number and those of one with another.
Spell = Callable[[int, str, int], str]


def fill_index(
    index: FileIndex, requests: RequestStore, bin_: Bin, count: int, spell: Spell
) -> None:
    """Take in the requests numbered 1 to ``count`` of the only bin, whose row ids are the same."""
    words = index._index
    while words.last_row < min(READ, count) and index.fill():
        pass
    if words.last_row < count:
        _fill_rest(index, requests, bin_, count, spell)
    while index.fill():
        pass
    assert index.count_missing() == 0


def _fill_rest(
    index: FileIndex, requests: RequestStore, bin_: Bin, count: int, spell: Spell
) -> None:
    words = index._index
    sample = _load(requests, bin_, [READ])[0]
    marks, said, _ = make_document(sample)
    for number in (READ + 1, count // 2, count):
        (each,) = _load(requests, bin_, [number])
        assert make_document(each)[:2] == (marks, spell(number, said, READ))
    _check_block(requests, bin_)
    for first in range(words.last_row + 1, count + 1, STEP):
        numbers = range(first, min(first + STEP, count + 1))
        with words._changing() as connection:
            connection.executemany(
                "INSERT INTO words (rowid, marks, said) VALUES (?, ?, ?)",
                ((each, marks, spell(each, said, READ)) for each in numbers),
            )
            connection.executemany(
                "INSERT INTO known VALUES (?, ?, ?, ?)",
                ((each, each, bin_.id, each * SPREAD % 2**62) for each in numbers),
            )
            connection.executemany(
                "INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?)",
                (
                    (bin_.id, last, f"{block.covered:x}", block.summary)
                    for last in range(numbers[0] + SIZE - 1, numbers[-1] + 1, SIZE)
                    for block in [_make_block(requests, bin_, last)]
                ),
            )
            connection.execute("UPDATE progress SET last_row = ?", (numbers[-1],))


def _make_block(requests: RequestStore, bin_: Bin, last: int) -> Block:
    """The block of the numbers up to ``last``, summed up from those that differ most."""
    first = last - SIZE + 1
    samples = _load(requests, bin_, [*range(first, first + PERIOD), last])
    (block,) = add_to_blocks([(each, walk(each)) for each in samples], {}).values()
    return Block((1 << SIZE) - 1, block.summary)


def _check_block(requests: RequestStore, bin_: Bin) -> None:
    """A block is the same when all of its requests are read."""
    numbers = list(range(READ - SIZE + 1, READ + 1))
    read = [(each, walk(each)) for each in _load(requests, bin_, numbers)]
    (whole,) = add_to_blocks(read, {}).values()
    assert whole == _make_block(requests, bin_, READ)


def _load(requests: RequestStore, bin_: Bin, numbers: list[int]) -> list[CapturedRequest]:
    keys = [Key(number, 0) for number in numbers]
    return list(requests.iterate_keys(bin_, keys, whole_bodies=False))
