"""The choice of the answer rule and its turn, made when the capture is stored.

It is made in the transaction that gives the number, so that two instances never give one turn
twice and a given turn is on disk. A bin without rules never comes here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from inspector.answers.rules import load_rules
from inspector.capture import Capture
from inspector.storage.records import read_capture


class Choice(NamedTuple):
    """The rule at ``place``, None for the default; ``turn`` where its answers take turns."""

    place: int | None = None
    turn: int | None = None


def choose_rule(document: str, capture: Capture, answer_set: int) -> int | None:
    """The place of the rule for a capture, as found on its way here where that still holds."""
    rules = load_rules(document)
    if capture.refusal is not None:
        return None
    if rules.asks_nothing:
        return 0
    hint = capture.rule_hint
    if hint is not None and hint.answer_set == answer_set:
        return hint.place
    return rules.find(read_capture(capture, 0, 0))


def take_turns(
    cursor: Any, statement: str, document: str, answer_set: int, captures: Sequence[Capture]
) -> list[Choice]:
    """The choice for each capture of a bin, in their order.

    ``statement`` counts the turns and gives the last one.
    """
    rules = load_rules(document)
    places = [choose_rule(document, capture, answer_set) for capture in captures]
    wanted: defaultdict[int, list[int]] = defaultdict(list)
    for index, place in enumerate(places):
        if place is not None and rules.rules[place].takes_turns:
            wanted[place].append(index)
    choices = [Choice(place) for place in places]
    for place, indices in sorted(wanted.items()):  # one order for all writers
        values = {"answer_set": answer_set, "rule": place, "taken": len(indices)}
        cursor.execute(statement, values)
        first = cursor.fetchone()[0] - len(indices) + 1
        for turn, index in enumerate(indices, first):
            choices[index] = Choice(place, turn)
    return choices
