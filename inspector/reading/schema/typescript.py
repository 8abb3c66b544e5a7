"""A bin's bodies as TypeScript. Names are quoted as JSON in ASCII, so that none can end a line."""

from __future__ import annotations

import json
import re

from inspector.reading.schema.models import ListOf, MapOf, Models, ObjectType, Ref, Union
from inspector.reading.schema.shapes import ANY, BOOLEAN, INTEGER, NULL, NUMBER, STRING

_PLAIN = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*\Z")
_NAMES = {
    STRING: "string",
    INTEGER: "number",
    NUMBER: "number",
    BOOLEAN: "boolean",
    NULL: "null",
    ANY: "unknown",
}
ALL = "AnyBody"


def write_typescript(models: Models, said: str) -> str:
    """Interfaces for all objects, and a type that is any of the bodies."""
    lines = [f"// {_quote(said)[1:-1]}", ""]
    for each in models.types:
        lines += _write_interface(each)
    interfaces = {each.name for each in models.types}
    for event, name, body in models.bodies:
        if name not in interfaces:
            lines += [*_say_event(event.name), f"export type {name} = {_write(body)};", ""]
    bodies = [name for _, name, _ in models.bodies]
    union, count = ALL, 1
    while union in {*bodies, *interfaces}:
        count += 1
        union = f"{ALL}{count}"
    lines.append(f"export type {union} = {' | '.join(bodies) or 'unknown'};")
    return "\n".join(lines) + "\n"


def _say_event(name: str) -> list[str]:
    return [f"// Event {_quote(name)}"] if name else []


def _write_interface(each: ObjectType) -> list[str]:
    lines = [f"export interface {each.name} {{"]
    for one in each.properties:
        often = f" // in {one.seen} of {each.objects}" if one.is_optional else ""
        mark = "?" if one.is_optional else ""
        lines.append(f"  {_name(one.key)}{mark}: {_write(one.type)};{often}")
    lines += [f"  {_name(key)}?: never;" for key in each.never]
    return [*lines, "}", ""]


def _write(union: Union) -> str:
    texts = dict.fromkeys(map(_write_one, union))
    return " | ".join(texts)


def _write_one(each: str | ListOf | MapOf | Ref) -> str:
    if isinstance(each, Ref):
        return each.name
    if isinstance(each, ListOf):
        return f"Array<{_write(each.items)}>"
    if isinstance(each, MapOf):
        return f"Record<string, {_write(each.values)}>"
    return _NAMES[each]


def _name(key: str) -> str:
    return key if _PLAIN.match(key) else _quote(key)


def _quote(text: str) -> str:
    return json.dumps(text)
