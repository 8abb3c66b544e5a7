"""Messages about syntax errors, in the words of those who write templates.

Jinja's messages speak of tokens, blocks and Jinja. They are recognised by their shape; an
unknown one becomes a general sentence and is never passed on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

MAX_SHOWN_CHARS = 40
TAGS = ("for", "if", "set", "apply", "do", "spaceless", "verbatim", "with")
# What Twig 3 has beside these, and its usual extensions.
_ELSEWHERE = {
    "tag": ("autoescape", "block", "cache", "deprecated", "embed", "extends", "flush", "from",
            "import", "include", "macro", "sandbox", "use"),
    "filter": ("convert_encoding", "country_name", "currency_name", "currency_symbol", "data_uri",
               "format_currency", "format_date", "format_datetime", "format_number", "format_time",
               "html_to_markdown", "inline_css", "inky_to_html", "language_name", "locale_name",
               "markdown_to_html", "slug", "timezone_name", "u"),
    "function": ("block", "constant", "dump", "html_classes", "include", "parent", "source",
                 "template_from_string"),
    "test": ("constant",),
}  # fmt: skip
_TAGS = f"there are {', '.join(TAGS[:-1])} and {TAGS[-1]}"

_SIGNS = {
    "begin of print statement": "{{",
    "end of print statement": "}}",
    "begin of statement block": "{%",
    "end of statement block": "%}",
    "question": "?",
    "coalesce": "??",
    "range": "..",
    "arrow": "=>",
    "spaceship": "<=>",
}
_THINGS = {
    "end of template": "the end",
    "template data / text": "text",
    "string": "a text",
    "integer": "a number",
    "float": "a number",
    "name": "a name",
}


def explain_problem(message: str) -> str:
    """A syntax error's message, as half a sentence that names what the author wrote."""
    for pattern, say in _SENTENCES:
        if found := pattern.match(message):
            return say(*((word or "")[:MAX_SHOWN_CHARS] for word in found.groups()))
    return "it cannot be read"


def explain_missing(kind: str, name: str, known: Iterable[str]) -> str:
    """The message for an unknown filter, function, test or tag, with the nearest name."""
    from difflib import get_close_matches  # most templates are as they should be

    if name in _ELSEWHERE[kind]:
        return f"the {kind} {name} works in the helpdesk, not here"
    meant = get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    nearest = f"the nearest is {meant[0]}" if meant else f"there are {', '.join(known)}"
    called = f"`is {name}`" if kind == "test" else name
    return (
        f"there is no {kind} {called}; {nearest}" if name else f"there is no such {kind}; {nearest}"
    )


def _name(word: str) -> str:
    """The sign or the kind of thing behind Jinja's name of a token."""
    return _THINGS.get(word) or f"“{_SIGNS.get(word, word)}”"


def _say_tag(tag: str, opened: str) -> str:
    if not tag.startswith(("end", "el")):
        return explain_missing("tag", tag, TAGS)
    if not opened:
        return f"{{% {tag} %}} belongs to nothing that is open here"
    return f"{{% {tag} %}} is out of place: {{% {opened} %}} needs its {{% end{opened} %}} first"


def _say_open(tag: str) -> str:
    return f"{{% {tag} %}} is not closed: {{% end{tag} %}} is missing"


def _say_missing(wanted: str, found: str) -> str:
    if wanted.startswith("end of") and found != "end of template":
        return f"{_name(found)} is out of place: {_name(wanted)} or an operator would fit"
    return f"{_name(wanted)} is missing before {_name(found)}"


def _say_no_value(found: str) -> str:
    return f"a value is missing before {_name(found)}"


def _say_odd(found: str) -> str:
    is_end = found.startswith("end of")
    return _say_no_value(found) if is_end else f"{_name(found)} is out of place"


def _say_sign(sign: str) -> str:
    is_quote = sign in ("'", '"')
    return f"the text that begins with {sign} is not closed" if is_quote else _say_odd(sign)


_QUOTED = r"""["'](.*?)["']"""
_SENTENCES: tuple[tuple[re.Pattern[str], Callable[..., str]], ...] = tuple(
    (re.compile(pattern + r"\.?\Z", re.DOTALL), say)
    for pattern, say in (
        (rf"unexpected char {_QUOTED} at \d+", _say_sign),
        (rf"unexpected {_QUOTED}, expected {_QUOTED}", lambda odd, end: _say_missing(end, odd)),
        (rf"unexpected {_QUOTED}", _say_odd),
        (
            rf"unexpected end of template, expected {_QUOTED}",
            lambda end: f"the template ends where {_name(end)} is missing",
        ),
        (rf"Unexpected end of template\..* is {_QUOTED}", _say_open),
        (rf"Encountered unknown tag {_QUOTED}\.(?:.* be closed is {_QUOTED}|.*)", _say_tag),
        (rf"Expected an expression, got {_QUOTED}", _say_no_value),
        (rf"expected token {_QUOTED}, got {_QUOTED}", _say_missing),
        ("expected name or number", lambda: "behind a dot comes a name or a number"),
        ("tag name expected", lambda: f"behind {{% comes a tag; {_TAGS}"),
        ("(?i:can't assign to) .*", lambda: "this cannot be set: set and for take a name of yours"),
        ("Missing end of comment tag", lambda: "{# is not closed: #} is missing"),
        ("Missing end of raw directive", lambda: _say_open("verbatim")),
        ("Invalid character in .*", lambda: "a name has a sign in it that names cannot have"),
    )
)
