"""The answers to a reader's first questions: which ticket, what happened, who is in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inspector.forms.losses import Loss, Losses
from inspector.reading.grouping import preview_value
from inspector.reading.meaning import DURATION, TIME, Context, Meaning, find_meaning
from inspector.reading.nodes import scalar_text
from inspector.reading.paths import MISSING, Path, find_value, parse_path
from inspector.reading.rows import plain_texts
from inspector.reading.text import shorten


@dataclass(frozen=True, slots=True)
class Fact:
    """``text`` is bounded and fit to show; ``path`` leads to the field it was taken from."""

    label: str
    text: str
    path: str
    meaning: Meaning | None = None


@dataclass(frozen=True, slots=True)
class _Question:
    """The first of ``paths`` that is there and not empty answers it."""

    label: str
    paths: tuple[str, ...]
    say: Callable[[Any], str] = preview_value


def _with_spaces(value: Any) -> str:
    return shorten(scalar_text(value)).replace("_", " ")


_QUESTIONS = (
    _Question("Ticket", ("ticket.id", "ticket.ref")),
    _Question("Status", ("ticket.status",), _with_spaces),
    _Question("Event", ("event_type",)),
    _Question("Performer", ("event_performer",)),
    _Question("Method", ("event_method",)),
    _Question("Agent", ("ticket.agent",)),
    _Question("Team", ("ticket.agent_team",)),
    _Question("Person", ("ticket.person",)),
    _Question("Department", ("ticket.department",)),
    _Question("Product", ("ticket.product",)),
    _Question("SLA", ("ticket.ticket_slas",)),
    _Question("Created", ("ticket.date_created_ts", "ticket.date_created")),
    _Question("Waiting", ("ticket.current_user_waiting",)),
)


_PATHS = {path: parse_path(path) for question in _QUESTIONS for path in question.paths}


def find_facts(value: Any, received_at: datetime) -> tuple[Fact, ...]:
    """The top facts of a ticket webhook, in the order one asks for them; absent ones left out."""
    texts: dict[Path, dict[str, str]] = {}
    facts = (_answer(question, value, received_at, texts) for question in _QUESTIONS)
    return tuple(fact for fact in facts if fact is not None)


def find_lost_facts(facts: tuple[Fact, ...], losses: Losses) -> tuple[tuple[str, Loss], ...]:
    """The facts that were sent and not read, each label with its field."""
    answered = {fact.label for fact in facts}
    asked = (
        (question.label, losses.find(_PATHS[path]))
        for question in _QUESTIONS
        if question.label not in answered
        for path in question.paths[:1]
    )
    return tuple((label, loss) for label, loss in asked if loss is not None)


def find_subject(value: Any) -> str | None:
    """The ticket's subject, one line; None when it has none."""
    subject = find_value(value, ("ticket", "subject"))
    return shorten(subject, 200) if isinstance(subject, str) and subject else None


def _answer(
    question: _Question, value: Any, received_at: datetime, texts: dict[Path, dict[str, str]]
) -> Fact | None:
    """``texts`` are those of the containers that were looked into, by their paths."""
    for written in question.paths:
        path = _PATHS[written]
        found = find_value(value, path)
        if found is MISSING or found in ("", None, [], {}):
            continue
        text = question.say(found)
        if not text:
            continue
        meaning = None
        if not isinstance(found, (dict, list)):
            above = path[:-1]
            if above not in texts:
                texts[above] = plain_texts(find_value(value, above))
            meaning = find_meaning(Context(path[-1], scalar_text(found), texts[above], received_at))
        if meaning is not None and meaning.kind not in (TIME, DURATION):
            meaning = None  # The answer itself says it.
        return Fact(question.label, text, written, meaning)
    return None
