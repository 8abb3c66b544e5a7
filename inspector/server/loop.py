"""The main loop's waiting for sockets, at a cost that idle connections do not add to.

waitress asks every connection before each poll whether it wants to read or write. Here a
connection is asked when something happened to it, and all of them once a second.
"""

from __future__ import annotations

import contextlib
import select
import time
from collections import deque
from typing import Any, Protocol

from waitress import wasyncore

SWEEP_EVERY_S = 1.0
_READ = select.POLLIN | select.POLLPRI if hasattr(select, "poll") else 1
_WRITE = select.POLLOUT if hasattr(select, "poll") else 4


class Loop(Protocol):
    """Waits for the sockets of a map, descriptor to wasyncore's dispatcher, and serves them.

    Those in ``always`` are asked before each wait.
    """

    always: tuple[int, ...]

    def mark(self, descriptor: int) -> None:
        """Ask this one before the next wait; from any thread, which then pulls the trigger."""
        ...

    def forget(self, descriptor: int) -> None:
        """Let go of a descriptor that is closed, or somebody else's from now on."""
        ...

    def turn(self, timeout_s: float) -> None:
        """Wait once, at most so long, and serve what is there."""
        ...

    def close(self) -> None:
        """Let go of all."""
        ...


def make_loop(sockets: dict[int, Any]) -> Loop:
    """The best loop that this system has."""
    return EpollLoop(sockets) if hasattr(select, "epoll") else PlainLoop(sockets)


class PlainLoop:
    """waitress's own, for systems without epoll."""

    def __init__(self, sockets: dict[int, Any]) -> None:
        self._sockets = sockets
        self.always: tuple[int, ...] = ()

    def mark(self, descriptor: int) -> None:
        """Nothing: all are asked each time."""

    def forget(self, descriptor: int) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""

    def turn(self, timeout_s: float) -> None:
        """Wait once."""
        wasyncore.loop(timeout=timeout_s, use_poll=True, map=self._sockets, count=1)


class EpollLoop:
    """Registrations that stay.

    A registration may be wider than needed, and is narrowed when an unwanted event comes, so
    that a request and its answer cost no system call of their own.
    """

    def __init__(self, sockets: dict[int, Any]) -> None:
        self._sockets = sockets
        self._epoll = select.epoll()
        self._registered: dict[int, int] = {}
        self._marked: deque[int] = deque()
        self._sweeps_at = 0.0
        # The listening socket: accepting depends on the number of the others.
        self.always: tuple[int, ...] = ()

    def mark(self, descriptor: int) -> None:
        """Ask this one before the next wait."""
        self._marked.append(descriptor)

    def forget(self, descriptor: int) -> None:
        """Let go of a descriptor."""
        if self._registered.pop(descriptor, None) is not None:
            with contextlib.suppress(OSError):
                self._epoll.unregister(descriptor)

    def turn(self, timeout_s: float) -> None:
        """Wait once, at most so long, and serve what is there."""
        self._look()
        for descriptor, flags in self._epoll.poll(timeout_s):
            self._serve(descriptor, flags)

    def close(self) -> None:
        """Let go of all."""
        self._epoll.close()

    def _look(self) -> None:
        now = time.monotonic()
        if now >= self._sweeps_at:
            self._sweeps_at = now + SWEEP_EVERY_S
            self._marked.clear()
            descriptors = list(self._sockets)
        else:
            descriptors = list(self.always)
            while self._marked:
                descriptors.append(self._marked.popleft())
        for descriptor in descriptors:
            one = self._sockets.get(descriptor)
            if one is not None:
                self._widen(descriptor, _find_wanted(one))

    def _widen(self, descriptor: int, wanted: int) -> None:
        registered = self._registered.get(descriptor)
        if registered is None:
            if wanted:
                self._epoll.register(descriptor, wanted)
                self._registered[descriptor] = wanted
        elif wanted & ~registered:
            self._epoll.modify(descriptor, wanted)
            self._registered[descriptor] = wanted

    def _serve(self, descriptor: int, flags: int) -> None:
        one = self._sockets.get(descriptor)
        wanted = 0 if one is None else _find_wanted(one)
        if not wanted:
            self.forget(descriptor)
            return
        if flags & (_READ | _WRITE) & ~wanted:
            self._epoll.modify(descriptor, wanted)
            self._registered[descriptor] = wanted
        wasyncore.readwrite(one, flags & (wanted | ~(_READ | _WRITE)))
        self._marked.append(descriptor)


def _find_wanted(one: Any) -> int:
    wanted = _READ if one.readable() else 0
    if not one.accepting and one.writable():
        wanted |= _WRITE
    return wanted
