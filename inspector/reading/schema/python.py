"""A bin's bodies as Python: ``TypedDict`` classes or pydantic models.

Keys come as ``ascii`` writes them, or as identifiers that are checked to be plain ones, so
that no name can be code.
"""

from __future__ import annotations

import keyword
import re

from inspector.reading.schema.models import ListOf, MapOf, Models, ObjectType, Property, Ref, Union
from inspector.reading.schema.shapes import ANY, BOOLEAN, INTEGER, NULL, NUMBER, STRING

_NAMES = {
    STRING: "str",
    INTEGER: "int",
    NUMBER: "float",
    BOOLEAN: "bool",
    NULL: "None",
    ANY: "Any",
}
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z", re.ASCII)
# Attributes of pydantic's models, version 2: a field may not be called so.
_TAKEN = frozenset(
    "construct copy dict from_orm json parse_file parse_obj parse_raw schema schema_json"
    " update_forward_refs validate".split()
)
_WORDS = frozenset({*_NAMES.values(), *"list Union Field BaseModel ConfigDict annotations".split()})
ALL = "AnyBody"
_NEVER_SHOWN = 20


def write_typed_dicts(models: Models, said: str) -> str:
    """``TypedDict`` classes, and a name for any of the bodies; for Python 3.11 and later."""
    lines = [
        f"# {_quote(said)[1:-1]}",
        "",
        "from typing import Any, NotRequired, TypedDict, Union",
        "",
    ]
    for each in models.types:
        lines += ["", *_write_typed_dict(each), ""]
    return _join([*lines, *_write_bodies(models)])


def write_pydantic(models: Models, said: str) -> str:
    """Models of pydantic 2, and a name for any of the bodies; for Python 3.11 and later."""
    lines = [
        f"# {_quote(said)[1:-1]}",
        "",
        "from typing import Any, Union",
        "",
        "from pydantic import BaseModel, ConfigDict, Field",
        "",
    ]
    classes = {each.name for each in models.types} | {name for _, name, _ in models.bodies}
    for each in models.types:
        lines += ["", *_write_model(each, classes), ""]
    return _join([*lines, *_write_bodies(models)])


def _join(lines: list[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"


def _write_bodies(models: Models) -> list[str]:
    """Names for bodies that are no objects, and for any of them."""
    classes = {each.name for each in models.types}
    lines = [""]
    for _, name, body in models.bodies:
        if name not in classes:
            lines.append(f"{name} = {_write(body)}")
    bodies = [name for _, name, _ in models.bodies]
    union, count = ALL, 1
    while union in {*bodies, *classes}:
        count += 1
        union = f"{ALL}{count}"
    return [*lines, f"{union} = {_unite(bodies) if bodies else 'Any'}"]


def _write_typed_dict(each: ObjectType) -> list[str]:
    never = _say_never(each)
    # A name with two underscores is changed inside a class, and others are no names at all.
    if not all(_is_plain(one.key) for one in each.properties):
        lines = [f"{each.name} = TypedDict(", f"    {each.name!r},", "    {"]
        lines += [
            f"        {_quote(one.key)}: {_write_key(one)},{_say_often(one, each)}"
            for one in each.properties
        ]
        return [*never, *lines, "    },", ")"]
    lines = [f"    {one.key}: {_write_key(one)}{_say_often(one, each)}" for one in each.properties]
    return [*never, f"class {each.name}(TypedDict):", *(lines or ["    pass"])]


def _write_key(one: Property) -> str:
    text = _write(one.type)
    return f"NotRequired[{text}]" if one.is_optional else text


def _write_model(each: ObjectType, classes: set[str]) -> list[str]:
    lines = [f"class {each.name}(BaseModel):"]
    used = {"model_config"}
    fields = []
    for one in each.properties:
        if not _can_be_sent(one.key):
            fields.append(f"    # Not to be named in pydantic: {_quote(one.key)}")
            continue
        name = _name_field(one.key, used, classes)
        text = _write(one.type)
        if one.is_optional and NULL not in one.type and ANY not in one.type:
            text += " | None"
        alias = "" if name == one.key else f"alias={_quote(one.key)}"
        if one.is_optional:
            default = f" = Field(default=None, {alias})" if alias else " = None"
        else:
            default = f" = Field({alias})" if alias else ""
        fields.append(f"    {name}: {text}{default}{_say_often(one, each)}")
    config = 'model_config = ConfigDict(extra="allow")'
    return [*_say_never(each), *lines, f"    {config}", *([""] if fields else []), *fields]


def _name_field(key: str, used: set[str], classes: set[str]) -> str:
    """A name that is no key word, none of pydantic's, and no type's."""
    made = key if _is_plain(key) else re.sub(r"[^A-Za-z0-9]+", "_", key).strip("_")
    if not made or not made[0].isalpha():
        made = f"field_{made}"
    made = made[:60]
    is_taken = made in _TAKEN or made in _WORDS or made in classes or keyword.iskeyword(made)
    if is_taken or made.startswith("model_"):
        made = f"{made}_" if not made.startswith("model_") else f"field_{made}"
    name, count = made, 1
    while name in used:
        count += 1
        name = f"{made}_{count}"
    used.add(name)
    return name


def _say_never(each: ObjectType) -> list[str]:
    if not each.never:
        return []
    shown = ", ".join(map(_quote, each.never[:_NEVER_SHOWN]))
    more = len(each.never) - _NEVER_SHOWN
    return [f"# Never: {shown}{f' and {more} more' if more > 0 else ''}"]


def _say_often(one: Property, each: ObjectType) -> str:
    return f"  # in {one.seen} of {each.objects}" if one.is_optional else ""


def _write(union: Union) -> str:
    """The type as a Python expression."""
    return _unite(list(dict.fromkeys(map(_write_one, union))))


def _unite(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"Union[{', '.join(texts)}]"


def _write_one(each: str | ListOf | MapOf | Ref) -> str:
    if isinstance(each, Ref):
        return each.name
    if isinstance(each, ListOf):
        return f"list[{_write(each.items)}]"
    if isinstance(each, MapOf):
        return f"dict[str, {_write(each.values)}]"
    return _NAMES[each]


def _can_be_sent(key: str) -> bool:
    """False for halves of surrogate pairs, which pydantic takes for no text."""
    return key.isascii() or key.encode("utf-8", "replace").decode() == key


def _is_plain(key: str) -> bool:
    return _PLAIN.match(key) is not None and not keyword.iskeyword(key)


def _quote(text: str) -> str:
    return ascii(text)
