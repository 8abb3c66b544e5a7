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

# A key of one white-space character (C's isspace) counts as empty.
_APPEND = frozenset(["", " ", "\t", "\n", "\v", "\f", "\r"])
_CHANGED_IN_TOP = str.maketrans(" .[", "___")
_BARRED_PREFIXES = ("__Host-", "__Secure-")


class Outcome(Enum):
    """The outcome of a pair that its name alone decides."""

    STORED = "stored"
    BARRED = "barred"  # The arrays that lead there are made, the value is not stored.
    DROPPED = "dropped"  # Nothing happens.


@dataclass(slots=True, eq=False)
class KeyPath:
    """The parsed path to a key.

    ``parents`` are the keys of the arrays on the path, with ``None`` for an append. ``levels``
    counts brackets as PHP's nesting limit does. ``notes`` are codes of notes. ``is_plain``
    promises that nothing is odd and that neither the parents nor the key are appends: the path
    always leads to the same array, which other names with this beginning may share.
    """

    parents: tuple[str | None, ...] = ()
    levels: int = 0
    outcome: Outcome = Outcome.STORED
    notes: tuple[str, ...] = ()
    is_plain: bool = False


# The last key, ``None`` for an append, and the path of its array.
Name: TypeAlias = tuple[str | None, KeyPath]

# The array of all ordinary names without brackets.
TOP = KeyPath(is_plain=True)


def read_name(text: str) -> Name:
    """Take a decoded name apart. Never raises; linear in ``len(text)``."""
    notes: list[str] = []
    if "\0" in text:
        text = text.partition("\0")[0]
        notes.append("nul_in_name")
    whole = text.lstrip(" ")
    top = whole.partition("[")[0]
    if not top:
        return None, KeyPath(outcome=Outcome.DROPPED, notes=(*notes, "name_empty"))
    keys, tail = _split_brackets(whole[len(top) :])
    if tail.startswith("[") and not keys:
        top, tail = whole.translate(_CHANGED_IN_TOP), ""
        notes.append("bracket_unclosed")
    elif whole != text or "." in top or " " in top:
        top = top.translate(_CHANGED_IN_TOP)
        notes.append("name_changed")
    levels = len(keys)
    if tail.startswith("["):
        levels += 1
        notes.append("bracket_unclosed")
    elif tail:
        notes.append("text_after_bracket")
    path = (top, *keys)
    if "Host-" in whole or "Secure-" in whole:
        barred = _find_barred(path, whole)
        if barred == 0:
            return None, KeyPath(outcome=Outcome.DROPPED, notes=("name_barred",))
        if barred is not None:
            levels = min(levels, barred + 1)
            return None, KeyPath(path[:barred], levels, Outcome.BARRED, (*notes, "name_barred"))
    is_plain = not notes and None not in path
    if is_plain and not keys:
        return top, TOP
    return path[-1], KeyPath(path[:-1], levels, Outcome.STORED, tuple(notes), is_plain)


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

    At most ``max_names`` of at most ``max_chars`` each, and as many key paths; when it is full
    it starts afresh, so that hostile names cost later ones some time and never memory. Any
    thread may use it at any time: an entry that is lost or made twice changes nothing.
    """

    def __init__(
        self, max_names: int = MAX_CACHED_NAMES, max_chars: int = MAX_CACHED_NAME_CHARS
    ) -> None:
        self.max_names = max_names
        self.max_chars = max_chars
        self.names: dict[str, Name] = {}
        self._key_paths: dict[str, KeyPath] = {}  # By the text before the last bracket.

    def clear(self) -> None:
        """Forget every name."""
        self.names.clear()
        self._key_paths.clear()

    def read(self, transit: str) -> Name:
        """Take a name in transit form apart and remember it, if it is of ordinary length."""
        text = transit.replace("%5B", "[").replace("%5D", "]")
        if "%" in text or not text.isascii():  # Otherwise the brackets were its only escapes.
            text = decode_text(transit)
        if len(transit) > self.max_chars:
            return read_name(text)
        before, _, last = text.rpartition("[")
        key_path, key = self._key_paths.get(before), last[:-1]
        if key_path and last[-1:] == "]" and (key.isidentifier() or key.isdecimal()):
            name: Name = key, key_path
        else:
            name = read_name(text)
            if name[1].is_plain and last[-1:] == "]" and name[0] == key:
                self._key_paths[before] = name[1]
        if len(self.names) >= self.max_names:
            self.clear()
        self.names[transit] = name
        return name


CACHE = NameCache()
