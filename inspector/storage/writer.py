"""The writer: one thread that stores captures in group commits.

It commits all waiting captures in one transaction, without delay for more, then calls back with
each outcome. A commit costs the same for one capture and for a hundred, so the busier it is the
cheaper each gets. Between batches the same thread deletes what bins have let go of
(``cleaning``).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from inspector.capture import Capture
from inspector.clock import time
from inspector.domain.counters import SECONDS, SIZES, Histogram
from inspector.domain.relays.jobs import RelayedRequest
from inspector.domain.removals import Removal
from inspector.errors import StorageUnavailableError, UnstorableError
from inspector.storage.capture_store import CaptureStore, News
from inspector.storage.cleaning import Cleaner
from inspector.storage.database.connections import Connections
from inspector.storage.database.faults import AWAY, concerns_all, explain, is_damage, log_failed
from inspector.storage.outcomes import (
    MAX_BATCH,
    Check,
    Outcome,
    Queue,
    RecordedAnswer,
    Stored,
    Tell,
    Unstored,
    WaitingCapture,
    Wake,
    take_batch,
    take_waiting,
)

log = logging.getLogger("inspector.storage")

# The interval between two test writes.
CHECK_EVERY_S = 2.0
CHECK_TIMEOUT_S = 2.0
# What an attempt may take to fail until those who waited for it meanwhile hear of it, too. Else
# each of them would wait for that one, and then as long for another.
PATIENCE_S = 2.0


class Writer:
    """``submit`` may be called from any thread; callbacks run on the writer's own thread.

    ``on_stored`` is called after each commit, once senders have been answered, with ``{bin_id:
    highest new number}``, ``on_removed`` with what full bins have let go of, and ``on_changed``
    with bin and number of a request that was passed on. ``on_batch_told`` (may be set later) is
    called once after the callbacks of a batch. With ``max_total_bytes`` the oldest go while all
    bins have more. ``is_failing`` says that the last commit did not work; ``stored``,
    ``failed`` and ``batches`` count since the start, private bins left out.
    """

    def __init__(
        self,
        connections: Connections,
        *,
        on_stored: Callable[[Mapping[int, int]], None] | None = None,
        on_removed: Callable[[Removal], None] | None = None,
        on_changed: Callable[[int, int], None] | None = None,
        on_batch_told: Callable[[], None] | None = None,
        instance: str = "",
        max_total_bytes: int | None = None,
    ) -> None:
        self._faults = connections.errors
        self._store = CaptureStore(connections, instance)
        self._cleaner = Cleaner(connections, max_total_bytes, instance)
        self._on_stored = on_stored
        self._on_removed = on_removed
        self._on_changed = on_changed
        self.on_batch_told = on_batch_told
        self._queue: Queue = SimpleQueue()
        self._records: SimpleQueue[RecordedAnswer] = SimpleQueue()
        self._relayed: SimpleQueue[tuple[RelayedRequest, Callable[[], None]]] = SimpleQueue()
        self.is_failing = False
        self.damage: str | None = None
        self.stored = self.failed = self.batches = self.relayed = 0
        self.batch_sizes, self.commit_seconds = Histogram(SIZES), Histogram(SECONDS)
        self._stored_at = float("-inf")
        self._checking: Check | None = None
        self._check_lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="inspector-writer", daemon=True)
        self._started = False
        self._start_lock = threading.Lock()

    @property
    def queued(self) -> int:
        """Number of captures, or requests like them, in the queue."""
        return self._queue.qsize()

    def submit(self, capture: Capture, tell: Tell) -> None:
        """Queue a capture; ``tell`` is called once with the outcome, and must not block."""
        self._put((capture, tell))

    def record(self, answer: RecordedAnswer) -> None:
        """Queue what a stored request was answered; kept behind the captures, soon."""
        self._records.put(answer)
        self._put(Wake())

    def record_relayed(self, relayed: RelayedRequest, tell: Callable[[], None]) -> None:
        """Queue what came of passing a request on; ``tell`` is called once it is kept, or failed.

        So a sender that has its answer finds all that is known of it.
        """
        self._relayed.put((relayed, tell))
        self._put(Wake())

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

    def clean(self, bin_id: int | None = None) -> None:
        """Queue the deletion of rows that a bin no longer shows, or of a deleted bin.

        Without a bin, look for all that was left behind.
        """
        if bin_id is None:
            self._cleaner.look()
        else:
            self._cleaner.add(bin_id)
        self._put(Wake())

    def find_trouble(self, timeout_s: float = CHECK_TIMEOUT_S) -> str | None:
        """The reason why no capture can be stored now, by a test write; None when one can.

        Waits at most so long, from any thread; a capture stored just now is answer enough.
        """
        if self.damage is not None:
            return self.damage
        try:
            self._store.verify()
        except self._faults as error:
            return explain(error)
        if not self.is_failing and time.monotonic() - self._stored_at < CHECK_EVERY_S:
            return None
        with self._check_lock:
            check = self._checking
            if check is None or check.done.is_set():
                check = self._checking = Check()
                self._put(check)
        return check.reason if check.done.wait(timeout_s) else AWAY

    def note_fault(self, error: BaseException) -> None:
        """Note a database error met elsewhere; a damaged database stays marked so."""
        if is_damage(error) and self.damage is None:
            self.damage = explain(error)
            log.error("The database is damaged: %s.", self.damage)

    def close(self, timeout_s: float = 10) -> None:
        """Commit and tell what is queued, then end the thread."""
        with self._start_lock:
            if not self._started:
                return
        self._queue.put(None)
        self._thread.join(timeout_s)

    def _put(self, item: WaitingCapture | Check | Wake | None) -> None:
        if not self._started:
            self._start()
        self._queue.put(item)

    def _start(self) -> None:
        with self._start_lock:
            if not self._started:
                self._thread.start()
                self._started = True

    def _run(self) -> None:
        going = True
        while going:
            nap_s = None if self.is_failing else self._cleaner.nap_s
            batch = take_batch(self._queue, nap_s)
            going = not batch.is_last
            try:
                if batch.captures:
                    self._serve(batch.captures)
                if batch.check is not None:
                    self._answer(batch.check)
                self._keep_records()
                self._keep_relayed()
                if going:
                    self._clean()
                while not (going or self._relayed.empty()):
                    self._keep_relayed()
            except Exception:
                log.exception("The writer met something unexpected; it goes on.")
        self._store.disconnect()

    def _serve(self, batch: Sequence[WaitingCapture]) -> None:
        began = time.monotonic()
        outcomes, news = self._commit_or_explain([capture for capture, _ in batch])
        self.commit_seconds.observe(time.monotonic() - began)
        self._cleaner.note_capture()
        self._count(outcomes)
        for (_, tell), outcome in zip(batch, outcomes, strict=True):
            self._call(tell, outcome)
        if self.on_batch_told is not None:
            self._call(self.on_batch_told)
        if news.stored and self._on_stored is not None:
            self._call(self._on_stored, news.stored)
        for removal in news.removed:
            self._cleaner.add(removal.bin_id)
            if self._on_removed is not None:
                self._call(self._on_removed, removal)

    @staticmethod
    def _call(listener: Callable[..., None], *given: Any) -> None:
        """Call a subscriber; its error is logged and stops nobody else."""
        try:
            listener(*given)
        except Exception:
            log.exception("Captures are stored, but one who waited for them met an error.")

    def _keep_records(self) -> None:
        """One transaction for all records that came together; senders do not wait for it."""
        answers: list[RecordedAnswer] = []
        with suppress(Empty):
            while len(answers) < MAX_BATCH:
                answers.append(self._records.get_nowait())
        if not answers:
            return
        began = time.monotonic()
        try:
            self._store.record(answers)
        except Exception as error:
            self._give_up(error, began)
            log_failed(log, f"{len(answers)} answers could not be recorded", error)

    def _keep_relayed(self) -> None:
        """Keep relay outcomes in one transaction; one by one where that fails."""
        ended: list[tuple[RelayedRequest, Callable[[], None]]] = []
        with suppress(Empty):
            while len(ended) < MAX_BATCH:
                ended.append(self._relayed.get_nowait())
        if not ended:
            return
        error = self._record_relayed([relayed for relayed, _ in ended])
        if error is not None and len(ended) > 1 and not concerns_all(error):
            for relayed, _ in ended:
                self._record_relayed([relayed])
        self.relayed += len(ended)
        for _, tell in ended:
            self._call(tell)

    def _record_relayed(self, relayed: Sequence[RelayedRequest]) -> Exception | None:
        began = time.monotonic()
        try:
            self._store.record((), relayed)
        except Exception as error:
            self._give_up(error, began)
            log_failed(
                log, f"What came of {len(relayed)} relayed requests could not be kept", error
            )
            return error
        for each in relayed:
            if self._on_changed is not None:
                self._call(self._on_changed, each.bin_id, each.number)
        return None

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        public = [each for each in outcomes if not isinstance(each, Stored) or not each.private]
        self.batches += bool(public)
        if public:
            self.batch_sizes.observe(len(public))
        self.stored += sum(isinstance(outcome, Stored) for outcome in public)
        self.failed += sum(isinstance(outcome, Unstored) for outcome in outcomes)

    def _commit_or_explain(self, captures: Sequence[Capture]) -> tuple[list[Outcome], News]:
        """Store a batch; when one capture cannot be stored, the others still are.

        Whatever a capture does to the database or to us: every one has its outcome.
        """
        began = time.monotonic()
        try:
            outcomes, news = self._store.store(captures)
        except Exception as error:
            if isinstance(error, self._faults):
                self._give_up(error, began)
            if concerns_all(error):
                return [Unstored(self._explain(error))] * len(captures), News({}, [])
            if len(captures) == 1:
                log.warning("A capture cannot be stored.", exc_info=error)
                return [Unstored(UnstorableError())], News({}, [])
            half = len(captures) // 2
            first, early = self._commit_or_explain(captures[:half])
            second, late = self._commit_or_explain(captures[half:])
            stored = {**early.stored, **late.stored}
            return first + second, News(stored, early.removed + late.removed)
        self._note_success()
        return outcomes, news

    def _note_success(self) -> None:
        self._stored_at = time.monotonic()
        if self.is_failing:
            self.is_failing = False
            log.warning("Storing works again.")

    def _explain(self, error: Exception) -> StorageUnavailableError:
        self.note_fault(error)
        if not self.is_failing:
            self.is_failing = True
            reason, said = explain(error), str(error).strip().partition("\n")[0]
            detail = f" ({said})" if said != reason else ""
            log.error("Captures cannot be stored and are answered 503: %s%s.", reason, detail)
        return StorageUnavailableError(explain(error))

    def _give_up(self, error: Exception, began: float) -> None:
        """Let go of the connection after an attempt that failed.

        Where the database hangs, all who waited meanwhile are refused at once.
        """
        self._store.disconnect()
        if time.monotonic() - began < PATIENCE_S or not concerns_all(error):
            return
        refused, checks = take_waiting(self._queue)
        for check in checks:
            check.settle(explain(error))
        if not refused:
            return
        outcome = Unstored(self._explain(error))
        self._count([outcome] * len(refused))
        for _, tell in refused:
            self._call(tell, outcome)
        if self.on_batch_told is not None:
            self._call(self.on_batch_told)

    def _answer(self, check: Check) -> None:
        began = time.monotonic()
        try:
            self._store.check()
            self._note_success()
        except Exception as error:
            self.note_fault(error)
            check.settle(explain(error))
            self._give_up(error, began)
        else:
            check.settle(None)

    def _clean(self) -> None:
        if self.is_failing or self._cleaner.nap_s > 0:
            return
        began = time.monotonic()
        try:
            removals = self._store.clean(self._cleaner)
        except self._faults as error:
            self._give_up(error, began)
            log.debug("Deleting waits: %s.", explain(error), exc_info=True)
            return
        for removal in removals:
            if self._on_removed is not None:
                self._call(self._on_removed, removal)
