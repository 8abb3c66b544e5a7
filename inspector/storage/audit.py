"""The audit log in the database: the newest entries are kept."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import delete, select

from inspector.clock import time
from inspector.domain import Bin
from inspector.domain.audit import AuditEntry, CallerKind
from inspector.storage.models import AuditRow, db

MAX_ENTRIES = 10_000
MAX_DETAILS_CHARS = 200


class AuditLog:
    """The entries of the audit log.

    Needs an application context: it works in Flask-SQLAlchemy's session.
    """

    def __init__(self, max_entries: int = MAX_ENTRIES) -> None:
        self._max_entries = max_entries

    def add(self, action: str, bin_: Bin, details: str, *, by: CallerKind, address: str) -> None:
        """Add an entry, and let the oldest go that are too many."""
        row = AuditRow(
            at_us=time.time_ns() // 1000,
            action=action,
            bin_id=bin_.id,
            bin_name=bin_.name,
            private=bin_.private,
            # PostgreSQL's text takes no NUL, and no database a lone surrogate.
            details=details[:MAX_DETAILS_CHARS]
            .encode("ascii", "backslashreplace")
            .decode()
            .replace("\0", "\\x00"),
            caller=by,
            address=address[:100],
        )
        db.session.add(row)
        db.session.flush()
        db.session.execute(delete(AuditRow).where(AuditRow.id <= row.id - self._max_entries))
        db.session.commit()

    def list(
        self, *, limit: int, before: int | None = None, bin_: Bin | None = None
    ) -> list[AuditEntry]:
        """The newest entries: of one bin, or of all but private ones; those before an id."""
        query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
        if bin_ is None:
            query = query.where(AuditRow.private.is_(False))
        else:
            query = query.where(AuditRow.bin_id == bin_.id)
        if before is not None:
            query = query.where(AuditRow.id < min(before, 2**63 - 1))
        return [_to_entry(row) for row in db.session.scalars(query)]


def _to_entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        at=datetime.fromtimestamp(row.at_us / 1_000_000, tz=UTC),
        action=row.action,
        bin_name=row.bin_name,
        details=row.details,
        by=row.caller,  # type: ignore[arg-type]  # what was written
        address=row.address,
    )
