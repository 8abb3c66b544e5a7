"""Deleting requests and bins: at once for everybody who reads, in small steps on the disk.

See ``cleaning`` for the rows. Each of these locks the bin first, as a capture does, so that its
counts are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import takewhile
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Select,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    or_,
    select,
    text,
    update,
)

from inspector.capture import IMPORTED
from inspector.domain import Bin
from inspector.domain.removals import Removal, RemovalKind
from inspector.storage.announcements import format_announcement
from inspector.storage.cleaning import DELETED_PREFIX
from inspector.storage.database.postgresql import TABLES_BY_NUMBER
from inspector.storage.database.told_news import TELL
from inspector.storage.models import AnnotationRow, BinRow, RequestRow, db
from inspector.storage.records import STORED_BYTES

STEP = 1000
DELETED_STEP = 300


def _ignore(_removal: Removal) -> None:
    pass


def _ignore_change(_bin_id: int, _number: int) -> None:
    pass


class HeldCounts(NamedTuple):
    """A bin's counts, locked until the transaction ends."""

    kept_from: int
    last_number: int
    held: int
    pinned: int


class Remover:
    """Deletes requests and bins.

    Works in Flask-SQLAlchemy's session, and ends its transaction.

    ``on_removed`` is called after each, ``on_changed`` with bin and number of a request that has
    changed; other instances hear it as ``instance``'s.
    """

    def __init__(
        self,
        on_removed: Callable[[Removal], None] = _ignore,
        on_changed: Callable[[int, int], None] = _ignore_change,
        *,
        instance: str = "",
    ) -> None:
        self._on_removed = on_removed
        self._on_changed = on_changed
        self._instance = instance

    def delete(self, bin_id: int, number: int) -> bool:
        """Delete one request; False when the bin has none of this number."""
        held = self.lock(bin_id)
        if held is None or not self._delete_rows(bin_id, [number], held):
            db.session.rollback()
            return False
        self._commit(Removal(bin_id, "deleted", number))
        return True

    def delete_all(self, bin_id: int, numbers: Collection[int]) -> None:
        """Delete those of these requests that the bin has, many in a transaction."""
        rest = sorted(numbers)
        while step := rest[:DELETED_STEP]:
            rest = rest[DELETED_STEP:]
            held = self.lock(bin_id)
            if held is None or not self._delete_rows(bin_id, step, held):
                db.session.rollback()
                continue
            self._commit(*(Removal(bin_id, "deleted", number) for number in step))

    def let_go_unpinned(self, bin_id: int, number: int, held: HeldCounts) -> None:
        """Let go of one that only its pin has kept, in the transaction that has locked the bin."""
        self._delete_rows(bin_id, [number], held)
        self._change(bin_id, let_go=BinRow.let_go + 1)
        self._commit(Removal(bin_id, "deleted", number))

    def clear(self, bin_id: int) -> None:
        """Delete all that the bin holds now, the pinned too; the numbers go on."""
        held = self.lock(bin_id)
        if held is None or not (held.held or held.pinned):
            db.session.rollback()
            return
        self._unpin(bin_id)
        self._change(bin_id, held=0, kept_from=held.last_number + 1, pinned=0)
        self._commit(Removal(bin_id, "emptied", held.last_number))

    def delete_bin(self, bin_id: int) -> None:
        """Delete the bin: its name is free at once, its row goes after its requests."""
        held = self.lock(bin_id)
        if held is None:
            db.session.rollback()
            return
        self._unpin(bin_id)
        self._change(
            bin_id,
            name=f"{DELETED_PREFIX}{bin_id}",
            held=0,
            kept_from=held.last_number + 1,
            pinned=0,
        )
        self._commit(Removal(bin_id, "bin_deleted", held.last_number))

    def set_capacity(self, bin_id: int, capacity: int) -> None:
        """Change a bin's capacity; requests beyond it are removed."""
        held = self.lock(bin_id)
        if held is None:
            db.session.rollback()
            return
        self._change(bin_id, capacity=capacity)
        self._let_go(bin_id, held, held.last_number - capacity + 1)

    def let_go_before(self, bin_: Bin, received_before_us: int) -> int:
        """Let go of a bin's oldest up to the first that is younger; answers how many went."""
        number = bin_.kept_from - 1
        while True:
            oldest = (
                select(RequestRow.number, RequestRow.received_us)
                .where(RequestRow.bin_id == bin_.id, RequestRow.number > number)
                .order_by(RequestRow.number)
                .limit(STEP)
            )
            rows = db.session.execute(oldest).all()
            db.session.rollback()
            old = list(takewhile(lambda row: row.received_us < received_before_us, rows))
            number = old[-1].number if old else number
            if len(old) < STEP:
                break
        held = None if number < bin_.kept_from else self.lock(bin_.id)
        if held is None:
            db.session.rollback()
            return 0
        return self._let_go(bin_.id, held, number + 1)

    def let_go_imported(self, bin_: Bin, received_before_us: int) -> int:
        """Remove imported requests received before a time; their numbers may be anywhere."""
        total = 0
        kept_from = select(BinRow.kept_from).where(BinRow.id == bin_.id).scalar_subquery()
        while True:
            old = (
                select(RequestRow.number)
                .where(RequestRow.bin_id == bin_.id, RequestRow.number >= kept_from)
                .where(RequestRow.fidelity == IMPORTED)
                .where(RequestRow.received_us < received_before_us)
                .where(RequestRow.number.not_in(_select_pinned(bin_.id)))
                .order_by(RequestRow.number)
                .limit(DELETED_STEP)
            )
            numbers = list(db.session.scalars(old))
            db.session.rollback()
            if not numbers:
                return total
            held = self.lock(bin_.id)
            gone = 0 if held is None else self._delete_rows(bin_.id, numbers, held)
            if not gone:
                db.session.rollback()
                return total
            self._change(bin_.id, let_go=BinRow.let_go + gone)
            self._commit(*(Removal(bin_.id, "deleted", number) for number in numbers))
            total += gone

    @staticmethod
    def lock(bin_id: int) -> HeldCounts | None:
        """A bin's counts, which only this transaction changes from here on; None without a bin.

        Writing first, so that SQLite's lock is waited for and not missed.
        """
        lock = update(BinRow).where(BinRow.id == bin_id).values(held=BinRow.held)
        counts = (BinRow.kept_from, BinRow.last_number, BinRow.held, BinRow.pinned)
        found = db.session.execute(lock.returning(*counts, BinRow.name)).first()
        if found is None or found.name.startswith(DELETED_PREFIX):
            return None
        return HeldCounts(*found[:-1])

    def _let_go(self, bin_id: int, held: HeldCounts, keep_from: int) -> int:
        kind: RemovalKind = "let_go"
        if keep_from <= held.kept_from:
            db.session.commit()
            return 0
        going = and_(
            RequestRow.bin_id == bin_id,
            RequestRow.number >= held.kept_from,
            RequestRow.number < keep_from,
        )
        count = db.session.scalar(select(func.count()).where(going)) or 0
        stay = and_(AnnotationRow.number >= held.kept_from, AnnotationRow.number < keep_from)
        stay_count = select(func.count()).select_from(_select_pinned(bin_id).where(stay).subquery())
        let_go = count - (db.session.scalar(stay_count) or 0)
        self._change(
            bin_id,
            kept_from=keep_from,
            held=BinRow.held - count,
            let_go=BinRow.let_go + let_go,
        )
        self._commit(Removal(bin_id, kind, keep_from - 1))
        return let_go

    @staticmethod
    def _change(bin_id: int, **values: object) -> None:
        db.session.execute(update(BinRow).where(BinRow.id == bin_id).values(**values))

    @staticmethod
    def _unpin(bin_id: int) -> None:
        all_pinned = and_(AnnotationRow.bin_id == bin_id, AnnotationRow.pinned)
        db.session.execute(update(AnnotationRow).where(all_pinned).values(pinned=False))

    def _delete_rows(self, bin_id: int, numbers: list[int], held: HeldCounts) -> int:
        """Delete those of these requests that the bin holds, and count it; answers how many."""
        pinned = set(
            db.session.scalars(_select_pinned(bin_id).where(AnnotationRow.number.in_(numbers)))
        )
        condition = and_(
            RequestRow.bin_id == bin_id,
            RequestRow.number.in_(numbers),
            or_(RequestRow.number >= held.kept_from, RequestRow.number.in_(pinned)),
        )
        size = literal_column(STORED_BYTES, BigInteger)
        rows = db.session.execute(
            delete(RequestRow).where(condition).returning(RequestRow.number, size.label("size"))
        ).all()
        gone = {row.number for row in rows}
        self._change(
            bin_id,
            held=BinRow.held - sum(number >= held.kept_from for number in gone),
            pinned=BinRow.pinned - len(gone & pinned),
            stored_bytes=BinRow.stored_bytes - sum(row.size for row in rows),
        )
        if gone and db.engine.dialect.name == "postgresql":
            # Only these rows: the cleaner may hold rows that the bin has let go of, and waits for
            # the bin.
            for table in TABLES_BY_NUMBER:
                statement = text(
                    f"DELETE FROM {table} WHERE bin_id = :bin AND number IN :numbers"  # noqa: S608
                ).bindparams(bindparam("numbers", expanding=True))
                db.session.execute(statement, {"bin": bin_id, "numbers": sorted(gone)})
        return len(gone)

    def commit_change(self, bin_id: int, number: int) -> None:
        """Commit a change of a request's annotations or relay, and notify all instances."""
        self._commit(changes=((bin_id, number),))

    def _commit(self, *removals: Removal, changes: Sequence[tuple[int, int]] = ()) -> None:
        """Commit, and notify all instances."""
        if db.engine.dialect.name == "postgresql":
            payload = format_announcement(self._instance, {}, removals, changes)
            db.session.execute(text(TELL), {"payload": payload})
        db.session.commit()
        for removal in removals:
            self._on_removed(removal)
        for bin_id, number in changes:
            self._on_changed(bin_id, number)


def _select_pinned(bin_id: int) -> Select[int]:
    return select(AnnotationRow.number).where(AnnotationRow.bin_id == bin_id, AnnotationRow.pinned)
