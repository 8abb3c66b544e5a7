"""Requests by the id of their row, which the index of words knows them by.

Row ids rise with arrival over all bins and are never used again.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import aliased

from inspector.capture import IMPORTED
from inspector.domain import Bin, CapturedRequest
from inspector.storage.models import AnnotationRow, BinRow, RequestRow, db
from inspector.storage.requests import RequestStore, of_bin, select_requests

_PIN = aliased(AnnotationRow)
_KEPT = (
    RequestRow.number >= BinRow.kept_from,
    exists().where(_PIN.bin_id == RequestRow.bin_id, _PIN.number == RequestRow.number, _PIN.pinned),
)


def load_rows_after(
    store: RequestStore, row_id: int, limit: int
) -> list[tuple[int, CapturedRequest]]:
    """The first ``limit`` requests of all bins above a row id, lowest first, each with its own.

    Bodies as in a list; the bin's name is not looked up and comes as ``""``.
    """
    query = select_requests(whole_bodies=False).add_columns(RequestRow.id.label("row_id"))
    query = query.join(BinRow, BinRow.id == RequestRow.bin_id)
    query = query.where(RequestRow.id > row_id, or_(*_KEPT))
    query = query.order_by(RequestRow.id).limit(limit)
    rows = db.session.execute(query).all()
    return [(row.row_id, store.read([row], "", whole_bodies=False)[0]) for row in rows]


def find_existing(row_ids: Sequence[int]) -> set[int]:
    """The ids of these rows that still exist."""
    found = (
        select(RequestRow.id)
        .join(BinRow, BinRow.id == RequestRow.bin_id)
        .where(RequestRow.id.in_(row_ids), or_(*_KEPT))
    )
    return set(db.session.scalars(found))


def find_row_below(bin_: Bin, number: int) -> int | None:
    """The row id of the bin's newest request numbered below ``number``."""
    return db.session.scalar(
        select(RequestRow.id)
        .where(of_bin(bin_), RequestRow.number < number)
        .order_by(RequestRow.number.desc())
        .limit(1)
    )


def has_imported(bin_: Bin, after: int) -> bool:
    """True when a request numbered above ``after`` came from a file, with a time of its own."""
    imported = select(RequestRow.id).where(
        of_bin(bin_, above=after), RequestRow.fidelity == IMPORTED
    )
    return db.session.scalar(imported.limit(1)) is not None


def find_arrival(bin_: Bin, number: int) -> int | None:
    """Arrival of the newest request up to this number, in microseconds; None without one."""
    return db.session.scalar(
        select(RequestRow.received_us)
        .where(of_bin(bin_), RequestRow.number <= number)
        .order_by(RequestRow.number.desc())
        .limit(1)
    )
