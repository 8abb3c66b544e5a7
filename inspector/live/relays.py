"""Requests that are being passed on to programs: bounded in number and bytes.

Captures are handed over here. The courier that sends them is made with the first one, for most
servers relay nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Protocol

from inspector.domain.answers.answer import Answer
from inspector.domain.relays.jobs import RelayJob

# Each has a socket; so has its sender.
MAX_UNDER_WAY = 1_000
MAX_BYTES_UNDER_WAY = 200_000_000


class Courier(Protocol):
    """Passes requests on without a thread for each."""

    def start(self, job: RelayJob) -> None:
        """Begin with a job; its ``on_done`` is called at the end, whatever happens."""
        ...

    def refuse(self, job: RelayJob) -> None:
        """Record that a job was one too many, then call its ``on_done``."""
        ...

    def stop(self) -> None:
        """Break off what is under way and record that."""
        ...


class Relays:
    """Passes requests on in the background, by what ``make`` gives.

    ``max_under_way`` may be set to fewer, where few files may be open.
    """

    def __init__(self, make: Callable[[], Courier]) -> None:
        self._make = make
        self.max_under_way = MAX_UNDER_WAY
        self._lock = threading.Lock()
        self._courier: Courier | None = None
        self._is_closed = False
        self._bytes = 0
        self.under_way = 0

    def pass_on(self, job: RelayJob) -> None:
        """Begin with a job, from any thread and without blocking.

        One that is too much is recorded as such: it can be sent later.
        """
        with self._lock:
            if self._courier is None and not self._is_closed:
                self._courier = self._make()
            courier = self._courier
            fits = (
                self.under_way < self.max_under_way
                and self._bytes + job.size_bytes <= MAX_BYTES_UNDER_WAY
                and not self._is_closed
            )
            if fits:
                self.under_way += 1
                self._bytes += job.size_bytes
        if courier is None:
            job.on_done(Answer(503, body=b"The request was kept; the server is stopping.\n"))
        elif fits:
            courier.start(job._replace(on_done=partial(self._end, job)))
        else:
            courier.refuse(job)

    def _end(self, job: RelayJob, answer: Answer) -> None:
        with self._lock:
            self.under_way -= 1
            self._bytes -= job.size_bytes
        job.on_done(answer)

    def close(self) -> None:
        """Break off what is under way; each is recorded, and can be sent later."""
        with self._lock:
            self._is_closed = True
            courier, self._courier = self._courier, None
        if courier is not None:
            courier.stop()
