"""The response that each request got: from the rules of that time, or as it was recorded.

A fixed answer is kept by reference; one that was made for its request is kept whole.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from inspector.domain.answers.answer import DEFAULT, REFUSED, UNKNOWN, GivenAnswer, describe_given
from inspector.domain.requests import CapturedRequest
from inspector.storage.database.faults import log_failed

log = logging.getLogger("inspector.storage")

# Gives the first row, or None; from any thread. Parameters are written ``:name``.
FetchRow = Callable[[str, Mapping[str, Any]], Any]

# Stands for the id of a set of rules when the answer itself was recorded.
RECORDED_ONLY = -1

_DOCUMENT = "SELECT document FROM answer_sets WHERE id = :answer_set"
_RECORDED = (
    "SELECT outcome, status, headers, body FROM recorded_answers"
    " WHERE bin_id = :bin_id AND number = :number"
)


class AnswerFinder:
    """Finds what a request was answered; ``ReadSettings.find_answer``.

    ``max_work`` bounds a template that is rendered once more, while its record is not there
    yet. Never raises: a database that does not answer makes the outcome unknown.
    """

    def __init__(self, fetch: FetchRow, max_work: int) -> None:
        self._fetch = fetch
        self._max_work = max_work
        # A set of rules never changes under its id.
        self._load_document = lru_cache(maxsize=256)(self._fetch_document)

    def __call__(self, request: CapturedRequest) -> GivenAnswer:
        """The answer, as far as it is known."""
        if request.refusal is not None:
            return GivenAnswer(REFUSED, request.refusal.status)
        by = request.answered
        if by is None:
            return GivenAnswer(UNKNOWN)
        try:
            return self._find(request, by.answer_set, by.rule, by.turn)
        except Exception as error:
            log_failed(log, "The answer to a request could not be read", error)
            return GivenAnswer(UNKNOWN)

    def _find(
        self, request: CapturedRequest, answer_set: int, rule: int | None, turn: int | None
    ) -> GivenAnswer:
        head_only = request.method == "HEAD"
        if answer_set == 0:
            return _describe_default(head_only)
        if answer_set == RECORDED_ONLY:
            return self._find_recorded(request) or GivenAnswer(UNKNOWN)
        from inspector.answers.rules import load_rules  # a bin without rules needs no templates
        from inspector.answers.templates import make_answer_to

        document = self._load_document(answer_set)
        if document is None:
            return GivenAnswer(UNKNOWN)
        rules = load_rules(document)
        answer = rules.choose(rule, turn or 1)
        given = None
        if answer.is_made_per_request:
            given = self._find_recorded(request)
            if given is None:
                answer = make_answer_to(answer, request, self._max_work)
        given = given or describe_given(answer, head_only=head_only)
        if rule is None:
            return given
        name = rules.rules[rule].name
        return given._replace(rule=rule + 1, rule_name=name, turn=turn)

    def _find_recorded(self, request: CapturedRequest) -> GivenAnswer | None:
        key = {"bin_id": request.bin_id, "number": request.number}
        row = self._fetch(_RECORDED, key)
        if row is None:
            return None
        headers = tuple((name, value) for name, value in json.loads(row[2]))
        return GivenAnswer(row[0], row[1], headers, bytes(row[3]))

    def _fetch_document(self, answer_set: int) -> str | None:
        row = self._fetch(_DOCUMENT, {"answer_set": answer_set})
        return None if row is None else str(row[0])


@lru_cache(maxsize=2)
def _describe_default(head_only: bool) -> GivenAnswer:
    return describe_given(DEFAULT, head_only=head_only)
