"""qs' way of merging names into one object: lists, objects, and conflicts between them.

Follows qs step by step, with its lists that have gaps until the end, objects that were lists
of too many entries, and lists that came of a conflict. Quick forms do not come here (see
``values``); every other one does, and takes time linear in its length.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from inspector.forms.qs.javascript import Index, next_index, read_index, sort_keys, write_index
from inspector.forms.qs.names import Name, Segment, Settings


class JsList(dict[int, Any]):
    """An array, with gaps; ``came_of_conflict`` when a text and an object share it."""

    __slots__ = ("came_of_conflict", "length")

    def __init__(self, entries: Iterable[Any] = ()) -> None:
        super().__init__(enumerate(entries))
        self.length: int = len(self)
        self.came_of_conflict: bool = False

    def store(self, index: int, value: Any) -> None:
        """Set the entry at ``index``."""
        self[index] = value
        self.length = max(self.length, index + 1)

    def iterate(self) -> Iterator[tuple[int, Any]]:
        """The entries in order, gaps left out."""
        for index in sorted(self):
            yield index, self[index]


class JsObject(dict[str, Any]):
    """An object. ``largest`` is its last index when it stands for too long a list.

    ``last_conflict`` is the index of the last value that conflicts put into it.
    """

    __slots__ = ("largest", "last_conflict")

    def __init__(self, entries: Iterable[tuple[str, Any]] = ()) -> None:
        super().__init__(entries)
        self.largest: Index | None = None
        self.last_conflict: Index | None = None


class Merger:
    """Merges names and values into ``root``; ``events`` has codes of notes on the last merge."""

    def __init__(self, settings: Settings) -> None:
        self.root: JsObject = JsObject()
        self.events: set[str] = set()
        self._settings = settings

    def combine(self, old: Any, value: str) -> Any:
        """The value of a name that is sent again."""
        if isinstance(old, JsObject):
            _append(old, value)
            return old
        if isinstance(old, JsList):
            old.store(old.length, value)
        else:
            old = JsList((old, value))
        return self._limit(old)

    def put(self, name: Name, value: Any) -> None:
        """Merge a name that qs does not drop, with its text or its list of texts."""
        self._merge(self.root, self._build(name.segments, value))

    def _build(self, segments: tuple[Segment, ...], leaf: Any) -> Any:
        for place in range(len(segments) - 1, -1, -1):
            segment = segments[place]
            if segment.is_append:
                if not isinstance(leaf, (JsList, JsObject)) or _is_plain(leaf):
                    leaf = JsList((leaf,))
            elif segment.number is None:
                leaf = JsObject() if segment.key == "__proto__" else JsObject([(segment.key, leaf)])
            elif segment.number < self._settings.max_list:
                index, entry = int(segment.number), leaf
                leaf = JsList()
                leaf.store(index, entry)
            else:
                self.events.add("index_too_large")
                leaf = JsObject([(segment.key, leaf)])
                leaf.largest = segment.number
        return leaf

    def _merge(self, target: Any, source: Any) -> Any:
        """The container that takes the place of ``target``. As deep as names are at most."""
        if isinstance(source, str):
            return self._merge_text(target, source) if source else target
        if isinstance(target, str):
            return self._precede(target, source)
        if isinstance(target, JsList):
            if isinstance(source, JsList):
                return self._merge_lists(target, source)
            self.events.add("kinds_mixed")
            target = _to_object(target)
        if isinstance(source, JsList):
            if target is not self.root:
                self.events.add("kinds_mixed")
            entries: Iterable[tuple[str, Any]] = ((str(at), each) for at, each in source.iterate())
        else:
            entries = source.items()
        for key, value in entries:
            target[key] = self._merge(target[key], value) if key in target else value
            _update_marks(target, source, key)
        return target

    def _merge_text(self, target: Any, source: str) -> Any:
        self.events.add("kinds_mixed")
        if isinstance(target, JsList):
            target.store(target.length, source)
            return self._limit(target)
        if isinstance(target, JsObject):
            if target.largest is not None:
                _append(target, source)
                return target
            if target.last_conflict is not None:
                target.last_conflict = next_index(target.last_conflict)
                target[write_index(target.last_conflict)] = source
                return target
        pair = JsList((target, source))
        pair.came_of_conflict = isinstance(target, JsObject)
        return pair

    def _precede(self, target: str, source: Any) -> Any:
        """A list of a text and what was sent as a list or an object under its name."""
        self.events.add("kinds_mixed")
        if isinstance(source, JsObject) and source.largest is not None:
            shifted = JsObject([("0", target)])
            for key, value in source.items():
                index = read_index(key)
                shifted["NaN" if index is None else write_index(next_index(index))] = value
            shifted.largest = next_index(source.largest)
            return shifted
        pair = JsList((target,))
        if isinstance(source, JsObject):
            pair.store(1, source)
        else:
            for index, value in source.items():
                pair.store(index + 1, value)
        if pair.length > self._settings.max_list:
            return self._to_overflow(pair)
        return pair

    def _merge_lists(self, target: JsList, source: JsList) -> Any:
        for index, value in source.iterate():
            if index not in target:
                target.store(index, value)
            elif isinstance(value, str) or isinstance(target[index], str):
                if not (isinstance(value, str) and isinstance(target[index], str)):
                    self.events.add("kinds_mixed")
                target.store(target.length, value)
            else:
                target[index] = self._merge(target[index], value)
        return self._limit(target)

    def _limit(self, entries: JsList) -> Any:
        return self._to_overflow(entries) if len(entries) > self._settings.max_list else entries

    def _to_overflow(self, entries: JsList) -> JsObject:
        self.events.add("list_too_long")
        made = JsObject((str(index), value) for index, value in entries.iterate())
        made.largest = entries.length - 1
        return made


def _is_plain(leaf: Any) -> bool:
    return isinstance(leaf, JsObject) and leaf.largest is None


def _to_object(entries: JsList) -> JsObject:
    made = JsObject((str(index), value) for index, value in entries.iterate())
    if entries.came_of_conflict:
        made.last_conflict = entries.length - 1
    return made


def _append(target: JsObject, value: str) -> None:
    assert target.largest is not None  # noqa: S101 - callers have looked
    target.largest = next_index(target.largest)
    target[write_index(target.largest)] = value


def _update_marks(target: JsObject, source: Any, key: str) -> None:
    """Keep the marks of ``target`` in step with the key that was merged into it."""
    is_overflow = isinstance(source, JsObject) and source.largest is not None
    if is_overflow and target.largest is None:
        numbers = (number for number in map(read_index, target) if number is not None)
        target.largest = max(source.largest, *numbers) if target else source.largest
    if target.largest is None and target.last_conflict is None:
        return
    index = read_index(key)
    if index is None:
        return
    if target.largest is not None:
        target.largest = max(target.largest, index)
    if target.last_conflict is not None:
        target.last_conflict = max(target.last_conflict, index)


def finish(root: JsObject) -> tuple[dict[str, Any], list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Plain dicts and lists; and the places of lists that closed up and objects that re-sorted.

    Nothing recurses.
    """
    closed_up: list[tuple[str, ...]] = []
    sorted_anew: list[tuple[str, ...]] = []
    top: list[Any] = [root]
    todo: list[tuple[Any, Any, tuple[str, ...]]] = [(top, 0, ())]
    while todo:
        holder, place, path = todo.pop()
        container = holder[place]
        made: Any
        if isinstance(container, JsList):
            made = [value for _, value in container.iterate()]
            if len(made) < container.length:
                closed_up.append(path)
            entries: Iterable[tuple[Any, Any]] = enumerate(made)
        else:
            keys = sort_keys(container)
            if keys != list(container):
                sorted_anew.append(path)
            made = {key: container[key] for key in keys}
            entries = made.items()
        holder[place] = made
        todo.extend(
            (made, key, (*path, str(key)))
            for key, value in entries
            if isinstance(value, (JsList, JsObject))
        )
    return top[0], closed_up, sorted_anew
