"""Types with names, as programming languages want them, from shapes.

Objects of the same properties are one type, however often they come: a GitHub webhook has
the same user in ten places.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from inspector.reading.schema.events import BodyShapes, EventShape
from inspector.reading.schema.shapes import (
    ANY,
    ARRAY,
    BOOLEAN,
    INTEGER,
    NULL,
    NUMBER,
    OBJECT,
    STRING,
    Shape,
)

MAX_NAME_CHARS = 60
MAX_NEVER = 60
ROOT = "Body"
# Names that the languages reserve, or that the written text uses.
_TAKEN = frozenset(
    "any anybody array basemodel bool boolean configdict date dict error false field float function"
    " int list map never none notrequired number object promise record set str string symbol true"
    " typeddict union unknown".split()
)


class ListOf(NamedTuple):
    """An array."""

    items: Union


class MapOf(NamedTuple):
    """An object whose keys are data."""

    values: Union


class Ref(NamedTuple):
    """A type by its name."""

    name: str


# The types that a value has, in a fixed order: those of JSON by their names, and these.
Union: TypeAlias = "tuple[str | ListOf | MapOf | Ref, ...]"


class Property(NamedTuple):
    """A property of a type: in ``seen`` of its objects, and optional unless in all."""

    key: str
    type: Union
    is_optional: bool
    seen: int


@dataclass(frozen=True, slots=True)
class ObjectType:
    """A type of objects: of ``objects`` that came. ``never`` are keys that it has not."""

    name: str
    properties: tuple[Property, ...]
    objects: int
    never: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Models:
    """``types`` so that each comes behind those that it uses; ``bodies`` by event and its type.

    Each name is a word of ASCII letters and digits that begins with a capital, and its own.
    """

    types: list[ObjectType]
    bodies: list[tuple[EventShape, str, Union]]


def build_models(shapes: BodyShapes, events: Sequence[EventShape]) -> Models:
    """The types of these events' bodies."""
    builder = _Builder()
    bodies = []
    for event in events:
        name = builder.name(event.name or ROOT)
        never = shapes.list_never(event)[:MAX_NEVER]
        is_object = event.shape.kinds == {OBJECT}
        hint = name if is_object else builder.name(f"{name}Object")
        bodies.append((event, name, builder.read(event.shape, hint, tuple(never), is_body=True)))
    return Models(builder.types, bodies)


class _Builder:
    def __init__(self) -> None:
        self.types: list[ObjectType] = []
        self._names: set[str] = set()
        self._known: dict[object, str] = {}

    def name(self, text: str) -> str:
        """A name of its own that resembles the text."""
        words = re.findall(r"[A-Za-z0-9]+", text)
        made = "".join(word[0].upper() + word[1:] for word in words)[:MAX_NAME_CHARS]
        if not made or made[0].isdigit():
            made = f"Type{made}"
        if made.lower() in _TAKEN:
            made += "Type"
        name, count = made, 1
        while name.lower() in self._names:
            count += 1
            name = f"{made}{count}"
        self._names.add(name.lower())
        return name

    def read(
        self, shape: Shape, hint: str, never: tuple[str, ...] = (), *, is_body: bool = False
    ) -> Union:
        kinds = shape.kinds
        if not kinds or ANY in kinds:
            return (ANY,)
        found: list[str | ListOf | MapOf | Ref] = []
        if OBJECT in kinds:
            found.append(self._read_object(shape, hint, never, is_body=is_body))
        if ARRAY in kinds:
            found.append(ListOf(self.read(shape.items or Shape(), f"{hint}Item")))
        if STRING in kinds:
            found.append(STRING)
        if NUMBER in kinds:
            found.append(NUMBER)
        elif INTEGER in kinds:
            found.append(INTEGER)
        found += [kind for kind in (BOOLEAN, NULL) if kind in kinds]
        return tuple(found)

    def _read_object(
        self, shape: Shape, hint: str, never: tuple[str, ...], *, is_body: bool
    ) -> MapOf | Ref:
        if shape.values is not None:
            return MapOf(self.read(shape.values, f"{hint}Value"))
        if not shape.properties and not is_body:
            return MapOf((ANY,))
        properties = tuple(
            Property(key, self.read(each, key), not is_always, each.seen)
            for key, each, is_always in shape.list_properties()
        )
        key = tuple((each.key, each.type, each.is_optional) for each in properties)
        if not is_body and key in self._known:
            return Ref(self._known[key])
        name = hint if is_body else self.name(hint)
        self._known.setdefault(key, name)
        self.types.append(ObjectType(name, properties, shape.objects, never))
        return Ref(name)
