"""``matches``: regular expressions as PHP writes them, as far as their cost can be told.

Python's engine cannot be interrupted, and a pattern of twenty characters can keep it busy for
years. So only patterns that repeat single characters are run: the number of ways in which such
a pattern may match is computed beforehand, from its choices and the text's length.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from inspector.twig.errors import ValueProblemError
from inspector.twig.values import Work, to_text

MAX_PATTERN_CHARS = 500
MAX_REPEATS = 1_000
WAYS_FOR_ONE = 10  # Ways that the engine tries in the time that a character takes elsewhere.

_CLOSING = {"(": ")", "[": "]", "{": "}", "<": ">"}
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "u": 0}
# References to groups, Unicode's properties, and what Python reads in another way.
_FOREIGN_ESCAPES = "123456789gkpPXRKGQE"
_PIECE = re.compile(
    r"(?P<escape>\\.)"
    r"|(?P<class>\[\^?\]?(?:\\.|[^\]\\])*\])"
    r"|(?P<open>\((?:\?:)?(?!\?))"
    r"|(?P<close>\)\??(?![*+?{]))"
    r"|(?P<repeat>(?:[*+?]|\{(?P<counts>\d*,?\d*)\})[?+]?)"
    r"|(?P<or>\|)"
    r"|(?P<plain>[^()\[\\*+?])",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """``spans`` may end anywhere in the text, ``forks`` go one of two ways; ``steps`` for each."""

    compiled: re.Pattern[Any]
    of_bytes: bool
    spans: int
    forks: int
    steps: int


def matches(work: Work, value: Any, pattern: Any) -> bool:
    """True when a text matches PHP's ``/pattern/flags``.

    Raises ``ValueProblemError`` for what is no pattern, or one whose cost cannot be told.
    """
    read = _read_pattern(to_text(pattern))
    text = to_text(value)
    # It may begin anywhere, too.
    ways = (len(text) + 1) ** (read.spans + 1) * 2**read.forks * read.steps
    work.charge(ways // WAYS_FOR_ONE)
    subject: Any = text.encode("utf-8", "surrogatepass") if read.of_bytes else text
    return read.compiled.search(subject) is not None


@lru_cache(maxsize=64)
def _read_pattern(written: str) -> _Pattern:
    mark = written[:1]
    body, end, flags = written[1:].rpartition(_CLOSING.get(mark, mark) or "/")
    if not end or mark.isalnum() or mark in "\\ " or not set(flags) <= _FLAGS.keys():
        raise ValueProblemError(f"{written[:40]!r} is no pattern like '/^urgent/i'")
    if len(body) > MAX_PATTERN_CHARS:
        raise ValueProblemError(f"a pattern has at most {MAX_PATTERN_CHARS} characters")
    spans, forks, steps = _count_choices(body)
    options = sum(_FLAGS[flag] for flag in set(flags))
    # Without u, PHP reads bytes: é is two of them.
    of_bytes = "u" not in flags
    source: Any = body.encode("utf-8", "surrogatepass") if of_bytes else body
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compiled = re.compile(source, options)
    except (re.error, Warning, OverflowError, RecursionError) as error:
        raise ValueProblemError(f"the pattern {body[:40]!r} cannot be read: {error}") from None
    return _Pattern(compiled, of_bytes, spans, forks, steps)


def _count_choices(body: str) -> tuple[int, int, int]:
    spans = forks = position = 0
    repeated = len(body)
    while position < len(body):
        piece = _PIECE.match(body, position)
        if piece is None or (piece["escape"] and piece["escape"][1] in _FOREIGN_ESCAPES):
            shown = body[position : position + 10]
            problem = f"a pattern cannot have {shown!r} here; it repeats single characters only"
            raise ValueProblemError(problem)
        position = piece.end()
        counts = [int(count or 0) for count in (piece["counts"] or "").split(",")]
        if max(counts) > MAX_REPEATS:
            raise ValueProblemError(f"a pattern repeats at most {MAX_REPEATS} times")
        repeated += counts[0]
        is_span = piece["repeat"] and piece[0][0] != "?"
        spans += bool(is_span and "," in (piece["counts"] or ","))
        forks += bool(piece["or"]) or piece[0] in ("?", "??", "?+", ")?")
    return spans, forks, 1 + repeated // 50
