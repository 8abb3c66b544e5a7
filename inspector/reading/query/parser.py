"""Reading a query: terms, ``or``, brackets and ``-``, into one condition."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

from inspector.reading.query.conditions import Condition, Query, join_all, join_any, negate
from inspector.reading.query.problems import make_error
from inspector.reading.query.terms import make_pattern_term, make_term
from inspector.reading.query.times import make_time_term

MAX_QUERY_CHARS = 1000
MAX_TERMS = 30
MAX_DEPTH = 10

TERM = re.compile(r'\s*(-?)((?:"[^"]*"|[^\s"])+)')
_OPEN = re.compile(r"\s*(-?)\(")
_CLOSE = re.compile(r"\s*\)")
_OR = re.compile(r"\s*(?:or|OR)(?=[\s()]|\Z)")
_PATTERN = re.compile(r"\s*(-?)/((?:[^/\\]|\\.)+)/(?=[\s)]|\Z)", re.DOTALL)
# The pattern of a field, which may have spaces in it; a path that ends in a slash is none.
_FIELD_PATTERN = re.compile(
    r"""\s*(-?)((?:header:[^\s:=/"]+|note|[^\s:=/"]*[.\[][^\s:=/"]*):/(?:[^/\\]|\\.)+/)(?=[\s)]|\Z)""",
    re.DOTALL,
)
_TIME = re.compile(r"(before|after):(.*)\Z", re.DOTALL)


def parse_query(
    text: str, *, now: datetime | None = None, zone: tzinfo = UTC, is_typed: bool = False
) -> Query:
    """Read a query; the empty one matches everything.

    ``now`` (aware) is what ``after:2h`` counts from, ``zone`` that of times without one. A
    query that ``is_typed`` just now may break off: an open quote or bracket is closed, an
    ``or`` at its end left out. Raises ``InspectorError`` ``invalid_query``, whose message
    says what is wrong and what to write instead.
    """
    if len(text) > MAX_QUERY_CHARS:
        raise make_error(f"A query has at most {MAX_QUERY_CHARS} characters.")
    if text.count('"') % 2:
        if not is_typed:
            raise make_error('A double quote is not closed. Quotes stand in pairs: "vip support".')
        text += '"'
    condition = _Parser(text, now or datetime.now(UTC), zone, is_typed).parse()
    if condition is None:
        return Query("")
    return Query(text.strip(), condition, condition.after_us, condition.before_us)


class _Parser:
    """A text, and how far it has been read."""

    def __init__(self, text: str, now: datetime, zone: tzinfo, is_typed: bool) -> None:
        self._text = text
        self._now = now
        self._zone = zone
        self._is_typed = is_typed
        self._position = 0
        self._count = 0

    def parse(self) -> Condition | None:
        if self._is_over():
            return None
        return self._parse_any(0)

    def _is_over(self) -> bool:
        return not self._text[self._position :].strip()

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._position)
        if found:
            self._position = found.end()
        return found

    def _parse_any(self, depth: int) -> Condition:
        """Alternatives, to the end or to the bracket that closes."""
        found = [self._parse_all(depth)]
        while self._take(_OR):
            if self._is_typed and self._is_over():
                break
            found.append(self._parse_all(depth))
        return join_any(found)

    def _parse_all(self, depth: int) -> Condition:
        """Parse terms that stand side by side: all must match."""
        found: list[Condition] = []
        while not self._is_over() and not _OR.match(self._text, self._position):
            if depth and _CLOSE.match(self._text, self._position):
                break
            found.append(self._parse_part(depth))
        if not found:
            raise make_error(
                "Beside or, and between brackets, stands something to search for: "
                '(method:PUT or method:POST) hierarchy. The word itself stands in quotes: "or".'
            )
        return join_all(found)

    def _parse_part(self, depth: int) -> Condition:
        opened = self._take(_OPEN)
        if opened is None:
            return self._parse_term(depth)
        if depth >= MAX_DEPTH:
            raise make_error(f"Brackets stand in one another at most {MAX_DEPTH} times.")
        part = self._parse_any(depth + 1)
        if not self._take(_CLOSE) and not self._is_typed:
            raise make_error(
                "A bracket is not closed. Brackets stand in pairs: (method:PUT or is:json). To "
                'search for a bracket, put the text in quotes: "f(x)".'
            )
        return negate(part) if opened[1] else part

    def _parse_term(self, depth: int) -> Condition:
        self._count += 1
        if self._count > MAX_TERMS:
            raise make_error(f"A query has at most {MAX_TERMS} terms.")
        if pattern := self._take(_PATTERN):
            made = make_pattern_term(pattern[2])
            return negate(made) if pattern[1] else made
        if pattern := self._take(_FIELD_PATTERN):
            made = make_term(pattern[2])
            return negate(made) if pattern[1] else made
        found = self._take(TERM)
        if found is None:  # nothing is left but space, which _is_over has seen
            raise make_error("There is nothing to search for.")
        sign, term = found[1], found[2]
        if depth:
            kept = _strip_closing(term)
            self._position -= len(term) - len(kept)
            term = kept
        if timed := _TIME.match(term):
            return make_time_term(timed[1], timed[2].replace('"', ""), self._now, self._zone, sign)
        made = make_term(term)
        return negate(made) if sign else made


def _strip_closing(term: str) -> str:
    """A term without the brackets at its end that it has not opened itself."""
    while term.endswith(")") and term.count(")") > term.count("("):
        term = term[:-1]
    return term
