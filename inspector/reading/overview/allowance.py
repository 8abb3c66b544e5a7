"""The bound on how much one look at many requests reads."""

from __future__ import annotations

from inspector.clock import time

# Requests that are read however slow the machine is, unless their bodies exceed these bytes.
LEAST_READ = 20
LEAST_READ_BYTES = 500_000


class Allowance:
    """The requests that one look may read: those of ``time_s`` seconds, and some at any rate.

    A busy moment must not make three requests of a bin's twenty look like all that it has, so
    ``LEAST_READ`` are read where they are small, and one at least.
    """

    def __init__(self, time_s: float) -> None:
        self._deadline = time.monotonic() + time_s
        self._read = self._read_bytes = 0

    def is_spent_by(self, body_size: int) -> bool:
        """True when nothing more may be read behind a request with so many bytes of body."""
        self._read += 1
        self._read_bytes += body_size
        if self._read < LEAST_READ and self._read_bytes < LEAST_READ_BYTES:
            return False
        return time.monotonic() > self._deadline
