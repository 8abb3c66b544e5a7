"""A bin's server, as far as a bin in a test needs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from inspector.domain import CapturedRequest
from inspector.testing.handlers import HandlerThreads


class RequestSource(Protocol):
    """The server of a bin, as far as a bin needs it."""

    @property
    def url(self) -> str:
        """The server's address, without a slash at its end."""
        ...

    @property
    def is_running(self) -> bool:
        """True when requests may still arrive."""
        ...

    @property
    def handler_threads(self) -> HandlerThreads:
        """The threads for functions that answer requests."""
        ...

    @property
    def news_count(self) -> int:
        """A count of stored batches: take it, look, then ``wait_for_news``."""
        ...

    def wait_for_news(self, seen: int, timeout_s: float) -> None:
        """Wait until requests were stored beyond ``seen``, or the time is up."""
        ...

    def set_signatures(self, bin_id: int, document: str | None) -> None:
        """Keep a bin's secrets for signatures."""
        ...

    def set_relay(self, bin_id: int, document: str | None) -> None:
        """Keep where a bin's requests are passed on to."""
        ...

    def call(self, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make a call of the API, ``path`` below ``/api/v1``; what it answers.

        Raises ``InspectorError`` for one that is refused.
        """
        ...

    def load_after(self, bin_id: int, number: int, limit: int = ...) -> Sequence[CapturedRequest]:
        """A bin's stored requests numbered above ``number``, oldest first."""
        ...
