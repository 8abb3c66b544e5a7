"""Deliveries, and the saved actions that are sent again.

Plain records that the emitter fills, storage keeps and pages show, so that storage and the
emitter need not know each other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias, get_args

from inspector.domain.credentials import (
    Definition,
    hide_in_definition,
    hide_in_head,
    hide_in_url,
    put_back,
)
from inspector.domain.messages import Message

# The helpdesk's kinds of rules that send a webhook.
ActionSource: TypeAlias = Literal["trigger", "escalation", "sla", "macro"]
SOURCES: tuple[ActionSource, ...] = get_args(ActionSource)


@dataclass(frozen=True, slots=True)
class SavedAction:
    """An action under its name; ``definition`` is its JSON, ``ticket`` the choice beside it."""

    id: int
    definition: Definition
    ticket: Definition
    changed_at: datetime

    @property
    def name(self) -> str:
        return str(self.definition.get("name", ""))

    def without_credentials(self) -> SavedAction:
        """The action with its passwords hidden, for callers who did not ask for them."""
        return replace(self, definition=hide_in_definition(self.definition))

    def take_over(self, shown: Definition) -> Definition:
        """A changed definition, with our credentials wherever it has them hidden as shown."""
        return put_back(shown, self.definition)


@dataclass(frozen=True, slots=True)
class ExchangeRecord:
    """The record of one exchange: a request and its answer's status, or the failure.

    An attempt has one, and one more for each redirect followed. ``attempt`` counts
    from 1; times are milliseconds, None for what did not happen; ``pause_s`` is the
    wait before the attempt.
    """

    attempt: int
    started_at: datetime
    method: str
    url: str
    status: int | None
    failure_code: str | None
    failure: str | None
    address: str | None
    connect_ms: float | None
    first_byte_ms: float | None
    total_ms: float
    pause_s: float


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """The last answer: headers in order, repeats kept; the body cut when ``truncated``."""

    http_version: str
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    truncated: bool


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """A delivery as lists show it; ``failure`` is a sentence when there was no response.

    ``replay_of`` is the captured request that was sent again, ``BIN/ID``; ``verdict`` compares
    it with the one before, see ``judge``.
    ``run`` is the series or the replay of many requests that it belongs to; in the list of all
    the last one stands for its run, and ``in_run`` counts those that are kept of it.
    """

    id: int
    started_at: datetime
    name: str
    source: str
    method: str
    url: str
    status: int | None
    failure_code: str | None
    failure: str | None
    total_ms: float
    replay_of: str | None = None
    verdict: str | None = None
    run: str | None = None
    in_run: int | None = None

    @property
    def delivered(self) -> bool:
        """Answered, with a status of 200 to 299."""
        return self.failure_code is None and self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as it is kept: the exact request, and what came of it.

    ``raw_head`` and ``body`` are the bytes that were sent first; ``left_out`` pairs
    what is not among them with why. ``redirect_to`` is where the last answer points
    when that was not followed. ``definition`` and ``ticket`` are what it was made
    from, None for a request that was sent as captured. ``secret_headers`` are names, in lower
    case, of headers that are credentials though their names do not say so.
    """

    line: DeliveryLine
    raw_head: bytes
    body: bytes
    left_out: tuple[tuple[str, str], ...]
    exchanges: tuple[ExchangeRecord, ...]
    answer: AnswerRecord | None
    redirect_to: str | None
    definition: Definition | None
    ticket: Definition | None
    secret_headers: frozenset[str] = frozenset()

    @property
    def id(self) -> int:
        return self.line.id

    @property
    def is_kept(self) -> bool:
        """False for one that could not be stored: its id is 0."""
        return self.line.id > 0

    @property
    def was_sent(self) -> bool:
        """False when there was never a connection: then nothing of the request left here."""
        return any(each.address is not None for each in self.exchanges)

    @property
    def message(self) -> Message:
        """The request, to be read and compared as a captured one is."""
        return Message(
            raw_head=self.raw_head.removesuffix(b"\r\n"),
            body=self.body,
            received_us=int(self.line.started_at.timestamp() * 1_000_000),
        )

    @property
    def attempts(self) -> int:
        """The number of attempts."""
        return self.exchanges[-1].attempt if self.exchanges else 0

    def without_credentials(self) -> Delivery:
        """The delivery as it is shown, its credentials hidden: not every reader may see them.

        It is kept as it was, so that it can be sent again.
        """
        return replace(
            self,
            raw_head=hide_in_head(self.raw_head, self.secret_headers),
            definition=self.definition and hide_in_definition(self.definition),
            redirect_to=self.redirect_to and hide_in_url(self.redirect_to),
        )


def judge(delivery: Delivery, earlier: Delivery | None) -> str:
    """A replay's outcome beside that of the last one of the same request to the same URL.

    ``first`` without one; ``fixed`` and ``broken`` when only one of them was answered with
    200 to 299; ``same`` when status, body and failure are the same, else ``different``.
    """
    if earlier is None:
        return "first"
    if delivery.line.delivered != earlier.line.delivered:
        return "fixed" if delivery.line.delivered else "broken"
    return "same" if _outcome(delivery) == _outcome(earlier) else "different"


def _outcome(delivery: Delivery) -> tuple[object, ...]:
    body = delivery.answer.body if delivery.answer else None
    return delivery.line.status, delivery.line.failure_code, body
