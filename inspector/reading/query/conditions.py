"""Conditions of a query: tests on requests, and what an index may look up for them.

A lookup has what every matching request contains, so it may find too many requests and never
too few. A condition without such contents has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from inspector.domain import CapturedRequest
from inspector.reading.blocks import Summary
from inspector.reading.fields import Name
from inspector.reading.words import Phrase

Test: TypeAlias = Callable[[CapturedRequest], bool]
# The verdict on a block of requests: True when all match, False when none does, else None.
Judge: TypeAlias = Callable[[Summary], "bool | None"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A word that an index keeps apart from a request's content (``marks.find_marks``)."""

    word: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of these at once."""

    parts: tuple[Lookup, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of these at least."""

    parts: tuple[Lookup, ...]


Lookup: TypeAlias = "Phrase | Mark | AllOf | AnyOf"


@dataclass(frozen=True, slots=True)
class Condition:
    """A term, or several put together.

    ``lookup`` is what every matching request has, ``excluded`` are marks that no matching
    request has; ``judge`` decides about a block of requests, where that is possible.
    ``is_mark`` is True for a term that is its mark and nothing else. ``after_us`` and
    ``before_us`` bound when a match was received, ``lowest`` and ``highest`` its number;
    ``is_annotated`` says that it is pinned or has a note, and ``is_retry`` that it is a
    delivery sent again. ``name`` is the field that a term looks at and ``wanted`` the words or
    the pattern it wants there, or anywhere without a name; ``terms`` are those of a group that
    are not turned round. ``late`` is a term in it, turned round or not, that is known of stored
    requests alone.
    """

    test: Test
    lookup: Lookup | None = None
    judge: Judge | None = None
    excluded: tuple[str, ...] = ()
    is_mark: bool = False
    after_us: int | None = None
    before_us: int | None = None
    lowest: int | None = None
    highest: int | None = None
    is_annotated: bool = False
    is_retry: bool = False
    name: Name | None = None
    wanted: Wanted | None = None
    terms: tuple[Condition, ...] = ()
    late: str = ""

    def list_terms(self) -> tuple[Condition, ...]:
        """Itself, or the terms of a group."""
        return self.terms or (self,)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression, of which ``find`` gives the first place in a text."""

    source: str
    find: Callable[[str], tuple[int, int] | None]


Wanted: TypeAlias = "Phrase | Pattern"


def look_for(wanted: Sequence[Lookup]) -> Lookup | None:
    """The lookup of all of these, phrases without words left out."""
    parts = [each for each in wanted if not isinstance(each, Phrase) or each.words]
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts)) if parts else None


def join_all(parts: Sequence[Condition]) -> Condition:
    """The conjunction: all conditions hold."""
    if len(parts) == 1:
        return parts[0]
    tests = [part.test for part in parts]
    lookups = tuple(part.lookup for part in parts if part.lookup is not None)
    after = [part.after_us for part in parts if part.after_us is not None]
    before = [part.before_us for part in parts if part.before_us is not None]
    return Condition(
        lambda request: all(test(request) for test in tests),
        lookup=AllOf(lookups) if lookups else None,
        judge=_judge_together(parts, all),
        excluded=tuple(mark for part in parts for mark in part.excluded),
        after_us=max(after, default=None),
        before_us=min(before, default=None),
        lowest=max((part.lowest for part in parts if part.lowest is not None), default=None),
        highest=min((part.highest for part in parts if part.highest is not None), default=None),
        is_annotated=any(part.is_annotated for part in parts),
        is_retry=any(part.is_retry for part in parts),
        terms=tuple(term for part in parts for term in part.list_terms()),
        late=next((part.late for part in parts if part.late), ""),
    )


def join_any(parts: Sequence[Condition]) -> Condition:
    """The disjunction: at least one condition holds."""
    if len(parts) == 1:
        return parts[0]
    tests = [part.test for part in parts]
    lookups = tuple(part.lookup for part in parts if part.lookup is not None)
    after = [part.after_us for part in parts if part.after_us is not None]
    before = [part.before_us for part in parts if part.before_us is not None]
    lowest = [part.lowest for part in parts if part.lowest is not None]
    highest = [part.highest for part in parts if part.highest is not None]
    is_whole = len(lookups) == len(parts)
    return Condition(
        lambda request: any(test(request) for test in tests),
        lookup=AnyOf(lookups) if is_whole else None,
        judge=_judge_together(parts, any),
        after_us=min(after) if len(after) == len(parts) else None,
        before_us=max(before) if len(before) == len(parts) else None,
        lowest=min(lowest) if len(lowest) == len(parts) else None,
        highest=max(highest) if len(highest) == len(parts) else None,
        is_annotated=all(part.is_annotated for part in parts),
        is_retry=all(part.is_retry for part in parts),
        terms=tuple(term for part in parts for term in part.list_terms()),
        late=next((part.late for part in parts if part.late), ""),
    )


def negate(part: Condition) -> Condition:
    """The negation of a condition."""
    test, judge = part.test, part.judge
    excluded = (part.lookup.word,) if part.is_mark and isinstance(part.lookup, Mark) else ()

    def judge_otherwise(summary: Summary) -> bool | None:
        found = None if judge is None else judge(summary)
        return None if found is None else not found

    return Condition(
        lambda request: not test(request),
        judge=None if judge is None else judge_otherwise,
        excluded=excluded,
        late=part.late,
    )


def _judge_together(
    parts: Sequence[Condition], join: Callable[[Iterable[bool]], bool]
) -> Judge | None:
    """The verdict on parts joined by ``all`` or ``any``: None where unknown parts decide."""
    judges = [part.judge for part in parts if part.judge is not None]
    if not judges:
        return None
    has_others = len(judges) < len(parts)

    def judge(summary: Summary) -> bool | None:
        found = [each(summary) for each in judges] + [None] * has_others
        least, most = (
            join(each is True for each in found),
            join(each is not False for each in found),
        )
        return least if least == most else None

    return judge


@dataclass(frozen=True)
class Query:
    """A parsed query; ``condition`` is None for the empty one, which matches everything.

    ``after_us`` and ``before_us`` are microseconds since the epoch, or None.
    """

    text: str
    condition: Condition | None = None
    after_us: int | None = None
    before_us: int | None = None

    def matches(self, request: CapturedRequest) -> bool:
        """True when it holds."""
        return self.condition is None or self.condition.test(request)

    @property
    def terms(self) -> tuple[Condition, ...]:
        """The terms that are not turned round."""
        return () if self.condition is None else self.condition.list_terms()

    @property
    def late(self) -> str:
        """A term that is known of stored requests alone; empty without one."""
        return "" if self.condition is None else self.condition.late

    @property
    def lookup(self) -> Lookup | None:
        """Facts that every matching request has, for an index to find; None without any."""
        return None if self.condition is None else self.condition.lookup

    @property
    def judge(self) -> Judge | None:
        """The test on summaries of blocks (all, none or unknown match), None without one."""
        return None if self.condition is None else self.condition.judge

    @property
    def excluded(self) -> tuple[str, ...]:
        """The marks that no matching request bears."""
        return () if self.condition is None else self.condition.excluded

    @property
    def has_words(self) -> bool:
        """True when words or marks leave out any request at all."""
        return self.lookup is not None or bool(self.excluded)

    @property
    def is_retry(self) -> bool:
        """True when only deliveries that were sent again match."""
        return self.condition is not None and self.condition.is_retry

    @property
    def is_indexed(self) -> bool:
        """True when an index leaves out any request at all."""
        return self.has_words or self.is_retry

    @property
    def lowest(self) -> int | None:
        """The lowest number that a match may have; None for any."""
        return None if self.condition is None else self.condition.lowest

    @property
    def highest(self) -> int | None:
        """The highest number that a match may have; None for any."""
        return None if self.condition is None else self.condition.highest

    @property
    def is_annotated(self) -> bool:
        """True when only requests with a pin or a note match."""
        return self.condition is not None and self.condition.is_annotated

    def __bool__(self) -> bool:
        return self.condition is not None
