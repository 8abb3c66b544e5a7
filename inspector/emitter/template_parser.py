"""Reads expressions as the helpdesk's language has them; all other syntax is Jinja's.

Its operators, their order and its maps differ from Jinja's: ``a ? b : c``, ``a ?: b``,
``a ?? b``, ``1..3``, ``starts with``, ``matches``, ``{name: value}`` with a name for a key,
and ``not a in b``, which asks whether ``not a`` is in ``b``. What Jinja's tree has no node
for goes on as a comparison with a sign of its own; ``template_syntax`` sees to each.

Source: Twig's documentation, 3.x, operators and expressions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.lexer import Lexer, Token
from jinja2.parser import Parser

if TYPE_CHECKING:
    from jinja2 import Environment

_OWN_SIGNS = re.compile(r"\?\??|\.\.")
_OWN_NAMES = {"?": "question", "??": "coalesce", "..": "range"}
# A word of two, by its first, and what may follow it.
_SECOND_WORDS = {"not": ("in",), "starts": ("with",), "ends": ("with",), "is": ("not",)}

# How tightly an operator binds; what binds to the right begins again at its own level.
_LEVELS = {
    "or": 10, "and": 15,
    "eq": 20, "ne": 20, "lt": 20, "lteq": 20, "gt": 20, "gteq": 20, "in": 20, "not in": 20,
    "matches": 20, "starts with": 20, "ends with": 20,
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
_CONSTANTS = {"true": True, "false": False, "null": None, "none": None}

# Backslash, then what PHP's stripcslashes knows.
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "v": "\v", "b": "\b", "f": "\f"}


class HelpdeskLexer(Lexer):
    """Jinja's, with the signs it lacks, ``elseif``, and the helpdesk's escapes in texts."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        for state in ("block_begin", "variable_begin"):
            end, *rules = self.rules[state]
            own = end._replace(pattern=_OWN_SIGNS, tokens="own_sign", command=None)
            self.rules[state] = [end, own, *rules]

    def wrap(
        self,
        stream: Iterable[tuple[int, str, str]],
        name: str | None = None,
        filename: str | None = None,
    ) -> Iterator[Token]:
        """The tokens for the parser."""
        tag_begins = False
        for line, kind, text in stream:
            if kind == "own_sign":
                yield Token(line, _OWN_NAMES[text], text)
            elif kind == "string" and text[0] == '"' and "#{" in text:
                raise TemplateSyntaxError("#{...} in a text is not read; join texts with ~", line)
            elif kind == "string":
                yield Token(line, "string", _unescape(text[1:-1]))
            elif kind == "name" and tag_begins and text == "elseif":
                yield Token(line, "name", "elif")
            else:
                yield from super().wrap([(line, kind, text)], name, filename)
            tag_begins = kind == "block_begin" or (tag_begins and kind == "whitespace")


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda found: _unescaped(found[1]), text)


def _unescaped(escape: str) -> str:
    if escape[0] == "x" and len(escape) > 1:
        return chr(int(escape[1:], 16))
    if escape[0] in "01234567":
        return chr(int(escape, 8) & 0xFF)
    return _ESCAPED.get(escape, escape)


class HelpdeskParser(Parser):
    """Jinja's parser with expressions of its own."""

    def parse_expression(self, with_condexpr: bool = True) -> nodes.Expr:
        """Any expression; without ``with_condexpr`` an ``if`` behind it is not part of it."""
        line = self.stream.current.lineno
        expression = self._parse_from(0)
        while True:
            if self.stream.skip_if("question"):
                expression = self._parse_choice(expression, line)
            elif with_condexpr and self.stream.skip_if("name:if"):  # Jinja's, since it is there
                test = self._parse_from(0)
                other = self.parse_expression() if self.stream.skip_if("name:else") else None
                expression = nodes.CondExpr(test, expression, other, lineno=line)
            else:
                return expression

    def _parse_choice(self, test: nodes.Expr, line: int) -> nodes.Expr:
        if self.stream.skip_if("colon"):
            return _comparison(test, "?:", self.parse_expression(), line)
        chosen = self.parse_expression()
        other = self.parse_expression() if self.stream.skip_if("colon") else None
        return nodes.CondExpr(test, chosen, other, lineno=line)

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
        """What follows ``is``: a word, or two, and perhaps arguments in parentheses."""
        name = self.stream.expect("name").value
        if self.stream.current.test_any("name:by", "name:as"):
            name = f"{name} {next(self.stream).value}"
        arguments: Any = ([], [], None, None)
        if self.stream.current.type == "lparen":
            arguments = self.parse_call_args()
        return nodes.Test(node, name, *arguments, lineno=line)

    def parse_primary(self, with_namespace: bool = False) -> nodes.Expr:
        """A name, a value written out, or a group."""
        token = self.stream.current
        if token.type == "name" and token.value.lower() in _CONSTANTS:
            next(self.stream)
            return nodes.Const(_CONSTANTS[token.value.lower()], lineno=token.lineno)
        return super().parse_primary(with_namespace)

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
