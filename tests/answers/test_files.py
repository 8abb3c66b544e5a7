"""Answer rules as people write them: JSON or TOML, told apart by what can be read."""

from __future__ import annotations

import pytest

from inspector.answers.files import parse_answers, read_answers_of_bins
from inspector.errors import InspectorError

RULES = {"rules": [{"answers": [{"status": 503}]}]}


@pytest.mark.parametrize(
    "text",
    [
        "[orders]\nrules = [{answers = [{status = 503}]}]\n",
        "[ orders ] # the shop's\n[[orders.rules]]\n[[orders.rules.answers]]\nstatus = 503\n",
        "[[orders.rules]]\n[[orders.rules.answers]]\nstatus = 503\n",
        '{"orders": {"rules": [{"answers": [{"status": 503}]}]}}',
    ],
)
def test_bins_are_named_in_either_language(text: str) -> None:
    assert parse_answers(text) == {"orders": RULES}
    (rules,) = read_answers_of_bins(text, ["b1"]).items()
    assert rules[0] == "orders"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"rules": [', "This is no JSON: "),
        ("[orders\nrules = 1", "This is no JSON: "),
        ("[[rules]\n", "This is neither JSON nor TOML: "),
        ("rules = [", "This is neither JSON nor TOML: "),
        ("[" * 100_000, "This is n"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(text: str, said: str) -> None:
    with pytest.raises(InspectorError) as raised:
        parse_answers(text)
    assert raised.value.message.startswith(said)
