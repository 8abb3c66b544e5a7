"""Requests that were passed on, for pages and calls: the last ones, and those that were missed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, text, update

from inspector.clock import time
from inspector.domain import Bin
from inspector.domain.deliveries import Delivery
from inspector.domain.relays.outcomes import INTERRUPTED, INTERRUPTED_MESSAGE
from inspector.storage.models import RelayRow, db

_BEGIN = text(
    "INSERT INTO relays (bin_id, number, url, until_us) VALUES (:bin_id, :number, :url, :until_us)"
    " ON CONFLICT (bin_id, number) DO NOTHING"
)


class RelayStore:
    """Needs an application context: it works in Flask-SQLAlchemy's session.

    ``forget`` has what is remembered of relayed requests read anew.
    """

    def __init__(self, forget: Callable[[], None]) -> None:
        self.forget = forget

    def list_numbers(self, bin_: Bin, *, limit: int) -> list[int]:
        """The bin's newest requests that were passed on, the newest first."""
        newest = select(RelayRow.number).where(_of_bin(bin_)).order_by(RelayRow.number.desc())
        return list(db.session.scalars(newest.limit(limit)))

    def count_missed(self, bin_: Bin) -> int:
        """The number of requests that a program has not answered."""
        count = select(func.count()).select_from(RelayRow)
        return db.session.scalar(count.where(_of_bin(bin_), _is_missed())) or 0

    def list_missed(self, bin_: Bin) -> list[int]:
        """The numbers of those, the oldest first."""
        missed = select(RelayRow.number).where(_of_bin(bin_), _is_missed())
        return list(db.session.scalars(missed.order_by(RelayRow.number)))

    def list_answered(self, bin_: Bin, numbers: Sequence[int]) -> set[int]:
        """Those of these numbers that a program has answered, or may still answer."""
        answered = select(RelayRow.number).where(_of_bin(bin_), ~_is_missed())
        return set(db.session.scalars(answered.where(RelayRow.number.in_(numbers))))

    def claim(self, bin_id: int, number: int, url: str, may_take_s: float) -> bool:
        """Mark a request as being relayed; False where another instance has done so.

        ``url`` is shown as its target; after ``may_take_s`` the claim counts as lost.
        """
        now_us = time.time_ns() // 1000
        values: dict[str, Any] = {
            "bin_id": bin_id,
            "number": number,
            "url": url,
            "until_us": now_us + round(may_take_s * 1_000_000),
        }
        taken = db.session.execute(
            update(RelayRow)
            .where(RelayRow.bin_id == bin_id, RelayRow.number == number, _is_missed())
            .values(url=url, until_us=values["until_us"], error_code=None, error=None)
        )
        if not taken.rowcount:  # type: ignore[attr-defined]
            taken = db.session.execute(_BEGIN, values)
        db.session.commit()
        self.forget()
        return bool(taken.rowcount)  # type: ignore[attr-defined]

    def end(self, bin_id: int, number: int, delivery: Delivery) -> None:
        """Keep what came of a request that was claimed."""
        line = delivery.line
        self._set(
            bin_id,
            number,
            url=line.url,
            status=line.status if line.failure_code is None else None,
            duration_ms=line.total_ms,
            delivery=delivery.id or None,
            error_code=line.failure_code,
            error=line.failure,
        )

    def fail(self, bin_id: int, number: int, code: str, message: str) -> None:
        """Keep why a request that was claimed could not be sent."""
        self._set(bin_id, number, error_code=code, error=message)

    def interrupt_all(self) -> None:
        """Mark all relays under way as interrupted; for a database of one instance."""
        db.session.execute(
            update(RelayRow)
            .where(RelayRow.status.is_(None), RelayRow.error_code.is_(None))
            .values(error_code=INTERRUPTED, error=INTERRUPTED_MESSAGE)
        )
        db.session.commit()

    @staticmethod
    def _set(bin_id: int, number: int, **values: Any) -> None:
        db.session.execute(
            update(RelayRow)
            .where(RelayRow.bin_id == bin_id, RelayRow.number == number)
            .values(**values)
        )
        db.session.commit()


def _of_bin(bin_: Bin) -> ColumnElement[bool]:
    return and_(RelayRow.bin_id == bin_.id, RelayRow.number >= bin_.kept_from)


def _is_missed() -> ColumnElement[bool]:
    is_over = or_(RelayRow.error_code.is_not(None), RelayRow.until_us < time.time_ns() // 1000)
    return and_(RelayRow.status.is_(None), is_over)
