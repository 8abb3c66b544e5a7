"""The outcome of forwarding a request."""

from __future__ import annotations

from typing import NamedTuple

# Error codes beyond those of a delivery.
TOO_MANY = "too_many_relays"
INTERRUPTED = "interrupted"
INTERRUPTED_MESSAGE = "The server ended while this request was being passed on."


class RelayOutcome(NamedTuple):
    """The state of a request that is passed on.

    ``status`` is the program's; with neither that nor an ``error``, which is a sentence, it is
    under way. ``delivery`` is the id of the record of all that was sent, None when nothing was
    or when it could not be kept. ``withheld`` are names of headers that the program set and its
    sender did not get, as they act beyond one answer.
    """

    url: str
    status: int | None = None
    duration_ms: float | None = None
    delivery: int | None = None
    error_code: str | None = None
    error: str | None = None
    withheld: tuple[str, ...] = ()

    @property
    def is_under_way(self) -> bool:
        return self.status is None and self.error_code is None
