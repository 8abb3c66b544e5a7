"""A field's name, taken apart by PHP's rules: ``a[b][]`` is the path a, b, append.

A name is understood once per process and then found in a bounded cache, since a
webhook sends the same names again and again. Names come from outside: the cache
must never grow with them.

Source of the rules: php-src, ``main/php_variables.c``, ``php_register_variable_ex``;
checked against recorded answers of PHP 8.2 in ``tests/forms``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from inspector.forms.text import decode_text

MAX_CACHED_NAMES = 2048
MAX_CACHED_NAME_CHARS = 256

# A key of one white-space character (C's isspace) is as good as none.
_APPEND = frozenset(["", " ", "\t", "\n", "\v", "\f", "\r"])
_CHANGED_IN_TOP = str.maketrans(" .[", "___")
_BARRED_PREFIXES = ("__Host-", "__Secure-")


class Fate(Enum):
    """What becomes of a pair because of its name."""

    STORED = "stored"
    BARRED = "barred"  # The arrays on the way are made, the value is not stored.
    DROPPED = "dropped"  # Nothing happens.


@dataclass(slots=True, eq=False)
class Way:
    """What leads to a key.

    ``parents`` are the keys of the arrays on the way, with ``None`` for an append.
    ``levels`` counts brackets as PHP's nesting limit does. ``oddities`` are codes of
    notes. ``is_plain`` promises that nothing is odd and that neither the parents nor
    the key are appends: the way always leads to the same array, and other names that
    begin alike may share it.
    """

    parents: tuple[str | None, ...] = ()
    levels: int = 0
    fate: Fate = Fate.STORED
    oddities: tuple[str, ...] = ()
    is_plain: bool = False


# The last key, ``None`` for an append, and the way to it.
Name: TypeAlias = tuple[str | None, Way]

# The way of all names without brackets in which nothing is odd.
TOP = Way(is_plain=True)


def read_name(text: str) -> Name:
    """Take a decoded name apart. Never raises; linear in ``len(text)``."""
    oddities: list[str] = []
    if "\0" in text:
        text = text.partition("\0")[0]
        oddities.append("nul_in_name")
    whole = text.lstrip(" ")
    top = whole.partition("[")[0]
    if not top:
        return None, Way(fate=Fate.DROPPED, oddities=(*oddities, "name_empty"))
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
        if barred == 0:
            return None, Way(fate=Fate.DROPPED, oddities=("name_barred",))
        if barred is not None:
            levels = min(levels, barred + 1)
            return None, Way(path[:barred], levels, Fate.BARRED, (*oddities, "name_barred"))
    is_plain = not oddities and None not in path
    if is_plain and not keys:
        return top, TOP
    return path[-1], Way(path[:-1], levels, Fate.STORED, tuple(oddities), is_plain)


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

    At most ``max_names`` of at most ``max_chars`` each, and as many ways; when it
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
        self._ways: dict[str, Way] = {}  # By the text before the last bracket.

    def clear(self) -> None:
        """Forget every name."""
        self.names.clear()
        self._ways.clear()

    def read(self, transit: str) -> Name:
        """Take a name in transit form apart and remember it, if it is of ordinary length."""
        text = transit.replace("%5B", "[").replace("%5D", "]")
        if "%" in text or not text.isascii():  # Else these were its only escapes.
            text = decode_text(transit)
        if len(transit) > self.max_chars:
            return read_name(text)
        before, _, last = text.rpartition("[")
        way, key = self._ways.get(before), last[:-1]
        if way and last[-1:] == "]" and (key.isidentifier() or key.isdecimal()):
            name: Name = key, way
        else:
            name = read_name(text)
            if name[1].is_plain and last[-1:] == "]" and name[0] == key:
                self._ways[before] = name[1]
        if len(self.names) >= self.max_names:
            self.clear()
        self.names[transit] = name
        return name


CACHE = NameCache()
