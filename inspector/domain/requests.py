"""A captured request: a message, and what is known of how it arrived."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, TypeAlias

from inspector.capture import (
    IMPORTED,
    NO_DETAILS,
    Refusal,
    WireDetails,
    begins_with_bin,
    find_sub_path,
    split_headers,
)
from inspector.domain.answers.answer import GivenAnswer
from inspector.domain.attempts import Attempt
from inspector.domain.content import decode_text
from inspector.domain.messages import Message
from inspector.domain.proxies import NO_PROXIES, TrustedProxies
from inspector.domain.relays.outcomes import RelayOutcome
from inspector.domain.signatures import SignatureCheck


class AnsweredBy(NamedTuple):
    """The rule that answered a request, and its turn.

    ``answer_set`` is the id of the bin's rules at that time, 0 for none. ``rule`` is the
    rule's place from 0, None for the default; ``turn`` counts from 1, None for a rule
    that always answers the same.
    """

    answer_set: int
    rule: int | None = None
    turn: int | None = None


FindAnswer: TypeAlias = "Callable[[CapturedRequest], GivenAnswer]"
FindRelay: TypeAlias = "Callable[[CapturedRequest], RelayOutcome | None]"
CheckSignatures: TypeAlias = "Callable[[CapturedRequest, bool], tuple[SignatureCheck, ...]]"
FindAttempt: TypeAlias = "Callable[[CapturedRequest], Attempt | None]"
FindAttempts: TypeAlias = "Callable[[Sequence[CapturedRequest]], Mapping[int, Attempt]]"


@dataclass(frozen=True, kw_only=True)
class CapturedRequest(Message):
    """One request of a bin, as stored.

    ``id`` is opaque; ``number`` counts from 1 within the bin and is never reused. ``raw_head``
    and ``body`` are bytes as received (see ``capture.Capture``); ``body_size`` counts the bytes
    that were sent, more than ``len(body)`` when ``truncated``. ``answered`` is None for
    requests of versions that did not keep it. ``pinned`` and ``note`` are what people have put
    on it since.
    """

    id: str
    bin_id: int
    bin_name: str
    number: int
    body_size: int
    peer: str
    chunked: bool
    fidelity: str
    refusal: Refusal | None
    wire: WireDetails = NO_DETAILS
    proxies: TrustedProxies = NO_PROXIES
    answered: AnsweredBy | None = None
    pinned: bool = False
    note: str | None = None
    find_answer: FindAnswer | None = field(default=None, compare=False, repr=False)
    check_signatures: CheckSignatures | None = field(default=None, compare=False, repr=False)
    find_attempt: FindAttempt | None = field(default=None, compare=False, repr=False)
    find_relay: FindRelay | None = field(default=None, compare=False, repr=False)

    @cached_property
    def sub_path(self) -> str:
        """The path below the bin's name, as sent: ``""`` or ``"/..."``."""
        return self.find_below(self.path)

    def find_below(self, path: str) -> str:
        """The part of its undecoded path below the bin's name, wherever that stands.

        A proxy may have left a path of its own before it, or the bin has a host's name.
        """
        if self.fidelity == IMPORTED:
            return find_sub_path(path)
        begins = begins_with_bin(path, self.bin_name)  # Then no header has to be read.
        host = "" if begins else self.find_header("host") or ""
        return find_sub_path(path, self.bin_name, host)

    def path_at_bin(self, path: str) -> str:
        """Its undecoded path as it is at our own root: beginning with the bin's name."""
        if self.fidelity == IMPORTED or begins_with_bin(path, self.bin_name):
            return path
        return f"/{self.bin_name}{self.find_below(path)}"

    @cached_property
    def answer(self) -> GivenAnswer | None:
        """The response that its sender got; None where nobody can tell. May ask the database."""
        return None if self.find_answer is None else self.find_answer(self)

    @cached_property
    def relay(self) -> RelayOutcome | None:
        """The outcome of forwarding so far; None when not forwarded. May ask the database."""
        return None if self.find_relay is None else self.find_relay(self)

    @cached_property
    def signatures(self) -> tuple[SignatureCheck, ...]:
        """Its signatures, checked with the bin's secrets as they are now. May ask the database."""
        return () if self.check_signatures is None else self.check_signatures(self, True)

    @cached_property
    def signature_results(self) -> frozenset[str]:
        """The results of its signatures alone, which is quicker than with their reasons."""
        checks = () if self.check_signatures is None else self.check_signatures(self, False)
        return frozenset(check.result for check in checks)

    @cached_property
    def attempt(self) -> Attempt | None:
        """The try of its delivery that it is; None where nothing tells. May ask the database."""
        return None if self.find_attempt is None else self.find_attempt(self)

    @property
    def kept_part(self) -> str:
        """A sentence on how much of a truncated body was kept."""
        kept = f"{len(self.body):,}"
        if self.body_size > len(self.body):
            return f"Only the first {kept} of {self.body_size:,} bytes were kept."
        came = f"Only {kept} byte{'' if kept == '1' else 's'} came"
        return f"{came} before it was refused." if self.refusal else f"{came}."

    @property
    def is_retry(self) -> bool:
        """True for the second try of a delivery and those after it."""
        return self.attempt is not None and self.attempt.number > 1

    @property
    def trailers(self) -> list[tuple[str, str]]:
        """The trailer of a chunked body: names and values as sent."""
        pairs = split_headers(b"\r\n" + self.wire.trailer)
        return [(decode_text(name), decode_text(value)) for name, value in pairs]

    @property
    def chunk_extensions(self) -> list[str]:
        """The chunk extensions, semicolon included; most chunks have none."""
        return [decode_text(each) for each in self.wire.chunk_extensions]

    @property
    def leftover_text(self) -> str:
        """The bytes behind the request that begin no other, as text to show."""
        return decode_text(self.wire.leftover)

    @cached_property
    def remote_addr(self) -> str:
        """The address of the sender: the peer's, or the one that a trusted proxy names."""
        return self.proxies.find_client(self.peer, self.find_header("X-Forwarded-For") or "")
