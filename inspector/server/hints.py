"""The rule and the relay for a request, found before it is stored.

The writer could find them as well, but all captures wait for the writer.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from inspector.answers.relays import load_relay
from inspector.answers.rules import NO_RULES, load_rules
from inspector.capture import Capture, RelayHint, RuleHint
from inspector.storage.records import read_capture


@lru_cache(maxsize=256)
def find_cost(
    answers: str | None,
    answer_set: int,  # noqa: ARG001 - given together
    relay: str | None,
) -> Literal["nothing", "head", "body"]:
    """The part of a request that must be read: nothing, its head, or its body too."""
    rules = load_rules(answers) if answers else NO_RULES
    match = load_relay(relay).match if relay else None
    if rules.reads_bodies or (match and match.reads_body):
        return "body"
    return "nothing" if rules.asks_nothing and (match is None or match.fits_all) else "head"


def find_hints(
    capture: Capture, answers: str | None, answer_set: int, relay: str | None
) -> Capture:
    """The capture with what was found for it."""
    request = read_capture(capture, 0, 0)
    rule_hint = relay_hint = None
    if answers:
        rule_hint = RuleHint(answer_set, load_rules(answers).find(request))
    if relay:
        relay_hint = RelayHint(relay, load_relay(relay).fits(request))
    return capture._replace(rule_hint=rule_hint, relay_hint=relay_hint)
