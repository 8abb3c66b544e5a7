"""The statements that every capture runs through."""

from __future__ import annotations

import json
from typing import Any

from inspector.domain.relays.jobs import RelayedRequest
from inspector.storage.answers import RECORDED_ONLY
from inspector.storage.outcomes import RecordedAnswer

TAKE_NUMBERS = (
    "UPDATE bins SET last_number = last_number + :taken, held = held + :taken,"
    " stored_bytes = stored_bytes + :bytes"
    " WHERE name = :bin_name"
    " RETURNING id, last_number, capacity, answers, private, answer_set, kept_from, held, pinned,"
    " relay, signatures"
)
# Takes turns of a rule for several captures at once; gives the last one.
TAKE_TURNS = (
    "INSERT INTO answer_turns (answer_set, rule, turns) VALUES (:answer_set, :rule, :taken)"
    " ON CONFLICT (answer_set, rule) DO UPDATE SET turns = answer_turns.turns + :taken"
    " RETURNING turns"
)
# A full bin lets its oldest go; their rows are deleted later (``cleaning``).
COUNT_GOING = (
    "SELECT count(*) FROM requests"
    " WHERE bin_id = :bin AND number >= :kept_from AND number < :keep_from"
)
COUNT_PINNED = (
    "SELECT count(*) FROM annotations"
    " WHERE bin_id = :bin AND number >= :kept_from AND number < :keep_from AND pinned"
)
LET_GO = (
    "UPDATE bins SET kept_from = :keep_from, held = held - :going, let_go = let_go + :let_go"
    " WHERE id = :bin"
)
# A test write for the readiness check; the first statement only takes the locks.
CHECK_TABLE = "UPDATE bins SET held = held WHERE id = 0"
CHECK = (
    "INSERT INTO installation (name, value) VALUES ('checked', :now)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
# Inserts nothing when the request was deleted meanwhile.
RECORD = (
    "INSERT INTO recorded_answers (bin_id, number, outcome, status, headers, body)"
    " SELECT bin_id, number, :outcome, CAST(:status AS INTEGER), :headers, :body"
    " FROM requests WHERE bin_id = :bin_id AND number = :number"
    " ON CONFLICT (bin_id, number) DO NOTHING"
)
MARK = (
    f"UPDATE requests SET answer_set = {RECORDED_ONLY}"  # noqa: S608 - a constant
    " WHERE bin_id = :bin_id AND number = :number"
)
# A request that is passed on, before that begins; and what came of it.
BEGIN_RELAY = (
    "INSERT INTO relays (bin_id, number, url, until_us) VALUES (:bin_id, :number, :url, :until_us)"
)
END_RELAY = (
    "UPDATE relays SET url = :url, status = :status, duration_ms = :duration_ms,"
    " delivery = :delivery, error_code = :error_code, error = :error, withheld = :withheld"
    " WHERE bin_id = :bin_id AND number = :number"
)
# All relays under way, on a database of one instance.
INTERRUPT_RELAYS = (
    "UPDATE relays SET error_code = :error_code, error = :error"
    " WHERE status IS NULL AND error_code IS NULL"
)


def relay_of(relayed: RelayedRequest, delivery: int | None) -> dict[str, Any]:
    """The values that end a relay; ``delivery`` is the id under which what was sent is kept."""
    outcome = relayed.outcome
    error = outcome.error and outcome.error.replace("\0", "\ufffd")
    return {
        "bin_id": relayed.bin_id,
        "number": relayed.number,
        "url": outcome.url,
        "status": outcome.status,
        "duration_ms": outcome.duration_ms,
        "delivery": delivery,
        "error_code": outcome.error_code,
        "error": error and error.encode("utf-8", "replace").decode(),
        "withheld": ",".join(outcome.withheld) or None,
    }


def record_of(answer: RecordedAnswer) -> dict[str, Any]:
    """The row that keeps an answer whole."""
    given = answer.given
    return {
        "bin_id": answer.bin_id,
        "number": answer.number,
        "outcome": given.outcome,
        "status": given.status,
        "headers": json.dumps([list(pair) for pair in given.headers]),
        "body": given.body,
    }
