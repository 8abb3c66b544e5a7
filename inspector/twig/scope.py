"""What one rendering of a template knows: its variables, its functions, and its account of work.

An arrow function (``v => v.id``) is a template of its own, which leaves its value behind in
place of a text. It sees what stood around it when it was written down, and its parameters.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Template, pass_context
from jinja2.runtime import Context as TemplateContext

from inspector.twig.values import Work

MAX_WORK = 3_000_000
CALL_COST = 50  # A function's call, in the characters that are worked on meanwhile.

RESULT = "result"


class Scope(TemplateContext):
    """The variables of one rendering; ``carried`` are those a loop sets for what follows it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.work = Work(MAX_WORK)
        self.carried: dict[str, Any] = {}
        self.functions: Sequence[Template] = ()


class Arrow:
    """An arrow function; ``names`` are its parameters, ``cost`` what its expression takes."""

    def __init__(
        self, scope: Scope, body: Template, names: list[str], around: Mapping[str, Any], cost: int
    ) -> None:
        self._scope, self._body, self._names, self._around = scope, body, names, around
        self._cost = CALL_COST + cost

    def __call__(self, *values: Any) -> Any:
        """Its value for these; those beyond its parameters are left aside, as PHP does."""
        self._scope.work.charge(self._cost)
        variables = {**self._around, **dict(zip(self._names, values, strict=False))}
        scope = start_scope(self._body, variables, self._scope)
        deque(self._body.root_render_func(scope), maxlen=0)
        return scope.vars[RESULT]


def start_scope(template: Template, variables: Mapping[str, Any], outer: Scope | None) -> Scope:
    """A rendering of ``template``, one within ``outer`` when that is given."""
    scope = template.new_context(dict(variables))
    assert isinstance(scope, Scope)  # noqa: S101 - Jinja does not say it in types
    if outer is not None:
        scope.work, scope.carried, scope.functions = outer.work, outer.carried, outer.functions
    return scope


@pass_context
def make_arrow(
    scope: Scope, number: int, names: list[str], around: Mapping[str, Any], cost: int
) -> Arrow:
    """The function that the template wrote as its ``number``th."""
    return Arrow(scope, scope.functions[number], names, around, cost)


@pass_context
def set_variable(scope: Scope, value: Any, name: str) -> None:
    """Keep the value of a variable that is set in a loop and outside of it."""
    scope.work.charge(1)
    scope.carried[name] = value


@pass_context
def find_variable(scope: Scope, name: str) -> Any:
    """The value of such a variable."""
    return scope.carried[name] if name in scope.carried else scope.resolve(name)
