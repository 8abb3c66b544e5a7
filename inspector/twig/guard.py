"""What a template may be made of, checked before anything of it runs.

Jinja reads the text; here its tree is held against a list of what the helpdesk's
templates have, and every operation whose cost or meaning Python would decide is
replaced by a call of ours, which counts it (``values``).
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable
from typing import Any

from jinja2 import meta, nodes
from jinja2.visitor import NodeTransformer

from inspector.twig.errors import TemplateError
from inspector.twig.filters import FILTERS, FUNCTIONS, TESTS
from inspector.twig.parser import ARROW
from inspector.twig.scope import RESULT

MAX_NODES = 5_000
MAX_DEPTH = 40
MAX_FUNCTIONS = 50  # Each is compiled on its own.

# What the helpdesk's language has and ours has not, by the name Jinja gives it.
_NAMES = {
    "NSRef": "setting an attribute",
    "With": "with",
    "CallBlock": "call",
    "Macro": "a macro",
    "Include": "include",
    "Import": "import",
    "FromImport": "import",
    "Extends": "extends",
    "Block": "a block",
}
# What stands on the left is taken when it is true, or when it has a value.
_FALLBACKS = {"?:": "if true", "coalesce": "if set"}
_OWN_OPERATIONS = ("range", "matches", "starts with", "ends with")
_TAKE_FUNCTIONS = ("filter", "map", "reduce", "sort")
_SETS = (nodes.Assign, nodes.AssignBlock)
_PLAIN = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.List, nodes.Tuple,
    nodes.Dict, nodes.Name, nodes.Getattr, nodes.Keyword, nodes.Operand,
    nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow,
    nodes.Neg, nodes.Pos,
)  # fmt: skip


class TwigGuard(NodeTransformer):
    """Refuses what is not on the list, and puts guarded calls where Python's operators were.

    ``functions`` are the arrow functions found, each a template that sets ``RESULT``.
    Raises ``TemplateError``.
    """

    def __init__(self) -> None:
        self.functions: list[nodes.Template] = []
        self._blocks = 0
        self._nodes = 0
        self._depth = 0
        self._carried: set[str] = set()

    def visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:
        """Count the node and its depth, then check and transform it."""
        self._nodes += 1
        self._depth += 1
        if self._nodes > MAX_NODES or self._depth > MAX_DEPTH:
            raise TemplateError(node.lineno, "the template is too complicated")
        try:
            return super().visit(node, *args, **kwargs)
        finally:
            self._depth -= 1

    def generic_visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:
        """A node without a rule of its own: allowed when it is a plain one."""
        if not isinstance(node, _PLAIN):
            kind = type(node).__name__
            what = _NAMES.get(kind, kind)
            raise TemplateError(node.lineno, f"{what} is not part of a webhook's templates")
        return super().generic_visit(node, *args, **kwargs)

    def get_visitor(self, node: nodes.Node) -> Callable[..., Any] | None:
        """The rule for this kind of node: ``_on_if`` for ``If``."""
        return getattr(self, f"_on_{type(node).__name__.lower()}", None)

    def _on_template(self, node: nodes.Template) -> nodes.Node:
        self._carried = _carried_names(node)
        return self._children(node)

    def _on_assign(self, node: nodes.Assign) -> nodes.Node:
        if not isinstance(node.target, nodes.Name):
            raise TemplateError(node.lineno, "set takes one name")
        if node.target.name not in self._carried:
            return self._children(node)
        value = self.visit(node.node)
        kept = _guarded("set", value, nodes.Const(node.target.name)).set_lineno(node.lineno)
        return nodes.ExprStmt(kept, lineno=node.lineno)

    def _on_assignblock(self, node: nodes.AssignBlock) -> nodes.Node | list[nodes.Node]:
        if not isinstance(node.target, nodes.Name):
            raise TemplateError(node.lineno, "set takes one name")
        self._gather(node)
        name = node.target.name
        if name not in self._carried:
            return node
        value = nodes.Name(name, "load", lineno=node.lineno)
        return [node, nodes.ExprStmt(_guarded("set", value, nodes.Const(name)))]

    def _on_filterblock(self, node: nodes.FilterBlock) -> nodes.Node:
        self._gather(node)
        # Jinja puts what was gathered into the innermost filter, which has no other value.
        filters: Any = _guarded("text", node.filter)
        node.filter = filters
        return node

    def _gather(self, node: nodes.Node) -> None:
        self._blocks += 1
        self._children(node)
        self._blocks -= 1

    def _on_output(self, node: nodes.Output) -> nodes.Node:
        """What a block gathers is counted piece by piece; all else is when it goes out."""
        self._children(node)
        if self._blocks:
            node.nodes = [_guarded("piece", piece) for piece in node.nodes]
        return node

    def _on_name(self, node: nodes.Name) -> nodes.Node:
        if node.ctx == "load" and node.name in self._carried:
            return _guarded("variable", nodes.Const(node.name, lineno=node.lineno))
        return node

    def _on_const(self, node: nodes.Const) -> nodes.Node:
        if isinstance(node.value, float) and not math.isfinite(node.value):
            raise TemplateError(node.lineno, "the number is too large")
        return node

    def _on_if(self, node: nodes.If | nodes.CondExpr) -> nodes.Node:
        self._children(node)
        node.test = _truth(node.test)
        return node

    _on_condexpr = _on_if

    def _on_pair(self, node: nodes.Pair) -> nodes.Node:
        self._children(node)
        node.key = _guarded("text", node.key)
        return node

    def _on_not(self, node: nodes.Not) -> nodes.Node:
        self._children(node)
        node.node = _truth(node.node)
        return node

    def _on_and(self, node: nodes.BinExpr) -> nodes.Node:
        self._children(node)
        node.left, node.right = _truth(node.left), _truth(node.right)
        return node

    _on_or = _on_and

    def _on_for(self, node: nodes.For) -> nodes.Node:
        pairs = isinstance(node.target, nodes.Tuple)
        targets = node.target.items if isinstance(node.target, nodes.Tuple) else [node.target]
        names = [target for target in targets if isinstance(target, nodes.Name)]
        if node.recursive or len(targets) > 2 or len(names) < len(targets):
            problem = "a loop is written `for x in list` or `for key, x in list`"
            raise TemplateError(node.lineno, problem)
        before = self._nodes
        self._children(node)
        cost = self._nodes - before
        node.iter = _guarded("entries", node.iter, nodes.Const(pairs), nodes.Const(cost))
        node.test = _truth(node.test) if node.test else None
        return node

    def _on_getitem(self, node: nodes.Getitem) -> nodes.Node:
        """``x[1:2]`` is the helpdesk's short form of ``x|slice(1, 2)``."""
        if not isinstance(node.arg, nodes.Slice):
            return self._children(node)
        if node.arg.step is not None:
            raise TemplateError(node.lineno, "a slice has a start and a length")
        start = node.arg.start or nodes.Const(0)
        length = node.arg.stop or nodes.Const(None)
        call = nodes.Filter(node.node, "slice", [start, length], [], None, None)
        return self._children(call.set_lineno(node.lineno))

    def _on_compare(self, node: nodes.Compare) -> nodes.Node:
        if len(node.ops) != 1:
            raise TemplateError(node.lineno, "a comparison has two sides")
        self._children(node)
        sign, left, right = node.ops[0].op, node.expr, node.ops[0].expr
        if sign in _FALLBACKS:
            # Python's `or` leaves the right side alone while the left one will do.
            return _guarded("chosen", nodes.Or(_guarded(_FALLBACKS[sign], left), right))
        if sign in _OWN_OPERATIONS:
            return _guarded(sign, left, right)
        if sign == "spaceship":
            return _guarded("order", left, right)
        return _guarded("compare", left, nodes.Const(sign), right)

    def _on_concat(self, node: nodes.Concat) -> nodes.Node:
        self._children(node)
        return _guarded("concat", nodes.List(node.nodes))

    def _on_filter(self, node: nodes.Filter) -> nodes.Node:
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            raise TemplateError(node.lineno, f"{node.name} cannot be used so")
        if node.name not in FILTERS:
            problem = f"there is no filter {node.name}; {_suggest(node.name, FILTERS)}"
            raise TemplateError(node.lineno, problem)
        _check_arguments(node, node.name, FILTERS[node.name], 2)
        if node.node is not None:
            node.node = self.visit(node.node)
        takes = node.name in _TAKE_FUNCTIONS
        node.args = [self._visit_argument(argument, takes) for argument in node.args]
        for named in node.kwargs:
            named.value = self._visit_argument(named.value, takes)
        return node

    def _visit_argument(self, node: nodes.Expr, may_be_arrow: bool) -> nodes.Expr:
        if may_be_arrow and _is_arrow(node):
            return self._make_function(node)
        visited: nodes.Expr = self.visit(node)
        return visited

    def _make_function(self, node: Any) -> nodes.Expr:
        """Take an arrow function out of the tree; its values go to where it was."""
        names = [name.name for name in node.args[0].items]
        before, carried = self._nodes, self._carried
        self._carried = carried.difference(names)
        value = self.visit(node.args[1])
        self._carried = carried
        cost = self._nodes - before
        result = nodes.Assign(nodes.Name(RESULT, "store"), value, lineno=node.args[1].lineno)
        body = nodes.Template([result], lineno=node.lineno)
        body.set_environment(node.environment)
        if len(self.functions) == MAX_FUNCTIONS:
            raise TemplateError(node.lineno, "the template is too complicated")
        self.functions.append(body)
        around = sorted(meta.find_undeclared_variables(body).difference(names))
        pairs = [nodes.Pair(nodes.Const(name), nodes.Name(name, "load")) for name in around]
        number = nodes.Const(len(self.functions) - 1, lineno=node.lineno)
        parameters = nodes.List([nodes.Const(name) for name in names])
        return _guarded("arrow", number, parameters, nodes.Dict(pairs), nodes.Const(cost))

    def _on_test(self, node: nodes.Test) -> nodes.Node:
        if node.name not in TESTS or node.dyn_args is not None or node.dyn_kwargs is not None:
            problem = f"there is no test `is {node.name}`; {_suggest(node.name, TESTS)}"
            raise TemplateError(node.lineno, problem)
        _check_arguments(node, f"is {node.name}", TESTS[node.name], 1)
        return self._children(node)

    def _on_call(self, node: nodes.Call) -> nodes.Node:
        """``max(a, b)``: a filter of another look."""
        if _is_arrow(node):
            problem = f"an arrow function belongs into {', '.join(_TAKE_FUNCTIONS)}"
            raise TemplateError(node.lineno, problem)
        name = node.node.name if isinstance(node.node, nodes.Name) else None
        if name not in FUNCTIONS or node.dyn_args is not None or node.dyn_kwargs is not None:
            problem = f"there is no such function; there are {', '.join(FUNCTIONS)}"
            raise TemplateError(node.lineno, problem)
        _check_arguments(node, name, FUNCTIONS[name], 1)
        # Visited by hand: its name is no variable.
        arguments = [self.visit(argument) for argument in node.args]
        named = [self.visit(argument) for argument in node.kwargs]
        call = nodes.Filter(nodes.Const(None), f"guarded {name}()", arguments, named, None, None)
        return call.set_lineno(node.lineno)

    def _children(self, node: nodes.Node) -> nodes.Node:
        visited: nodes.Node = super().generic_visit(node)
        return visited


