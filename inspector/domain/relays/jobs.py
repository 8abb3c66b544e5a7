"""A request that is passed on: what is to be done, and the record of what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from inspector.domain.answers.answer import Answer, GivenAnswer
from inspector.domain.relays.outcomes import RelayOutcome
from inspector.domain.requests import CapturedRequest

if TYPE_CHECKING:
    from inspector.domain.deliveries import Delivery

DEFAULT_TIMEOUT_S = 30.0
MAX_TIMEOUT_S = 300.0

# The longest time in seconds that a request waits for its turn when the bin answers by itself.
MAX_QUEUED_S = 120.0
# Seconds for recording the outcome, added to the time that a relay may take.
GRACE_S = 15.0


def name_relay_run(bin_id: int) -> str:
    """The run that the deliveries of a bin's relay belong to: one line in the log for all."""
    return f"relay-{bin_id}"


class RelayedRequest(NamedTuple):
    """A request that was passed on, to be recorded.

    ``given`` is what its sender gets, None where the bin has answered by itself.
    """

    bin_id: int
    number: int
    outcome: RelayOutcome
    delivery: Delivery | None = None
    given: GivenAnswer | None = None


class RelayJob(NamedTuple):
    """A stored request that is to be passed on.

    ``document`` is the relay (``answers.relays``), ``secrets`` are the bin's for signatures, both
    as the database keeps them. ``read`` gives the request, from another thread. ``on_done`` is
    called once, from any thread, with the answer for its sender, who has another already where
    the relay does not wait.
    """

    document: str
    secrets: str | None
    bin_id: int
    number: int
    size_bytes: int
    read: Callable[[], CapturedRequest]
    on_done: Callable[[Answer], None]
