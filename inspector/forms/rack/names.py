"""A field's name, taken apart by Rack's rules: ``a[][b]`` is an element of the array a.

Names are remembered as PHP's are: bounded in number and in length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, TypeAlias

from inspector.forms.text import decode_text, has_undecoded

MAX_DEPTH = 100
MAX_CACHED_NAMES = 2048
MAX_CACHED_NAME_CHARS = 256

_KEY = re.compile(r"[\[\]]*([^\[\]]+)\]*")
# Ruby's ^ and $ stand at the ends of every line, and its dot takes no line feed.
_ELEMENT = re.compile(r"^\[\]\[([^\[\]]+)\]$", re.MULTILINE)
_NESTED_ELEMENT = re.compile(r"^\[\](.+)$", re.MULTILINE)
_BRACKETS = re.compile(r"[\[\]]+")


class Step(NamedTuple):
    """One level down: into the hash ``key``, or into an element of the array ``key``.

    The array's last element is taken when it is a hash that lacks the keys of ``probe``,
    a new one otherwise; ``probe`` is None where every hash will do.
    """

    key: str
    is_array: bool = False
    probe: tuple[str, ...] | None = None


class End(Enum):
    """The kind of the last key of a name: how its value is stored."""

    SET = "set"
    APPEND = "append"
    NIL = "nil"  # Nothing but brackets is left: nil takes the place of the last hash.
    WRAP = "wrap"  # Nothing but [] is left: an array with the value takes its place.
    TOO_DEEP = "too deep"
    INVALID = "invalid"


@dataclass(slots=True, eq=False)
class KeyPath:
    """The steps that lead to a name's last key, and its end.

    ``is_plain`` promises hashes only and a name spelled as Rack reads it: names that
    begin alike share the path.
    """

    steps: tuple[Step, ...] = ()
    end: End = End.SET
    is_plain: bool = False
    read_as: str = ""


Name: TypeAlias = tuple[str, KeyPath]

TOP = KeyPath(is_plain=True)


def read_name(text: str, max_depth: int = MAX_DEPTH) -> Name:
    """Take a decoded name apart. Never raises; linear in ``len(text)``."""
    if has_undecoded(text):
        return "", KeyPath(end=End.INVALID)
    steps: list[Step] = []
    rest, end, key = text, End.TOO_DEEP, ""
    for _ in range(max_depth):
        found = _KEY.match(rest)
        key = found[1] if found else ""
        after = rest[found.end() :] if found else ""
        if not key:
            end = End.WRAP if rest == "[]" else End.NIL
        elif not after:
            end = End.SET
        elif after == "[":
            key, end = rest, End.SET
        elif after == "[]":
            end = End.APPEND
        else:
            child = _find_element(after)
            probe = None if child is None or "[]" in child else _list_keys(child)
            steps.append(Step(key, child is not None, probe))
            rest = after if child is None else child
            continue
        break
    read_as = _write_name(steps, key, end)
    is_plain = end is End.SET and read_as == text and not any(step.is_array for step in steps)
    return key, KeyPath(tuple(steps), end, is_plain, read_as)


def _find_element(after: str) -> str | None:
    """The rest of the name for an element of an array; None when the next level is a hash."""
    if not after.startswith("[]") and "\n[]" not in after:
        return None
    found = _ELEMENT.search(after) or _NESTED_ELEMENT.search(after)
    return found[1] if found else None


def _list_keys(name: str) -> tuple[str, ...]:
    return tuple(filter(None, _BRACKETS.split(name)))


def _write_name(steps: list[Step], key: str, end: End) -> str:
    keys = [f"[{step.key}]" + "[]" * step.is_array for step in steps]
    if end in (End.SET, End.APPEND):
        keys.append(f"[{key}]" + "[]" * (end is End.APPEND))
    elif end is End.WRAP:
        keys.append("[]")
    first, _, others = "".join(keys).removeprefix("[").partition("]")
    return first + others


class NameCache:
    """Names seen before, by what was sent; see ``php.names.NameCache``."""

    def __init__(self) -> None:
        self.names: dict[str, Name] = {}
        self._key_paths: dict[tuple[Step, ...], KeyPath] = {(): TOP}

    def clear(self) -> None:
        """Forget every name."""
        self.names.clear()
        self._key_paths.clear()
        self._key_paths[()] = TOP

    def read(self, transit: str) -> Name:
        """Take a name in transit form apart and remember it, if it is of ordinary length."""
        text = transit.replace("%5B", "[").replace("%5D", "]")
        if "%" in text or not text.isascii():
            text = decode_text(transit)
        key, key_path = read_name(text)
        if len(transit) > MAX_CACHED_NAME_CHARS:
            return key, key_path
        if key_path.is_plain:
            key_path = self._key_paths.setdefault(key_path.steps, key_path)
        if len(self.names) >= MAX_CACHED_NAMES:
            self.clear()
        self.names[transit] = name = key, key_path
        return name


CACHE = NameCache()
