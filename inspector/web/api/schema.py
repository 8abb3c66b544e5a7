"""Validation and JSON Schema of the API's input, both from one declaration.

A call declares its parameters as a dataclass and its answer as a ``TypedDict``.
``read_texts`` and ``read_json`` check input against the very annotations that
``schema_of`` publishes, so that the description cannot say something else.
"""

from __future__ import annotations

import dataclasses
import math
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from keyword import iskeyword
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin

from inspector.errors import InspectorError

Shape = TypeVar("Shape")
Schema = dict[str, Any]

_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off", "")
_WHOLE = re.compile(r"-?[0-9]{1,18}\Z")
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,3})?\Z")
_SIMPLE = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


@dataclass(frozen=True, slots=True)
class About:
    """The meaning of a field, for people, and its bounds, beside its type.

    ``least`` and ``most`` bound a number, ``max_length`` a text in characters;
    ``pattern`` is a regular expression for the whole text, and ``form`` says in words
    what it wants. ``schema`` is added to the published schema as it is.
    """

    meaning: str
    least: float | None = None
    most: float | None = None
    max_length: int | None = None
    pattern: str | None = None
    form: str = ""
    schema: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a shape: ``kind`` without ``Annotated``, ``default`` or ``MISSING``."""

    name: str
    kind: Any
    about: About
    default: Any

    @property
    def is_many(self) -> bool:
        return get_origin(self.kind) is tuple

    @property
    def required(self) -> bool:
        return self.default is dataclasses.MISSING

    def refuse(self, problem: str) -> InspectorError:
        """The error that names this field."""
        return InspectorError(f"invalid_{self.name}", f"{self.name} {problem}.", field=self.name)


@cache
def fields_of(shape: Any) -> tuple[Field, ...]:
    """The fields of a dataclass, in order; ``as_`` stands for one that Python has no word for."""
    hints = typing.get_type_hints(shape, include_extras=True)
    found = []
    for field in dataclasses.fields(shape):
        kind, about = _split(hints[field.name])
        found.append(Field(field.name.removesuffix("_"), kind, about, field.default))
    return tuple(found)


def read_texts(shape: type[Shape], given: Mapping[str, Sequence[str]]) -> Shape:
    """A shape from a query string or a form: each name with all its values.

    Raises ``invalid_<field>`` or ``unknown_field``, which name the field.
    """
    return _read(shape, given, _read_texts)


def read_json(shape: type[Shape], given: Mapping[str, Any]) -> Shape:
    """A shape from a JSON object. Raises as ``read_texts`` does."""
    return _read(shape, given, _read_value)


def _read(shape: type[Shape], given: Mapping[str, Any], read: Callable[[Field, Any], Any]) -> Shape:
    fields = fields_of(cast("Any", shape))
    unknown = given.keys() - {field.name for field in fields}
    if unknown:
        name = min(unknown)
        known = ", ".join(field.name for field in fields) or "none"
        raise InspectorError(
            "unknown_field", f"{name[:80]!r} is not known here; known: {known}.", field=name[:80]
        )
    values = {}
    for field in fields:
        if field.name in given:
            values[field.name] = read(field, given[field.name])
        elif field.required:
            raise field.refuse("is missing")
    return shape(**{f"{name}_" if iskeyword(name) else name: each for name, each in values.items()})


def _read_texts(field: Field, texts: Sequence[str]) -> Any:
    if field.is_many:
        inner = replace(field, kind=get_args(field.kind)[0])
        return tuple(_read_text(inner, text) for text in texts)
    if len(texts) != 1:
        raise field.refuse("is given more than once")
    return _read_text(field, texts[0])


def _read_text(field: Field, text: str) -> Any:
    kind = _without_none(field.kind)
    if kind is bool:
        if text.lower() not in _TRUE + _FALSE:
            raise field.refuse("is true or false")
        return text.lower() in _TRUE
    if kind is int:
        if not _WHOLE.match(text):
            raise field.refuse(_wanted_number(field, "a whole number"))
        return _check_number(field, int(text))
    if kind is float:
        if not _DECIMAL.match(text):
            raise field.refuse(_wanted_number(field, "a number"))
        return _check_number(field, float(text))
    return _check_text(field, kind, text)


def _read_value(field: Field, value: Any) -> Any:
    """A value of JSON: nothing is converted, a number in quotes is a text."""
    if value is None and field.kind != _without_none(field.kind):
        return None
    kind = _without_none(field.kind)
    if kind is Any:
        return value
    if kind is bool:
        if not isinstance(value, bool):
            raise field.refuse("is true or false")
        return value
    if kind in (int, float):
        wanted = int if kind is int else (int, float)
        # JSON has one kind of number: 5.0 is as whole as 5.
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, wanted) or isinstance(value, bool):
            name = "a whole number" if kind is int else "a number"
            raise field.refuse(_wanted_number(field, name))
        return _check_number(field, value)
    if kind is str or get_origin(kind) is Literal:
        if not isinstance(value, str):
            raise field.refuse("is a text")
        return _check_text(field, kind, value)
    if get_origin(kind) is dict:
        if not isinstance(value, dict):
            raise field.refuse("is an object")
        return value
    if get_origin(kind) is list:
        if not isinstance(value, list):
            raise field.refuse("is a list")
        inner = replace(field, kind=get_args(kind)[0])
        return [_read_value(inner, entry) for entry in value]
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise field.refuse("is an object")
        return read_json(cast("type", kind), value)
    raise TypeError(f"no way to read {kind} from JSON")


def _check_number(field: Field, value: float) -> Any:
    about = field.about
    low = -math.inf if about.least is None else about.least
    high = math.inf if about.most is None else about.most
    if not low <= value <= high:
        whole = "a whole number" if _without_none(field.kind) is int else "a number"
        raise field.refuse(_wanted_number(field, whole))
    return value


def _wanted_number(field: Field, kind: str) -> str:
    low, high = field.about.least, field.about.most
    if low is None and high is None:
        return f"is {kind}"
    if high is None:
        return f"is {kind}, {low:,} or more"
    return f"is {kind} from {format_number(low or 0)} to {format_number(high)}"


def format_number(value: float) -> str:
    """A number for people: ``1,000``, ``0.5``, and ``300`` for 300.0."""
    return f"{int(value) if value == int(value) else value:,}"


def _check_text(field: Field, kind: Any, text: str) -> str:
    about = field.about
    if get_origin(kind) is Literal and text not in get_args(kind):
        raise field.refuse(f"is one of: {', '.join(get_args(kind))}")
    if about.max_length is not None and len(text) > about.max_length:
        raise field.refuse(f"has at most {about.max_length:,} characters")
    if about.pattern is not None and not re.fullmatch(about.pattern, text):
        raise field.refuse(about.form or f"does not match {about.pattern}")
    return text


def _split(annotated: Any) -> tuple[Any, About]:
    """A type without its ``Annotated``, and the ``About`` in it."""
    if get_origin(annotated) is Annotated:
        kind, *extras = get_args(annotated)
        return kind, next(extra for extra in extras if isinstance(extra, About))
    return annotated, About("")


def _without_none(kind: Any) -> Any:
    if get_origin(kind) in (Union, types.UnionType):
        rest = [part for part in get_args(kind) if part is not type(None)]
        if len(rest) == 1:
            return rest[0]
    return kind


def schema_of(kind: Any, named: dict[str, Schema] | None = None) -> Schema:
    """The JSON Schema (2020-12, as OpenAPI 3.1 has it) of a type.

    ``TypedDict`` classes and dataclasses go into ``named`` under their names and are
    referred to; without ``named`` they stand where they are used.
    """
    kind, about = _split(kind)
    schema = _bare_schema(kind, named)
    extra: Schema = {
        "minimum": about.least,
        "maximum": about.most,
        "maxLength": about.max_length,
        "pattern": about.pattern and f"^(?:{about.pattern})$",
        **about.schema,
        "description": about.meaning,
    }
    found = {key: value for key, value in extra.items() if value not in (None, "")}
    # A reference with siblings is allowed since JSON Schema 2019-09.
    return schema | found


def _bare_schema(kind: Any, named: dict[str, Schema] | None) -> Schema:
    if kind is Any:
        return {}
    if kind in _SIMPLE:
        return {"type": _SIMPLE[kind]}
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _either([schema_of(part, named) for part in args])
    if origin is Literal:
        return {"type": "string", "enum": list(args)}
    if origin in (list, tuple):
        return _list_schema(origin, args, named)
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(args[1], named) or True}
    return _object_schema(kind, named)


def _list_schema(origin: Any, args: tuple[Any, ...], named: dict[str, Schema] | None) -> Schema:
    if origin is tuple and args[-1] is not Ellipsis:
        size = len(args)
        parts = [schema_of(part, named) for part in args]
        return {"type": "array", "prefixItems": parts, "minItems": size, "maxItems": size}
    return {"type": "array", "items": schema_of(args[0], named)}


def _either(schemas: list[Schema]) -> Schema:
    if all(schema.keys() == {"type"} for schema in schemas):
        return {"type": [schema["type"] for schema in schemas]}
    return {"anyOf": schemas}


def _object_schema(kind: Any, named: dict[str, Schema] | None) -> Schema:
    if named is None:
        return _fields_schema(kind, None)
    name = kind.__name__
    if name not in named:
        named[name] = {}  # a type may contain itself
        named[name] = _fields_schema(kind, named)
    return {"$ref": f"#/components/schemas/{name}"}


def _fields_schema(kind: Any, named: dict[str, Schema] | None) -> Schema:
    schema: Schema = {"type": "object", "properties": {}}
    if dataclasses.is_dataclass(kind):
        fields = fields_of(cast("type", kind))
        for field in fields:
            schema["properties"][field.name] = field_schema(field, named)
        schema["required"] = [field.name for field in fields if field.required]
        schema["additionalProperties"] = False
    elif typing.is_typeddict(kind):
        required = []
        for name, hint in typing.get_type_hints(kind, include_extras=True).items():
            is_marked = get_origin(hint) is typing.NotRequired
            schema["properties"][name] = schema_of(get_args(hint)[0] if is_marked else hint, named)
            if not is_marked and kind.__total__:
                required.append(name)
        schema["required"] = required
    else:
        raise TypeError(f"no schema for {kind}")
    schema["description"] = " ".join((kind.__doc__ or "").split("\n\n")[0].split())
    return schema


def texts_schema(field: Field) -> Schema:
    """The schema of a field in a query string or a form, which know texts and no null."""
    schema = field_schema(replace(field, kind=_without_none(field.kind)))
    if schema.get("type") == "boolean":
        schema |= {"type": "string", "enum": [*_TRUE, *_FALSE]}
        if "default" in schema:
            schema["default"] = str(schema["default"]).lower()
    return schema


def field_schema(field: Field, named: dict[str, Schema] | None = None) -> Schema:
    """The schema of a dataclass's field, with its default."""
    schema = schema_of(Annotated[field.kind, field.about], named)
    if not field.required and field.default is not None and field.default != ():
        schema["default"] = field.default
    return schema
