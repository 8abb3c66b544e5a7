"""The transactions that store captures, on one kept connection.

No thread and no queue here: that is ``writer``'s, whose thread alone uses this.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from inspector.capture import Capture
from inspector.clock import time
from inspector.domain.relays.jobs import RelayedRequest
from inspector.domain.removals import Removal
from inspector.storage.announcements import format_announcement
from inspector.storage.cleaning import Cleaner
from inspector.storage.database.connections import Connections, Statement
from inspector.storage.database.faults import explain
from inspector.storage.delivery_rows import INSERT, KEPT, PRUNE_RUNS, to_values
from inspector.storage.outcomes import BinRelay, NoSuchBin, Outcome, RecordedAnswer, Stored
from inspector.storage.records import REQUEST_COLUMNS, count_stored_bytes, to_row
from inspector.storage.statements import (
    BEGIN_RELAY,
    CHECK,
    CHECK_TABLE,
    COUNT_GOING,
    COUNT_PINNED,
    END_RELAY,
    LET_GO,
    MARK,
    RECORD,
    TAKE_NUMBERS,
    TAKE_TURNS,
    record_of,
    relay_of,
)

log = logging.getLogger("inspector.storage")

# Seconds for which a bin that needs several steps is not tried in one trip; bins remembered.
IN_STEPS_S = 5.0
MAX_REMEMBERED = 1_000


class _TakenNumbers(NamedTuple):
    """A bin, after it has given its numbers up to ``last_number``."""

    bin_id: int
    last_number: int
    capacity: int
    answers: str | None
    private: bool
    answer_set: int | None
    kept_from: int
    held: int
    pinned: int
    relay: str | None
    signatures: str | None


class News(NamedTuple):
    """Changes of one transaction: ``{bin_id: highest new number}``, and requests let go of."""

    stored: dict[int, int]
    removed: list[Removal]


class _BodyLostError(Exception):
    """A capture's body, which waited in a temporary file, cannot be read."""


def _find_answer(relayed: RelayedRequest) -> RecordedAnswer | None:
    given = relayed.given
    return None if given is None else RecordedAnswer(relayed.bin_id, relayed.number, given)


def _to_row(capture: Capture, stored: Stored) -> dict[str, Any]:
    try:
        return to_row(capture, stored.bin_id, stored.number, stored.answered)
    except OSError as error:  # of this capture's file, and not of the database's
        raise _BodyLostError from error


