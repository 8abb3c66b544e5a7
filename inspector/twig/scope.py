"""The variables of one rendering, in the manner of Twig: one map, however blocks are nested.

A loop works on the map of what is around it. At its end the variables that were there before
keep what the loop made of them, those that are new go, and its own names mean what they
meant before. An arrow function (``v => v.id``) is a template of its own, which leaves its
value behind in place of a text; it sees a copy of the map as it was when it was written down.

Source: Twig 3.5, ForNode, WithNode and ArrowFunctionExpression.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import ChainableUndefined, Template, pass_context
from jinja2.runtime import Context as TemplateContext

from inspector.twig.errors import ValueProblemError
from inspector.twig.values import ENTRY_COST, Markup, Work, is_collection, pairs_of, to_text

MAX_WORK = 3_000_000
CALL_COST = 50  # The cost of a function's call, in characters.

RESULT = "result"
_LOOP_NAMES = ("_parent", "_key", "loop")


class TwigScope(TemplateContext):
    """One rendering: its variables, its work and its functions.

    ``outer`` are the variables as they were before each block that is open, ``lengths`` how
    many rounds each loop has that is open.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.variables: dict[str, Any] = {}
        self.outer: list[dict[str, Any]] = []
        self.lengths: list[int] = []
        self.work = Work(MAX_WORK)
        self.functions: Sequence[Template] = ()

    def open(self) -> None:
        """Begin a loop or a ``with``: what is known now is what counts at its end."""
        self.work.charge(ENTRY_COST * len(self.variables))
        self.outer.append(self.variables)
        self.variables = dict(self.variables)


class Arrow:
    """An arrow function; ``names`` are its parameters, ``cost`` what its expression takes."""

    def __init__(self, scope: TwigScope, body: Template, names: list[str], cost: int) -> None:
        self._scope, self._body, self._names = scope, body, names
        self._around = dict(scope.variables)
        self._cost = CALL_COST + cost + len(self._around)

    def __call__(self, *values: Any) -> Any:
        """Its value for these; those beyond its parameters are left aside, as PHP does."""
        self._scope.work.charge(self._cost)
        variables = {**self._around, **dict(zip(self._names, values, strict=False))}
        scope = start_scope(self._body, variables, self._scope)
        deque(self._body.root_render_func(scope), maxlen=0)
        return scope.vars[RESULT]


def start_scope(
    template: Template, variables: dict[str, Any], outer: TwigScope | None
) -> TwigScope:
    """A rendering of ``template``, one within ``outer`` when that is given."""
    scope = template.new_context()
    assert isinstance(scope, TwigScope)  # noqa: S101 - Jinja does not say it in types
    scope.variables = variables
    if outer is not None:
        scope.work, scope.functions = outer.work, outer.functions
    return scope


@pass_context
def make_arrow(scope: TwigScope, number: int, names: list[str], cost: int) -> Arrow:
    """The function that the template wrote as its ``number``th."""
    scope.work.charge(len(scope.variables))
    return Arrow(scope, scope.functions[number], names, cost)


@pass_context
def set_variables(scope: TwigScope, values: list[Any], names: list[str]) -> None:
    """Give names to values; all values are there before the first name is given."""
    scope.work.charge(len(names))
    plain = [str(value) if isinstance(value, Markup) else value for value in values]
    scope.variables.update(zip(names, plain, strict=True))


@pass_context
def set_block(scope: TwigScope, text: str, name: str) -> None:
    """Give a name to what a block has gathered, which is as it should be."""
    scope.variables[name] = Markup(text) if text else ""


@pass_context
def find_variable(scope: TwigScope, name: str) -> Any:
    """The value of a variable."""
    if name in scope.variables:
        return scope.variables[name]
    return ChainableUndefined(name=name)


@pass_context
def all_variables(scope: TwigScope, _nothing: None) -> dict[str, Any]:
    """``_context``: a map of the variables."""
    scope.work.charge(ENTRY_COST * len(scope.variables))
    return dict(scope.variables)


@pass_context
def open_loop(scope: TwigScope, entries: Sequence[Any]) -> Sequence[Any]:
    """The keys and values that a loop runs over, each with its position."""
    scope.open()
    scope.lengths.append(len(entries))
    scope.variables["_parent"] = scope.outer[-1]
    return list(enumerate(entries))


@pass_context
def step_loop(scope: TwigScope, entry: Any, names: list[str]) -> None:
    """Begin a round: its key, its value and ``loop``."""
    index, (key, value) = entry
    parent = scope.outer[-1]
    count = scope.lengths[-1]
    left = count - index
    scope.variables["loop"] = {
        "parent": parent, "index0": index, "index": index + 1, "first": index == 0,
        "revindex0": left - 1, "revindex": left, "last": left == 1, "length": count,
    }  # fmt: skip
    scope.variables["_key"] = key
    scope.variables.update(zip(names, (value,) if len(names) == 1 else (key, value), strict=True))


@pass_context
def close_loop(scope: TwigScope, names: list[str]) -> None:
    """End a loop: what was there before stays as it is now, but for the loop's own names."""
    parent = scope.outer.pop()
    scope.lengths.pop()
    scope.work.charge(ENTRY_COST * len(parent))
    own = {*names, *_LOOP_NAMES}
    inside = scope.variables
    scope.variables = {
        name: value if name in own else inside.get(name, value) for name, value in parent.items()
    }


@pass_context
def open_with(scope: TwigScope, variables: Any, only: bool) -> None:
    """Begin a ``with``, which sees the variables of a map, too, or nothing else."""
    if not isinstance(variables, Mapping) and not (is_collection(variables) and not variables):
        raise ValueProblemError("with takes a map, as in with {a: 1}")
    scope.open()
    if only:
        scope.variables = {}
    pairs = pairs_of(variables)
    scope.work.charge(ENTRY_COST * len(pairs))
    scope.variables.update((to_text(name), value) for name, value in pairs)


@pass_context
def close_with(scope: TwigScope, _nothing: None) -> None:
    """End a ``with``: all is as it was before."""
    scope.variables = scope.outer.pop()
