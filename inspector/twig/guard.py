"""The check of a template's syntax tree, made before anything of it runs.

Jinja parses the text; here its tree is checked against a list of the helpdesk's syntax, and
every operation whose cost or meaning Python would decide is replaced by a counted call of ours
(``values``).
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable
from typing import Any

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from inspector.twig.errors import TemplateError
from inspector.twig.filters import FILTERS, FUNCTIONS, TESTS
from inspector.twig.messages import explain_missing
from inspector.twig.parser import ARROW
from inspector.twig.scope import RESULT

MAX_NODES = 5_000
MAX_DEPTH = 40
MAX_FUNCTIONS = 50  # Each is compiled on its own.

# Parts of the helpdesk's language that are not supported here, by Jinja's name of the node.
_NAMES = {
    "CallBlock": "call",
    "Macro": "a macro",
    "Include": "include",
    "Import": "import",
    "FromImport": "import",
    "Extends": "extends",
    "Block": "a block",
}
# Operators that take the left side when it is true, or when it has a value.
_FALLBACKS = {"?:": "if true", "coalesce": "if set"}
_OWN_OPERATIONS = (
    "range", "matches", "starts with", "ends with", "b-and", "b-or", "b-xor"
)  # fmt: skip
_TAKE_FUNCTIONS = ("filter", "map", "reduce", "sort")
_ESCAPE_FIRST = ("nl2br", "spaceless")
_PLAIN = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.List, nodes.ExprStmt,
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
        self._names = 0

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
            problem = f"{what} works in the helpdesk, not here: there are no other templates"
            raise TemplateError(node.lineno, problem)
        return super().generic_visit(node, *args, **kwargs)

    def get_visitor(self, node: nodes.Node) -> Callable[..., Any] | None:
        """The rule for this kind of node: ``_on_if`` for ``If``."""
        return getattr(self, f"_on_{type(node).__name__.lower()}", None)

    def _on_tuple(self, node: nodes.Tuple) -> nodes.Node:
        raise TemplateError(node.lineno, "a, b is not Twig's; a list is written [a, b]")

    def _on_assign(self, node: nodes.Assign) -> nodes.Node:
        names = _read_names(node.target, "set")
        values = node.node.items if isinstance(node.node, nodes.Tuple) else [node.node]
        if len(names) != len(values):
            raise TemplateError(node.lineno, "set needs as many values as names")
        visited = nodes.List([self.visit(value) for value in values], lineno=node.lineno)
        return _statement("set", visited, _names(names))

    def _on_assignblock(self, node: nodes.AssignBlock) -> list[nodes.Node]:
        if not isinstance(node.target, nodes.Name):
            raise TemplateError(node.lineno, "set with a block takes one name")
        if node.filter:
            raise TemplateError(node.lineno, "set with a filter is not Twig's; use apply within it")
        name = node.target.name
        node.target = nodes.Name(self._new_name(), "store", lineno=node.lineno)
        self._gather(node)
        text = nodes.Name(node.target.name, "load", lineno=node.lineno)
        return [node, _statement("set block", text, nodes.Const(name))]

    def _new_name(self) -> str:
        """A name in Jinja's own code, where no variable of a template is."""
        self._names += 1
        return f"_{self._names}"

    def _on_filterblock(self, node: nodes.FilterBlock) -> nodes.Node:
        self._gather(node)
        # Jinja puts what was gathered into the innermost filter, which has no other value.
        filters: Any = _guarded("text", node.filter)
        node.filter = filters
        return node

    def _gather(self, node: nodes.AssignBlock | nodes.FilterBlock) -> None:
        self._blocks += 1
        node.body = self._visit_all(node.body)
        self._blocks -= 1
        if node.filter:
            node.filter = innermost = self.visit(node.filter)
            while innermost.node is not None:
                innermost = innermost.node
            # The gathered text is escaped already, and is put where there is no node.
            innermost.node = nodes.Filter(None, "guarded written", [], [], None, None)

    def _visit_all(self, body: list[nodes.Node]) -> list[nodes.Node]:
        visited = [self.visit(node) for node in body]
        return [node for each in visited for node in (each if isinstance(each, list) else [each])]

    def _on_output(self, node: nodes.Output) -> nodes.Node:
        """Count a block's output piece by piece; other output is counted when it goes out."""
        self._children(node)
        if self._blocks:
            node.nodes = [_guarded("piece", piece) for piece in node.nodes]
        return node

    def _on_name(self, node: nodes.Name) -> nodes.Node:
        if node.name == "_context":
            return _guarded("context", nodes.Const(None, lineno=node.lineno))
        return _guarded("variable", nodes.Const(node.name, lineno=node.lineno))

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

    def _on_for(self, node: nodes.For) -> list[nodes.Node]:
        names = _read_names(node.target, "for")
        if node.recursive or len(names) > 2:
            problem = "a loop is written `for x in list` or `for key, x in list`"
            raise TemplateError(node.lineno, problem)
        iterated = node.iter
        if node.test is not None:  # Twig 1's and 2's ``if``: it filters first.
            parameters = [nodes.Name(name, "store") for name in reversed(names)]
            parts = [nodes.Tuple(parameters, "store"), node.test]
            chosen: Any = nodes.Call(nodes.Name(ARROW, "load"), parts, [], None, None)
            function = self._make_function(chosen.set_lineno(node.lineno))
            iterated = _guarded("choose", self.visit(iterated), function)
        else:
            iterated = self.visit(iterated)
        before = self._nodes
        body = self._visit_all(node.body)
        cost = nodes.Const(self._nodes - before)
        entry = self._new_name()
        begin = _statement("step", nodes.Name(entry, "load", lineno=node.lineno), _names(names))
        node.target = nodes.Name(entry, "store", lineno=node.lineno)
        node.iter = _guarded("open loop", _guarded("entries", iterated, cost))
        node.body, node.else_, node.test = [begin, *body], self._visit_all(node.else_), None
        return [node, _statement("close loop", _names(names, node.lineno))]

    def _on_with(self, node: nodes.With) -> list[nodes.Node]:
        nothing = nodes.Const(None, lineno=node.lineno)
        return [
            _statement("open with", self.visit(node.values[0]), node.targets[0]),
            *self._visit_all(node.body),
            _statement("close with", nothing),
        ]

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
            problem = explain_missing("filter", node.name, FILTERS)
            raise TemplateError(node.lineno, problem)
        _name_arguments(node, FILTERS[node.name])
        _check_arguments(node, node.name, FILTERS[node.name], 2)
        if node.node is not None:
            is_written = node.name in _ESCAPE_FIRST and _is_written_out(node.node)
            node.node = self.visit(node.node)
            if is_written:
                node.node = _guarded("written", node.node)
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
        before = self._nodes
        value = self.visit(node.args[1])
        cost = self._nodes - before
        result = nodes.Assign(nodes.Name(RESULT, "store"), value, lineno=node.args[1].lineno)
        body = nodes.Template([result], lineno=node.lineno)
        body.set_environment(node.environment)
        if len(self.functions) == MAX_FUNCTIONS:
            raise TemplateError(node.lineno, "the template is too complicated")
        self.functions.append(body)
        number = nodes.Const(len(self.functions) - 1, lineno=node.lineno)
        return _guarded("arrow", number, _names(names), nodes.Const(cost))

    def _on_test(self, node: nodes.Test) -> nodes.Node:
        if node.name not in TESTS:
            raise TemplateError(node.lineno, explain_missing("test", node.name, TESTS))
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            raise TemplateError(node.lineno, f"is {node.name} cannot be used so")
        _check_arguments(node, f"is {node.name}", TESTS[node.name], 1)
        return self._children(node)

    def _on_call(self, node: nodes.Call) -> nodes.Node:
        """``max(a, b)``: a filter of another look."""
        if _is_arrow(node):
            problem = f"an arrow function belongs into {', '.join(_TAKE_FUNCTIONS)}"
            raise TemplateError(node.lineno, problem)
        name = node.node.name if isinstance(node.node, nodes.Name) else None
        if name not in FUNCTIONS:
            raise TemplateError(node.lineno, explain_missing("function", name or "", FUNCTIONS))
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            raise TemplateError(node.lineno, f"{name} cannot be used so")
        _name_arguments(node, FUNCTIONS[name])
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


