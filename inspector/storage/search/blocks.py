"""Blocks of a bin's requests with a summary each, by which searches pass over most of them.

A block stands for a range of numbers and knows which of them its summary covers. Requests that
it does not cover are read, so a block may lag, lack requests or be missing, and no match is
left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeAlias

from inspector.domain import CapturedRequest
from inspector.reading.blocks import Summary, UnknownError, load_summary
from inspector.reading.indexing.readings import Reading, sum_up
from inspector.reading.query.conditions import Judge

SIZE = 100

# A block is known by its bin and the last number that can be in it.
BlockKey: TypeAlias = tuple[int, int]


class Block(NamedTuple):
    """``covered`` has a bit for each number that ``summary`` covers; the first number's is 1."""

    covered: int
    summary: bytes


class Candidates(NamedTuple):
    """Numbers, highest first, complete down to ``reached``; some of the requests may be gone."""

    numbers: list[int]
    reached: int


def find_last(number: int) -> int:
    """The last number in the block of this one."""
    return number - (number - 1) % SIZE + SIZE - 1


def add_to_blocks(
    requests: Iterable[tuple[CapturedRequest, Reading]], known: Mapping[BlockKey, Block]
) -> dict[BlockKey, Block]:
    """The blocks of these requests, read so, with them; ``known`` are those of them that there are.

    A request that cannot be summed up stays uncovered.
    """
    added: dict[BlockKey, tuple[int, Summary]] = {}
    for each, reading in requests:
        key = (each.bin_id, find_last(each.number))
        with suppress(UnknownError):
            summary = sum_up(each, reading)
            if key in added:
                covered, others = added[key]
            elif key in known:
                covered, others = known[key].covered, load_summary(known[key].summary)
            else:
                covered, others = 0, None
            bit = 1 << (each.number - 1) % SIZE
            merged = summary if others is None else others.merged(summary)
            added[key] = (covered | bit, merged)
    found = {}
    for key, (covered, summary) in added.items():
        with suppress(UnknownError):
            found[key] = Block(covered, summary.dump())
    return found


def list_keys(requests: Iterable[CapturedRequest]) -> list[BlockKey]:
    """The blocks of these requests, each once."""
    return list(dict.fromkeys((each.bin_id, find_last(each.number)) for each in requests))


def find_candidates(
    blocks: Mapping[int, Block],
    judge: Judge,
    *,
    before: int,
    lowest: int,
    limit: int,
    most: int,
) -> Candidates:
    """The highest numbers from ``lowest`` to below ``before`` that may match, ``limit`` or more.

    ``blocks`` are by their last numbers, those of the highest ``most``.
    """
    found: list[int] = []
    reached = before
    for _ in range(most):
        if reached <= lowest or len(found) >= limit:
            break
        last = find_last(reached - 1)
        first = last - SIZE + 1
        block = blocks.get(last)
        covered = 0
        if block is not None and judge(load_summary(block.summary)) is False:
            covered = block.covered
        numbers = range(reached - 1, max(first, lowest) - 1, -1)
        found += [number for number in numbers if not covered >> (number - first) & 1]
        reached = max(first, lowest)
    return Candidates(found, reached)


def to_blocks(rows: Iterable[Sequence[object]]) -> dict[int, Block]:
    """Blocks by their last number, from rows of number, covered in hexadecimal, and summary."""
    return {
        int(str(number)): Block(int(str(covered), 16), bytes(summary))  # type: ignore[call-overload]
        for number, covered, summary in rows
    }
