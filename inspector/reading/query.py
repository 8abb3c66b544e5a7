"""The search language: one line of text to a test on captured requests.

Terms stand side by side and all must hold; ``-`` before one turns it round; double
quotes keep spaces together. Words are found at the beginnings of words, in any case.

====================================  ====================================================
``hierarchy "vip support"``           words in names, values, headers and the path
``method:POST``                       the method
``path:/hook``                        a piece of the path, as sent
``header:X-Deskpro-TicketId=5``       a header's value; without ``=`` that it was sent
``ticket.agent.id=3``                 a field; also ``!=``, ``>``, ``<`` and ``:`` for words
``tags[]=green``                      one of several values; with ``!=`` that none is it
``has:custom_data``                   the field was sent, empty or not
``is:empty``                          see ``marks.FLAGS``
``sender:github event:issues``        the known sender's name; words of its event
``delivery:7f signature:invalid``     the delivery's id, whole; the signature's result
``before:2026-05-01 after:2h``        received, UTC, or so long ago
====================================  ====================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from inspector.domain import CapturedRequest
from inspector.errors import InspectorError
from inspector.reading.fields import (
    HEADER,
    QUERY,
    Name,
    has_text,
    is_fraction,
    list_texts,
    parse_name,
)
from inspector.reading.marks import FLAGS, method_mark
from inspector.reading.paths import ANY_INDEX
from inspector.reading.webhooks.senders import SENDER_TESTS
from inspector.reading.words import WORD, Phrase, has_phrase, searched_lines, split_words

MAX_QUERY_CHARS = 1000
MAX_TERMS = 30

TERM = re.compile(r'\s*(-?)((?:"[^"]*"|[^\s"])+)')
FILTERS = ("method", "path", "has", "is", "before", "after", *SENDER_TESTS)
_FILTER = re.compile(rf"({'|'.join(FILTERS)}):(.*)\Z", re.DOTALL)
# A name has these signs in quotes only, so that a pasted URL is words and no comparison.
_KEY = r'(?:\["[^"]*"\]|[^\s:/?&=!<>])'
_COMPARISON = re.compile(rf"((?:header:|query:)?{_KEY}+)(!=|=|>|<)(.*)\Z", re.DOTALL)
_CONTAINS = re.compile(r'((?=[^:]*[.\[])(?:\["[^"]*"\]|[^\s:=])*):(.*)\Z', re.DOTALL)
_UNKNOWN_FILTER = re.compile(r"([A-Za-z][\w-]*):(?!//).+\Z", re.DOTALL)
_AGO = re.compile(r"(\d{1,9})([smhdw])\Z")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

Test = Callable[[CapturedRequest], bool]


@dataclass(frozen=True, slots=True)
class Term:
    """One condition.

    ``phrases`` stand in every matching request and ``marks`` (see ``marks.find_marks``) on
    it, ``barred`` marks on none: what an index can look up. ``name`` is the field it
    looks at and ``wanted`` the words it wants there, or anywhere without a name. A term
    turned round has barred marks at most.
    """

    test: Test
    phrases: tuple[Phrase, ...] = ()
    marks: tuple[str, ...] = ()
    barred: tuple[str, ...] = ()
    name: Name | None = None
    wanted: Phrase | None = None


@dataclass(frozen=True)
class Query:
    """A parsed query. ``received`` bounds are microseconds since the epoch, or None."""

    text: str
    terms: tuple[Term, ...] = ()
    after_us: int | None = None
    before_us: int | None = None

    def matches(self, request: CapturedRequest) -> bool:
        """True when all terms hold."""
        if self.after_us is not None and request.received_us < self.after_us:
            return False
        if self.before_us is not None and request.received_us >= self.before_us:
            return False
        return all(term.test(request) for term in self.terms)

    @cached_property
    def phrases(self) -> tuple[Phrase, ...]:
        """All that an index may ask for; a request without one of them does not match."""
        return tuple(phrase for term in self.terms for phrase in term.phrases if phrase.words)

    @cached_property
    def marks(self) -> tuple[str, ...]:
        """The marks that every matching request bears."""
        return tuple(mark for term in self.terms for mark in term.marks)

    @cached_property
    def barred(self) -> tuple[str, ...]:
        """The marks that no matching request bears."""
        return tuple(mark for term in self.terms for mark in term.barred)

    @property
    def is_indexed(self) -> bool:
        """True when an index leaves out any request at all."""
        return bool(self.phrases or self.marks or self.barred)

    def __bool__(self) -> bool:
        return bool(self.terms) or self.after_us is not None or self.before_us is not None


@dataclass
class _Draft:
    """A query while its terms are being read."""

    now: datetime
    terms: list[Term] = field(default_factory=list)
    after_us: int | None = None
    before_us: int | None = None


def parse_query(text: str, *, now: datetime | None = None) -> Query:
    """Read a query; the empty one matches everything.

    ``now`` (aware) is what ``after:2h`` counts from. Raises ``InspectorError``
    ``invalid_query``, whose message says what is wrong and what to write instead.
    """
    if len(text) > MAX_QUERY_CHARS:
        raise _error(f"A query has at most {MAX_QUERY_CHARS} characters.")
    if text.count('"') % 2:
        raise _error('A double quote is not closed. Quotes stand in pairs: "vip support".')
    draft = _Draft(now or datetime.now(UTC))
    position = 0
    while found := TERM.match(text, position):
        position = found.end()
        if len(draft.terms) >= MAX_TERMS:
            raise _error(f"A query has at most {MAX_TERMS} terms.")
        _read_term(draft, found[2], negated=found[1] == "-")
    return Query(text.strip(), tuple(draft.terms), draft.after_us, draft.before_us)


def _read_term(draft: _Draft, term: str, *, negated: bool) -> None:
    known = _FILTER.match(term)
    if known and known[1] in ("before", "after"):
        _read_time(draft, known[1], _unquote(known[2]), negated)
        return
    made = _make_filter(known[1], _unquote(known[2])) if known else _make_other(term)
    if negated:
        test = made.test
        # Marks are the whole of the terms that have any.
        made = Term(lambda request: not test(request), barred=made.marks)
    draft.terms.append(made)


def _make_filter(name: str, value: str) -> Term:
    if not value:
        raise _error(f"After {name}: something is missing, as in {name}:{_EXAMPLES[name]}.")
    if name == "method":
        return Term(
            lambda request: request.method.lower() == value.lower(), marks=(method_mark(value),)
        )
    if name == "path":
        wanted = value.lower()
        return Term(
            lambda request: wanted in request.path.lower() or wanted in request.decoded_path.lower()
        )
    if name == "has":
        return _make_has(_name(value))
    if name in SENDER_TESTS:
        test, marks = SENDER_TESTS[name](value)
        # An id stands in the request as it is.
        phrases = (Phrase(tuple(split_words(value))),) if name == "delivery" else ()
        return Term(test, phrases, marks)
    flag = FLAGS.get(value.lower())
    if flag is None:
        raise _error(
            f"is:{value[:40]} is not known. There is {', '.join(f'is:{f}' for f in FLAGS)}."
        )
    return Term(flag, marks=(f"is{value.lower()}",))


_EXAMPLES = dict(
    zip(
        ("method", "path", "has", "is", "sender", "event", "delivery", "signature"),
        ("POST", "/hook", "custom_data", "empty", "github", "issues", "72d3162e", "invalid"),
        strict=True,
    )
)


def _make_other(term: str) -> Term:
    if term.startswith('"'):
        return _make_words(_unquote(term))
    if term.startswith("header:") and not _COMPARISON.match(term):
        name, _, value = term.removeprefix("header:").partition(":")
        if not value:
            return _make_has(_name(f"header:{name}"))
        return _make_contains(_name(f"header:{name}"), _unquote(value))
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
    return _error(
        f"There is no filter {shown}:.{guess} To search for the text itself, put it in "
        f'quotes: "{term[:40]}". To search a field, write its whole path: ticket.agent.id=3.'
    )


def _make_words(text: str) -> Term:
    phrase = Phrase(tuple(split_words(text)), begun=True)
    if not phrase.words:
        raise _error(f"{text[:40]!r} has no letter or digit to search for.")

    def test(request: CapturedRequest) -> bool:
        return any(
            # Far cheaper than cutting every line into words, and most lines end here.
            phrase.words[-1] in line and has_phrase(WORD.findall(line), phrase)
            for line in searched_lines(request)
        )

    return Term(test, (phrase,), wanted=phrase)


def _make_has(name: Name) -> Term:
    def test(request: CapturedRequest) -> bool:
        return bool(list_texts(request, name))

    return Term(test, (_path_phrase(name),), name=name)


def _make_contains(name: Name, value: str) -> Term:
    phrase = Phrase(tuple(split_words(value)), begun=True)

    def test(request: CapturedRequest) -> bool:
        texts = list_texts(request, name)
        return any(has_phrase(split_words(text), phrase) for text in texts)

    return Term(test, (_path_phrase(name), phrase), name=name, wanted=phrase)


def _make_comparison(name: Name, operator: str, value: str) -> Term:
    path = _path_phrase(name)
    if operator == "=":
        words = tuple(split_words(value))
        # A field's value stands right behind its name; behind an index it may be anywhere.
        phrases = (Phrase(path.words + words),) if _is_whole(name) else (path, Phrase(words))
        if is_fraction(value):
            phrases = (path,)  # It may have been sent with other digits.
        return Term(lambda request: has_text(request, name, value), phrases, name=name)
    if operator == "!=":
        # Absent counts as different; an index cannot help with that.
        return Term(lambda request: not has_text(request, name, value), name=name)
    limit = _number(value)
    if limit is None:
        raise _error(f"After {operator} comes a number, not {value[:40]!r}.")
    wanted = limit

    def test(request: CapturedRequest) -> bool:
        numbers = map(_number, list_texts(request, name))
        return any(
            number is not None and (number > wanted if operator == ">" else number < wanted)
            for number in numbers
        )

    return Term(test, (path,), name=name)


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


def _name(text: str) -> Name:
    try:
        return parse_name(_unquote(text))
    except ValueError as error:
        raise _error(
            f"{text[:60]!r} names no field. {error} Write it like ticket.agent.id."
        ) from None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _read_time(draft: _Draft, name: str, value: str, negated: bool) -> None:
    if negated:
        raise _error(f"Instead of -{name}: write {'after' if name == 'before' else 'before'}:.")
    moment = _parse_time(value, draft.now)
    moment_us = int(moment.timestamp() * 1_000_000)
    if name == "before":
        draft.before_us = moment_us
    else:
        draft.after_us = moment_us


def _parse_time(value: str, now: datetime) -> datetime:
    ago = _AGO.match(value)
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        moment = datetime.fromisoformat(value)
    except (ValueError, OverflowError):
        raise _error(
            f"{value[:40]!r} is no time. Write 2026-05-01, 2026-05-01T13:30 (UTC) or 2h for two "
            "hours ago."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _unquote(text: str) -> str:
    return text.replace('"', "")


def _error(message: str) -> InspectorError:
    return InspectorError("invalid_query", message, field="q")
