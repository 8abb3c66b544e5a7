"""Connections whose response is not known yet: event streams, waiting calls, delays.

One thread owns them all, so an open page costs a socket. It sleeps until a bin has
news, a time has come or a socket moves, loads each bin's new requests once for
everybody, and never lets one slow reader hold up the rest.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import logging
import selectors
import socket
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence

from inspector.clock import time
from inspector.domain import CapturedRequest
from inspector.domain.pace import Pace
from inspector.domain.removals import Removal
from inspector.live.deferred import DeferredAnswer, Step
from inspector.live.events import EventStream
from inspector.server.access_log import AccessEntry
from inspector.server.head import cut_to_head

log = logging.getLogger("inspector.server")

# A reader gets more once it has read what was sent. One that takes nothing for this long is
# disconnected; it may resume by Last-Event-ID.
STALLED_S = 60.0
CHECK_S = 15.0
LOAD_LIMIT = 100
# A sender that is still sending when its answer is out would lose the answer if we closed at once.
LINGER_S = 2.0
READ_BYTES = 65_536
# Its share of the interpreter while captures come: many streams must not slow them down.
REST_FACTOR = 16
MAX_REST_S = 3.0
CALM_S = 0.2
# A shorter rest is not worth its while.
LEAST_REST_S = 0.02

Load = Callable[[int, int, int], Sequence[CapturedRequest]]


class _Parked:
    __slots__ = (
        "behind",
        "closing",
        "entry",
        "head_only",
        "later",
        "lingers_until",
        "moved_at",
        "socket",
        "unread",
    )

    def __init__(
        self, sock: socket.socket, later: DeferredAnswer, head_only: bool, entry: AccessEntry | None
    ) -> None:
        self.socket = sock
        self.entry = entry
        self.head_only = head_only
        self.later = later
        # Views of bytes that all readers of a bin share, so that slow ones cost no copies.
        self.unread: deque[memoryview] = deque()
        self.moved_at = time.monotonic()
        self.behind = False
        self.closing = False
        self.lingers_until: float | None = None


class ParkedResponses:
    """Takes over connections and writes their responses as these become known.

    ``load(bin_id, after, limit)`` gives some of a bin's requests numbered above
    ``after``, oldest first; none only when there are none.
    """

    def __init__(self, load: Load, *, max_parked: int = 2000) -> None:
        self._load = load
        self._max_parked = max_parked
        self._selector = selectors.DefaultSelector()
        self._interrupt_read, self._interrupt_write = socket.socketpair()
        self._interrupt_read.setblocking(False)
        self._interrupt_write.setblocking(False)
        self._arrivals: deque[tuple[socket.socket, DeferredAnswer, bool, AccessEntry | None]] = (
            deque()
        )
        self._news: dict[int, int] = {}
        self._lock = threading.Lock()
        self._is_interrupted = False
        self._stopping = False
        self._parked: dict[socket.socket, _Parked] = {}
        self._by_later: dict[DeferredAnswer, _Parked] = {}
        self._woken: deque[DeferredAnswer] = deque()
        self._by_bin: defaultdict[int, set[_Parked]] = defaultdict(set)
        self._timers: list[tuple[float, int, _Parked]] = []
        self._order = itertools.count()
        self._pace = Pace(REST_FACTOR, calm_s=CALM_S, max_rest_s=MAX_REST_S)
        self._thread = threading.Thread(target=self._run, name="inspector-parked", daemon=True)

    def __len__(self) -> int:
        return len(self._parked) + len(self._arrivals)

    def count_kinds(self) -> Counter[str]:
        """The numbers of parked streams, waits and other answers."""
        parked = list(self._parked.values())
        return Counter(getattr(each.later, "kind", "answer") for each in parked)

    @property
    def is_full(self) -> bool:
        return len(self) >= self._max_parked

    def start(self) -> None:
        """Start the thread."""
        self._selector.register(self._interrupt_read, selectors.EVENT_READ)
        self._thread.start()

    def stop(self, timeout_s: float = 5) -> None:
        """Close every socket and end the thread."""
        self._stopping = True
        self._interrupt(force=True)
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        self._interrupt_write.close()

    def park(
        self,
        sock: socket.socket,
        later: DeferredAnswer,
        *,
        head_only: bool = False,
        entry: AccessEntry | None = None,
    ) -> None:
        """Take over a socket, from any thread.

        ``head_only`` for the response to HEAD; ``entry`` is logged when the response begins.
        """
        self._arrivals.append((sock, later, head_only, entry))
        self._interrupt()

    def wake(self, later: DeferredAnswer) -> None:
        """Ask a response for its next step, from any thread."""
        self._woken.append(later)
        self._interrupt()

    def note_news(self, news: Mapping[int, int]) -> None:
        """Note new requests of bins; called by the writer, and cheap."""
        wanted = is_first = False
        with self._lock:
            for bin_id, number in news.items():
                if bin_id in self._by_bin:
                    is_first = is_first or bin_id not in self._news
                    self._news[bin_id] = number
                    wanted = True
        if wanted:
            self._pace.note_capture()
        if is_first:  # The thread knows of other news already, and may rest before it looks.
            self._interrupt()

    def note_removal(self, removal: Removal) -> None:
        """Pass removed requests to the streams of a bin; from any thread, cheap."""
        with self._lock:
            parked = list(self._by_bin.get(removal.bin_id, ()))
        for each in parked:
            if isinstance(each.later, EventStream) and each.later.note_removal(removal):
                self.wake(each.later)

    def note_change(self, bin_id: int, number: int) -> None:
        """Pass a changed request to the streams of a bin; from any thread, cheap."""
        with self._lock:
            parked = list(self._by_bin.get(bin_id, ()))
        for each in parked:
            if isinstance(each.later, EventStream):
                each.later.note_change(number)
                self.wake(each.later)

    def _interrupt(self, *, force: bool = False) -> None:
        if self._is_interrupted and not force:
            return
        self._is_interrupted = True
        with contextlib.suppress(OSError):
            self._interrupt_write.send(b"!")

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._turn()
            except Exception:
                log.exception("An unexpected error beside parked responses; serving goes on.")
        for parked in list(self._parked.values()):
            self._close(parked)
        self._selector.close()
        self._interrupt_read.close()

    def _turn(self) -> None:
        events = self._selector.select(self._timeout())
        began = time.monotonic()
        for key, mask in events:
            if key.fileobj is self._interrupt_read:
                with contextlib.suppress(OSError):
                    self._interrupt_read.recv(4096)
                self._is_interrupted = False
            else:
                self._move(key.data, mask)
        while self._arrivals:
            self._admit(*self._arrivals.popleft())
        while self._woken:
            woken = self._by_later.get(self._woken.popleft())
            if woken is not None:
                self._take_step(woken, self._advance(woken, ()))
        # Only news waits for the rest; delayed answers and heartbeats go out on time.
        if self._pace.rest_s < LEAST_REST_S:
            self._deliver_news()
        self._run_timers()
        # More captures came meanwhile, and they go first.
        if self._news:
            self._pace.note_work(time.monotonic() - began)

    def _timeout(self) -> float | None:
        if self._arrivals or self._woken:
            return 0
        waits_s = []
        if self._news:
            rest_s = self._pace.rest_s
            waits_s.append(rest_s if rest_s >= LEAST_REST_S else 0.0)
        if self._timers:
            waits_s.append(min(max(0.0, self._timers[0][0] - time.monotonic()), CHECK_S))
        return min(waits_s, default=None)

    def _admit(
        self, sock: socket.socket, later: DeferredAnswer, head_only: bool, entry: AccessEntry | None
    ) -> None:
        parked = _Parked(sock, later, head_only, entry)
        self._parked[sock] = self._by_later[later] = parked
        self._selector.register(sock, selectors.EVENT_READ, parked)
        if later.bin_id is not None:
            with self._lock:
                self._by_bin[later.bin_id].add(parked)
                # Requests stored since the database was read are news, too.
                self._news.setdefault(later.bin_id, 0)
        self._take_step(parked, later.start())
        self._set_timer(parked)

    def _deliver_news(self) -> None:
        with self._lock:
            news, self._news = self._news, {}
        for bin_id, newest in news.items():
            by_position: defaultdict[int, list[_Parked]] = defaultdict(list)
            for parked in self._by_bin.get(bin_id, ()):
                if parked.unread:
                    parked.behind = True
                else:
                    by_position[parked.later.after].append(parked)
            for after, group in by_position.items():
                self._deliver(bin_id, after, newest, group)

    def _deliver(self, bin_id: int, after: int, newest: int, group: list[_Parked]) -> None:
        fresh = self._load(bin_id, after, LOAD_LIMIT)
        if not fresh:
            return
        for parked in group:
            parked.later.after = fresh[-1].number
            self._take_step(parked, self._advance(parked, fresh))
        # Where the newest number is not known (0), loading ends with a step that finds none.
        if not newest or fresh[-1].number < newest:
            with self._lock:
                self._news.setdefault(bin_id, newest)

    def _run_timers(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            _, _, parked = heapq.heappop(self._timers)
            if parked.socket not in self._parked:
                continue
            if parked.lingers_until is not None:
                if parked.lingers_until <= now:
                    self._close(parked)
                continue
            if parked.unread and now - parked.moved_at > STALLED_S:
                self._close(parked)
                continue
            if parked.later.wake_at <= now and not parked.closing:
                self._take_step(parked, self._advance(parked, ()))
            self._set_timer(parked)

    @staticmethod
    def _advance(parked: _Parked, fresh: Sequence[CapturedRequest]) -> Step:
        try:
            return parked.later.advance(fresh)
        except Exception:
            log.exception("A parked answer failed; its connection is closed.")
            return Step(done=True)

    def _set_timer(self, parked: _Parked) -> None:
        if parked.socket in self._parked:
            at = time.monotonic() + CHECK_S if parked.closing else parked.later.wake_at
            heapq.heappush(self._timers, (at, next(self._order), parked))

    def _take_step(self, parked: _Parked, step: Step) -> None:
        if not parked.closing:
            if parked.entry is not None and (step.data or step.done):
                entry, parked.entry = parked.entry, None
                entry.log(step.data)
            if parked.head_only and step.data:  # Heads come whole, in one step.
                step = Step(cut_to_head(step.data), done=True)
            if step.data:
                if not parked.unread:
                    parked.moved_at = time.monotonic()
                parked.unread.append(memoryview(step.data))
            parked.closing = step.done
            self._send(parked)

    def _send(self, parked: _Parked) -> None:
        if parked.socket not in self._parked:
            return
        try:
            while parked.unread:
                self._send_some(parked)
        except BlockingIOError:
            pass
        except OSError:
            self._close(parked)
            return
        if parked.closing and not parked.unread:
            self._finish(parked)
            return
        if parked.behind and not parked.unread and parked.later.bin_id is not None:
            parked.behind = False
            with self._lock:
                self._news.setdefault(parked.later.bin_id, 0)
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if parked.unread else 0)
        if self._selector.get_key(parked.socket).events != wanted:
            self._selector.modify(parked.socket, wanted, parked)

    @staticmethod
    def _send_some(parked: _Parked) -> None:
        piece = parked.unread[0]
        sent = parked.socket.send(piece)
        parked.moved_at = time.monotonic()
        if sent < len(piece):
            parked.unread[0] = piece[sent:]
        else:
            parked.unread.popleft()

    def _move(self, parked: _Parked, mask: int) -> None:
        if mask & selectors.EVENT_READ and not self._is_open(parked.socket):
            self._close(parked)
        elif mask & selectors.EVENT_WRITE:
            self._send(parked)

    @staticmethod
    def _is_open(sock: socket.socket) -> bool:
        try:
            return bool(sock.recv(READ_BYTES))  # nothing more is expected; what comes is dropped
        except BlockingIOError:
            return True
        except OSError:
            return False

    def _finish(self, parked: _Parked) -> None:
        """Close behind the answer, after reading what is still being sent (RFC 9112, 9.6)."""
        try:
            is_sending = bool(parked.socket.recv(READ_BYTES))
        except OSError:
            is_sending = False
        if not is_sending:
            self._close(parked)
            return
        with contextlib.suppress(OSError):
            parked.socket.shutdown(socket.SHUT_WR)
        parked.lingers_until = time.monotonic() + LINGER_S
        self._selector.modify(parked.socket, selectors.EVENT_READ, parked)
        heapq.heappush(self._timers, (parked.lingers_until, next(self._order), parked))

    def _close(self, parked: _Parked) -> None:
        if self._parked.pop(parked.socket, None) is None:
            return
        self._by_later.pop(parked.later, None)
        parked.later.end()
        bin_id = parked.later.bin_id
        if bin_id is not None:
            with self._lock:
                self._by_bin[bin_id].discard(parked)
                if not self._by_bin[bin_id]:
                    del self._by_bin[bin_id]
        with contextlib.suppress(OSError, KeyError, ValueError):
            self._selector.unregister(parked.socket)
        with contextlib.suppress(OSError):
            parked.socket.shutdown(socket.SHUT_WR)
        parked.socket.close()
