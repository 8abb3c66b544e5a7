"""Rate limits of peers: token buckets, a bounded number of them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from inspector.clock import time
from inspector.domain.proxies import parse_address

MAX_PEERS = 10_000


class RateLimit:
    """``per_s`` times a second for each peer in the long run, ``burst`` at once; any thread."""

    def __init__(
        self, per_s: float, burst: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self.refused = 0
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, peer: str) -> float:
        """Count one; answers 0, or the seconds to wait when there is none left to take."""
        with self._lock:
            now, key = self._clock(), name_peer(peer)
            left = self._count_left(key, now)
            if left < 1:
                self.refused += 1
                return (1 - left) / self._per_s
            self._left[key] = (left - 1, now)
            self._left.move_to_end(key)
            while len(self._left) > MAX_PEERS:
                self._left.popitem(last=False)
            return 0.0

    def wait_s(self, peer: str) -> float:
        """The result of ``take``, without taking."""
        with self._lock:
            left = self._count_left(name_peer(peer), self._clock())
            return 0.0 if left >= 1 else (1 - left) / self._per_s

    def _count_left(self, key: str, now: float) -> float:
        left, since = self._left.get(key, (self._burst, now))
        return min(self._burst, left + (now - since) * self._per_s)


def name_peer(peer: str) -> str:
    """One name for all addresses that one peer has for the asking: IPv6 comes by the /64."""
    address = parse_address(peer)
    if address is None or address.version == 4:
        return peer
    return address.exploded[:19]