def _name_arguments(node: Any, function: Callable[..., Any]) -> None:
    """Take arguments by Twig's names in either spelling: ``thousandSep``, ``thousand_sep``."""
    known = inspect.signature(function).parameters
    for argument in node.kwargs:
        name = re.sub("(?<=[a-z])[A-Z]", lambda found: f"_{found[0].lower()}", str(argument.key))
        argument.key = f"{name}_" if f"{name}_" in known else name


def _check_arguments(node: Any, name: str, function: Callable[..., Any], before: int) -> None:
    """Refuse arguments that do not fit behind the ``before`` that are always given."""
    positional = [None] * (before + len(node.args))
    named = {str(argument.key): None for argument in node.kwargs}
    try:
        inspect.signature(function).bind(*positional, **named)
    except TypeError:
        problem = f"{name} does not take these arguments"
        raise TemplateError(node.lineno, problem) from None


def _read_names(target: nodes.Node, tag: str) -> list[str]:
    """The names that a tag sets. Raises ``TemplateError`` for anything else."""
    targets = target.items if isinstance(target, nodes.Tuple) else [target]
    names = [each.name for each in targets if isinstance(each, nodes.Name)]
    if len(names) < len(targets) or (tag == "for" and "loop" in names):
        problem = "this cannot be set: set and for take a name of yours"
        raise TemplateError(target.lineno, problem)
    return names


def _names(names: list[str], line: int = 1) -> nodes.List:
    return nodes.List([nodes.Const(name) for name in names], lineno=line)


def _is_written_out(node: nodes.Node) -> bool:
    """True for a literal text, or a choice of two: its author has escaped it."""
    if isinstance(node, nodes.CondExpr):
        return _is_written_out(node.expr1) and (not node.expr2 or _is_written_out(node.expr2))
    return isinstance(node, nodes.Const)


def _guarded(name: str, node: nodes.Node, *arguments: nodes.Node) -> nodes.Expr:
    """A call of one of our own operations; no template can name it, for the space in it."""
    call = nodes.Filter(node, f"guarded {name}", list(arguments), [], None, None)
    call.set_lineno(node.lineno)
    return call


def _statement(name: str, node: nodes.Node, *arguments: nodes.Node) -> nodes.ExprStmt:
    return nodes.ExprStmt(_guarded(name, node, *arguments), lineno=node.lineno)


def _truth(node: nodes.Node) -> nodes.Expr:
    return _guarded("truth", node)
