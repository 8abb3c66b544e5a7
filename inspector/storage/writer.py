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
from inspector.storage.records import REQUEST_COLUMNS, to_row

log = logging.getLogger("inspector.storage")

MAX_BATCH = 256
MAX_BATCH_BYTES = 32_000_000


class Stored(NamedTuple):
    """The capture is on disk, as this number of this bin; ``answers`` is what the bin says.

    ``private`` bins are not for others to count.
    """

    bin_id: int
    number: int
    answers: str | None
    private: bool = False


class NoSuchBin(NamedTuple):
    """Nothing was stored: no bin has this name."""

    name: str


class Unstored(NamedTuple):
    """Nothing was stored, and it is the database's fault."""

    error: StorageUnavailableError


Outcome = Stored | NoSuchBin | Unstored
Tell = Callable[[Outcome], None]
_Item = tuple[Capture, Tell]

_TAKE_NUMBERS = (
    "UPDATE bins SET last_number = last_number + :taken WHERE name = :bin_name"
    " RETURNING id, last_number, capacity, answers, private"
)
_DROP_OLD = "DELETE FROM requests WHERE bin_id = :bin AND number <= :up_to"
_STORE = (
    f"INSERT INTO requests ({', '.join(REQUEST_COLUMNS)})"  # noqa: S608 - constants
    f" VALUES ({', '.join(f':{name}' for name in REQUEST_COLUMNS)})"
)


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
        self._take_numbers, self._drop_old, self._store = map(
            connections.spell, (_TAKE_NUMBERS, _DROP_OLD, _STORE)
        )
        self._on_stored = on_stored
        self.on_batch_told = on_batch_told
        self._queue: SimpleQueue[_Item | None] = SimpleQueue()
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
            if batch:
                try:
                    self._serve(batch)
                except Exception:
                    log.exception("The writer met something unexpected; it goes on.")
        self._disconnect()

    def _next_batch(self) -> tuple[list[_Item], bool]:
        item = self._queue.get()
        batch: list[_Item] = []
        size = 0
        while item is not None:
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
                for bin_id, last_number, capacity, answers, private in cursor.fetchall():
                    news[bin_id] = last_number
                    for number, index in enumerate(
                        by_bin[name], last_number - len(by_bin[name]) + 1
                    ):
                        outcomes[index] = Stored(bin_id, number, answers, bool(private))
                        rows.append(to_row(captures[index], bin_id, number))
                    if last_number > capacity:
                        overfull.append({"bin": bin_id, "up_to": last_number - capacity})
            if rows:
                cursor.executemany(self._store, rows)
            for old in overfull:
                cursor.execute(self._drop_old, old)
        return outcomes, news

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
