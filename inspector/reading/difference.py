"""Differences within a text: the words that went and the words that came.

Myers' greedy algorithm over words, bounded in edits; beyond that bound only the common
beginning and end are matched.

Source: E. W. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986.
"""

from __future__ import annotations

import re

MAX_CHARS = 1_000
MAX_EDITS = 30
CONTEXT_CHARS = 60

# A part of a text, and whether it is one of those that changed.
Parts = tuple[tuple[str, bool], ...]

_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


def split_difference(old: str, new: str) -> tuple[Parts, Parts]:
    """Both texts cut into what they share and what they do not.

    Of long texts only the surroundings of the first difference come back, ``…`` where
    something was left out. Work is bounded whatever the texts are.
    """
    start = _shared_length(old, new)
    old, new = _cut(old, start), _cut(new, start)
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    kept = _match_words(before, after)
    if kept is None:
        kept = _match_ends(before, after)
    return (
        _join(before, {index for index, _ in kept}),
        _join(after, {index for _, index in kept}),
    )


def _cut(text: str, start: int) -> str:
    if len(text) <= MAX_CHARS:
        return text
    first = max(0, start - CONTEXT_CHARS)
    end = first + MAX_CHARS
    return ("…" if first else "") + text[first:end] + ("…" if end < len(text) else "")


def _shared_length(old: str, new: str) -> int:
    """The length of the common beginning of two texts, by halving: slices compare fast."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _match_words(before: list[str], after: list[str]) -> list[tuple[int, int]] | None:
    """Pairs of indices of words kept, or None beyond ``MAX_EDITS`` edits."""
    reach = {1: 0}
    trail: list[dict[int, int]] = []
    for edits in range(MAX_EDITS + 1):
        trail.append(dict(reach))
        for diagonal in range(-edits, edits + 1, 2):
            down = diagonal == -edits or (
                diagonal != edits and reach[diagonal - 1] < reach[diagonal + 1]
            )
            x = reach[diagonal + 1] if down else reach[diagonal - 1] + 1
            y = x - diagonal
            while x < len(before) and y < len(after) and before[x] == after[y]:
                x, y = x + 1, y + 1
            reach[diagonal] = x
            if x >= len(before) and y >= len(after):
                return _walk_back(trail, len(before), len(after))
    return None


def _walk_back(trail: list[dict[int, int]], x: int, y: int) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for edits in range(len(trail) - 1, -1, -1):
        reach = trail[edits]
        diagonal = x - y
        down = diagonal == -edits or (
            diagonal != edits and reach[diagonal - 1] < reach[diagonal + 1]
        )
        previous = diagonal + 1 if down else diagonal - 1
        start_x = reach[previous] if edits else 0
        start_y = start_x - previous if edits else 0
        while x > start_x and y > start_y:
            x, y = x - 1, y - 1
            kept.append((x, y))
        x, y = start_x, start_y
    return kept


def _match_ends(before: list[str], after: list[str]) -> list[tuple[int, int]]:
    """The common beginning and end: the only matches of texts far apart."""
    shortest = min(len(before), len(after))
    start = next((i for i in range(shortest) if before[i] != after[i]), shortest)
    rest = shortest - start
    end = next((i for i in range(rest) if before[-1 - i] != after[-1 - i]), rest)
    kept = [(index, index) for index in range(start)]
    kept += [(len(before) - 1 - i, len(after) - 1 - i) for i in range(end)]
    return kept


def _join(words: list[str], kept: set[int]) -> Parts:
    parts: list[tuple[str, bool]] = []
    for index, word in enumerate(words):
        changed = index not in kept
        if parts and parts[-1][1] == changed:
            parts[-1] = (parts[-1][0] + word, changed)
        else:
            parts.append((word, changed))
    return tuple(parts)
