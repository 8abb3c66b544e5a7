"""Rate limits of peers: token buckets, a bounded number of them."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable

from inspector.clock import time
from inspector.domain.proxies import TrustedProxies, is_loopback, parse_address
from inspector.errors import TooManyRequestsError

MAX_PEERS = 10_000
# A sender that floods us is in the log once in so many seconds.
EXCESS_LOG_S = 60.0

log = logging.getLogger("inspector.web")


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


class SenderLimit:
    """The rate limit of senders elsewhere: ``per_s`` requests each, twice as many at once.

    What comes from this machine is not counted, unless a tunnel may have brought it.
    """

    def __init__(
        self, per_s: float, proxies: TrustedProxies, *, spares_this_machine: bool = True
    ) -> None:
        self._per_s = per_s
        self._proxies = proxies
        self._spares_this_machine = spares_this_machine
        self.rates = RateLimit(per_s, 2 * per_s)
        self._silent_until = 0.0

    def check(self, peer: str, forwarded_for: str) -> None:
        """Count a request; ``TooManyRequestsError`` for a peer elsewhere that sends too many."""
        client = self._proxies.find_client(peer, forwarded_for)
        is_spared = self._spares_this_machine and is_loopback(client)
        wait_s = 0.0 if is_spared else self.rates.take(client)
        if wait_s:
            self._log_excess(client)
            raise TooManyRequestsError("Too many requests.", wait_s)

    def _log_excess(self, client: str) -> None:
        """Log the excess, at most once in ``EXCESS_LOG_S``."""
        now = time.monotonic()
        if now < self._silent_until:
            return
        self._silent_until = now + EXCESS_LOG_S
        log.warning(
            "Requests of %s are answered 429 and not kept: more than %g a second "
            "(--limit max-requests-per-s).",
            client,
            self._per_s,
        )
