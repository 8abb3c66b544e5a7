"""The arrays a form fills, one value at a time, and the lists they turn out to be.

PHP has one kind of array, ordered, with keys that are integers or strings. Here
it is a ``dict`` whose keys stay strings: ``8`` and ``08`` differ as text, too.
Nothing recurses and every step is bounded by the length of the name it belongs
to, so a whole form takes time linear in its length.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Any, TypeAlias

from inspector.forms.php.names import TOP, KeyPath, Name, Outcome

Array: TypeAlias = "dict[str, Any]"

_INTEGER = re.compile("0|-?[1-9][0-9]{0,18}")
_MIN_INDEX, _MAX_INDEX = -(2**63), 2**63 - 1


class _Counter:
    """The largest integer key of an array, kept up to date by looking at its new keys only.

    Holds the array so that no other can take over its ``id``.
    """

    __slots__ = ("array", "largest", "seen")

    def __init__(self, array: Array) -> None:
        self.array = array
        self.seen = 0
        self.largest: int | None = None

    def next_index(self) -> str | None:
        """The key an append gets, None after the largest integer there is."""
        unseen = len(self.array) - self.seen  # Keys are never taken out of an inner array.
        for key in islice(reversed(self.array), unseen):
            if _INTEGER.fullmatch(key):
                index = int(key)
                if _MIN_INDEX <= index <= _MAX_INDEX and (
                    self.largest is None or index > self.largest
                ):
                    self.largest = index
        self.seen += unseen
        if self.largest is None:
            return "0"
        return None if self.largest == _MAX_INDEX else str(self.largest + 1)


class Tree:
    """The arrays that a form has filled so far.

    ``arrays`` leads from a plain key path to its array: a shortcut, seldom complete and
    never wrong. ``max_depth`` counts brackets.
    """

    __slots__ = ("_counters", "_made", "arrays", "max_depth", "root")

    def __init__(self, max_depth: int) -> None:
        self.max_depth: int = max_depth
        self.root: Array = {}
        self.arrays: dict[KeyPath, dict[Any, Any]] = {TOP: self.root}
        self._made: list[tuple[Array, str, Array]] = []
        self._counters: dict[int, _Counter] = {}

    def put(self, name: Name, value: str) -> tuple[tuple[str, ...] | None, str]:
        """Store ``value`` as PHP would.

        Gives the keys under which it was stored, None when PHP drops it; and the code of a note
        when it replaced other values, else "".
        """
        key, key_path = name
        if key_path.outcome is Outcome.DROPPED:
            return None, ""
        array, path, event = self.root, [], ""
        for parent in key_path.parents[: self.max_depth]:
            index = self._next_index(array) if parent is None else parent
            if index is None:
                return None, "append_overflow"
            child = array.get(index)
            if type(child) is not dict:
                if child is not None:
                    event = "string_replaced"
                child = array[index] = {}
                self._made.append((array, index, child))
            array = child
            path.append(index)
        if key_path.levels > self.max_depth:
            return self._drop_top(path[0])
        if key_path.outcome is Outcome.BARRED:
            return None, event
        if key is None:
            key = self._next_index(array)
            if key is None:
                return None, "append_overflow"
        old = array.get(key)
        if old is not None:
            event = "array_replaced" if type(old) is dict else "name_repeated"
        if event == "array_replaced":
            self._forget_shortcuts()
        array[key] = value
        if key_path.is_plain:
            self.arrays[key_path] = array
        return (*path, key), event

    def holds(self, path: tuple[str, ...]) -> bool:
        """True when these keys hold a string so far. Call it before ``finish``."""
        entry: Any = self.root
        for key in path:
            entry = entry.get(key) if type(entry) is dict else None
        return isinstance(entry, str)

    def finish(self) -> Array:
        """Make lists of the arrays that are lists in PHP's eyes; the top level stays a dict."""
        for array, key, child in reversed(self._made):  # Children before their parents.
            if array.get(key) is child and _is_list(child):
                array[key] = [*child.values()]
        return self.root

    def _next_index(self, array: Array) -> str | None:
        counter = self._counters.get(id(array))
        if counter is None:
            counter = self._counters[id(array)] = _Counter(array)
        return counter.next_index()

    def _drop_top(self, top: str) -> tuple[None, str]:
        """Beyond the nesting limit PHP drops the pair and all that its top name held."""
        del self.root[top]
        self._forget_shortcuts()
        return None, "nesting_exceeded"

    def _forget_shortcuts(self) -> None:
        self.arrays.clear()
        self.arrays[TOP] = self.root


def _is_list(array: Array) -> bool:
    """True when the keys are 0, 1, 2, ... in this order."""
    if "0" not in array:
        return not array
    return list(array) == [*map(str, range(len(array)))]
