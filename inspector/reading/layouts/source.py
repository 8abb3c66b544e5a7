"""Source text in colours, by Pygments.

Its lexers are regular expressions, some of which backtrack over hostile text, so they get few
characters, no long lines and little time.
"""

from __future__ import annotations

from typing import Any

from inspector.clock import time
from inspector.reading.layouts.pieces import COMMENT, KEY, NUMBER, STRING, TAG, WORD, Sheet

MAX_COLOURED_CHARS = 20_000
MAX_LINE_CHARS = 2_000
MAX_TIME_S = 0.1

# Media type: the name of the language for people, its lexer's module and class.
LANGUAGES = {
    "application/graphql": ("GraphQL", "graphql", "GraphQLLexer"),
    "application/yaml": ("YAML", "data", "YamlLexer"),
    "application/x-yaml": ("YAML", "data", "YamlLexer"),
    "text/yaml": ("YAML", "data", "YamlLexer"),
    "text/x-yaml": ("YAML", "data", "YamlLexer"),
    "application/toml": ("TOML", "configs", "TOMLLexer"),
    "application/javascript": ("JavaScript", "javascript", "JavascriptLexer"),
    "text/javascript": ("JavaScript", "javascript", "JavascriptLexer"),
    "text/css": ("CSS", "css", "CssLexer"),
    "application/sql": ("SQL", "sql", "SqlLexer"),
    "text/x-python": ("Python", "python", "PythonLexer"),
    "text/markdown": ("Markdown", "markup", "MarkdownLexer"),
    "text/x-diff": ("a diff", "diff", "DiffLexer"),
}
# The beginning of a token type's name in Pygments, and its kind here; the first that fits.
_KINDS = (
    ("Token.Comment", COMMENT),
    ("Token.Literal.String", STRING),
    ("Token.Literal.Number", NUMBER),
    ("Token.Literal.Scalar", STRING),
    ("Token.Name.Tag", KEY),
    ("Token.Name.Attribute", KEY),
    ("Token.Name.Property", KEY),
    ("Token.Name.Function", TAG),
    ("Token.Name.Class", TAG),
    ("Token.Name.Builtin", WORD),
    ("Token.Name.Variable", KEY),
    ("Token.Generic.Heading", TAG),
    ("Token.Generic.Subheading", TAG),
    ("Token.Generic.Deleted", NUMBER),
    ("Token.Generic.Inserted", STRING),
    ("Token.Keyword", WORD),
    ("Token.Operator.Word", WORD),
)


def colour_source(text: str, essence: str, sheet: Sheet) -> str | None:
    """Add a text to the sheet, in the colours of a media type in ``LANGUAGES``.

    A sentence comes back where it has none, or not all. ``MAX_COLOURED_CHARS`` characters
    at most are coloured, for ``MAX_TIME_S`` at most.
    """
    if any(len(line) > MAX_LINE_CHARS for line in text[:MAX_COLOURED_CHARS].splitlines()):
        sheet.add("", text)
        return "A line is too long for colours."
    head = text[:MAX_COLOURED_CHARS]
    done, problem = 0, None
    lexer = _make_lexer(essence)
    # Processor time, not wall time: a busy machine takes no colours away.
    deadline = time.thread_time() + MAX_TIME_S
    for _, token, piece in lexer.get_tokens_unprocessed(head):
        kind = _find_kind(str(token))
        sheet.add(kind, piece)
        done += len(piece)
        if time.thread_time() > deadline:
            problem = "Colouring it takes too long: the rest has no colours."
            break
    if done < len(text):
        problem = problem or f"Only the first {MAX_COLOURED_CHARS:,} characters have colours."
        sheet.add("", text[done:])
    return problem


def _make_lexer(essence: str) -> Any:
    from importlib import import_module  # Pygments is loaded for the first who needs it.

    _, module, name = LANGUAGES[essence]
    return getattr(import_module(f"pygments.lexers.{module}"), name)()


def _find_kind(token: str) -> str:
    return next((kind for start, kind in _KINDS if token.startswith(start)), "")
