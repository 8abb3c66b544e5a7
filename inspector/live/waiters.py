"""All waiting calls together: a thousand of them must cost a capture next to nothing.

Calls are indexed by their most selective condition, so that a request is compared only with
calls that it may match. One thread compares while any call waits. While captures come it keeps
to a small share of the interpreter: it lags under load, and catches up when they pause.
"""

from __future__ import annotations

import logging
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import lru_cache

from inspector.clock import time
from inspector.domain import CapturedRequest
from inspector.domain.pace import Pace
from inspector.live.timed_out import Arrivals
from inspector.live.waits import GRACE_S, Wait
from inspector.reading.content import find_content
from inspector.reading.matching import RequestMatch
from inspector.reading.paths import MISSING, find_all, parse_path
from inspector.reading.spellings import list_spellings

log = logging.getLogger("inspector.live")

STEP = 25
# Another process may have stored a request without this one being notified.
MAX_NAP_S = 1.0
# Its share of the interpreter while captures come, and the time after which they have ceased.
REST_FACTOR = 8
CALM_S = 0.2
# A shorter rest is not worth its while.
LEAST_REST_S = 0.05

Trait = tuple[str, str]  # a kind of condition and its name: ("where", "ticket.id")
Load = Callable[[int, int, int], Sequence[CapturedRequest]]
LoadLatest = Callable[[int], tuple[int, Sequence[CapturedRequest]]]

_parse_path = lru_cache(maxsize=1024)(parse_path)


class Waiters:
    """Answers ``Wait`` calls, on a thread that lives while there are any.

    ``load(bin_id, after, limit)`` gives requests, oldest first; ``load_latest(bin_id)`` gives
    the arrivals that a timed-out call reports (see ``Arrivals``).
    """

    def __init__(self, load: Load, load_latest: LoadLatest) -> None:
        self._load = load
        self._load_latest = load_latest
        self._bins: dict[int, _BinWaits] = {}
        # The writer takes only this event's own lock, never the other one, which is held longer.
        self._news = threading.Event()
        self._lock = threading.Lock()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._has_failed = False
        self._pace = Pace(REST_FACTOR, calm_s=CALM_S, max_rest_s=MAX_NAP_S)

    def enter(self, wait: Wait, seen: int) -> None:
        """Let a call wait that has seen its bin up to the number ``seen``."""
        with self._lock:
            self._bins.setdefault(wait.in_bin, _BinWaits(seen)).add(wait, seen)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="inspector-waiting", daemon=True
                )
                self._thread.start()
        self._news.set()

    def hear(self, news: Mapping[int, int]) -> None:
        """Note new requests of bins; called by the writer, and cheap."""
        if not self._bins:
            return
        self._pace.note_capture()
        if not self._news.is_set() and not self._bins.keys().isdisjoint(news):
            self._news.set()

    def close(self, timeout_s: float = 5) -> None:
        """Let nobody wait any longer, and end the thread."""
        self._stopping = True
        thread = self._thread
        self._news.set()
        if thread is not None:
            thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            with self._lock:
                if self._stopping or not self._bins:
                    self._thread = None
                    return
                due_at = min(waits.due_at for waits in self._bins.values())
            self._news.wait(_nap_s(due_at))
            self._news.clear()
            began_s = time.thread_time()
            with self._lock:
                bins = list(self._bins.items())
            for bin_id, waits in bins:
                try:
                    self._serve(bin_id, waits)
                    self._has_failed = False
                except Exception:
                    if not self._has_failed:  # said once, however often it is tried
                        log.exception("Waiting calls could not be served; they are tried again.")
                    self._has_failed = True
                    time.sleep(MAX_NAP_S)
            self._sweep()
            # Processor time, so that a busy machine's other work is not counted.
            self._pace.note_work(time.thread_time() - began_s)
            while self._pace.rest_s > LEAST_REST_S and not self._stopping:
                time.sleep(LEAST_REST_S)

    def _serve(self, bin_id: int, waits: _BinWaits) -> None:
        """One step of news, then those whose time is up, when they have seen all that came."""
        position = waits.position
        fresh = self._load(bin_id, position, STEP)
        with self._lock:
            shown = [(request, waits.find_for(request)) for request in fresh]
            # A call that came meanwhile may have seen less: then all is compared again.
            if fresh and waits.position == position:
                waits.position = fresh[-1].number
            behind = bool(fresh) or waits.position < position
        for request, calls in shown:
            for wait in calls:
                wait.offer(request)
        if behind:
            self._news.set()
        self._dismiss(bin_id, waits, time.monotonic() - (GRACE_S if behind else 0))

    def _dismiss(self, bin_id: int, waits: _BinWaits, due_by: float) -> None:
        if waits.due_at > due_by:
            return
        arrivals = Arrivals(*self._load_latest(bin_id))
        for wait in waits:
            if wait.due_at <= due_by:
                wait.give_up(arrivals)

    def _sweep(self) -> None:
        """Forget those that were answered or have gone."""
        with self._lock:
            for bin_id, waits in list(self._bins.items()):
                waits.sweep()
                if not waits:
                    del self._bins[bin_id]


