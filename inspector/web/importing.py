"""Putting saved requests into a bin: for the API and for the page."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NamedTuple

from inspector.capture import Capture
from inspector.clock import time
from inspector.domain import Bin
from inspector.errors import BinNotFoundError, InspectorError, StorageUnavailableError
from inspector.exports.saved import HeadLimits, read_saved
from inspector.storage.outcomes import NoSuchBin, Outcome, Stored
from inspector.storage.records import make_id
from inspector.web.current import current_services

MAX_WAIT_S = 120.0
# The size of one step: captures wait for one step, not for the whole file.
STEP_REQUESTS = 50
STEP_BYTES = 1_000_000


class Imported(NamedTuple):
    """The number of requests that were stored, and a sentence for each that was left out."""

    stored: int
    left_out: list[str]


def import_file(bin_: Bin, data: bytes, *, skip_unreadable: bool = False) -> Imported:
    """Store a file's requests, all or none of them.

    Raises ``InspectorError`` ``invalid_file`` before anything is stored, for one that
    cannot be read too unless ``skip_unreadable``. When the database does not take one of
    them, or the bin goes, those before it are deleted again, and ``storage_unavailable``
    or ``bin_not_found`` is raised.
    """
    settings = current_services().settings
    limits = HeadLimits(
        settings.max_head_bytes, settings.max_header_lines, settings.max_target_bytes
    )
    left_out: list[str] = []
    told = left_out if skip_unreadable else None
    captures = list(read_saved(data, bin_.name, time.time_ns() // 1000, limits, told))
    stored: list[Stored] = []
    try:
        for step in _cut(captures):
            _store(step, stored)
    except InspectorError:
        _take_back(bin_, stored)
        raise
    return Imported(len(captures), left_out)


def _cut(captures: Sequence[Capture]) -> list[list[Capture]]:
    steps: list[list[Capture]] = []
    size = STEP_BYTES
    for capture in captures:
        if size >= STEP_BYTES or len(steps[-1]) == STEP_REQUESTS:
            steps.append([])
            size = 0
        steps[-1].append(capture)
        size += capture.body_size + len(capture.raw_head)
    return steps


def _store(step: Sequence[Capture], stored: list[Stored]) -> None:
    """Submit some captures and wait until all are stored, noted in ``stored``, or one is not."""
    outcomes: list[Outcome] = []
    done = threading.Event()

    def tell(outcome: Outcome) -> None:
        outcomes.append(outcome)  # the writer tells them on one thread
        if len(outcomes) == len(step):
            done.set()

    for capture in step:
        current_services().writer.submit(capture, tell)
    in_time = done.wait(MAX_WAIT_S)
    told = list(outcomes)
    stored += [each for each in told if isinstance(each, Stored)]
    for outcome in told:
        if isinstance(outcome, NoSuchBin):
            raise BinNotFoundError(outcome.name)
        if not isinstance(outcome, Stored):
            raise outcome.error
    if not in_time:
        raise StorageUnavailableError("it has not answered in time")


def _take_back(bin_: Bin, stored: Sequence[Stored]) -> None:
    """Delete the requests of a file that were stored before the failure."""
    requests = current_services().requests
    for each in stored:
        try:
            requests.delete(bin_, make_id(bin_.id, each.number))
        except InspectorError:
            continue
