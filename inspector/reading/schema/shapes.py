"""The shape of values: the types they have, and the properties of objects with how often they come.

Strangers decide how much there is to keep, so everything is bounded: depth, the properties of
an object, the length of their names, and the number of shapes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MAX_SHAPES = 10_000
MAX_DEPTH = 40
MAX_NAME_CHARS = 200
# An object with more is a map whose keys are data: ids, days, addresses.
MAX_PROPERTIES = 250

OBJECT, ARRAY, STRING = "object", "array", "string"
INTEGER, NUMBER, BOOLEAN, NULL = "integer", "number", "boolean", "null"
# Values below this depth may be of any type.
ANY = "any"


@dataclass(slots=True)
class Budget:
    """The number of shapes that may be made still."""

    left: int = MAX_SHAPES

    def take(self) -> bool:
        """One more; False when there are enough."""
        self.left -= 1
        return self.left >= 0


@dataclass(slots=True)
class Shape:
    """``seen`` values of the types ``kinds``.

    Of ``objects`` objects each property has a shape that was ``seen`` in as many of them;
    ``values`` is the shape of all values of a map, which has no properties. ``items`` is the
    shape of all elements of arrays.
    """

    seen: int = 0
    kinds: set[str] = field(default_factory=set)
    objects: int = 0
    properties: dict[str, Shape] = field(default_factory=dict)
    values: Shape | None = None
    items: Shape | None = None

    def add(self, value: Any, budget: Budget, depth: int = 0) -> None:
        """Take in one more value, nested as JSON is. Linear in the value."""
        self.seen += 1
        kind = _find_kind(value)
        if kind in (OBJECT, ARRAY) and depth >= MAX_DEPTH:
            kind = ANY
        self.kinds.add(kind)
        if kind == OBJECT:
            self._add_object(value, budget, depth)
        elif kind == ARRAY and value:
            if self.items is None and budget.take():
                self.items = Shape()
            if self.items is None:
                self.kinds.add(ANY)
                return
            for item in value:
                self.items.add(item, budget, depth + 1)

    def _add_object(self, value: dict[str, Any], budget: Budget, depth: int) -> None:
        self.objects += 1
        for name, item in value.items():
            shape = self.values or self.properties.get(name)
            if shape is None and len(name) <= MAX_NAME_CHARS and budget.take():
                shape = self.properties[name] = Shape()
            if shape is not None:
                shape.add(item, budget, depth + 1)
            if len(self.properties) > MAX_PROPERTIES:
                self._become_map()

    def _become_map(self) -> Shape:
        values = Shape()
        for each in self.properties.values():
            values.merge(each)
        self.values = values
        self.properties = {}  # A new object, for another thread may be reading the old one.
        return values

    def merge(self, other: Shape) -> None:
        """Take in all values of another shape, which is not to be used any more."""
        self.seen += other.seen
        self.objects += other.objects
        self.kinds |= other.kinds
        if other.values is not None:
            values = self._become_map() if self.values is None else self.values
            values.merge(other.values)
        for name, shape in other.properties.items():
            mine = self.values or self.properties.get(name)
            if mine is None:
                self.properties[name] = shape
            else:
                mine.merge(shape)
        if len(self.properties) > MAX_PROPERTIES:
            self._become_map()
        if other.items is not None:
            if self.items is None:
                self.items = other.items
            else:
                self.items.merge(other.items)

    def list_properties(self) -> list[tuple[str, Shape, bool]]:
        """Each property with its shape, and whether every object had it."""
        listed = list(self.properties.items())
        return [(name, each, each.seen == self.objects) for name, each in listed]


def _find_kind(value: Any) -> str:
    if value is None:
        return NULL
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, int):
        return INTEGER
    if isinstance(value, float):
        return NUMBER
    if isinstance(value, str):
        return STRING
    return OBJECT if isinstance(value, dict) else ARRAY
