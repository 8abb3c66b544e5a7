"""Columns of a bin's list: fields of one's choice, whose values each row shows.

A column is a field by the search language's name (``fields.Name``): ``ticket.status``,
``header:X-GitHub-Event``, ``query:page``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from inspector.domain.messages import Message
from inspector.domain.summaries import recall_texts
from inspector.errors import InspectorError
from inspector.reading.fields import Name, find_text, parse_name
from inspector.reading.paths import ANY_INDEX
from inspector.reading.text import shorten

MAX_COLUMNS = 6
MAX_NAME_CHARS = 200
MAX_TEXT_CHARS = 120
MAX_LABEL_CHARS = 40

# A key in quotes may have a comma.
_NAMES = re.compile(r'(?:\["(?:[^"\\]|\\.)*"\]|[^,\n])+')
# Keys that mean little without the one before.
_LITTLE = frozenset({"id", "name", "type", "value", "key", "object", ANY_INDEX})


def split_names(text: str) -> list[str]:
    """The names in a text, which commas or line ends part."""
    return [name for found in _NAMES.findall(text) if (name := found.strip())]


def check_columns(names: Iterable[str]) -> tuple[str, ...]:
    """The names as they are kept, each once, in their order.

    Raises ``InspectorError`` ``invalid_columns`` with a sentence for a name that is none, one
    of more than ``MAX_NAME_CHARS``, and for more than ``MAX_COLUMNS``.
    """
    found: dict[str, None] = {}
    for name in names:
        if len(name) > MAX_NAME_CHARS:
            raise _wrong(f"A column's name has at most {MAX_NAME_CHARS} characters.")
        try:
            found[str(parse_name(name.strip()))] = None
        except ValueError as error:
            message = f"{name[:60]!r} names no field. {error} Write it like ticket.status."
            raise _wrong(message) from error
        if len(found) > MAX_COLUMNS:
            raise _wrong(f"A list has at most {MAX_COLUMNS} columns.")
    return tuple(found)


def read_columns(request: Message, columns: tuple[str, ...]) -> dict[str, str | None]:
    """The texts of these fields by name; None for one that was not sent.

    A text has at most ``MAX_TEXT_CHARS``. Remembered, as summaries are.
    """
    if not columns:
        return {}

    def read() -> tuple[str | None, ...]:
        texts = [find_text(request, _parse(name)) for name in columns]
        return tuple(text and shorten(text, MAX_TEXT_CHARS) for text in texts)

    texts = recall_texts(request.raw_head, request.body, request.limits, columns, read)
    return dict(zip(columns, texts, strict=True))


def label_columns(columns: Iterable[str]) -> Mapping[str, str]:
    """A short label for each: the last key of its path, or two where one says little."""
    return {name: _label(_parse(name)) for name in columns}


def _label(name: Name) -> str:
    keys = list(name.path)
    count = 2 if len(keys) > 1 and (keys[-1] in _LITTLE or keys[-1].isdecimal()) else 1
    return shorten(".".join(keys[-count:]), MAX_LABEL_CHARS)


@lru_cache(maxsize=256)
def _parse(name: str) -> Name:
    return parse_name(name)


def _wrong(message: str) -> InspectorError:
    return InspectorError("invalid_columns", message, field="columns")
