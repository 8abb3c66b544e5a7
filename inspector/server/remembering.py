"""A cache for parsers of short bytes, such as heads, which senders repeat."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

Read = TypeVar("Read")

# Longer bytes are not kept: what a sender repeats is short, and the memory is bounded.
MAX_KEPT_BYTES = 256


def remember_short(most: int) -> Callable[[Callable[[bytes], Read]], Callable[[bytes], Read]]:
    """Remember what the last ``most`` different bytes were read as, if they are short."""

    def decorate(read: Callable[[bytes], Read]) -> Callable[[bytes], Read]:
        known = lru_cache(maxsize=most)(read)

        @wraps(read)
        def read_or_remember(data: bytes) -> Read:
            return known(data) if len(data) <= MAX_KEPT_BYTES else read(data)

        return read_or_remember

    return decorate
