"""A field's name, taken apart by PHP's rules: ``a[b][]`` is the path a, b, append.

A name is understood once per process and then found in a bounded cache, since a
webhook sends the same names again and again. Names come from outside: the cache
must never grow with them.

Source of the rules: php-src, ``main/php_variables.c``, ``php_register_variable_ex``;
checked against recorded answers of PHP 8.2 in ``tests/forms``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from itertools import count

from inspector.forms.text import decode_text

# The place of names that no shortcut leads to, and the place of the top level.
NOWHERE, TOP = 0, 1

MAX_CACHED_NAMES = 2048
MAX_CACHED_NAME_CHARS = 256

# A key of one white-space character (C's isspace) is as good as none.
_APPEND = frozenset(["", " ", "\t", "\n", "\v", "\f", "\r"])
_CHANGED_IN_TOP = str.maketrans(" .[", "___")
_BARRED_PREFIXES = ("__Host-", "__Secure-")
_SIMPLE_KEY = re.compile(r"\w+\]", re.ASCII)


class Fate(Enum):
    """What becomes of a pair because of its name."""

    STORED = "stored"
    BARRED = "barred"  # The arrays on the way are made, the value is not stored.
    NAMELESS = "nameless"  # Nothing happens.


@dataclass(slots=True)
class Name:
    """Where a name leads.

    ``parents`` are the keys of the arrays on the way and ``key`` the last one,
    with ``None`` for an append. ``levels`` counts brackets as PHP's nesting limit
    does. ``oddities`` are codes of notes. ``place`` is a number that stands for
    ``parents``, or ``NOWHERE``; no other parents ever get the same number.
    """

    key: str | None
    parents: tuple[str | None, ...] = ()
    levels: int = 0
    fate: Fate = Fate.STORED
    oddities: tuple[str, ...] = ()
    place: int = NOWHERE


def read_name(text: str) -> Name:
    """Take a decoded name apart. Never raises; linear in ``len(text)``."""
    oddities: list[str] = []
    if "\0" in text:
        text = text.partition("\0")[0]
        oddities.append("nul_in_name")
    whole = text.lstrip(" ")
    top = whole.partition("[")[0]
    if not top:
        return Name(None, fate=Fate.NAMELESS, oddities=(*oddities, "name_empty"))
    keys, tail = _split_brackets(whole[len(top) :])
    if tail.startswith("[") and not keys:
        top, tail = whole.translate(_CHANGED_IN_TOP), ""
        oddities.append("bracket_unclosed")
    elif whole != text or "." in top or " " in top:
        top = top.translate(_CHANGED_IN_TOP)
        oddities.append("name_changed")
    levels = len(keys)
    if tail.startswith("["):
        levels += 1
        oddities.append("bracket_unclosed")
    elif tail:
        oddities.append("text_after_bracket")
    path = (top, *keys)
    if "Host-" in whole or "Secure-" in whole:
        barred = _find_barred(path, whole)
        if barred is not None:
            if barred == 0:
                return Name(None, fate=Fate.NAMELESS, oddities=("name_barred",))
            levels = min(levels, barred + 1)
            return Name(None, path[:barred], levels, Fate.BARRED, (*oddities, "name_barred"))
    return Name(path[-1], path[:-1], levels, oddities=tuple(oddities))


def _split_brackets(text: str) -> tuple[list[str | None], str]:
    """The keys in brackets that follow one another, and what comes after them."""
    keys: list[str | None] = []
    *closed, tail = text.split("]")
    for part in closed:
        if not part.startswith("["):
            return keys, part or "]"
        keys.append(None if part[1:] in _APPEND else part[1:])
    return keys, tail


def _find_barred(keys: tuple[str | None, ...], whole: str) -> int | None:
    """The index of the first key of the kind PHP reserves, unless the name began so itself."""
    barred = tuple(prefix for prefix in _BARRED_PREFIXES if not whole.startswith(prefix))
    for index, key in enumerate(keys):
        if key is not None and key.startswith(barred):
            return index
    return None


class NameCache:
    """Names seen before, by what was sent.

    At most ``max_names`` of at most ``max_chars`` each, and as many stems; when it
    is full it starts afresh, so that hostile names cost the next ones their head
    start and never memory. Any thread may use it at any time: an entry that is
    lost or made twice changes nothing.
    """

    def __init__(
        self, max_names: int = MAX_CACHED_NAMES, max_chars: int = MAX_CACHED_NAME_CHARS
    ) -> None:
        self.max_names = max_names
        self.max_chars = max_chars
        self.names: dict[str, Name] = {}
        self._stems: dict[str, Name] = {}
        self._places = count(TOP + 1)

    def clear(self) -> None:
        """Forget every name."""
        self.names.clear()
        self._stems.clear()

    def read(self, transit: str) -> Name:
        """Take a name in transit form apart and remember it, if it is of ordinary length."""
        text = decode_text(transit)
        if len(transit) > self.max_chars:
            return read_name(text)
        stem, _, last = text.rpartition("[")
        sibling = self._stems.get(stem)
        if sibling is not None and _SIMPLE_KEY.fullmatch(last):
            name = Name(last[:-1], sibling.parents, sibling.levels, place=sibling.place)
        else:
            name = self._read_first(text, stem)
        if len(self.names) >= self.max_names:
            self.clear()
        self.names[transit] = name
        return name

    def _read_first(self, text: str, stem: str) -> Name:
        """Read a name without a sibling, and let it be one when it is in good order."""
        name = read_name(text)
        if name.fate is Fate.STORED and name.key is not None and not name.oddities:
            if not name.parents:
                name.place = TOP
            elif None not in name.parents and "[" not in name.key:
                name.place = next(self._places)
                self._stems[stem] = name
        return name


CACHE = NameCache()
