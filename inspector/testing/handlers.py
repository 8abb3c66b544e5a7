"""Threads for the functions of a test that answer requests: made on demand, few, and mortal."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

from inspector.clock import time
from inspector.domain.answers.answer import Answer

log: logging.Logger = logging.getLogger("inspector.testing")

MAX_THREADS = 8
CLOSE_WAIT_S = 1.0


class _Job:
    """One call of a function that answers: ``tell`` gets its answer, or a dropped connection."""

    def __init__(self, ask: Callable[[], Answer], tell: Callable[[Answer], None]) -> None:
        self.ask = ask
        self._tell = tell

    def end(self, answer: Answer) -> None:
        try:
            self._tell(answer)
        except Exception:
            log.exception("An answer could not be given; its request is stored.")


class HandlerThreads:
    """Runs at most ``MAX_THREADS`` functions at a time; an idle thread ends at once.

    No callback runs under the lock, for the server's main loop may be waiting for it.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[_Job] = deque()
        self._open: set[_Job] = set()
        self._telling = 0
        self._closed = False
        self._threads: set[threading.Thread] = set()

    def run(self, ask: Callable[[], Answer], tell: Callable[[Answer], None]) -> bool:
        """Call ``ask`` on another thread and give ``tell`` what it answers; does not wait.

        False when it is too late: then neither function is called.
        """
        job = _Job(ask, tell)
        with self._changed:
            if self._closed:
                return False
            self._open.add(job)
            self._waiting.append(job)
            if len(self._threads) < MAX_THREADS:
                thread = threading.Thread(target=self._work, name="inspector-answer", daemon=True)
                self._threads.add(thread)
                thread.start()
        return True

    def close(self) -> int:
        """Break off what is unanswered; answers how many functions still run.

        No callback runs afterwards, so that the server can be closed.
        """
        with self._changed:
            self._closed = True
            unanswered, self._open = self._open, set()
            self._waiting.clear()
            threads = list(self._threads)
        for job in unanswered:
            job.end(Answer(dropped=True))
        deadline = time.monotonic() + CLOSE_WAIT_S
        with self._changed:
            self._changed.wait_for(lambda: not self._telling, CLOSE_WAIT_S)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return sum(thread.is_alive() for thread in threads)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            answer = job.ask()
            with self._changed:
                if job not in self._open:
                    continue
                self._open.remove(job)
                self._telling += 1
            job.end(answer)
            with self._changed:
                self._telling -= 1
                self._changed.notify_all()

    def _next(self) -> _Job | None:
        with self._changed:
            if self._waiting:
                return self._waiting.popleft()
            self._threads.discard(threading.current_thread())
            return None
