"""Pins and notes: what people put on captured requests.

A pinned request stays when its bin is over its capacity or it is over its age. Only a
person takes it away: by deleting it, emptying the bin, or taking the pin off.
"""

from __future__ import annotations

from sqlalchemy import delete, select, update

from inspector.domain import Bin
from inspector.domain.annotations import MAX_PINNED, UNCHANGED, Unchanged, check_note
from inspector.errors import InspectorError, RequestNotFoundError
from inspector.storage.models import AnnotationRow, BinRow, RequestRow, db
from inspector.storage.records import find_number
from inspector.storage.removing import HeldCounts, Remover


class Annotator:
    """Writes pins and notes.

    Works in Flask-SQLAlchemy's session, and ends its transaction.
    """

    def __init__(self, remover: Remover) -> None:
        self._remover = remover

    def annotate(
        self,
        bin_: Bin,
        request_id: str,
        *,
        pinned: bool | None = None,
        note: str | Unchanged | None = UNCHANGED,
    ) -> None:
        """Pin a request or not, and put a note on it; None for ``pinned`` leaves it as it is.

        An empty note or None takes the note away. A request that only its pin has kept is
        deleted with the pin. Raises ``RequestNotFoundError``, ``too_many_pinned`` or
        ``invalid_note``.
        """
        if note is not UNCHANGED:
            note = check_note(note)
        number = find_number(bin_, request_id)
        held = None if number is None else self._remover.lock(bin_.id)
        if number is None or held is None:
            db.session.rollback()
            raise RequestNotFoundError(request_id[:80])
        key = (AnnotationRow.bin_id == bin_.id, AnnotationRow.number == number)
        found = db.session.execute(
            select(AnnotationRow.pinned, AnnotationRow.note).where(*key)
        ).first()
        was_pinned, old_note = (False, None) if found is None else found
        self._check_there(bin_.id, number, held, was_pinned, request_id)
        pinned = was_pinned if pinned is None else pinned
        note = old_note if note is UNCHANGED else note
        if pinned and not was_pinned and held.pinned >= MAX_PINNED:
            db.session.rollback()
            raise InspectorError(
                "too_many_pinned", f"A bin has at most {MAX_PINNED:,} pinned requests."
            )
        if was_pinned and not pinned and number < held.kept_from:
            self._remover.let_go_unpinned(bin_.id, number, held)
            return
        db.session.execute(delete(AnnotationRow).where(*key))
        if pinned or note is not None:
            db.session.add(AnnotationRow(bin_id=bin_.id, number=number, pinned=pinned, note=note))
        change = BinRow.pinned + int(pinned) - int(was_pinned)
        db.session.execute(update(BinRow).where(BinRow.id == bin_.id).values(pinned=change))
        self._remover.commit_change(bin_.id, number)

    @staticmethod
    def _check_there(
        bin_id: int, number: int, held: HeldCounts, was_pinned: bool, request_id: str
    ) -> None:
        row = select(RequestRow.number).where(
            RequestRow.bin_id == bin_id, RequestRow.number == number
        )
        is_kept = was_pinned or number >= held.kept_from
        if not is_kept or db.session.scalar(row) is None:
            db.session.rollback()
            raise RequestNotFoundError(request_id[:80])
