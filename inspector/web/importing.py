"""Putting saved requests into a bin: for the API and for the page."""

from __future__ import annotations

import threading

from inspector.clock import time
from inspector.domain import Bin
from inspector.exports.saved import read_saved
from inspector.storage.outcomes import Outcome, Unstored
from inspector.web.current import current_services

MAX_WAIT_S = 120.0


def import_file(bin_: Bin, data: bytes) -> int:
    """Store a file's requests, all or none of them as far as the file goes; answers how many.

    Raises ``InspectorError`` ``invalid_file`` before anything is stored, and
    ``storage_unavailable`` when the database does not take them.
    """
    captures = list(read_saved(data, bin_.name, time.time_ns() // 1000))
    left = len(captures)
    failed: list[Unstored] = []
    done = threading.Event()

    def tell(outcome: Outcome) -> None:
        nonlocal left
        left -= 1  # the writer tells them on one thread
        if isinstance(outcome, Unstored):
            failed.append(outcome)
        if left == 0:
            done.set()

    for capture in captures:
        current_services().writer.submit(capture, tell)
    if captures:
        done.wait(MAX_WAIT_S)
    if failed:
        raise failed[0].error
    return len(captures)
