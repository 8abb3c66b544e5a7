"""Captures that wait for the writer, and the outcomes that it passes to the lane."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import NamedTuple

from inspector.capture import Capture
from inspector.domain.answers.answer import GivenAnswer
from inspector.domain.requests import AnsweredBy
from inspector.errors import StorageUnavailableError

MAX_BATCH = 256
MAX_BATCH_BYTES = 32_000_000


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
Tell = Callable[[Outcome], None]
WaitingCapture = tuple[Capture, Tell]


class Check:
    """A question in the queue: whether captures can be stored just now."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.reason: str | None = None

    def settle(self, reason: str | None) -> None:
        """Answer it; None for yes."""
        self.reason = reason
        self.done.set()


class Wake:
    """A queue entry that wakes the thread up."""


# None ends the thread.
Queue = SimpleQueue[WaitingCapture | Check | Wake | None]


class Batch(NamedTuple):
    """Captures that are served together; nothing comes after ``is_last``."""

    captures: list[WaitingCapture]
    check: Check | None
    is_last: bool


def take_batch(queue: Queue, timeout_s: float | None) -> Batch:
    """Wait for something, and take all that is there, up to the bounds of a batch."""
    captures: list[WaitingCapture] = []
    check: Check | None = None
    size = 0
    try:
        item = queue.get(timeout=timeout_s)
        while item is not None:
            if isinstance(item, Check):
                check = item  # there is one at a time
            elif isinstance(item, tuple):
                captures.append(item)
                size += item[0].body_size
                if len(captures) >= MAX_BATCH or size >= MAX_BATCH_BYTES:
                    return Batch(captures, check, False)
            item = queue.get_nowait()
    except Empty:
        return Batch(captures, check, False)
    return Batch(captures, check, True)


def take_waiting(queue: Queue) -> tuple[list[WaitingCapture], list[Check]]:
    """Take all captures and questions that are there now; what ends the thread stays."""
    captures: list[WaitingCapture] = []
    checks: list[Check] = []
    for _ in range(queue.qsize()):
        item = queue.get_nowait()
        if isinstance(item, tuple):
            captures.append(item)
        elif isinstance(item, Check):
            checks.append(item)
        elif item is None:
            queue.put(None)
    return captures, checks