class CaptureStore:
    """Stores batches of captures and what they were answered, by ``connections``.

    Each method is a transaction, or several; what it raises has changed nothing.
    ``instance`` is the name under which other instances hear of it.
    """

    def __init__(self, connections: Connections, instance: str) -> None:
        self._connections = connections
        self._instance = instance
        spell = connections.spell
        self._take_numbers, self._take_turns = map(spell, (TAKE_NUMBERS, TAKE_TURNS))
        self._count_going, self._count_pinned = map(spell, (COUNT_GOING, COUNT_PINNED))
        self._let_go, self._check = map(spell, (LET_GO, CHECK))
        self._record_answer, self._mark_recorded = map(spell, (RECORD, MARK))
        self._enqueue = spell(connections.enqueue) if connections.enqueue else None
        self._begin_relay, self._end_relay = map(spell, (BEGIN_RELAY, END_RELAY))
        self._add_delivery, self._prune_deliveries = map(spell, (INSERT, PRUNE_RUNS))
        self._announce = spell(connections.announce) if connections.announce else None
        self._tell = spell(connections.tell) if connections.tell else None
        self._one_trip = connections.one_trip
        self._in_steps: dict[str, float] = {}
        self._connection: Any = None

    def verify(self) -> None:
        """Raise ``LostDatabaseError`` when the file was deleted or replaced; from any thread."""
        connection = self._connection
        if connection is not None:
            with suppress(AttributeError):  # let go of meanwhile
                self._connections.verify(connection)

    def check(self) -> None:
        """Write as a capture would; raises when none could be stored just now."""
        with self._transaction() as (cursor, _):
            cursor.execute(CHECK_TABLE)
            cursor.execute(self._check, {"now": str(time.time_ns() // 1000)})

    def record(
        self, answers: Sequence[RecordedAnswer], relayed: Sequence[RelayedRequest] = ()
    ) -> None:
        """Keep what stored requests were answered, and what came of passing them on."""
        answers = [*answers, *filter(None, map(_find_answer, relayed))]
        marked = [
            {"bin_id": answer.bin_id, "number": answer.number}
            for answer in answers
            if answer.by_program
        ]
        with self._transaction() as (cursor, _):
            cursor.executemany(self._record_answer, [record_of(answer) for answer in answers])
            if marked:
                cursor.executemany(self._mark_recorded, marked)
            for each in relayed:
                self._end(cursor, each)
            if relayed:
                cursor.execute(self._prune_deliveries, KEPT)
                if self._tell is not None:
                    changed = [(each.bin_id, each.number) for each in relayed]
                    payload = format_announcement(self._instance, {}, [], changed)
                    cursor.execute(self._tell, {"payload": payload})

    def _end(self, cursor: Any, relayed: RelayedRequest) -> None:
        """Store the delivery of a relayed request, and the outcome with the request."""
        delivery = None
        if relayed.delivery is not None:
            cursor.execute(self._add_delivery, to_values(relayed.delivery))
            delivery = cursor.fetchone()[0]
        cursor.execute(self._end_relay, relay_of(relayed, delivery))

    def clean(self, cleaner: Cleaner) -> list[Removal]:
        """Run one step of the cleaner; returns the removals it made."""
        self._connect()
        connection = self._connection
        self._connections.enter(connection)
        try:
            return cleaner.step(connection)
        finally:
            self._connections.leave(connection)

    def store(self, captures: Sequence[Capture]) -> tuple[list[Outcome], News]:
        """Store a batch, all of it or nothing; the outcome of each, and what changed."""
        return self._store_in_one_trip(captures) or self._store_in_steps(captures)

    def _store_in_one_trip(self, captures: Sequence[Capture]) -> tuple[list[Outcome], News] | None:
        """Store a batch of one bin in one trip; None where it takes more, nothing is changed."""
        name, one_trip = captures[0].bin_name, self._one_trip
        if one_trip is None or any(each.bin_name != name for each in captures):
            return None
        if self._in_steps.get(name, 0.0) > time.monotonic():
            return None
        try:
            with self._cursor() as (connection, _):
                rows = [_to_row(each, Stored(0, 0)) for each in captures]
                done = one_trip.store(connection, name, self._instance, rows)
        except Exception as error:
            if not one_trip.is_missing(error):
                raise
            self._one_trip = None
            log.warning("Captures are stored in several steps: %s.", explain(error))
            return None
        if done is None:
            if len(self._in_steps) >= MAX_REMEMBERED:
                self._in_steps.clear()
            self._in_steps[name] = time.monotonic() + IN_STEPS_S
            return None
        first = done.last_number - len(captures) + 1
        outcomes: list[Outcome] = [
            Stored(done.bin_id, number, private=done.private)
            for number in range(first, done.last_number + 1)
        ]
        gone = [] if done.gone_to is None else [Removal(done.bin_id, "let_go", done.gone_to)]
        return outcomes, News({done.bin_id: done.last_number}, gone)

    def _store_in_steps(self, captures: Sequence[Capture]) -> tuple[list[Outcome], News]:
        by_bin: dict[str, list[int]] = {}
        for index, capture in enumerate(captures):
            by_bin.setdefault(capture.bin_name, []).append(index)
        outcomes: list[Outcome] = [NoSuchBin(capture.bin_name) for capture in captures]
        rows: list[dict[str, Any]] = []
        news = News({}, [])
        with self._transaction() as (cursor, last):
            overfull: list[_TakenNumbers] = []
            for name in sorted(by_bin):  # one order for all writers of a shared database
                indices = by_bin[name]
                of_bin = [captures[index] for index in indices]
                for bin_ in self._take(cursor, name, of_bin, last):
                    news.stored[bin_.bin_id] = bin_.last_number
                    stored = self._number(cursor, bin_, of_bin)
                    for index, capture, outcome in zip(indices, of_bin, stored, strict=True):
                        outcomes[index] = outcome
                        rows.append(_to_row(capture, outcome))
                    if bin_.last_number - bin_.capacity >= bin_.kept_from:
                        overfull.append(bin_)
            if rows:
                self._connections.insert(cursor, "requests", REQUEST_COLUMNS, rows)
            self._begin_relays(cursor, outcomes)
            for bin_ in overfull:
                removal, statement = self._keep_newest(cursor, bin_)
                news.removed.append(removal)
                last.append(statement)
            if self._announce is not None and rows:
                payload = format_announcement(self._instance, news.stored, news.removed)
                last.append((self._announce, {"payload": payload}))
        return outcomes, news

    def _take(
        self, cursor: Any, name: str, captures: Sequence[Capture], last: list[Statement]
    ) -> list[_TakenNumbers]:
        """The bin of this name with numbers taken for the captures; nothing without one."""
        size = sum(map(count_stored_bytes, captures))
        taken = {"bin_name": name, "taken": len(captures), "bytes": size}
        cursor.execute(self._take_numbers, taken)
        bins = list(map(_TakenNumbers._make, cursor.fetchall()))
        if self._enqueue is not None:
            for bin_ in bins:
                first = bin_.last_number - len(captures) + 1
                bounds = {"bin": bin_.bin_id, "first": first, "last": bin_.last_number}
                last.append((self._enqueue, bounds))
        return bins

    def _begin_relays(self, cursor: Any, outcomes: Sequence[Outcome]) -> None:
        """Insert the rows of relays that are about to begin."""
        relayed = [each for each in outcomes if isinstance(each, Stored) and each.is_relayed]
        if relayed:
            from inspector.storage.relays.choosing import begin_relay

            cursor.executemany(self._begin_relay, [begin_relay(each) for each in relayed])

    def _keep_newest(self, cursor: Any, bin_: _TakenNumbers) -> tuple[Removal, Statement]:
        """The oldest of a bin that has more than it keeps, and the statement that lets them go."""
        keep_from = bin_.last_number - bin_.capacity + 1
        bounds = {"bin": bin_.bin_id, "kept_from": bin_.kept_from, "keep_from": keep_from}
        if bin_.held > bin_.last_number - bin_.kept_from:  # no gap: as many as there are numbers
            going = keep_from - bin_.kept_from
        else:
            cursor.execute(self._count_going, bounds)
            going = cursor.fetchone()[0]
        pinned = 0
        if bin_.pinned:  # they stay, below what is kept
            cursor.execute(self._count_pinned, bounds)
            pinned = cursor.fetchone()[0]
        statement = self._let_go, {**bounds, "going": going, "let_go": going - pinned}
        return Removal(bin_.bin_id, "let_go", keep_from - 1), statement

    def _number(
        self, cursor: Any, bin_: _TakenNumbers, captures: Sequence[Capture]
    ) -> list[Stored]:
        """Each capture with its number, and with the rule and the turn that answer it."""
        numbers = range(bin_.last_number - len(captures) + 1, bin_.last_number + 1)
        private = bool(bin_.private)
        stored = [Stored(bin_.bin_id, number, bin_.answers, private) for number in numbers]
        # A bin that relays nothing and has no rules needs neither matches nor templates.
        if bin_.relay is not None:
            from inspector.storage.relays.choosing import relay_matching

            stored = relay_matching(stored, BinRelay(bin_.relay, bin_.signatures), captures)
        if bin_.answers is None:
            return stored
        from inspector.storage.turns import take_turns

        answer_set = bin_.answer_set or 0
        ruled = [at for at, each in enumerate(stored) if each.answer_set == 0]
        choices = take_turns(
            cursor, self._take_turns, bin_.answers, answer_set, [captures[at] for at in ruled]
        )
        for at, choice in zip(ruled, choices, strict=True):
            stored[at] = stored[at]._replace(
                answer_set=answer_set, rule=choice.place, turn=choice.turn
            )
        return stored

    def _connect(self) -> None:
        if self._connection is None:
            self._connection = self._connections.open()

    @contextmanager
    def _transaction(self) -> Iterator[tuple[Any, list[Statement]]]:
        """A cursor whose work is committed, to the file that is there, when all of it went well.

        Statements in the list are executed last, together with the commit.
        """
        with self._cursor() as (connection, cursor):
            last: list[Statement] = []
            yield cursor, last
            self._connections.finish(connection, cursor, last)
            # The commit went to a file that was deleted or replaced meanwhile, and is lost.
            self._connections.verify(connection)

    @contextmanager
    def _cursor(self) -> Iterator[tuple[Any, Any]]:
        """The connection and a cursor of it; what was begun is undone with an error."""
        self._connect()
        connection = self._connection
        self._connections.enter(connection)
        cursor = connection.cursor()
        try:
            yield connection, cursor
        except BaseException:
            with suppress(Exception):
                connection.rollback()
            raise
        finally:
            with suppress(Exception):
                cursor.close()
            self._connections.leave(connection)

    def disconnect(self) -> None:
        """Let go of the connection; the next transaction opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                self._connections.discard(connection)
            except Exception:
                log.debug("Closing a broken connection failed.", exc_info=True)
