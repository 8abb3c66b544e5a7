"""Changes to a ticket's data before it is sent: ``ticket.id=5``, one after the other.

A change never touches the data it is given: what lies on its path is copied, the
rest is shared, so that a series of thousands costs little.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from inspector.emitter.tickets import FIELDS
from inspector.emitter.trees import MAX_DEPTH, Context, tree_of
from inspector.errors import InspectorError
from inspector.forms import Value

# The placeholder in a change's value for the delivery's number in its series, from 1.
NUMBER_MARK = "{n}"

_SEGMENT = re.compile(r"\[([^\]]*)\]|(?:^|\.)([^.\[\]]+)")


@dataclass(frozen=True, slots=True)
class Change:
    """Put ``value`` at ``path``, or take away what is there when ``value`` is None."""

    path: str
    value: Value | None


def parse_set(text: str) -> Change:
    """Read ``path=value``; the value is a text, spaces and all.

    Raises ``InspectorError`` ``invalid_path``.
    """
    path, equals, value = text.partition("=")
    if not equals:
        raise _invalid(text, "a change is written path=value")
    split_path(path)
    return Change(path, value)


def split_path(path: str) -> list[str]:
    """The keys of ``ticket.agent.name`` or ``ticket[agent][name]``, mixed as one likes.

    An empty key (``ticket[labels][]``) means after the last entry. A dot between
    brackets is part of the key.

    Raises ``InspectorError`` ``invalid_path``.
    """
    keys: list[str] = []
    position = 0
    while position < len(path):
        segment = _SEGMENT.match(path, position)
        if not segment or (position == 0 and path[0] in "[."):
            raise _invalid(path, "a path is written ticket.agent.name or ticket[agent][name]")
        keys.append(segment[2] if segment[1] is None else segment[1])
        position = segment.end()
    if not keys:
        raise _invalid(path, "a path begins with ticket, person_context or another field")
    if len(keys) > MAX_DEPTH:
        raise _invalid(path, f"a path has at most {MAX_DEPTH} parts")
    return keys


def _invalid(path: str, problem: str) -> InspectorError:
    shown = path if len(path) <= 80 else f"{path[:77]}..."
    return InspectorError("invalid_path", f"{shown}: {problem}.", path=path)


def apply_set(context: Context, path: str, value: Any) -> Context:
    """The data with ``value`` at ``path``; what is missing on the way is made.

    A key 0 to n-1 replaces a list's entry, n or an empty key appends one, any other
    makes a map of the list; a text gives way to what is put below it. All as PHP
    would do it. ``value`` is anything ``tree_of`` takes.

    Raises ``InspectorError`` ``invalid_path`` or ``invalid_ticket``.
    """
    keys = split_path(path)
    _check_field(context, keys[0], path)
    changed = _put(dict(context), keys, tree_of(value))
    assert isinstance(changed, dict)  # noqa: S101 - a map stays one
    return changed


def unset(context: Context, path: str) -> Context:
    """The data without what is at ``path``; later entries of a list move up.

    Raises ``InspectorError`` ``invalid_path``, or ``path_not_found`` when there is nothing.
    """
    changed = _take(context, split_path(path), path)
    assert isinstance(changed, dict)  # noqa: S101
    return changed


def apply_changes(context: Context, changes: Iterable[Change], *, number: int | str = 1) -> Context:
    """Make the changes in order; ``{n}`` in a value is the delivery's ``number``.

    Raises ``InspectorError`` as ``apply_set`` and ``unset`` do.
    """
    for change in changes:
        if change.value is None:
            context = unset(context, change.path)
        else:
            context = apply_set(context, change.path, number_value(change.value, number))
    return context


def number_value(value: Value, number: int | str) -> Value:
    """The value with the number of the delivery in place of ``{n}``."""
    if isinstance(value, str):
        return value.replace(NUMBER_MARK, str(number))
    if isinstance(value, list):
        return [number_value(entry, number) for entry in value]
    return {key: number_value(entry, number) for key, entry in value.items()}


def _check_field(context: Context, field: str, path: str) -> None:
    if field == "custom_data":
        raise _invalid(path, "custom data is the action's, not the ticket's")
    if field not in context and field not in FIELDS:
        raise _invalid(path, f"a path begins with one of {', '.join(FIELDS)}")


def _put(node: Value, keys: list[str], value: Value) -> Value:
    if not keys:
        return value
    key, rest = keys[0], keys[1:]
    if isinstance(node, str):
        node = []  # PHP's empty array: the first key decides what it becomes
    if isinstance(node, list):
        index = len(node) if key == "" else _index(key)
        if index is not None and index <= len(node):
            old = node[index] if index < len(node) else ""
            return [*node[:index], _put(old, rest, value), *node[index + 1 :]]
        node = {str(position): entry for position, entry in enumerate(node)}
    if key == "":
        key = _next_key(node)
    return {**node, key: _put(node.get(key, ""), rest, value)}


def _take(node: Value, keys: list[str], path: str) -> Value:
    key, rest = keys[0], keys[1:]
    if isinstance(node, dict) and key in node:
        if rest:
            return {**node, key: _take(node[key], rest, path)}
        return {name: entry for name, entry in node.items() if name != key}
    index = _index(key)
    if isinstance(node, list) and index is not None and index < len(node):
        kept = [_take(node[index], rest, path)] if rest else []
        return [*node[:index], *kept, *node[index + 1 :]]
    raise InspectorError(
        "path_not_found", f"{path[:80]}: there is nothing to take away.", path=path
    )


def _index(key: str) -> int | None:
    """The key as PHP's array index; None for a text, and for an index larger than any list."""
    if key.isascii() and key.isdigit() and len(key) < 10 and (key == "0" or key[0] != "0"):
        return int(key)
    return None


def _next_key(node: dict[str, Value]) -> str:
    indices = [index for index in map(_index, node) if index is not None]
    return str(max(indices, default=-1) + 1)
