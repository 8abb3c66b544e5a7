"""A captured request as a person reads it: the facts, then every field as a tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from inspector.domain.messages import Message
from inspector.reading.content import FORM, find_content
from inspector.reading.facts import Fact, find_facts, find_subject
from inspector.reading.grouping import is_ticket
from inspector.reading.nodes import MAP, Node, build_tree, scalar_text, split_words
from inspector.reading.rows import ALL, FITTING, LEVEL, NONE, Manner, Row, list_rows

THOUGHT, SENT = "", "sent"
_OPENINGS = (FITTING, ALL, NONE, LEVEL)


@dataclass(frozen=True, slots=True)
class Reading:
    """The view of ``templates/requests/_tree.html``.

    ``source`` is ``form`` or ``json``, None when the body is neither. ``total`` counts
    fields (values, not containers), ``matching`` those the filter left; ``complete`` is
    False when limits left some out of ``rows``. ``facts``, ``subject`` and ``custom_data``
    are a ticket's; ``custom_data`` is None when it was not sent, and a JSON number, boolean
    or null as its text.
    """

    source: str | None
    rows: list[Row]
    total: int = 0
    matching: int = 0
    complete: bool = True
    filter_text: str = ""
    opened: str = FITTING
    order: str = THOUGHT
    grouped: bool = False
    is_ticket: bool = False
    subject: str | None = None
    facts: tuple[Fact, ...] = ()
    custom_data: Any = None


def build_reading(
    request: Message,
    *,
    filter_text: str = "",
    opened: str = FITTING,
    order: str = THOUGHT,
) -> Reading:
    """Read a request's body, be it a form or JSON.

    ``filter_text`` leaves only the fields that have all of its words in their path or
    value. ``opened`` is ``all``, ``none``, ``level`` or ``""`` for what fits; ``order``
    is ``sent`` for the order of arrival, ``""`` for a ticket's fields as one thinks of
    them. Anything else counts as ``""``: both come from a URL. Never raises, whatever
    was captured; linear in the body.
    """
    source, value = find_content(request)
    if source is None:
        return Reading(None, [])
    words = split_words(filter_text)
    opened = opened if opened in _OPENINGS else FITTING
    ticket = is_ticket(value)
    grouped = ticket and order != SENT
    manner = Manner(request.received_at, words, grouped, source == FORM, opened)
    tree = build_tree(value, words)
    root = tree.root
    if root.is_leaf:
        # A JSON body may be one bare value: it gets a row of its own.
        children = [root] if tree.matching else []
        root = Node("", (), MAP, size=1, value={}, children=children)
    return Reading(
        source,
        list_rows(root, manner),
        tree.total,
        tree.matching,
        tree.complete,
        filter_text[:200].strip(),
        opened,
        SENT if order == SENT else THOUGHT,
        grouped,
        ticket,
        find_subject(value) if ticket else None,
        find_facts(value, request.received_at) if ticket else (),
        _find_custom_data(value) if ticket else None,
    )


def _find_custom_data(value: dict[str, Any]) -> Any:
    if "custom_data" not in value:
        return None
    data = value["custom_data"]
    return data if isinstance(data, str | dict | list) else scalar_text(data)
