"""The nested data of a ticket: texts, lists and maps, and nothing else.

The helpdesk makes a text of every value before it encodes it (true is ``1``, false and null are
empty), so that PHP's form builder meets only texts and arrays. Trees are never changed in
place: a change gives a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from inspector.errors import InspectorError
from inspector.forms import Value
from inspector.forms.casts import text_of

Context: TypeAlias = "dict[str, Value]"

# PHP reads no deeper form (max_input_nesting_level), so deeper data could not arrive.
MAX_DEPTH = 64
MAX_LEAVES = 100_000


def tree_of(value: Any) -> Value:
    """Make a tree of what JSON or Python holds, as the helpdesk does before it encodes.

    True is ``"1"``, False and None are ``""``, numbers are written as PHP writes
    them; keys become texts.

    Raises ``InspectorError`` ``invalid_ticket`` for data deeper than ``MAX_DEPTH``
    or with more than ``MAX_LEAVES`` values, and ``TypeError`` for other types.
    """
    return _TreeMaker().make(value, 0)


class _TreeMaker:
    def __init__(self) -> None:
        self._leaves = 0

    def make(self, value: Any, depth: int) -> Value:
        if depth > MAX_DEPTH:
            raise InspectorError("invalid_ticket", f"The data is nested deeper than {MAX_DEPTH}.")
        if isinstance(value, Mapping):
            return {text_of(key): self.make(entry, depth + 1) for key, entry in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.make(entry, depth + 1) for entry in value]
        self._leaves += 1
        if self._leaves > MAX_LEAVES:
            raise InspectorError("invalid_ticket", f"The data has more than {MAX_LEAVES:,} values.")
        return text_of(value)


def order_lists(tree: Value) -> Value:
    """Turn maps whose keys are 0 to n-1 in any order into lists.

    A viewer's listing scatters a list's entries, which makes PHP read a map. A map with a gap
    stays a map: missing entries are never invented.
    """
    if isinstance(tree, str):
        return tree
    if isinstance(tree, list):
        return [order_lists(entry) for entry in tree]
    ordered = {key: order_lists(entry) for key, entry in tree.items()}
    keys = [str(index) for index in range(len(ordered))]
    if ordered and ordered.keys() == set(keys):
        return [ordered[key] for key in keys]
    return ordered


def walk_leaves(tree: Value, visit: Callable[[tuple[str, ...], str], None]) -> None:
    """Call ``visit`` with the path and the text of every leaf, in order."""
    _walk(tree, (), visit)


def _walk(
    tree: Value, path: tuple[str, ...], visit: Callable[[tuple[str, ...], str], None]
) -> None:
    if isinstance(tree, str):
        visit(path, tree)
        return
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, entry in entries:
        _walk(entry, (*path, str(key)), visit)
