"""Templates in the helpdesk's syntax, rendered in Jinja's immutable sandbox."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jinja2 import ChainableUndefined, Template, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from inspector.emitter.trees import Context, Tree
from inspector.errors import InspectorError

_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=ChainableUndefined, autoescape=False)
_ENVIRONMENT.globals.clear()


def render_template(source: str, context: Context) -> str:
    """Render one template over a ticket; an unknown variable is empty.

    Raises ``InspectorError`` ``template_error``, whose message names the line.
    """
    return _compile(source).render(context)


@lru_cache(maxsize=256)
def _compile(source: str) -> Template:
    try:
        return _ENVIRONMENT.from_string(source)
    except TemplateSyntaxError as error:
        raise template_error(error.lineno, error.message or "it cannot be read") from None


def template_error(line: int, problem: str, **details: Any) -> InspectorError:
    """The error for a user's template: ``line`` counts from 1."""
    return InspectorError("template_error", f"Line {line}: {problem}.", line=line, **details)


def missing_variables(source: str, context: Context) -> list[str]:
    """Which variables of a template have no value, as they are written in it."""
    found: dict[str, None] = {}
    pending: list[nodes.Node] = [_ENVIRONMENT.parse(source)]
    while pending:
        node = pending.pop()
        path = _variable_path(node)
        if path is None:
            pending.extend(reversed(list(node.iter_child_nodes())))
        elif not _find_value(path, context):
            found[".".join(path)] = None
    return list(found)


def _variable_path(node: nodes.Node) -> list[str] | None:
    """``ticket.agent.name`` as its parts, or None for anything that is not a variable."""
    path: list[str] = []
    while isinstance(node, nodes.Getattr):
        path.append(node.attr)
        node = node.node
    if not isinstance(node, nodes.Name) or node.ctx != "load":
        return None
    return [node.name, *reversed(path)]


def _find_value(path: list[str], context: Context) -> Tree | None:
    value: Tree | None = context
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value
