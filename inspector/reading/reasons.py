"""Reasons for a match: the field that a term looked at, and the text found there.

For display only: the query itself decides what matches, and a reason that cannot be shown is
left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from inspector.domain import CapturedRequest
from inspector.reading.fields import find_text
from inspector.reading.query.conditions import Condition, Pattern, Query, Wanted
from inspector.reading.words import WORD, Phrase, find_phrase, iterate_lines

MAX_REASONS = 3
MAX_NAME_CHARS = 80
MAX_TEXT_CHARS = 80
# The characters shown before the first mark, few enough for the mark to be seen.
LEAD_CHARS = 20
# Beyond this a text is shown from its beginning, without marks.
MAX_LOOKED_AT_CHARS = 10_000

Part = tuple[str, bool]
Parts = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """A place and its text, cut into parts, each with a flag for the parts that were looked for.

    ``text`` is None when the field is not there, which ``!=`` also finds.
    """

    name: Parts
    text: Parts | None


def find_reasons(request: CapturedRequest, query: Query) -> list[Reason]:
    """At most ``MAX_REASONS``, each said once, in the order of the terms that hold.

    The request is one that matches. Linear in it for each term; never raises on what it
    holds. Terms that a list shows anyway (method, path, time) give none.
    """
    found: dict[Reason, None] = {}
    is_one = len(query.terms) == 1
    for term in query.terms:
        reason = _find_reason(request, term) if is_one or term.test(request) else None
        if reason is not None:
            found[reason] = None
        if len(found) == MAX_REASONS:
            break
    return list(found)


def _find_reason(request: CapturedRequest, term: Condition) -> Reason | None:
    if term.name is None:
        if term.wanted is None:
            return None
        if term.is_annotated:
            return _mark("note", request.note or "", term.wanted)
        return _find_anywhere(request, term.wanted)
    name, text = str(term.name), find_text(request, term.name)
    if text is None:
        return Reason(_cut(name, None, MAX_NAME_CHARS), None)
    if term.wanted is None:
        return Reason(_cut(name, None, MAX_NAME_CHARS), _cut(text, (0, len(text)), MAX_TEXT_CHARS))
    marked = _mark("", text, term.wanted)
    return Reason(_cut(name, None, MAX_NAME_CHARS), marked.text if marked else None)


def _find_anywhere(request: CapturedRequest, wanted: Wanted) -> Reason | None:
    """The place of a value that has it; else of a name, or of both together."""
    in_name = None
    for name, text in iterate_lines(request):
        if not _may_have(name, text, wanted):
            continue
        inside = _mark("", text, wanted)
        if inside is not None:
            return Reason(_cut(name, None, MAX_NAME_CHARS), inside.text)
        in_name = in_name or _mark(name, text, wanted)
    return in_name


def _may_have(name: str, text: str, wanted: Wanted) -> bool:
    """Far cheaper than cutting every line into words, and most lines end here."""
    if isinstance(wanted, Pattern):
        return True
    line = f"{name} {text}".lower()
    return all(word in line for word in wanted.words)


def _mark(name: str, text: str, wanted: Wanted) -> Reason | None:
    """The line with what was wanted marked in it, None when it does not have it."""
    if isinstance(wanted, Pattern):
        at = wanted.find(text[:MAX_LOOKED_AT_CHARS])
        if at is not None:
            return Reason(_cut(name, None, MAX_NAME_CHARS), _cut(text, at, MAX_TEXT_CHARS))
        at = wanted.find(name)
        shown = _cut(text, None, MAX_TEXT_CHARS)
        return None if at is None else Reason(_cut(name, at, MAX_NAME_CHARS), shown)
    in_name = list(WORD.finditer(name[:MAX_LOOKED_AT_CHARS]))
    in_text = list(WORD.finditer(text[:MAX_LOOKED_AT_CHARS]))
    start = find_phrase([word[0].lower() for word in (*in_name, *in_text)], wanted)
    if start is None:
        return None
    end = start + len(wanted.words)
    border = len(in_name)
    found = in_text[max(start - border, 0) : max(end - border, 0)]
    return Reason(
        _cut(name, _span(in_name[start:end], wanted), MAX_NAME_CHARS),
        _cut(text, _span(found, wanted), MAX_TEXT_CHARS),
    )


def _span(words: list[re.Match[str]], phrase: Phrase) -> tuple[int, int] | None:
    """From the first of the words to the last, of which maybe only the beginning is meant."""
    if not words:
        return None
    begins = phrase.words[-1]
    is_begun = phrase.begun and words[-1][0].lower().startswith(begins)
    end = words[-1].start() + len(begins) if is_begun else words[-1].end()
    return words[0].start(), end


def _cut(text: str, span: tuple[int, int] | None, max_chars: int) -> Parts:
    """A piece of the text with the span in sight and marked; the empty text has no parts."""
    start, end = span or (0, 0)
    begin = max(0, start - LEAD_CHARS) if start + LEAD_CHARS > max_chars else 0
    stop = begin + max_chars
    parts = (
        ("…" if begin else "", False),
        (text[begin:start], False),
        (text[start : min(end, stop)], True),
        (text[max(end, begin) : stop], False),
        ("…" if stop < len(text) else "", False),
    )
    return tuple(part for part in parts if part[0])
