"""Outcomes of storing a capture, which the writer passes to the lane."""

from __future__ import annotations

from typing import NamedTuple

from inspector.domain.answers.answer import GivenAnswer
from inspector.domain.requests import AnsweredBy
from inspector.errors import StorageUnavailableError


class BinRelay(NamedTuple):
    """A bin's relay, and its secrets for signatures, both as the database keeps them."""

    document: str
    secrets: str | None


class Stored(NamedTuple):
    """The capture is on disk, as this number of this bin.

    ``answers`` is the bin's rules, a JSON document, None for none; ``answer_set`` its id.
    ``rule`` and ``turn`` are those that answer (see ``AnsweredBy``). Captures of ``private``
    bins are left out of counts. ``relay`` is the bin's, and ``is_relayed`` True when it applies
    to this capture.
    """

    bin_id: int
    number: int
    answers: str | None = None
    private: bool = False
    answer_set: int = 0
    rule: int | None = None
    turn: int | None = None
    relay: BinRelay | None = None
    is_relayed: bool = False

    @property
    def answered(self) -> AnsweredBy:
        """The rule and the turn, as they are kept with the capture."""
        return AnsweredBy(self.answer_set, self.rule, self.turn)


class NoSuchBin(NamedTuple):
    """Nothing was stored: no bin has this name."""

    name: str


class Unstored(NamedTuple):
    """Nothing was stored: the database does not take it, or not this one."""

    error: StorageUnavailableError


class RecordedAnswer(NamedTuple):
    """The response to a stored request, where its rule alone does not determine it.

    ``by_program`` when a program gave it, not a rule.
    """

    bin_id: int
    number: int
    given: GivenAnswer
    by_program: bool = False


Outcome = Stored | NoSuchBin | Unstored
