"""One writer, many captures at once.

Commits whatever has come together in one transaction, without lingering for
more, then tells each sender's side how it went. A commit costs the same for one
capture and for a hundred, so the busier it is the cheaper each gets.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from inspector.capture import Capture
from inspector.errors import StorageUnavailableError
from inspector.storage.connections import Connections
from inspector.storage.outcomes import NoSuchBin, Outcome, RecordedAnswer, Stored, Unstored
from inspector.storage.records import to_row
from inspector.storage.statements import (
    DROP_OLD,
    MARK,
    RECORD,
    STORE,
    TAKE_NUMBERS,
    TAKE_TURNS,
    record_of,
)

log = logging.getLogger("inspector.storage")

MAX_BATCH = 256
MAX_BATCH_BYTES = 32_000_000


class _TakenNumbers(NamedTuple):
    """A bin, after it has given its numbers up to ``last_number``."""

    bin_id: int
    last_number: int
    capacity: int
    answers: str | None
    private: bool
    answer_set: int | None


Tell = Callable[[Outcome], None]
_Item = tuple[Capture, Tell]

# Wakes the writer where no capture does.
_NOTHING: Any = object()


class Writer:
    """``submit`` from any thread; outcomes are told on the writer's own thread.

    ``on_stored`` hears after each commit, and after the tellings, which bins have
    news: ``{bin_id: highest new number}``. ``on_batch_told`` (may be set later) is called once when
    all of a batch has been told. ``is_failing`` says that the last commit did not
    work; ``stored``, ``failed`` and ``batches`` count since the start, private bins left out.
    """

    def __init__(
        self,
        connections: Connections,
        *,
        on_stored: Callable[[Mapping[int, int]], None] | None = None,
        on_batch_told: Callable[[], None] | None = None,
    ) -> None:
        self._connections = connections
        self._faults: tuple[type[Exception], ...] = (*connections.errors, OSError)
        self._take_numbers, self._take_turns, self._drop_old, self._store = map(
            connections.spell, (TAKE_NUMBERS, TAKE_TURNS, DROP_OLD, STORE)
        )
        self._on_stored = on_stored
        self.on_batch_told = on_batch_told
        self._record_answer, self._mark_recorded = map(connections.spell, (RECORD, MARK))
        self._queue: SimpleQueue[_Item | None] = SimpleQueue()
        self._records: SimpleQueue[RecordedAnswer] = SimpleQueue()
        self._connection: Any = None
        self.is_failing = False
        self.stored = self.failed = self.batches = 0
        self._thread = threading.Thread(target=self._run, name="inspector-writer", daemon=True)
        self._started = False
        self._start_lock = threading.Lock()

    def submit(self, capture: Capture, tell: Tell) -> None:
        """Queue a capture; ``tell`` hears its outcome, exactly once, and must not block."""
        if not self._started:
            self._start()
        self._queue.put((capture, tell))

    def record(self, answer: RecordedAnswer) -> None:
        """Queue what a stored request was answered; kept behind the captures, soon."""
        self._records.put(answer)
        if not self._started:
            self._start()
        self._queue.put(_NOTHING)

    def store(self, capture: Capture) -> Outcome:
        """Queue a capture and wait for its outcome."""
        done = threading.Event()
        outcomes: list[Outcome] = []

        def tell(outcome: Outcome) -> None:
            outcomes.append(outcome)
            done.set()

        self.submit(capture, tell)
        done.wait()
        return outcomes[0]

    def close(self, timeout_s: float = 10) -> None:
        """Commit and tell what is queued, then end the thread."""
        with self._start_lock:
            if not self._started:
                return
        self._queue.put(None)
        self._thread.join(timeout_s)

    def _start(self) -> None:
        with self._start_lock:
            if not self._started:
                self._thread.start()
                self._started = True

    def _run(self) -> None:
        going = True
        while going:
            batch, going = self._next_batch()
            try:
                if batch:
                    self._serve(batch)
                self._keep_records()
            except Exception:
                log.exception("The writer met something unexpected; it goes on.")
        self._disconnect()

    def _next_batch(self) -> tuple[list[_Item], bool]:
        item = self._queue.get()
        batch: list[_Item] = []
        size = 0
        while item is not None:
            if item is not _NOTHING:
                batch.append(item)
                size += item[0].body_size
            if len(batch) >= MAX_BATCH or size >= MAX_BATCH_BYTES:
                return batch, True
            try:
                item = self._queue.get_nowait()
            except Empty:
                return batch, True
        return batch, False

    def _serve(self, batch: Sequence[_Item]) -> None:
        outcomes, news = self._commit_or_explain([capture for capture, _ in batch])
        self._count(outcomes)
        for (_, tell), outcome in zip(batch, outcomes, strict=True):
            try:
                tell(outcome)
            except Exception:
                log.exception("An answer could not be given; its capture is stored.")
        if self.on_batch_told is not None:
            self.on_batch_told()
        if news and self._on_stored is not None:
            self._on_stored(news)

    def _keep_records(self) -> None:
        """One transaction for all that came together; who is answered does not wait for it."""
        rows: list[dict[str, Any]] = []
        marked: list[dict[str, int]] = []
        with suppress(Empty):
            while len(rows) < MAX_BATCH:
                answer = self._records.get_nowait()
                rows.append(record_of(answer))
                if answer.by_program:
                    marked.append({"bin_id": answer.bin_id, "number": answer.number})
        if not rows:
            return
        try:
            with self._transaction() as cursor:
                cursor.executemany(self._record_answer, rows)
                if marked:
                    cursor.executemany(self._mark_recorded, marked)
        except self._faults:
            self._disconnect()
            log.exception("%d answers could not be recorded.", len(rows))

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        public = [each for each in outcomes if not isinstance(each, Stored) or not each.private]
        self.batches += bool(public)
        self.stored += sum(isinstance(outcome, Stored) for outcome in public)
        self.failed += sum(isinstance(outcome, Unstored) for outcome in outcomes)

    def _commit_or_explain(
        self, captures: Sequence[Capture]
    ) -> tuple[list[Outcome], Mapping[int, int]]:
        try:
            outcomes, news = self._commit(captures)
        except self._faults as error:
            self._disconnect()
            if len(captures) > 1 and not _concerns_all(error):
                return self._commit_one_by_one(captures)
            return [Unstored(self._explain(error))] * len(captures), {}
        if self.is_failing:
            self.is_failing = False
            log.warning("Storing works again.")
        return outcomes, news

    def _commit_one_by_one(
        self, captures: Sequence[Capture]
    ) -> tuple[list[Outcome], Mapping[int, int]]:
        """One capture that cannot be stored must not take its neighbours with it."""
        outcomes: list[Outcome] = []
        all_news: dict[int, int] = {}
        for capture in captures:
            told, news = self._commit_or_explain([capture])
            outcomes += told
            all_news.update(news)
        return outcomes, all_news

    def _explain(self, error: Exception) -> StorageUnavailableError:
        reason = str(error).strip().rstrip(".")
        if not self.is_failing:
            self.is_failing = True
            log.error("Captures cannot be stored and are answered 503: %s.", reason)
        return StorageUnavailableError(reason)

    def _commit(self, captures: Sequence[Capture]) -> tuple[list[Outcome], dict[int, int]]:
        by_bin: defaultdict[str, list[int]] = defaultdict(list)
        for index, capture in enumerate(captures):
            by_bin[capture.bin_name].append(index)
        outcomes: list[Outcome] = [NoSuchBin(capture.bin_name) for capture in captures]
        rows: list[dict[str, Any]] = []
        news: dict[int, int] = {}
        with self._transaction() as cursor:
            overfull: list[dict[str, int]] = []
            for name in sorted(by_bin):  # one order for all writers of a shared database
                cursor.execute(self._take_numbers, {"bin_name": name, "taken": len(by_bin[name])})
                for taken in map(_TakenNumbers._make, cursor.fetchall()):
                    news[taken.bin_id] = taken.last_number
                    indices = by_bin[name]
                    of_bin = [captures[index] for index in indices]
                    stored = self._number(cursor, taken, of_bin)
                    for index, capture, outcome in zip(indices, of_bin, stored, strict=True):
                        outcomes[index] = outcome
                        rows.append(
                            to_row(capture, outcome.bin_id, outcome.number, outcome.answered)
                        )
                    if taken.last_number > taken.capacity:
                        up_to = taken.last_number - taken.capacity
                        overfull.append({"bin": taken.bin_id, "up_to": up_to})
            if rows:
                cursor.executemany(self._store, rows)
            for old in overfull:
                cursor.execute(self._drop_old, old)
        return outcomes, news

    def _number(
        self, cursor: Any, taken: _TakenNumbers, captures: Sequence[Capture]
    ) -> list[Stored]:
        """Each capture with its number, and with the rule and the turn that answer it."""
        bin_id, last_number, _, answers, private, answer_set = taken
        numbers = range(last_number - len(captures) + 1, last_number + 1)
        if answers is None:
            return [Stored(bin_id, number, None, bool(private)) for number in numbers]
        from inspector.storage.turns import take_turns  # a bin without rules needs no templates

        choices = take_turns(cursor, self._take_turns, answers, answer_set or 0, captures)
        return [
            Stored(bin_id, number, answers, bool(private), answer_set or 0, *choice)
            for number, choice in zip(numbers, choices, strict=True)
        ]

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        """A cursor whose work is committed when all of it went well."""
        if self._connection is None:
            self._connection = self._connections.open()
        cursor = self._connection.cursor()
        try:
            yield cursor
            self._connection.commit()
        except BaseException:
            with suppress(*self._faults):
                self._connection.rollback()
            raise
        finally:
            with suppress(*self._faults):
                cursor.close()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                self._connections.discard(connection)
            except self._faults:
                log.debug("Closing a broken connection failed.", exc_info=True)


def _concerns_all(error: Exception) -> bool:
    """Whether every capture would meet this error (a full disk), or perhaps just one of them."""
    names = {each.__name__ for each in type(error).__mro__}
    return isinstance(error, OSError) or not names.isdisjoint(
        ("OperationalError", "InterfaceError")
    )
