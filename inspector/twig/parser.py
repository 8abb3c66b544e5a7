"""Reads expressions as the helpdesk's language has them; all other syntax is Jinja's.

Its operators, their order and its maps differ from Jinja's: ``a ? b : c``, ``a ?: b``, ``a ??
b``, ``1..3``, ``a <=> b``, ``starts with``, ``matches``, ``{name: value}`` with a name for a
key, ``v => expression``, and ``not a in b``, which asks whether ``not a`` is in ``b``. Syntax
without a node in Jinja's tree becomes a comparison with a sign of its own, or a call of ``=>``;
``guard`` handles each.

Source: Twig's documentation, 3.x, operators and expressions.
"""

from __future__ import annotations

from typing import Any

from jinja2 import nodes
from jinja2.parser import Parser

from inspector.twig.errors import TemplateError

# The name under which an arrow function is called; no template can write it.
ARROW = "=>"

# A word of two, by its first, and what may follow it.
_SECOND_WORDS = {"not": ("in",), "starts": ("with",), "ends": ("with",), "is": ("not",)}

# How tightly an operator binds; what binds to the right begins again at its own level.
_LEVELS = {
    "or": 10, "and": 15, "b-or": 16, "b-xor": 17, "b-and": 18,
    "eq": 20, "ne": 20, "lt": 20, "lteq": 20, "gt": 20, "gteq": 20, "in": 20, "not in": 20,
    "matches": 20, "starts with": 20, "ends with": 20, "spaceship": 20,
    "range": 25, "add": 30, "sub": 30, "tilde": 40,
    "mul": 60, "div": 60, "floordiv": 60, "mod": 60,
    "is": 100, "is not": 100, "pow": 200, "coalesce": 300,
}  # fmt: skip
_WORDS = ("or", "and", "in", "matches", "is")
_NOT_LEVEL, _SIGN_LEVEL = 50, 200
_TO_THE_RIGHT = ("pow", "coalesce")

_NODES: dict[str, type[nodes.BinExpr]] = {
    "or": nodes.Or,
    "and": nodes.And,
    "add": nodes.Add,
    "sub": nodes.Sub,
    "mul": nodes.Mul,
    "div": nodes.Div,
    "floordiv": nodes.FloorDiv,
    "mod": nodes.Mod,
    "pow": nodes.Pow,
}
_JINJA_SIGNS = {"not in": "notin"}
_CONSTANTS = {
    "true": True, "TRUE": True, "false": False, "FALSE": False,
    "null": None, "NULL": None, "none": None, "NONE": None,
}  # fmt: skip
# Tests that take one argument, which may stand without parentheses.
_WITH_ARGUMENT = ("divisible by", "same as")


