"""The variables that a template asks for, found by reading it: nothing is rendered."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jinja2 import nodes
from jinja2.runtime import Undefined

from inspector.twig.environment import Context, parse_twig
from inspector.twig.filters import FUNCTIONS
from inspector.twig.parser import ARROW
from inspector.twig.values import look_up


def missing_variables(source: str, context: Context) -> list[str]:
    """The variables of a template that have no value, as written, each once."""
    return [".".join(path) for path in _variables(source) if not _find_value(path, context)]


@lru_cache(maxsize=128)
def _variables(source: str) -> list[tuple[str, ...]]:
    """The variables that a template has from outside, each once, in its order."""
    tree = parse_twig(source)
    own = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}
    own |= {"loop", "_context", ARROW, *FUNCTIONS}
    found: dict[tuple[str, ...], None] = {}
    pending: list[nodes.Node] = [tree]
    while pending:
        node = pending.pop()
        path = _variable_path(node)
        if path is None:
            pending.extend(reversed(list(node.iter_child_nodes())))
        elif path[0] not in own:
            found[path] = None
    return list(found)


def _variable_path(node: nodes.Node) -> tuple[str, ...] | None:
    """``ticket.agent.name`` as its parts, or None for anything that is not a variable."""
    path: list[str] = []
    while True:
        if isinstance(node, nodes.Getattr):
            path.append(node.attr)
        elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
            path.append(str(node.arg.value))
        elif isinstance(node, nodes.Name) and node.ctx == "load":
            return (node.name, *reversed(path))
        else:
            return None
        node = node.node


def _find_value(path: tuple[str, ...], context: Context) -> Any:
    value: Any = context
    for part in path:
        value = look_up(value, part)
    return None if isinstance(value, Undefined) else value
