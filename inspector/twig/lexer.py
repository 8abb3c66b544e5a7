"""Cuts templates into what the helpdesk's language is made of, where Jinja's differs.

It has signs that Jinja lacks, ``elseif``, other escapes in texts, expressions in texts
(``"#{ticket.id}: #{ticket.subject}"``), ``verbatim`` beside ``raw``, tags that take the
white space beside them but no line end (``{{~ ~}}``), and none that keep it (``{%+ +%}``).

Source: Twig's documentation, 3.x, white space control and string interpolation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import jinja2
from jinja2.lexer import Lexer, Token

from inspector.twig.errors import TemplateError

if TYPE_CHECKING:
    from jinja2 import Environment

Piece: TypeAlias = tuple[int, str, str]

_OWN_SIGNS = re.compile(r"\?\??|\.\.|=>|<=>|(?<![\w.])b-(?:and|or|xor)\b")
_OWN_NAMES = {
    "?": "question", "??": "coalesce", "..": "range", "=>": "arrow", "<=>": "spaceship",
    "b-and": "b-and", "b-or": "b-or", "b-xor": "b-xor",
}  # fmt: skip

# Parts of Jinja's own patterns: signs behind the beginning of a tag, and before its end.
_BEGIN_MARKS = re.compile(r"\(\\-\|\\\+\|\)")
_END_MARK = re.compile(r"\\-(%\\}|\\}\\}|\\#\\})\\s\*")
_KEPT_END_MARK = re.compile(r"\\\+%\\}\|")
_RAW_NAME = re.compile(r"(?<=\\s\*)(end)?raw(?=\\s\*)")
# How often each of them stands in Jinja's patterns; another number means another Jinja.
_EDITS = (_BEGIN_MARKS, _END_MARK, _KEPT_END_MARK, _RAW_NAME)
_EXPECTED_EDITS = (5, 5, 2, 2)
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[Ee][+-][0-9]+)?")
_WHITE_SPACE = " \t\0\x0b"
_TAKES_WHITE_SPACE = re.compile(r"\{[{%#]~")

# A text with an expression in it becomes ("" ~ piece ~ (expression) ~ piece).
_TEXT_TOKENS = {
    "text_begin": (("lparen", "("), ("string", "")),
    "text_piece": (("tilde", "~"),),
    "inside_begin": (("tilde", "~"), ("lparen", "(")),
    "inside_end": (("rparen", ")"),),
    "text_end": (("rparen", ")"),),
}

# A backslash and an escape that PHP's stripcslashes knows.
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "v": "\v", "b": "\b", "f": "\f"}


class TwigLexer(Lexer):
    """Jinja's, with rules of our own."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        _check_edits(rule.pattern for rules in self.rules.values() for rule in rules)
        self.rules = {
            state: [rule._replace(pattern=_with_marks(rule.pattern)) for rule in rules]
            for state, rules in self.rules.items()
        }
        end, *usual = self.rules["variable_begin"]

        def rule(pattern: str, tokens: str, command: str | None = None) -> Any:
            return end._replace(
                pattern=re.compile(pattern, re.DOTALL), tokens=tokens, command=command
            )

        own = [
            rule(_OWN_SIGNS.pattern, "own_sign"),
            rule(r'"(?=(?:[^"\\#]|\\.|#(?!\{))*#\{)', "text_begin", "text"),
        ]
        for state in ("block_begin", "variable_begin"):
            self.rules[state] = [self.rules[state][0], *own, *self.rules[state][1:]]
        self.rules["text"] = [
            rule(r'(?:[^"\\#]|\\.|#(?!\{))+', "text_piece"),
            rule(r"#\{", "inside_begin", "inside"),
            rule('"', "text_end", "#pop"),
        ]
        braces = rule(r"\{", "operator", "braces")  # A map's } does not end the expression.
        self.rules["inside"] = [rule(r"\}", "inside_end", "#pop"), braces, *own, *usual]
        self.rules["braces"] = [rule(r"\}", "operator", "#pop"), braces, *own, *usual]

    def wrap(
        self, stream: Iterable[Piece], name: str | None = None, filename: str | None = None
    ) -> Iterator[Token]:
        """The tokens for the parser."""
        tag_begins = False
        for line, kind, text in _strip_lines(stream):
            if kind == "own_sign":
                yield Token(line, _OWN_NAMES[text], text)
            elif kind in _TEXT_TOKENS:
                yield from (Token(line, *token) for token in _TEXT_TOKENS[kind])
                if kind == "text_piece":
                    yield Token(line, "string", _unescape(text))
            elif kind == "string":
                yield Token(line, "string", _unescape(text[1:-1]))
            elif kind == "name" and tag_begins and text == "elseif":
                yield Token(line, "name", "elif")
            elif kind == "name" and tag_begins and text == "elif":
                raise TemplateError(line, "elif is not Twig's; it is written elseif")
            elif kind in ("integer", "float") and not _NUMBER.fullmatch(text):
                raise TemplateError(line, f"{text[:40]} is no number in Twig; write its digits")
            else:
                yield from super().wrap([(line, kind, text)], name, filename)
            tag_begins = kind == "block_begin" or (tag_begins and kind == "whitespace")


def _check_edits(patterns: Iterable[re.Pattern[str]]) -> None:
    """Raise ``RuntimeError`` when Jinja's patterns are not those that we edit."""
    written = "\n".join(pattern.pattern for pattern in patterns)
    found = tuple(len(edit.findall(written)) for edit in _EDITS)
    if found != _EXPECTED_EDITS:
        raise RuntimeError(
            f"Jinja {jinja2.__version__} reads templates with other patterns than those that "
            f"Twig's signs are put into: {found} places instead of {_EXPECTED_EDITS}."
        )


def _with_marks(pattern: re.Pattern[str]) -> re.Pattern[str]:
    """One of Jinja's patterns: ``~`` beside ``-``, no ``+``, and ``verbatim`` beside ``raw``."""
    marked = _KEPT_END_MARK.sub("", _BEGIN_MARKS.sub(r"(\\-|~|)", pattern.pattern))
    marked = _END_MARK.sub(rf"\g<0>|~\1[{_WHITE_SPACE}]*", marked)
    if "endraw" in marked:
        marked = marked.replace(r"\n?", "")  # A line end behind it stays.
    marked = _RAW_NAME.sub(r"\1(?:raw|verbatim)", marked)
    return re.compile(marked, pattern.flags)


def _strip_lines(stream: Iterable[Piece]) -> Iterator[Piece]:
    """The pieces without white space before a tag that begins with ``~``; line ends stay."""
    before: Piece | None = None
    for piece in stream:
        if before is not None:
            line, _, text = before
            strips = _TAKES_WHITE_SPACE.match(piece[2]) and piece[1].endswith(("_begin", "raw_end"))
            yield (line, "data", text.rstrip(_WHITE_SPACE) if strips else text)
        before = piece if piece[1] == "data" else None
        if before is None:
            yield piece
    if before is not None:
        yield before


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
