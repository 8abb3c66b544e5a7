"""Deliveries as rows, for whoever speaks SQL in whatever way."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspector.domain.deliveries import Delivery, DeliveryLine

MAX_DELIVERIES = 1_000
MAX_DELIVERY_BYTES = 200_000_000

INSERT = (
    "INSERT INTO deliveries (size_bytes, line, details, raw_head, body, answer_body, run,"
    " replay_key) VALUES (:size_bytes, :line, :details, :raw_head, :body, :answer_body, :run,"
    " :replay_key) RETURNING id"
)
# The oldest go beyond a number or a size; the newest one stays whatever its size.
_PRUNE = (
    "DELETE FROM deliveries WHERE {kind} AND id <= (SELECT max(id) FROM (SELECT id,"
    " row_number() OVER (ORDER BY id DESC) AS place,"
    " sum(size_bytes) OVER (ORDER BY id DESC) AS bytes_so_far FROM deliveries WHERE {kind})"
    " AS kept WHERE place > 1 AND (place > :max_count OR bytes_so_far > :max_bytes))"
)
PRUNE_RUNS = _PRUNE.format(kind="run IS NOT NULL")
PRUNE_OTHERS = _PRUNE.format(kind="run IS NULL")
KEPT = {"max_count": MAX_DELIVERIES, "max_bytes": MAX_DELIVERY_BYTES}


def to_values(delivery: Delivery) -> dict[str, Any]:
    """The values of a delivery's row, by column."""
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
    # ASCII, with escapes: PostgreSQL's text takes no NUL, and no database a lone surrogate.
    written = json.dumps(details, default=datetime.isoformat)
    answer_body = answer.body if answer else b""
    return {
        "line": json.dumps(asdict(delivery.line), default=datetime.isoformat),
        "size_bytes": sum(map(len, (written, delivery.raw_head, delivery.body, answer_body))),
        "details": written,
        "raw_head": delivery.raw_head,
        "body": delivery.body,
        "answer_body": answer_body,
        "run": delivery.line.run,
        "replay_key": make_replay_key(delivery.line),
    }


def make_replay_key(line: DeliveryLine) -> str | None:
    """The key of all replays of one request to one URL; None for what is no replay."""
    if line.replay_of is None:
        return None
    return sha256(f"{line.replay_of}\n{line.url}".encode("utf-8", "surrogateescape")).hexdigest()
