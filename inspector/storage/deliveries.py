"""Deliveries in the database: the newest are kept, exactly as they were sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import delete, func, select

from inspector.domain.deliveries import (
    Delivery,
    DeliveryAnswer,
    DeliveryExchange,
    DeliveryLine,
    judge,
)
from inspector.errors import InspectorError
from inspector.storage.models import DeliveryRow, db

MAX_DELIVERIES = 1_000
MAX_DELIVERY_BYTES = 200_000_000


class DeliveryStore:
    """Needs an application context: it works in Flask-SQLAlchemy's session.

    Keeps at most ``max_count`` deliveries with ``max_bytes`` of content; the newest
    one is kept whatever its size.
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
        """The same for several, in one transaction; ids rise in their order."""
        found = [self._judge(delivery) for delivery in deliveries]
        rows = [_to_row(delivery) for delivery in found]
        db.session.add_all(rows)
        db.session.flush()
        ids = [row.id for row in rows]
        self._prune()
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

    def list(self, *, limit: int, before: int | None = None) -> list[DeliveryLine]:
        """The newest deliveries, those before an id when that is given."""
        query = select(DeliveryRow.id, DeliveryRow.line).order_by(DeliveryRow.id.desc())
        if before is not None:
            query = query.where(DeliveryRow.id < min(before, 2**63 - 1))
        return [_to_line(id_, line) for id_, line in db.session.execute(query.limit(limit))]

    def _judge(self, delivery: Delivery) -> Delivery:
        """A replay with its verdict; any other delivery as it is."""
        line = delivery.line
        if line.replay_of is None:
            return delivery
        earlier = next(
            (
                each
                for each in self._iterate_lines()
                if (each.replay_of, each.url) == (line.replay_of, line.url)
            ),
            None,
        )
        verdict = judge(delivery, self.get(earlier.id) if earlier else None)
        return replace(delivery, line=replace(line, verdict=verdict))

    def list_targets(self, bin_name: str, *, limit: int) -> tuple[str, ...]:
        """URLs that requests of a bin were sent again to, the last one first, each once."""
        targets = (
            line.target
            for line in self._iterate_lines()
            if line.target and (line.replay_of or "").partition("/")[0] == bin_name
        )
        return tuple(islice(dict.fromkeys(targets), limit))

    def _iterate_lines(self) -> Iterator[DeliveryLine]:
        """All that are kept, the newest first."""
        query = select(DeliveryRow.id, DeliveryRow.line).order_by(DeliveryRow.id.desc())
        return (_to_line(id_, line) for id_, line in db.session.execute(query))

    def clear(self) -> None:
        """Forget them all; ids go on."""
        db.session.execute(delete(DeliveryRow))
        db.session.commit()

    def _prune(self) -> None:
        newest_first = DeliveryRow.id.desc()
        kept = select(
            DeliveryRow.id,
            func.row_number().over(order_by=newest_first).label("place"),
            func.sum(DeliveryRow.size_bytes).over(order_by=newest_first).label("bytes_so_far"),
        ).subquery()
        over = (kept.c.place > self._max_count) | (kept.c.bytes_so_far > self._max_bytes)
        newest_over = db.session.scalar(select(func.max(kept.c.id)).where(over, kept.c.place > 1))
        if newest_over is not None:
            db.session.execute(delete(DeliveryRow).where(DeliveryRow.id <= newest_over))


def _to_row(delivery: Delivery) -> DeliveryRow:
    answer = delivery.answer
    details = {
        "left_out": delivery.left_out,
        "exchanges": [asdict(exchange) for exchange in delivery.exchanges],
        "answer": {**asdict(answer), "body": None} if answer else None,
        "redirect_to": delivery.redirect_to,
        "definition": delivery.definition,
        "ticket": delivery.ticket,
        "secret_headers": sorted(delivery.secret_headers),
    }
    # ASCII, with escapes: PostgreSQL's text takes no NUL, and neither takes half characters.
    written = json.dumps(details, default=datetime.isoformat)
    answer_body = answer.body if answer else b""
    return DeliveryRow(
        line=json.dumps(asdict(delivery.line), default=datetime.isoformat),
        size_bytes=sum(map(len, (written, delivery.raw_head, delivery.body, answer_body))),
        details=written,
        raw_head=delivery.raw_head,
        body=delivery.body,
        answer_body=answer_body,
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


def _to_line(id_: int, written: str) -> DeliveryLine:
    fields: dict[str, Any] = json.loads(written)
    started_at = datetime.fromisoformat(fields["started_at"])
    return DeliveryLine(**fields | {"id": id_, "started_at": started_at})


def _to_exchange(fields: dict[str, Any]) -> DeliveryExchange:
    started_at = datetime.fromisoformat(fields["started_at"])
    return DeliveryExchange(**fields | {"started_at": started_at})


def _to_answer(fields: dict[str, Any], body: bytes) -> DeliveryAnswer:
    return DeliveryAnswer(**fields | {"headers": _pairs(fields["headers"]), "body": body})


def _pairs(lists: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((first, second) for first, second in lists)
