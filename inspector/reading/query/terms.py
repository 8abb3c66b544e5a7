"""The terms of a query, each to a condition: words, filters, comparisons with fields."""

from __future__ import annotations

import re
from dataclasses import replace

from inspector.domain import CapturedRequest
from inspector.errors import InspectorError
from inspector.reading.blocks import read_number
from inspector.reading.fields import (
    HEADER,
    QUERY,
    TRANSPORT,
    Name,
    has_text,
    is_fraction,
    list_texts,
    parse_name,
)
from inspector.reading.marks import ANNOTATED_FLAGS, FLAGS, RETRY, container_mark, method_mark
from inspector.reading.paths import ANY_INDEX
from inspector.reading.query.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Lookup,
    Mark,
    Pattern,
    Test,
    Wanted,
    look_for,
)
from inspector.reading.query.numbers import make_number_term
from inspector.reading.query.patterns import compile_pattern
from inspector.reading.query.problems import make_error
from inspector.reading.webhooks.senders import SENDER_TESTS
from inspector.reading.words import (
    WORD,
    Phrase,
    has_phrase,
    iterate_lines,
    searched_lines,
    split_words,
)

FILTERS = ("method", "path", "has", "is", "note", "number", "before", "after", *SENDER_TESTS)
# Terms that are unknown for a request that is not stored yet.
_LATE = frozenset(
    ("note", "number", "signature", *(f"is:{flag}" for flag in (*ANNOTATED_FLAGS, RETRY)))
)
_FILTER = re.compile(rf"({'|'.join(FILTERS)}):(.*)\Z", re.DOTALL)
# A name has these characters only within quotes, so that a pasted URL is words and no comparison.
_KEY = r'(?:\["[^"]*"\]|[^\s:/?&=!<>])'
_COMPARISON = re.compile(rf"((?:header:|query:)?{_KEY}+)(!=|=|>|<)(.*)\Z", re.DOTALL)
_CONTAINS = re.compile(r'((?=[^:]*[.\[])(?:\["[^"]*"\]|[^\s:=])*):(.*)\Z', re.DOTALL)
_UNKNOWN_FILTER = re.compile(r"([A-Za-z][\w-]*):(?!//).+\Z", re.DOTALL)
_PATTERN = re.compile(r"/(.+)/\Z", re.DOTALL)


def make_term(term: str) -> Condition:
    """One term, its quotes in it. Raises ``invalid_query``."""
    known = _FILTER.match(term)
    if not known:
        return _make_other(term)
    name, value = known[1], _unquote(known[2])
    made = _make_filter(name, value)
    late = f"{name}:{value}"
    return replace(made, late=late) if name in _LATE or late.lower() in _LATE else made


def make_pattern_term(source: str) -> Condition:
    """A regular expression for any text of a request, or a name."""
    pattern = compile_pattern(source)

    def test(request: CapturedRequest) -> bool:
        return any(
            pattern.find(text) is not None or pattern.find(name) is not None
            for name, text in iterate_lines(request)
        )

    return Condition(test, wanted=pattern)


def _make_filter(name: str, value: str) -> Condition:
    if not value:
        raise make_error(f"After {name}: something is missing, as in {name}:{_EXAMPLES[name]}.")
    if name == "method":
        wanted = value.lower()
        return _make_marked(lambda request: request.method.lower() == wanted, method_mark(value))
    if name == "path":
        piece = value.lower()
        return Condition(
            lambda request: piece in request.path.lower() or piece in request.decoded_path.lower(),
            judge=lambda summary: summary.has_path(piece),
        )
    if name == "has":
        return _make_has(_name(value))
    if name == "number":
        return make_number_term(value)
    if name == "note":
        return _make_note(value)
    if name in SENDER_TESTS:
        test, marks = SENDER_TESTS[name](value)
        if marks:
            return _make_marked(test, marks[0])
        # An id stands in the request literally.
        phrases = (Phrase(tuple(split_words(value))),) if name == "delivery" else ()
        return Condition(test, look_for(phrases))
    return _make_flag(value)


def _make_flag(value: str) -> Condition:
    name = value.lower()
    if name in ANNOTATED_FLAGS:
        return Condition(ANNOTATED_FLAGS[name], is_annotated=True)
    if name == RETRY:
        return Condition(lambda request: request.is_retry, is_retry=True)
    if name not in FLAGS:
        known = ", ".join(f"is:{flag}" for flag in (*FLAGS, *ANNOTATED_FLAGS, RETRY))
        raise make_error(f"is:{value[:40]} is not known. There is {known}.")
    return _make_marked(FLAGS[name], f"is{name}")


def _make_marked(test: Test, mark: str) -> Condition:
    """A term that holds where the mark is, and nowhere else."""
    return Condition(test, Mark(mark), is_mark=True)


def _make_note(value: str) -> Condition:
    wanted = _read_wanted(value)

    def test(request: CapturedRequest) -> bool:
        return request.note is not None and _is_in(request.note, wanted)

    return Condition(test, is_annotated=True, wanted=wanted)


_EXAMPLES = {
    "method": "POST",
    "path": "/hook",
    "has": "custom_data",
    "is": "empty",
    "note": "later",
    "number": "7",
    "sender": "github",
    "event": "issues",
    "delivery": "72d3162e",
    "signature": "invalid",
}


def _make_other(term: str) -> Condition:
    if term.startswith('"'):
        return _make_words(_unquote(term))
    place, colon, rest = term.partition(":")
    if colon and place in (HEADER, QUERY) and not _COMPARISON.match(term):
        name, _, value = rest.partition(":")
        if not value:
            return _make_has(_name(f"{place}:{name}"))
        return _make_contains(_name(f"{place}:{name}"), _unquote(value))
    if compared := _COMPARISON.match(term):
        return _make_comparison(_name(compared[1]), compared[2], _unquote(compared[3]))
    if contained := _CONTAINS.match(term):
        return _make_contains(_name(contained[1]), _unquote(contained[2]))
    if unknown := _UNKNOWN_FILTER.match(term):
        raise _unknown_filter(unknown[1], term)
    return _make_words(_unquote(term))


