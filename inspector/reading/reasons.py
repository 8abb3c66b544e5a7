"""Reasons for a match: the field that a term looked at, and the text found there.

For a reader's eye only. Whether a request matches is the query's to say; a reason that
cannot be shown is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from inspector.domain import CapturedRequest
from inspector.reading.content import find_other_texts
from inspector.reading.fields import Name, find_text, iterate_fields
from inspector.reading.query import Query, Term
from inspector.reading.words import WORD, Phrase, find_phrase

MAX_REASONS = 3
MAX_NAME_CHARS = 80
MAX_TEXT_CHARS = 80
# So much of a text stands before the first mark, so that the mark itself is seen.
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
    """At most ``MAX_REASONS``, each said once, in the order of the terms.

    The request is one that matches. Linear in it for each term; never raises on what it
    holds. Terms that a list shows anyway (method, path, time) give none.
    """
    found: dict[Reason, None] = {}
    for term in query.terms:
        reason = _find_reason(request, term)
        if reason is not None:
            found[reason] = None
        if len(found) == MAX_REASONS:
            break
    return list(found)


def _find_reason(request: CapturedRequest, term: Term) -> Reason | None:
    if term.name is None:
        return None if term.wanted is None else _find_words(request, term.wanted)
    name, text = str(term.name), find_text(request, term.name)
    if text is None:
        return Reason(_cut(name, None, MAX_NAME_CHARS), None)
    if term.wanted is None:
        return Reason(_cut(name, None, MAX_NAME_CHARS), _cut(text, (0, len(text)), MAX_TEXT_CHARS))
    marked = _mark("", text, term.wanted)
    return Reason(_cut(name, None, MAX_NAME_CHARS), marked.text if marked else None)


def _find_words(request: CapturedRequest, phrase: Phrase) -> Reason | None:
    for name, text in _iterate_lines(request):
        line = f"{name} {text}".lower()
        # Far cheaper than cutting every line into words, and most lines end here.
        if all(word in line for word in phrase.words):
            reason = _mark(name, text, phrase)
            if reason is not None:
                return reason
    return None


def _iterate_lines(request: CapturedRequest) -> Iterator[tuple[str, str]]:
    yield "", f"{request.method} {request.decoded_path}"
    for place, path, text in iterate_fields(request):
        yield str(Name(place, path)), text
    for text in find_other_texts(request):
        yield "body", text


def _mark(name: str, text: str, phrase: Phrase) -> Reason | None:
    """The line with the phrase marked in it, None when it does not have the phrase."""
    in_name = list(WORD.finditer(name[:MAX_LOOKED_AT_CHARS]))
    in_text = list(WORD.finditer(text[:MAX_LOOKED_AT_CHARS]))
    at = find_phrase([word[0].lower() for word in (*in_name, *in_text)], phrase)
    if at is None:
        return None
    end = at + len(phrase.words)
    border = len(in_name)
    return Reason(
        _cut(name, _span(in_name[at:end], phrase), MAX_NAME_CHARS),
        _cut(
            text, _span(in_text[max(at - border, 0) : max(end - border, 0)], phrase), MAX_TEXT_CHARS
        ),
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
