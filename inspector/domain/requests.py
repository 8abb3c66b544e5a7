"""A captured request: a message, and what is known of how it arrived."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from inspector.capture import Refusal
from inspector.domain.messages import Message
from inspector.domain.proxies import NO_PROXIES, TrustedProxies


@dataclass(frozen=True, kw_only=True)
class CapturedRequest(Message):
    """One request of a bin, as stored.

    ``id`` is opaque; ``number`` counts from 1 within the bin and is never reused.
    ``raw_head`` and ``body`` are bytes as received (see ``capture.Capture``);
    ``body_size`` counts the bytes that were sent, more than ``len(body)`` when ``truncated``.
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
    proxies: TrustedProxies = NO_PROXIES

    @cached_property
    def remote_addr(self) -> str:
        """Who sent it: the peer, or whom a trusted proxy names."""
        return self.proxies.find_client(self.peer, self.find_header("X-Forwarded-For") or "")
