"""Values as a query string or a command line spells them, where everything is text."""

from __future__ import annotations

import json
import re
from typing import Any

from inspector.domain.json_bodies import SentNumber, write_json


def spell(value: Any) -> str:
    """A value as a query string would have it: a text as it is, anything else as JSON."""
    if isinstance(value, re.Pattern):
        return "any value"
    text = value if isinstance(value, str) else write_json(value, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()


def list_spellings(value: Any) -> list[str]:
    """The texts that a query string may have for a value: a number's as sent, and its shortest."""
    is_sent = isinstance(value, SentNumber)
    return list({spell(value), json.dumps(value)}) if is_sent else [spell(value)]


class Spelled(str):
    """A value from a query string: equal to the text, and to a number written so."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, dict | list):
            return False
        return str(self) in list_spellings(other)

    __hash__ = str.__hash__
