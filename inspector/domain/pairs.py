"""Names and values as others write them: lists of pairs, which keep repeats, or objects."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Pairs: TypeAlias = tuple[tuple[str, str], ...]

# Characters of a header's name or a method (a token). Source: RFC 9110, 5.6.2.
TCHAR = r"[!#$%&'*+.^_`|~0-9A-Za-z-]"
_TOKEN = re.compile(rf"{TCHAR}+\Z")


def is_token(text: str) -> bool:
    """True when a header or a method may be called so (see ``TCHAR``)."""
    return _TOKEN.match(text) is not None


def find_pairs(value: Any) -> Pairs | None:
    """The pairs that a JSON value means, None when it means none: each part must be a text."""
    pairs = list(value.items()) if isinstance(value, Mapping) else value
    if not _is_list(pairs) or not all(_is_pair(pair) for pair in pairs):
        return None
    return tuple((name, text) for name, text in pairs)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _is_pair(value: Any) -> bool:
    return _is_list(value) and len(value) == 2 and all(isinstance(part, str) for part in value)