class TwigParser(Parser):
    """Jinja's parser with expressions and tags of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own: dict[str, Any] = {
            "apply": TwigParser._parse_apply,
            "do": TwigParser._parse_do,
            "spaceless": TwigParser._parse_spaceless,
        }
        self.extensions |= own

    def _parse_apply(self) -> nodes.Node:
        """``{% apply lower|trim %}...{% endapply %}``: filters for what stands between."""
        line = next(self.stream).lineno
        filters = self.parse_filter(None, start_inline=True)
        body = self.parse_statements(("name:endapply",), drop_needle=True)
        return nodes.FilterBlock(body, filters, lineno=line)

    def _parse_spaceless(self) -> nodes.Node:
        line = next(self.stream).lineno
        filters = nodes.Filter(None, "spaceless", [], [], None, None, lineno=line)
        body = self.parse_statements(("name:endspaceless",), drop_needle=True)
        return nodes.FilterBlock(body, filters, lineno=line)

    def _parse_do(self) -> nodes.Node:
        line = next(self.stream).lineno
        return nodes.ExprStmt(self.parse_expression(), lineno=line)

    def parse_with(self) -> nodes.With:
        """``{% with {a: 1} only %}...{% endwith %}``: the map, and whether nothing else is seen.

        In Jinja's node the map is the value, and the target is a constant for ``only``.
        """
        line = next(self.stream).lineno
        variables: nodes.Expr = nodes.Dict([], lineno=line)
        if not self.stream.current.test_any("block_end", "name:only"):
            variables = self.parse_expression()
        only = nodes.Const(self.stream.skip_if("name:only"), lineno=line)
        body = self.parse_statements(("name:endwith",), drop_needle=True)
        return nodes.With([only], [variables], body, lineno=line)

    def parse_autoescape(self) -> Any:
        """``{% autoescape false %}``, which is how everything is rendered here."""
        line = next(self.stream).lineno
        if not self.stream.skip_if("name:false"):
            problem = "autoescape works in the helpdesk, not here; escape with |e what is to be"
            raise TemplateError(line, problem)
        return self.parse_statements(("name:endautoescape",), drop_needle=True)

    def parse_print(self) -> nodes.Output:
        """Refuse Jinja's tag."""
        raise TemplateError(self.stream.current.lineno, "print is not Twig's; write {{ ... }}")

    def parse_statements(
        self, end_tokens: tuple[str, ...], drop_needle: bool = False
    ) -> list[nodes.Node]:
        """The body up to one of the end tags; in Jinja a colon may come first."""
        if self.stream.current.type == "colon":
            problem = "“:” is out of place: in Twig a tag ends without it"
            raise TemplateError(self.stream.current.lineno, problem)
        return super().parse_statements(end_tokens, drop_needle)

    def parse_expression(self, with_condexpr: bool = True) -> nodes.Expr:
        """Any expression; without ``with_condexpr`` an ``if`` behind it is not part of it."""
        line = self.stream.current.lineno
        expression = self._parse_from(0)
        while True:
            if self.stream.skip_if("question"):
                expression = self._parse_choice(expression, line)
            elif self.stream.skip_if("arrow"):
                expression = self._parse_arrow(expression, line)
            elif with_condexpr and self.stream.current.test("name:if"):
                problem = "`a if b else c` is not Twig's; it is written b ? a : c"
                raise TemplateError(self.stream.current.lineno, problem)
            else:
                return expression

    def _parse_choice(self, test: nodes.Expr, line: int) -> nodes.Expr:
        if self.stream.skip_if("colon"):
            return _comparison(test, "?:", self.parse_expression(), line)
        chosen = self.parse_expression()
        other = self.parse_expression() if self.stream.skip_if("colon") else None
        return nodes.CondExpr(test, chosen, other, lineno=line)

    def _parse_arrow(self, written: nodes.Expr, line: int) -> nodes.Expr:
        """``v => v.id`` or ``(v, key) => v.id``: a call of ``=>`` with names and expression."""
        names = written.items if isinstance(written, nodes.Tuple) else [written]
        if not all(isinstance(name, nodes.Name) for name in names):
            problem = "an arrow function is written v => ... or (v, key) => ..."
            raise TemplateError(line, problem)
        parts = [nodes.Tuple(names, "store", lineno=line), self.parse_expression()]
        return nodes.Call(nodes.Name(ARROW, "load"), parts, [], None, None, lineno=line)

    def _parse_from(self, level: int) -> nodes.Expr:
        """An expression of operators that bind at least so tightly."""
        left = self._parse_operand()
        while (sign := self._find_operator()) and _LEVELS[sign] >= level:
            line = self.stream.current.lineno
            self.stream.skip(1 + sign.count(" "))
            if sign in ("is", "is not"):
                test = self._parse_test(left, line)
                left = nodes.Not(test, lineno=line) if sign == "is not" else test
                continue
            right = self._parse_from(_LEVELS[sign] + (sign not in _TO_THE_RIGHT))
            left = _operation(sign, left, right, line)
        return left

    def _find_operator(self) -> str | None:
        token = self.stream.current
        if token.type != "name":
            return token.type if token.type in _LEVELS else None
        following = self.stream.look()
        if following.type == "name" and following.value in _SECOND_WORDS.get(token.value, ()):
            return f"{token.value} {following.value}"
        return token.value if token.value in _WORDS else None

    def _parse_operand(self) -> nodes.Expr:
        token = self.stream.current
        operand: nodes.Expr
        if self.stream.skip_if("name:not"):
            operand = nodes.Not(self._parse_from(_NOT_LEVEL), lineno=token.lineno)
        elif self.stream.skip_if("sub"):
            operand = nodes.Neg(self._parse_from(_SIGN_LEVEL), lineno=token.lineno)
        elif self.stream.skip_if("add"):
            operand = nodes.Pos(self._parse_from(_SIGN_LEVEL), lineno=token.lineno)
        else:
            operand = self.parse_primary()
        while True:
            if self.stream.current.type in ("dot", "lbracket", "lparen"):
                operand = self.parse_postfix(operand)
            elif self.stream.skip_if("pipe"):
                operand = self._parse_filter(operand)
            else:
                return operand

    def _parse_filter(self, node: nodes.Expr) -> nodes.Expr:
        """One filter; a dot behind it asks for an entry of what it gives."""
        token = self.stream.expect("name")
        arguments: Any = ([], [], None, None)
        if self.stream.current.type == "lparen":
            arguments = self.parse_call_args()
        return nodes.Filter(node, token.value, *arguments, lineno=token.lineno)

    def _parse_test(self, node: nodes.Expr, line: int) -> nodes.Expr:
        """The test behind ``is``: a word or two, and perhaps arguments."""
        name = self.stream.expect("name").value
        if self.stream.current.test_any("name:by", "name:as"):
            name = f"{name} {next(self.stream).value}"
        arguments: Any = ([], [], None, None)
        if self.stream.current.type == "lparen":
            arguments = self.parse_call_args()
        elif name in _WITH_ARGUMENT:
            arguments = ([self._parse_operand()], [], None, None)
        return nodes.Test(node, name, *arguments, lineno=line)

    def parse_primary(self, with_namespace: bool = False) -> nodes.Expr:
        """A name, a value written out, or a group."""
        token = self.stream.current
        if token.type == "name" and token.value in _CONSTANTS:
            next(self.stream)
            return nodes.Const(_CONSTANTS[token.value], lineno=token.lineno)
        if token.type == "name" and not with_namespace:
            next(self.stream)
            return nodes.Name(token.value, "load", lineno=token.lineno)
        if token.type == "string":
            next(self.stream)
            return nodes.Const(token.value, lineno=token.lineno)
        expression = super().parse_primary(with_namespace)
        is_group = token.type == "lparen" and isinstance(expression, nodes.Tuple)
        if is_group and self.stream.current.type != "arrow":
            raise TemplateError(token.lineno, "(a, b) is not Twig's; a list is written [a, b]")
        return expression

    def parse_dict(self) -> nodes.Dict:
        """``{name: 1, 'text': 2, (expression): 3, name}``: a name is a text, or itself."""
        line = self.stream.expect("lbrace").lineno
        pairs: list[nodes.Pair] = []
        while self.stream.current.type != "rbrace":
            if pairs:
                self.stream.expect("comma")
                if self.stream.current.type == "rbrace":
                    break
            pairs.append(self._parse_pair())
        self.stream.expect("rbrace")
        return nodes.Dict(pairs, lineno=line)

    def _parse_pair(self) -> nodes.Pair:
        token = self.stream.current
        if token.type != "name":
            key = self.parse_primary()
        else:
            next(self.stream)
            key = nodes.Const(token.value, lineno=token.lineno)
            if self.stream.current.type in ("comma", "rbrace"):
                name = nodes.Name(token.value, "load", lineno=token.lineno)
                return nodes.Pair(key, name, lineno=token.lineno)
        self.stream.expect("colon")
        return nodes.Pair(key, self.parse_expression(), lineno=token.lineno)


def _operation(sign: str, left: nodes.Expr, right: nodes.Expr, line: int) -> nodes.Expr:
    if sign == "tilde":
        parts = [*left.nodes, right] if isinstance(left, nodes.Concat) else [left, right]
        return nodes.Concat(parts, lineno=line)
    if sign in _NODES:
        return _NODES[sign](left, right, lineno=line)
    return _comparison(left, _JINJA_SIGNS.get(sign, sign), right, line)


def _comparison(left: nodes.Expr, sign: str, right: nodes.Expr, line: int) -> nodes.Expr:
    return nodes.Compare(left, [nodes.Operand(sign, right)], lineno=line)
