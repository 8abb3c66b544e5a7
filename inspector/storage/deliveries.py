"""Deliveries in the database: the newest are kept, exactly as they were sent.

A series or a replay of many requests is one line in the log, and its deliveries have a bound of
their own, so that bulk sending pushes no other delivery out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, or_, select, text

from inspector.domain.deliveries import (
    AnswerRecord,
    Delivery,
    DeliveryLine,
    ExchangeRecord,
    judge,
)
from inspector.errors import InspectorError
from inspector.storage.delivery_rows import (
    MAX_DELIVERIES,
    MAX_DELIVERY_BYTES,
    PRUNE_OTHERS,
    PRUNE_RUNS,
    make_replay_key,
    to_values,
)
from inspector.storage.models import DeliveryRow, db

_LINE_FIELDS = frozenset(field.name for field in fields(DeliveryLine))


class DeliveryStore:
    """The log of deliveries.

    Needs an application context: it works in Flask-SQLAlchemy's session.

    Keeps at most ``max_count`` deliveries with ``max_bytes`` of content, and as many again that
    belong to runs; the newest one is kept whatever its size.
    """

    def __init__(
        self, max_count: int = MAX_DELIVERIES, max_bytes: int = MAX_DELIVERY_BYTES
    ) -> None:
        self._max_count = max_count
        self._max_bytes = max_bytes

    def add(self, delivery: Delivery) -> Delivery:
        """Keep a delivery and let the oldest go; answers it with the id it was given."""
        return self.add_all([delivery])[0]

    def add_all(self, deliveries: Iterable[Delivery]) -> list[Delivery]:
        """Add several deliveries in one transaction; ids rise in their order."""
        found = [self._judge(delivery) for delivery in deliveries]
        rows = [DeliveryRow(**to_values(delivery)) for delivery in found]
        db.session.add_all(rows)
        db.session.flush()
        ids = [row.id for row in rows]
        for in_runs in {row.run is not None for row in rows}:
            self._prune(in_runs=in_runs)
        db.session.commit()
        return [
            replace(delivery, line=replace(delivery.line, id=id_))
            for delivery, id_ in zip(found, ids, strict=True)
        ]

    def get(self, delivery_id: int) -> Delivery:
        """Raises ``delivery_not_found``."""
        row = db.session.get(DeliveryRow, delivery_id) if 0 < delivery_id < 2**63 else None
        if row is None:
            raise InspectorError(
                "delivery_not_found", f"There is no delivery {delivery_id}; only the newest stay."
            )
        return _to_delivery(row)

    def list(
        self, *, limit: int, before: int | None = None, run: str | None = None
    ) -> list[DeliveryLine]:
        """The newest deliveries, those before an id when that is given.

        Those of one ``run``, or else all, where the last of each run stands for it.
        """
        query = _select_run(run) if run is not None else _select_log()
        if before is not None:
            query = query.where(DeliveryRow.id < min(before, 2**63 - 1))
        query = query.order_by(DeliveryRow.id.desc()).limit(limit)
        return [_to_line(*row) for row in db.session.execute(query)]

    def _judge(self, delivery: Delivery) -> Delivery:
        """A replay with its verdict; any other delivery as it is."""
        line = delivery.line
        if line.replay_of is None:
            return delivery
        same = DeliveryRow.replay_key == make_replay_key(line)
        newest = select(DeliveryRow).where(same).order_by(DeliveryRow.id.desc()).limit(1)
        earlier = db.session.scalar(newest)
        verdict = judge(delivery, None if earlier is None else _to_delivery(earlier))
        return replace(delivery, line=replace(line, verdict=verdict))

    def clear(self) -> None:
        """Delete them all; ids go on."""
        db.session.execute(delete(DeliveryRow))
        db.session.commit()

    def _prune(self, *, in_runs: bool) -> None:
        bounds = {"max_count": self._max_count, "max_bytes": self._max_bytes}
        db.session.execute(text(PRUNE_RUNS if in_runs else PRUNE_OTHERS), bounds)


def _select_run(run: str) -> Select[int, str]:
    return select(DeliveryRow.id, DeliveryRow.line).where(DeliveryRow.run == run)


def _select_log() -> Select[int, str]:
    """Each delivery that is in no run, and the last one of each run with their number."""
    runs = (
        select(func.max(DeliveryRow.id).label("last"), func.count().label("count"))
        .where(DeliveryRow.run.is_not(None))
        .group_by(DeliveryRow.run)
        .subquery()
    )
    return (
        select(DeliveryRow.id, DeliveryRow.line, runs.c.count)
        .outerjoin(runs, runs.c.last == DeliveryRow.id)
        .where(or_(DeliveryRow.run.is_(None), runs.c.last.is_not(None)))
    )


def _to_delivery(row: DeliveryRow) -> Delivery:
    details = json.loads(row.details)
    answer = details["answer"]
    return Delivery(
        line=_to_line(row.id, row.line),
        raw_head=row.raw_head,
        body=row.body,
        left_out=_pairs(details["left_out"]),
        exchanges=tuple(map(_to_exchange, details["exchanges"])),
        answer=_to_answer(answer, row.answer_body) if answer else None,
        redirect_to=details["redirect_to"],
        definition=details["definition"],
        ticket=details["ticket"],
        secret_headers=frozenset(details.get("secret_headers", ())),
    )


def _to_line(id_: int, written: str, in_run: int | None = None) -> DeliveryLine:
    kept: dict[str, Any] = json.loads(written)
    given = {name: value for name, value in kept.items() if name in _LINE_FIELDS}
    started_at = datetime.fromisoformat(kept["started_at"])
    return DeliveryLine(**given | {"id": id_, "started_at": started_at, "in_run": in_run})


def _to_exchange(kept: dict[str, Any]) -> ExchangeRecord:
    started_at = datetime.fromisoformat(kept["started_at"])
    return ExchangeRecord(**kept | {"started_at": started_at})


def _to_answer(kept: dict[str, Any], body: bytes) -> AnswerRecord:
    return AnswerRecord(**kept | {"headers": _pairs(kept["headers"]), "body": body})


def _pairs(lists: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((first, second) for first, second in lists)