def _nap_s(due_at: float) -> float:
    return max(0.0, min(MAX_NAP_S, due_at - time.monotonic()))


class _BinWaits:
    """One bin's calls, by what each wants most of all; ``position`` is what all have seen."""

    def __init__(self, position: int) -> None:
        self.position = position
        self.due_at = float("inf")
        self._waits: set[Wait] = set()
        self._by_trait: defaultdict[Trait, defaultdict[Hashable, set[Wait]]] = defaultdict(
            lambda: defaultdict(set)
        )

    def __len__(self) -> int:
        return len(self._waits)

    def __iter__(self) -> Iterator[Wait]:
        return iter(list(self._waits))

    def add(self, wait: Wait, seen: int) -> None:
        """Add a wait, and read again from its beginning; the others skip what they have seen."""
        self.position = min(self.position, seen)
        self.due_at = min(self.due_at, wait.due_at)
        self._waits.add(wait)
        trait, value = choose_trait(wait.match)
        self._by_trait[trait][value].add(wait)

    def find_for(self, request: CapturedRequest) -> list[Wait]:
        """Those a request may be for."""
        found: list[Wait] = []
        for trait, by_value in self._by_trait.items():
            for value in list_values(request, trait):
                found += by_value.get(value, ())
        return found

    def sweep(self) -> None:
        """Forget those that were answered or have gone."""
        gone = [wait for wait in self._waits if wait.status or not wait.is_wanted]
        for wait in gone:
            self._waits.discard(wait)
            trait, value = choose_trait(wait.match)
            by_value = self._by_trait[trait]
            by_value[value].discard(wait)
            if not by_value[value]:
                del by_value[value]
            if not by_value:
                del self._by_trait[trait]
        if gone:
            self.due_at = min((wait.due_at for wait in self._waits), default=float("inf"))


def choose_trait(match: RequestMatch) -> tuple[Trait, Hashable]:
    """The condition that rules out most requests, and its value (None: whatever it is)."""
    for path, value in match.where.items():
        return ("where", path), str(value)
    for name, value in match.headers.items():
        is_any = isinstance(value, re.Pattern)
        return ("header", name.lower()), None if is_any else str(value)
    if match.path is not MISSING:
        return ("path", ""), match.path or "/"
    if match.method is not MISSING:
        return ("method", ""), match.method.upper()
    return ("", ""), None


def list_values(request: CapturedRequest, trait: Trait) -> list[Hashable]:
    """The values under which a request is looked for: those that ``choose_trait`` may give."""
    kind, name = trait
    if kind == "where":
        _, root = find_content(request)
        values = find_all(root, _parse_path(name))
        single = (value for value in values if not isinstance(value, dict | list))
        return [spelling for value in single for spelling in list_spellings(value)]
    if kind == "header":
        values = [value for key, value in request.raw_headers if key.lower() == name]
        return [*values, ", ".join(values), None] if values else []
    if kind == "path":
        below = request.sub_path or "/"
        decoded = request.decoded_path
        cut = decoded[len(request.path) - len(request.sub_path) :] or "/"
        return list({below, cut, request.path, decoded})
    return [request.method.upper() if kind == "method" else None]
