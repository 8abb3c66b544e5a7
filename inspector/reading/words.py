"""Words and phrases of requests, as the search language and the indexes of words cut them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from inspector.domain import CapturedRequest
from inspector.reading.content import find_other_texts
from inspector.reading.fields import BODY, Name, iterate_fields
from inspector.reading.paths import Path

MAX_WORD_SOURCE_CHARS = 10_000

# Chinese, Japanese and Thai put no spaces between words: each of their signs is one.
_SIGNS = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
WORD = re.compile(rf"[{_SIGNS}]|[^\W_{_SIGNS}]+")

# A line with its field's name, None for no field.
SearchedLine: TypeAlias = "tuple[str, Name | None]"


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in a row. When ``begun`` the last may be only the beginning of one.

    When ``whole`` they are all words of a field, its name before its value.
    """

    words: tuple[str, ...]
    begun: bool = False
    whole: bool = False


def split_words(text: str) -> list[str]:
    """The words of a text, in small letters: runs of letters and digits."""
    return WORD.findall(text[:MAX_WORD_SOURCE_CHARS].lower())


def iterate_lines(request: CapturedRequest) -> Iterator[tuple[str, str]]:
    """The texts of a request, each with its name as the search language writes it."""
    yield "", f"{request.method} {request.decoded_path}"
    for place, path, text in iterate_fields(request):
        yield str(Name(place, path)), text
    for text in find_other_texts(request):
        yield "body", text


def searched_lines(request: CapturedRequest) -> Iterator[str]:
    """The lines searched for words: each name with its value, in small letters, bounded."""
    yield _line(f"{request.method} {request.decoded_path}")
    for place, path, text in iterate_fields(request):
        yield make_field_line(place, path, text)[0]
    for text in find_other_texts(request):
        yield _line(text)


def make_field_line(place: str, path: Path, text: str) -> SearchedLine:
    """The searched line of a field.

    A name in the body stands at the beginning, one elsewhere behind the word of its place.
    """
    name = " ".join(path)
    begin = name if place == BODY else f"{place} {name}"
    return _line(f"{begin} {text}"), Name(place, path)


def list_searched_lines(
    request: CapturedRequest, of_fields: Iterable[SearchedLine]
) -> list[SearchedLine]:
    """All searched lines of a request, given those of its fields."""
    found = [(_line(f"{request.method} {request.decoded_path}"), None), *of_fields]
    found += [(_line(text), None) for text in find_other_texts(request)]
    return found


def _line(text: str) -> str:
    return text[:MAX_WORD_SOURCE_CHARS].lower()


def has_phrase(words: list[str], phrase: Phrase) -> bool:
    """True when the words contain the phrase in a row."""
    return find_phrase(words, phrase) is not None


def find_phrase(words: list[str], phrase: Phrase) -> int | None:
    """At which word the phrase begins, or None."""
    if not phrase.words:
        return 0
    *whole, last = phrase.words
    for start in range(len(words) - len(whole)):
        end = words[start + len(whole)]
        fits = end.startswith(last) if phrase.begun else end == last
        if fits and words[start : start + len(whole)] == whole:
            return start
    return None
