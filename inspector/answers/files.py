"""Answer rules as people write them in a file or a text box: JSON, or TOML."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from inspector.answers.rules import AnswerRules, read_rules
from inspector.domain.bins import check_name
from inspector.errors import InspectorError

MAX_TEXT_CHARS = 4_000_000


def parse_answers(text: str) -> Any:
    """The data in a text of JSON or TOML; a bare list is taken for the rules.

    Raises ``InspectorError`` ``invalid_rules``, which names the line, for a text that is
    neither.
    """
    if len(text) > MAX_TEXT_CHARS:
        raise _refuse(f"Answers have at most {MAX_TEXT_CHARS:,} characters.")
    if not text.strip():
        return {"rules": []}
    if text.lstrip()[0] in "{[" and not text.lstrip().startswith("[["):
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            # A table of TOML, [orders], begins as a list of JSON does.
            with suppress(tomllib.TOMLDecodeError, RecursionError):
                return tomllib.loads(text)
            raise _refuse(f"This is no JSON: {error}.") from error
        return {"rules": data} if isinstance(data, list) else data
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _refuse(f"This is neither JSON nor TOML: {error}.") from error


def read_answers_of_bins(text: str, bins: Sequence[str]) -> dict[str, AnswerRules]:
    """The rules in a file for ``serve``, by the names of the bins they are for.

    ``{"rules": [...]}`` is for each of ``bins``; ``{"NAME": {"rules": [...]}}`` for the bins
    that it names. Raises ``InspectorError`` as ``parse_answers`` and ``read_rules`` do.
    """
    data = parse_answers(text)
    if not isinstance(data, Mapping):
        raise _refuse("Answers are an object with rules, or with the names of bins.")
    if isinstance(data.get("rules"), list):
        rules = read_rules(data)
        return dict.fromkeys(bins, rules)
    return {check_name(str(name)): read_rules(each) for name, each in data.items()}


def write_answers(rules: AnswerRules) -> str:
    """The rules as JSON to be read and changed; secrets as ``***``."""
    return json.dumps(rules.to_json(), indent=2, ensure_ascii=False)


def _refuse(message: str) -> InspectorError:
    return InspectorError("invalid_rules", message, field="rules")