def _unknown_filter(name: str, term: str) -> InspectorError:
    from difflib import get_close_matches  # most queries are as they should be

    shown, value = name[:40], term[len(name) + 1 :][:40]
    meant = get_close_matches(name.lower(), (*FILTERS, HEADER, QUERY), n=1, cutoff=0.7)
    guess = f" Did you mean {meant[0]}:{value}?" if meant else ""
    return make_error(
        f"There is no filter {shown}:.{guess} To search for the text itself, put it in "
        f'quotes: "{term[:40]}". To search a field, write its whole path: ticket.agent.id=3.'
    )


def _make_words(text: str) -> Condition:
    phrase = Phrase(tuple(split_words(text)), begun=True)
    if not phrase.words:
        raise make_error(f"{text[:40]!r} has no letter or digit to search for.")

    def test(request: CapturedRequest) -> bool:
        return any(
            # Far cheaper than cutting every line into words, and most lines end here.
            phrase.words[-1] in line and has_phrase(WORD.findall(line), phrase)
            for line in searched_lines(request)
        )

    return Condition(test, look_for((phrase,)), wanted=phrase)


def _make_has(name: Name) -> Condition:
    def test(request: CapturedRequest) -> bool:
        return bool(list_texts(request, name))

    return Condition(
        test,
        _look_in(name, _path_phrase(name)),
        judge=lambda summary: summary.has_field(name),
        name=name,
    )


def _make_contains(name: Name, value: str) -> Condition:
    wanted = _read_wanted(value)
    path = _path_phrase(name)

    def test(request: CapturedRequest) -> bool:
        return any(_is_in(text, wanted) for text in list_texts(request, name))

    if isinstance(wanted, Pattern):
        lookup = _look_in(name, path)
    else:
        lookup = _look_in(name, path, _or_apart(name, wanted))
    return Condition(test, lookup, name=name, wanted=wanted)


def _read_wanted(value: str) -> Wanted:
    """``/regex/``, or words of which the last may be a beginning."""
    pattern = _PATTERN.match(value)
    return compile_pattern(pattern[1]) if pattern else Phrase(tuple(split_words(value)), begun=True)


def _is_in(text: str, wanted: Wanted) -> bool:
    if isinstance(wanted, Pattern):
        return wanted.find(text) is not None
    return has_phrase(split_words(text), wanted)


def _make_comparison(name: Name, operator: str, value: str) -> Condition:
    path = _path_phrase(name)
    if operator == "=":
        words = tuple(split_words(value))
        # A field's value stands right behind its name; behind an index it may be anywhere.
        together = Phrase(path.words + words, whole=True)
        if is_fraction(value):
            lookup = _look_in(name, path)  # The number may be spelled otherwise.
        elif _is_whole(name):
            lookup = _look_in(name, _or_apart(name, together, words))
        else:
            lookup = _look_in(name, path, _or_apart(name, Phrase(words)))
        return Condition(lambda request: has_text(request, name, value), lookup, name=name)
    if operator == "!=":
        # An absent field counts as different, which no index can look up.
        return Condition(lambda request: not has_text(request, name, value), name=name)
    limit = read_number(value)
    if limit is None:
        raise make_error(f"After {operator} comes a number, not {value[:40]!r}.")
    wanted = limit

    def test(request: CapturedRequest) -> bool:
        numbers = map(read_number, list_texts(request, name))
        return any(
            number is not None and (number > wanted if operator == ">" else number < wanted)
            for number in numbers
        )

    return Condition(
        test,
        _look_in(name, path),
        judge=lambda summary: summary.has_number(name, operator, wanted),
        name=name,
    )


def _is_whole(name: Name) -> bool:
    return not any(key == ANY_INDEX or key.isdecimal() for key in name.path)


def _path_phrase(name: Name) -> Phrase:
    """The words of a path up to its first index, which an index of words does not hold."""
    words: list[str] = []
    for key in name.path:
        if key == ANY_INDEX or key.isdecimal():
            break
        words += split_words(key)
    return Phrase(tuple(words))


def _or_apart(name: Name, phrase: Phrase, words: tuple[str, ...] | None = None) -> Lookup:
    """The lookup of a phrase, or of its words one by one where the name is a list's or a map's.

    The text of such a one is its values joined, which stand in fields of their own.
    ``words`` are those of the value where the phrase has those of its name too.
    """
    apart = phrase.words if words is None else words
    if name.place == HEADER or not phrase.words or (words is None and len(apart) < 2):
        return phrase
    each: list[Lookup] = [Phrase((word,)) for word in apart]
    if phrase.begun:
        each[-1] = Phrase(apart[-1:], begun=True)
    return AnyOf((phrase, AllOf((Mark(container_mark(name.place, name.path)), *each))))


def _look_in(name: Name, *parts: Lookup) -> Lookup | None:
    """The lookup of phrases in a field; no index has the headers that only carry a request."""
    is_left_out = name.place == HEADER and name.path[0].lower() in TRANSPORT
    return None if is_left_out else look_for(parts)


def _name(text: str) -> Name:
    try:
        return parse_name(_unquote(text))
    except ValueError as error:
        raise make_error(
            f"{text[:60]!r} names no field. {error} Write it like ticket.agent.id."
        ) from None


def _unquote(text: str) -> str:
    return text.replace('"', "")
