"""A captured request as a person reads it: the facts, then every field as a tree."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from inspector.domain.messages import Message
from inspector.forms import Pair
from inspector.forms.losses import Loss, Losses
from inspector.reading.content import FORM, find_content
from inspector.reading.facts import Fact, find_facts, find_lost_facts, find_subject
from inspector.reading.grouping import is_ticket
from inspector.reading.kept.rows import KEPT_ROWS
from inspector.reading.nodes import (
    MAP,
    MAX_FILTER_CHARS,
    MAX_NODES,
    TEXT,
    Node,
    Tree,
    Word,
    build_tree,
    scalar_text,
    split_words,
)
from inspector.reading.receivers import FLAT, PHP, SENT, Differences, find_differences
from inspector.reading.rows import ALL, FITTING, LEVEL, NONE, Row, RowOptions, list_rows

THOUGHT = ""
_OPENINGS = (FITTING, ALL, NONE, LEVEL)


@dataclass(frozen=True, slots=True)
class Reading:
    """The view of ``templates/requests/_tree.html``.

    ``source`` is ``form`` or ``json``, None when the body is neither. ``total`` counts
    fields (values, not containers), ``matching`` those the filter left; ``complete`` is
    False when limits left some out of ``rows``. ``facts``, ``subject`` and ``custom_data``
    are a ticket's; ``custom_data`` is None when it was not sent, and a JSON number, boolean
    or null as its text. ``receiver`` is whose reading of a form it is, ``differences`` what
    differs in it from PHP's. ``losses`` are the fields that PHP does not read.
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
    receiver: str = PHP
    differences: Differences = field(default_factory=Differences)
    losses: Losses = field(default_factory=Losses)

    @property
    def lost_facts(self) -> tuple[tuple[str, Loss], ...]:
        """The facts that lost fields would have answered, by label."""
        return find_lost_facts(self.facts, self.losses)

    @property
    def lost_subject(self) -> Loss | None:
        """The subject that was sent and is not read."""
        return self.losses.find(("ticket", "subject"))

    @property
    def lost_custom_data(self) -> Loss | None:
        """The ``custom_data`` that was sent, or a part of it, and is not read."""
        return self.losses.find(("custom_data",))


def build_reading(
    request: Message,
    *,
    filter_text: str = "",
    opened: str = FITTING,
    order: str = THOUGHT,
    receiver: str = PHP,
) -> Reading:
    """Read a request's body, be it a form or JSON.

    ``filter_text`` leaves only the fields that have all of its words in their path or
    value. ``opened`` is ``all``, ``none``, ``level`` or ``""`` for what fits; ``order``
    is ``sent`` for the order of arrival, ``""`` for a ticket's fields as one thinks of
    them. Anything else counts as ``""``. ``receiver`` is a key of ``receivers.TITLES``: a
    form is read as it reads it. Never raises, whatever was captured; linear in the body.
    """
    source, value = find_content(request, PHP if receiver == SENT else receiver)
    if source is None:
        return Reading(None, [])
    words = split_words(filter_text)
    if source == FORM and receiver in (SENT, FLAT):
        return _read_pairs(request, receiver, words, filter_text)
    differences = find_differences(request, receiver) if source == FORM else Differences()
    opened = opened if opened in _OPENINGS else FITTING
    ticket = is_ticket(value)
    grouped = ticket and order != SENT
    is_php = source == FORM and receiver == PHP
    options = RowOptions(request.received_at, words, grouped, is_php, opened, differences.marks)
    rows, total, matching, complete = _list_rows(value, options, keep=is_php)
    return Reading(
        source,
        [] if differences.is_refusal else rows,
        0 if differences.is_refusal else total,
        matching,
        complete,
        filter_text[:MAX_FILTER_CHARS].strip(),
        opened,
        SENT if order == SENT else THOUGHT,
        grouped,
        ticket,
        find_subject(value) if ticket else None,
        find_facts(value, request.received_at) if ticket else (),
        _find_custom_data(value) if ticket else None,
        receiver,
        differences,
        request.losses if is_php else Losses(),
    )


def _list_rows(value: Any, options: RowOptions, *, keep: bool) -> tuple[list[Row], int, int, bool]:
    """The rows, with how many fields there are, and match, and whether all are among the rows."""
    if keep and not options.words and not options.marks and options.opened == FITTING:
        kept = KEPT_ROWS.list_rows(value, options)
        if kept is not None:
            return kept.rows, kept.fields, kept.fields, True
    tree = build_tree(value, options.words)
    return list_rows(_find_root(tree), options), tree.total, tree.matching, tree.complete


def _find_root(tree: Tree) -> Node:
    """The tree's root; a bare value is wrapped in a container, so that it gets a row of its own."""
    if not tree.root.is_leaf:
        return tree.root
    children = [tree.root] if tree.matching else []
    return Node("", (), MAP, size=1, value={}, children=children)


def _read_pairs(
    request: Message, receiver: str, words: tuple[Word, ...], filter_text: str
) -> Reading:
    """A form's pairs in wire order, each with the path of its field, if one was kept."""
    form = request.form_as(PHP if receiver == SENT else receiver)
    assert form is not None  # noqa: S101 - the body is a form
    pairs = form.pairs
    differences = find_differences(request, receiver)
    shown = [
        pair
        for pair in pairs
        if all(word.fits(_searched_names(pair), pair.value.lower()) for word in words)
    ]
    nodes = [
        Node(pair.name, pair.path or () if pair.is_kept else (), TEXT, pair.value)
        for pair in shown[:MAX_NODES]
    ]
    root = Node("", (), MAP, size=len(nodes), fields=len(nodes), value={}, children=nodes)
    complete = len(nodes) == len(shown) and not form.unlisted
    rows = list_rows(root, RowOptions(request.received_at, words, marks=differences.marks))
    total, matching = len(pairs) + form.unlisted, len(shown)
    found = Reading(FORM, rows, total, matching, complete, filter_text[:MAX_FILTER_CHARS].strip())
    return replace(found, receiver=receiver, differences=differences)


def _searched_names(pair: Pair) -> str:
    """The pair's name as sent and as PHP nests it, and the path that the receiver gave it."""
    nested = pair.name.replace("[", ".").replace("]", "")
    return " ".join((pair.name, nested, ".".join(pair.path or ()))).lower()


def _find_custom_data(value: dict[str, Any]) -> Any:
    if "custom_data" not in value:
        return None
    data = value["custom_data"]
    return data if isinstance(data, str | dict | list) else scalar_text(data)
