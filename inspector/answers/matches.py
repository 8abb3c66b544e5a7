"""The ``match`` object: conditions on requests, of a rule, a relay or a call in bulk.

One language for all of them: the words of the waiting call (``method``, ``path``,
``query``, ``headers``, ``where``) and ``q``, the search language. All that is given
must hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

from inspector.domain import CapturedRequest
from inspector.domain.pairs import is_token
from inspector.errors import InspectorError
from inspector.reading.matching import RequestMatch
from inspector.reading.spellings import Spelled, spell

MAX_CONDITIONS = 50
MAX_TEXT_CHARS = 2_000

NAMES: Final = ("method", "path", "query", "headers", "where", "q")
# Of those with a name in them: what one is called, and what stands before its value.
_NAMED: Final = {"query": ("query", "="), "headers": ("header", ": "), "where": ("field", "=")}
# Any value: the name was sent.
_PRESENT = re.compile("")


class Glob(str):
    """A path with ``*`` for any run of characters: equal to each path that it fits.

    Compared piece by piece, so that a hostile path costs no more than its length.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and fits_glob(str(self), other)

    __hash__ = str.__hash__


def fits_glob(glob: str, text: str) -> bool:
    """True when ``text`` is like ``glob``, whose ``*`` stands for any characters, or none.

    Linear in the product of the pieces' lengths at worst, without going back.
    """
    first, *pieces = glob.split("*")
    if not pieces:
        return glob == text
    last = pieces.pop()
    if not text.startswith(first) or len(text) < len(first) + len(last):
        return False
    at = len(first)
    for piece in pieces:
        at = text.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return text.endswith(last) and at <= len(text) - len(last)


class Condition(NamedTuple):
    """One condition in words: ``place`` is where it looks (``header``), ``wanted`` what for.

    ``state`` says in words what no value can: that a name is absent, or there at all; else empty.
    """

    place: str
    wanted: str
    state: str = ""


@dataclass(frozen=True)
class Match:
    """A ``match`` object, checked; ``Match()`` fits every request.

    ``text`` is its JSON object as it was given. ``reads_body`` when looking at the head
    alone does not do.
    """

    given: tuple[tuple[str, Any], ...] = ()
    conditions: RequestMatch = field(default_factory=RequestMatch)

    @property
    def fits_all(self) -> bool:
        """True when nothing is asked for."""
        return not self.given

    @cached_property
    def reads_body(self) -> bool:
        return bool(self.conditions.where) or self.conditions.search is not None

    def fits(self, request: CapturedRequest) -> bool:
        """True when all conditions hold. Never raises; linear in the request."""
        return not self.conditions.find_differences(request)

    def list_conditions(self) -> list[Condition]:
        """All conditions in words, in the order in which they were given."""
        found: list[Condition] = []
        for name, wanted in self.given:
            if name in _NAMED:
                place, sign = _NAMED[name]
                found += [_tell_condition(place, sign, *each) for each in wanted.items()]
            else:
                found.append(Condition("search" if name == "q" else name, str(wanted)))
        return found

    def to_json(self) -> dict[str, Any]:
        """The object that ``read_match`` takes."""
        return dict(self.given)


def read_match(data: Any, place: str = "match") -> Match:
    """The match that a JSON object asks for; None and ``{}`` fit every request.

    A value is text, a number or a flag, as a query string would spell it; null wants a query
    name, a header or a field to be absent; true wants a query name or a header to be there,
    with any value.

    Raises ``InspectorError`` ``invalid_match``, whose ``field`` names the part that is wrong.
    """
    if data is None:
        return Match()
    if not isinstance(data, Mapping):
        raise _wrong(place, 'is an object like {"method": "POST"}')
    for name in data:
        if name not in NAMES:
            raise _wrong(f"{place}.{str(name)[:40]}", f"is none of {', '.join(NAMES)}")
    given = {name: value for name, value in data.items() if value not in (None, {}, "")}
    wanted: dict[str, Any] = {}
    if "method" in given:
        wanted["method"] = _read_method(given["method"], f"{place}.method")
    if "path" in given:
        wanted["path"] = _read_path(given["path"], f"{place}.path")
    for name in ("query", "headers", "where"):
        wanted[name] = _read_values(given.get(name, {}), f"{place}.{name}")
    if sum(len(wanted[name]) for name in ("query", "headers", "where")) > MAX_CONDITIONS:
        raise _wrong(place, f"has at most {MAX_CONDITIONS} conditions")
    wanted["q"] = given.get("q", "")
    if not isinstance(wanted["q"], str):
        raise _wrong(f"{place}.q", "is a search, like ticket.agent.id=3")
    try:
        return Match(tuple(given.items()), RequestMatch(**wanted))
    except ValueError as error:
        raise _wrong(f"{place}.where", f"begins with a path: {error}".rstrip(".")) from error
    except InspectorError as error:
        raise InspectorError("invalid_match", error.message, field=f"{place}.q") from error


def read_early_match(data: Any, place: str = "match") -> Match:
    """The match of a rule or a relay, asked before a request is stored; else as ``read_match``.

    Also refused is what only a stored request has: pins, notes, numbers, signatures and tries.
    """
    match = read_match(data, place)
    search = match.conditions.search
    if search is not None and search.late:
        problem = f"is asked before a request is stored, so it cannot say {search.late}"
        raise _wrong(f"{place}.q", problem)
    return match


def _read_method(value: Any, place: str) -> str:
    if not isinstance(value, str) or not is_token(value) or len(value) > 100:
        raise _wrong(place, "is a method of HTTP, like POST")
    return value


def _read_path(value: Any, place: str) -> Any:
    if not isinstance(value, str) or len(value) > MAX_TEXT_CHARS:
        raise _wrong(place, "is a path below the bin, like /hook or /hook/*")
    path = value if value.startswith(("/", "*")) else f"/{value}"
    return Glob(path) if "*" in path else path


def _read_values(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(place, "is an object of names and values")
    found: dict[str, Any] = {}
    for name, wanted in value.items():
        if isinstance(wanted, Mapping | list):
            raise _wrong(f"{place}.{name[:60]}", "is a text, a number, null or true")
        if wanted is None:
            found[name] = None
        elif wanted is True and not place.endswith("where"):
            found[name] = _PRESENT
        else:
            found[name] = Spelled(spell(wanted))
    return found


def _tell_condition(place: str, sign: str, name: str, wanted: Any) -> Condition:
    if wanted is None:
        return Condition(place, name, "not sent")
    if wanted is True and place != "field":
        return Condition(place, name, "with any value")
    return Condition(place, f"{name}{sign}{spell(wanted)}")


def _wrong(place: str, problem: str) -> InspectorError:
    return InspectorError("invalid_match", f"{place} {problem}.", field=place)
