"""Background runs in threads of the server: a few at once, the last ones remembered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from inspector.clock import time
from inspector.errors import InspectorError

MAX_REMEMBERED = 20


class Run(Protocol):
    """One piece of work: it has an id and a thread, and can be broken off."""

    id: str
    started_at: datetime
    thread: threading.Thread | None

    def abort(self) -> None:
        """Begin nothing more, and end soon."""


RunT = TypeVar("RunT", bound=Run)


class Board(Protocol[RunT]):
    """The registry of runs that instances on one database share, by kind."""

    def post(self, kind: str, run: RunT) -> None:
        """Report a run that has begun."""

    def find(self, kind: str, id_: str) -> RunT | None:
        """A run of another instance's."""

    def list(self, kind: str) -> Iterator[RunT]:
        """The runs of all instances."""


class Runs(Generic[RunT]):
    """Starts runs, at most ``max_running`` at once, and remembers the last ones.

    ``what`` is the noun for one in sentences and codes: ``series``. With a ``board`` those of
    other instances on the same database are found, listed and stopped, too.
    """

    board: Board[RunT] | None = None

    def __init__(self, what: str, *, max_running: int, stop_s: float) -> None:
        self._what = what
        self._max_running = max_running
        self._stop_s = stop_s
        self._lock = threading.Lock()
        self._runs: dict[str, RunT] = {}

    def admit(self, run: RunT, work: Callable[[], None]) -> None:
        """Do the work of a run in a thread of its own. Raises ``too_many_...``."""
        with self._lock:
            if sum(map(is_running, self._runs.values())) >= self._max_running:
                message = f"Other {self._what} are still running. Stop one, or wait."
                raise InspectorError(f"too_many_{self._what}", message)
            for id_ in [id_ for id_, each in self._runs.items() if not is_running(each)]:
                if len(self._runs) < MAX_REMEMBERED:
                    break
                del self._runs[id_]
            self._runs[run.id] = run
            name = f"inspector-{self._what}"
            run.thread = threading.Thread(target=work, name=name, daemon=True)
            run.thread.start()
        if self.board is not None:
            self.board.post(self._what, run)

    def get(self, run_id: str) -> RunT:
        """The run of an id. Raises ``..._not_found``."""
        run = self._runs.get(run_id)
        if run is None and self.board is not None:
            run = self.board.find(self._what, run_id)
        if run is None:
            message = f"There is no such run of {self._what}; only the newest are kept."
            raise InspectorError(f"{self._what}_not_found", message)
        return run

    def list(self) -> list[RunT]:
        """The remembered runs, newest first."""
        runs = list(self._runs.values())
        if self.board is not None:
            own = set(self._runs)
            runs += [run for run in self.board.list(self._what) if run.id not in own]
        return sorted(runs, key=lambda run: run.started_at, reverse=True)

    def close(self) -> None:
        """Break off what still runs."""
        runs = list(self._runs.values())
        for run in runs:
            run.abort()
        deadline = time.monotonic() + self._stop_s
        for run in runs:
            if run.thread is not None:
                run.thread.join(max(0.0, deadline - time.monotonic()))


def is_running(run: Run) -> bool:
    """True until its thread has ended."""
    return run.thread is not None and run.thread.is_alive()
