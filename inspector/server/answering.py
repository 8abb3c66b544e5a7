"""Answers that take some working out: rules that look into bodies, templates, presets.

The main loop looks at heads only. What takes longer goes to one thread of this module,
in the order of arrival, so that neither a pattern nor a body holds the loop up.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import NamedTuple

from inspector.capture import Capture
from inspector.domain.answers.answer import DEFAULT, Answer
from inspector.domain.requests import CapturedRequest

log = logging.getLogger("inspector.server")

# Bins whose rules are remembered, to find a request's rule before it is stored.
MAX_REMEMBERED = 1_000

Job = Callable[[], None]


class _Known(NamedTuple):
    """A bin's rules, a document and its id, and its relay's document; None for none."""

    answers: str | None
    answer_set: int
    relay: str | None


class RuleBook:
    """The rules and relays of the bins that captured last, as the writer told them.

    It gives hints only: the writer checks them against the rules in force. ``max_work`` bounds
    the templates of an answer.
    """

    def __init__(self, max_work: int) -> None:
        self._max_work = max_work
        self._known: dict[str, _Known] = {}
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def learn(
        self, bin_name: str, document: str | None, answer_set: int, relay: str | None
    ) -> None:
        """Remember what a bin's rules are just now, and its relay."""
        if document is None and relay is None:
            self._known.pop(bin_name, None)
            return
        if bin_name not in self._known and len(self._known) >= MAX_REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._known[bin_name] = _Known(document, answer_set, relay)

    def submit(self, capture: Capture, submit: Callable[[Capture], None]) -> None:
        """Submit a capture with the rule that seems to be for it, now or from the thread."""
        known = self._known.get(capture.bin_name)
        if known is None or capture.refusal is not None:
            submit(capture)
            return
        from inspector.server.hints import find_cost, find_hints  # few bins need templates

        cost = find_cost(*known)
        if cost == "nothing":
            submit(capture)
        elif cost == "body":
            self._run(lambda: submit(find_hints(capture, *known)))
        else:
            submit(find_hints(capture, *known))

    def choose(self, document: str, rule: int | None, turn: int | None) -> Answer:
        """The answer of a rule in its turn, not worked out yet."""
        from inspector.answers.rules import load_rules

        return load_rules(document).choose(rule, turn or 1)

    def make(
        self, answer: Answer, request: Callable[[], CapturedRequest], tell: Callable[[Answer], None]
    ) -> None:
        """Work an answer out of its request on the thread; ``tell`` gets it there, once."""

        def work() -> None:
            from inspector.answers.templates import make_answer_to

            try:
                made = make_answer_to(answer, request(), self._max_work)
            except Exception:
                log.exception("An answer could not be worked out.")
                made = DEFAULT._replace(status=500, body=b"The answer could not be worked out.\n")
            tell(made)

        self._run(work)

    def close(self, timeout_s: float = 5) -> None:
        """Finish what is queued and end the thread."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join(timeout_s)

    def _run(self, job: Job) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="inspector-answering", daemon=True
                )
                self._thread.start()
        self._jobs.put(job)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception:
                log.exception("An answer met something unexpected; others go on.")
