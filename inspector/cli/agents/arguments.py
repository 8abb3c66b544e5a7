"""The arguments of a tool: described as JSON Schema, and checked by the same description."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from inspector.errors import InspectorError

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
MAX_TEXT_CHARS = 1_000_000


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a tool: ``kind`` is JSON Schema's type; a list is a list of texts.

    ``least`` and ``most`` bound numbers, ``choices`` texts.
    """

    name: str
    about: str
    kind: str = "string"
    required: bool = False
    default: Any = None
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()

    def describe(self) -> dict[str, Any]:
        """Its JSON Schema."""
        found: dict[str, Any] = {"type": self.kind, "description": self.about}
        if self.kind == "array":
            found["items"] = {"type": "string"}
        bounds = {"minimum": self.least, "maximum": self.most, "default": self.default}
        found |= {key: value for key, value in bounds.items() if value is not None}
        return found | ({"enum": list(self.choices)} if self.choices else {})

    def check(self, value: Any) -> Any:
        """The value when it is of this kind. Raises ``invalid_argument``."""
        is_fit = isinstance(value, _TYPES[self.kind])
        if self.kind in ("integer", "number") and isinstance(value, bool):
            is_fit = False
        if not is_fit or (self.choices and value not in self.choices):
            what = f"one of {', '.join(self.choices)}" if self.choices else f"of type {self.kind}"
            raise InspectorError("invalid_argument", f"{self.name} is {what}.")
        if self.kind in ("integer", "number"):
            self._check_bounds(value)
        texts = value if self.kind == "array" else [value] if self.kind == "string" else []
        if any(not isinstance(each, str) or len(each) > MAX_TEXT_CHARS for each in texts):
            raise InspectorError("invalid_argument", f"{self.name} has texts of usual size.")
        return value

    def _check_bounds(self, value: float) -> None:
        low, high = self.least, self.most
        if not ((low is None or value >= low) and (high is None or value <= high)):
            raise InspectorError("invalid_argument", f"{self.name} is from {low:g} to {high:g}.")


def describe_arguments(arguments: Iterable[Argument]) -> dict[str, Any]:
    """The JSON Schema of them all."""
    listed = list(arguments)
    return {
        "type": "object",
        "properties": {each.name: each.describe() for each in listed},
        "required": [each.name for each in listed if each.required],
        "additionalProperties": False,
    }


def read_arguments(arguments: Iterable[Argument], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values by name, defaults where nothing or null is given. Raises ``invalid_argument``."""
    known = {each.name: each for each in arguments}
    for name in given:
        if name not in known:
            names = ", ".join(known) or "none"
            raise InspectorError(
                "invalid_argument", f"{name[:60]!r} is no argument; there are: {names}."
            )
    found = {}
    for name, argument in known.items():
        value = given.get(name)
        if value is None and argument.required:
            raise InspectorError("invalid_argument", f"{name} is missing.")
        found[name] = argument.default if value is None else argument.check(value)
    return found
