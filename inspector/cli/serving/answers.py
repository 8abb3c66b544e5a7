"""The answer rules that ``inspector serve --answers`` begins with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from inspector.errors import InspectorError

if TYPE_CHECKING:
    from inspector.answers.rules import AnswerRules
    from inspector.server import ServerProcess


def read_answers(path: Path, bins: tuple[str, ...]) -> dict[str, AnswerRules]:
    """The rules of a file by the names of bins. Raises ``UsageError``."""
    from inspector.answers.files import read_answers_of_bins  # seldom needed

    try:
        return read_answers_of_bins(path.read_text(encoding="utf-8"), bins)
    except (InspectorError, UnicodeDecodeError) as error:
        raise click.UsageError(f"--answers {path}: {error}") from error


def apply_answers(process: ServerProcess, rules: dict[str, AnswerRules]) -> None:
    """Set the rules where they have changed; unchanged ones go on with their turns."""
    if not rules:
        return
    from inspector.answers.rules import dump_rules

    services = process.services
    with process.app.app_context():
        for name, wanted in rules.items():
            found = services.bins.ensure(name, capacity=services.settings.capacity)
            if found.answers != dump_rules(wanted):
                services.bins.answer_by(name, wanted)