def _is_arrow(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Call) and getattr(node.node, "name", "") == ARROW


def _suggest(name: str, known: Iterable[str]) -> str:
    """What may be meant by a name that is none of these, or else all of them."""
    from difflib import get_close_matches  # most templates are as they should be

    meant = get_close_matches(name.lower(), known, n=1, cutoff=0.7)
    return f"the nearest is {meant[0]}" if meant else f"there are {', '.join(known)}"


def _check_arguments(node: Any, name: str, function: Callable[..., Any], before: int) -> None:
    """Whether a call's arguments fit behind the ``before`` that are always given."""
    positional = [None] * (before + len(node.args))
    named = {str(argument.key): None for argument in node.kwargs}
    try:
        inspect.signature(function).bind(*positional, **named)
    except TypeError:
        problem = f"{name} does not take these arguments"
        raise TemplateError(node.lineno, problem) from None


def _carried_names(template: nodes.Template) -> set[str]:
    """Variables that are set inside a loop or a block and outside of it: a sum, a counter.

    In the helpdesk's language such a one is still what the loop made of it; Jinja would
    take it for another of the same name.
    """
    set_in: dict[str, set[int]] = {}
    looped: set[str] = set()
    pending: list[tuple[nodes.Node, int]] = [(template, 0)]
    while pending:
        node, loop = pending.pop()
        if isinstance(node, _SETS) and isinstance(node.target, nodes.Name):
            set_in.setdefault(node.target.name, set()).add(loop)
        if isinstance(node, (nodes.AssignBlock, nodes.FilterBlock)):
            loop = id(node)
        if isinstance(node, nodes.For):
            targets = node.target.items if isinstance(node.target, nodes.Tuple) else [node.target]
            looped |= {target.name for target in targets if isinstance(target, nodes.Name)}
            loop = id(node)
        pending.extend((child, loop) for child in node.iter_child_nodes())
    return {name for name, loops in set_in.items() if len(loops) > 1} - looped


def _guarded(name: str, node: nodes.Node, *arguments: nodes.Node) -> nodes.Expr:
    """A call of one of our own operations; no template can name it, for the space in it."""
    call = nodes.Filter(node, f"guarded {name}", list(arguments), [], None, None)
    call.set_lineno(node.lineno)
    return call


def _truth(node: nodes.Node) -> nodes.Expr:
    return _guarded("truth", node)
