"""The hashes and arrays that a form fills under Rack's rules, one value at a time."""

from __future__ import annotations

from collections import Counter
from typing import Any

from inspector.forms.pairs import Refused
from inspector.forms.rack.names import TOP, End, KeyPath, Name, Step

# The largest number of characters of all keys of one hash.
MAX_KEY_SPACE = 65_536

_CLASSES = {"dict": "Rack::QueryParser::Params", "list": "Array", "str": "String"}


class Tree:
    """Hashes as dicts, arrays as lists, nil as None.

    ``hashes`` leads from a plain key path to its hash: a shortcut, seldom complete and
    never wrong. Where ``counts_keys`` the length of keys is bounded as Rack bounds it;
    a body of no more than ``MAX_KEY_SPACE`` bytes need not be counted.
    """

    def __init__(self, *, counts_keys: bool) -> None:
        self.root: dict[str, Any] = {}
        self.hashes: dict[KeyPath, dict[str, Any]] = {}
        self._counts_keys = counts_keys
        self._key_chars: Counter[int] = Counter()  # By the hash's id, see ``_counted``.
        self._counted: list[dict[str, Any]] = []
        self._forget_shortcuts()

    def put(self, name: Name, value: str | None) -> tuple[tuple[str, ...] | None, str]:
        """Store ``value`` as Rack would.

        Gives the keys under which it landed, None when Rack drops it, and a note's code,
        "" when there is nothing to note. Raises ``Refused``.
        """
        key, key_path = name
        if key_path.end is End.INVALID:
            raise Refused("invalid_parameter", reason="invalid byte sequence in UTF-8")
        params: dict[str, Any] = self.root
        slot: Any = None
        path: list[str] = []
        for step in key_path.steps:
            params, slot, index = self._go_down(params, step)
            path += [step.key] if index is None else [step.key, str(index)]
        if key_path.end is End.TOO_DEEP:
            raise Refused("limit_exceeded", reason="too many levels of brackets")
        if key_path.end is End.APPEND:
            entries = self._find_array(params, key)
            entries.append(value)
            return (*path, key, str(len(entries) - 1)), ""
        if key_path.end is not End.SET:
            return self._replace_hash(slot, path, value if key_path.end is End.WRAP else None)
        event = ""
        if key in params:
            event = "array_replaced" if isinstance(params[key], (dict, list)) else "name_repeated"
        if event == "array_replaced":
            self._forget_shortcuts()
        self._set(params, key, value)
        if key_path.is_plain and not self._counts_keys:
            self.hashes[key_path] = params
        return (*path, key), event

    def holds(self, path: tuple[str, ...]) -> bool:
        """True when these keys hold a string or nil so far."""
        entry: Any = self.root
        for key in path:
            if isinstance(entry, list):
                entry = entry[int(key)] if int(key) < len(entry) else {}
            else:
                entry = entry.get(key, {}) if isinstance(entry, dict) else {}
        return entry is None or isinstance(entry, str)

    def _go_down(
        self, params: dict[str, Any], step: Step
    ) -> tuple[dict[str, Any], Any, int | None]:
        """The next hash, the place where it stands, and its index in an array."""
        if not step.is_array:
            entry = params.get(step.key)
            if entry is None:
                entry = {}
                self._set(params, step.key, entry)
            if type(entry) is not dict:
                raise _conflict("Hash", entry, step.key)
            return entry, (params, step.key), None
        entries = self._find_array(params, step.key)
        last = entries[-1] if entries else None
        if type(last) is dict and (step.probe is None or not _has_keys(last, step.probe)):
            return last, None, len(entries) - 1  # Rack ignores the rest of the name here.
        entries.append({})
        return entries[-1], (entries, len(entries) - 1), len(entries) - 1

    def _find_array(self, params: dict[str, Any], key: str) -> list[Any]:
        entries = params.get(key)
        if entries is None:
            entries = []
            self._set(params, key, entries)
        if type(entries) is not list:
            raise _conflict("Array", entries, key)
        return entries

    def _replace_hash(
        self, slot: Any, path: list[str], value: str | None
    ) -> tuple[tuple[str, ...] | None, str]:
        """Nothing but brackets was left of the name: nil or an array replaces the last hash."""
        if slot is None:
            return None, "value_lost" if path else "name_empty"
        self._forget_shortcuts()
        container, key = slot
        container[key] = None if value is None else [value]
        return (None, "value_lost") if value is None else ((*path, "0"), "")

    def _set(self, params: dict[str, Any], key: str, value: Any) -> None:
        if self._counts_keys and key not in params:
            if id(params) not in self._key_chars:
                self._counted.append(params)
            self._key_chars[id(params)] += len(key)
            if self._key_chars[id(params)] > MAX_KEY_SPACE:
                raise Refused("limit_exceeded", reason="exceeded available parameter key space")
        params[key] = value

    def _forget_shortcuts(self) -> None:
        self.hashes.clear()
        if not self._counts_keys:
            self.hashes[TOP] = self.root


def _has_keys(entry: Any, keys: tuple[str, ...]) -> bool:
    for key in keys:
        if type(entry) is not dict or key not in entry:
            return False
        entry = entry[key]
    return True


def _conflict(expected: str, found: Any, key: str) -> Refused:
    reason = f"expected {expected} (got {_CLASSES[type(found).__name__]}) for param `{key}'"
    return Refused("type_conflict", reason=reason)
