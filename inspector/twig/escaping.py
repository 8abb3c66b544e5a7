"""The ``escape`` filter's strategies, as Twig's escaper has them.

Source: Twig 3.5, EscaperExtension.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

from inspector.twig.errors import ValueProblemError

_JS = {
    "\\": "\\\\", "/": "\\/", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t",
}  # fmt: skip
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def escape_html(text: str) -> str:
    """The text with HTML's special characters escaped."""
    return escape(text).replace("&#x27;", "&#039;")


def _js(found: re.Match[str]) -> str:
    letter = found[0]
    if letter in _JS:
        return _JS[letter]
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex().upper()}" for at in range(0, len(units), 2))


def _attribute(found: re.Match[str]) -> str:
    letter, code = found[0], ord(found[0])
    if (code < 0x20 and letter not in "\t\n\r") or 0x7F <= code <= 0x9F:
        return "&#xFFFD;"
    return _NAMED.get(letter) or (f"&#x{code:02X};" if code < 0x80 else f"&#x{code:04X};")


# What is escaped, and how; a character becomes at most twelve.
_STRATEGIES: dict[str, tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = {
    "js": (re.compile("[^A-Za-z0-9,._]"), _js),
    "css": (re.compile("[^A-Za-z0-9]"), lambda found: f"\\{ord(found[0]):X} "),
    "html_attr": (re.compile("[^A-Za-z0-9,._-]"), _attribute),
}
STRATEGIES = ("html", "url", *_STRATEGIES)
GROWTH = 12


def escape_text(text: str, strategy: str) -> str:
    """The text escaped for HTML, JavaScript, CSS or an attribute's value without quotes.

    Raises ``ValueProblemError`` for another strategy.
    """
    if strategy == "html":
        return escape_html(text)
    if strategy not in _STRATEGIES:
        known = ", ".join(STRATEGIES)
        raise ValueProblemError(f"there is no escaping {strategy[:40]!r}; there are {known}")
    escaped, write = _STRATEGIES[strategy]
    return escaped.sub(write, text)
