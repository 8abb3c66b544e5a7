"""Conditions on the request that a test waits for, with the names it may use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypedDict

from inspector.reading.matching import Difference, RequestMatch
from inspector.testing.answering import explain_unknown
from inspector.testing.received import ReceivedRequest


class MatchFields(TypedDict, total=False):
    """The conditions of ``wait`` and its like, besides counts and times; see ``RequestMatch``."""

    method: Any
    path: Any
    query: Mapping[str, Any]
    headers: Mapping[str, Any]
    where: Mapping[str, Any]
    files: Mapping[str, Any]
    body: Any
    json: Any
    q: str


def make_match(method: str, match: Mapping[str, Any]) -> RequestMatch:
    """The conditions that ``method`` was given; ``TypeError`` names one that there is not."""
    for name in match:
        if name not in MatchFields.__annotations__:
            raise TypeError(explain_unknown(f"{method}()", name, MatchFields.__annotations__))
    return RequestMatch(**match)


class Expectation:
    """Conditions on a request, and perhaps a function that has the last word."""

    def __init__(
        self, match: RequestMatch, predicate: Callable[[ReceivedRequest], Any] | None = None
    ) -> None:
        if predicate is not None and not callable(predicate):
            raise TypeError(f"a predicate is a function of a request, not {predicate!r}")
        self._match = match
        self._predicate = predicate

    def find_differences(self, request: ReceivedRequest) -> list[Difference]:
        """The differences between a request and what is expected; empty when it matches."""
        found = self._match.find_differences(request.captured)
        if self._predicate is None:
            return found
        try:
            answer: Any = bool(self._predicate(request))
        except Exception as error:
            answer = error
        if answer is not True:
            found.append(Difference("predicate", self._predicate, answer))
        return found

    def list_expectations(self) -> list[tuple[str, Any]]:
        """Each condition with its value, to be shown."""
        expected = self._match.list_expectations()
        return expected if self._predicate is None else [*expected, ("predicate", self._predicate)]
