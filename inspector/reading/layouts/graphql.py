"""GraphQL of one line laid out: a field a line, indented. Its tokens stay as they were sent.

Source: GraphQL, October 2021, 2.1 (lexical tokens) and 2.4 (selection sets).
"""

from __future__ import annotations

import re

from inspector.reading.layouts.pieces import INDENT, MAX_INDENTS

_TOKEN = re.compile(
    r'(\s*+)("""(?:[^"\\]++|\\.|"(?!""))*+(?:""")?|"(?:[^"\\]++|\\.)*+"?|\.\.\.|[A-Za-z_]\w*+|\S)',
    re.ASCII | re.DOTALL,
)
# Behind one of these a name continues the field; behind any other token it begins a new one.
_GOES_ON = frozenset((":", "@", "...", "on", "$", "[", "=", "|", "&", "implements"))


def lay_out_graphql(text: str, max_chars: int) -> str:
    """The text with line ends and indentation where it has none; any other as it is.

    Linear; what would be more than ``max_chars`` characters stays as it is, too.
    """
    if len(text) > max_chars or "\n" in text.strip() or "#" in text:
        return text
    writer = _Writer()
    for gap, piece in _TOKEN.findall(text):
        writer.add(piece, is_apart=bool(gap))
        if writer.size > max_chars:
            return text
    return "".join(writer.made)


class _Writer:
    def __init__(self) -> None:
        self.made: list[str] = []
        self.size = 0
        self.braces = 0
        self.brackets = 0
        self.before = ""

    def add(self, piece: str, *, is_apart: bool) -> None:
        """One more piece; ``is_apart`` when white space stood before it."""
        is_selection = not self.brackets
        if is_selection and piece == "}":
            self.braces = max(0, self.braces - 1)
        if is_selection and self._begins_line(piece):
            self._write("\n" + INDENT * min(self.braces, MAX_INDENTS) if self.made else "")
        elif self._is_apart(piece, is_apart):
            self._write(" ")
        self._write(piece)
        if is_selection and piece == "{":
            self.braces += 1
        self.brackets = max(0, self.brackets + (piece in "([") - (piece in ")]"))
        self.before = piece

    def _begins_line(self, piece: str) -> bool:
        if piece == "}":
            return self.before != "{"
        if not self.braces:
            return self.before == "}" or (not self.made)
        is_name = piece[0].isalpha() or piece[0] == "_"
        return self.before == "{" or piece == "..." or (is_name and self.before not in _GOES_ON)

    def _is_apart(self, piece: str, is_apart: bool) -> bool:
        if piece in ",:)]}" or self.before in ("", "(", "[", "{"):
            return False
        return is_apart or piece == "{" or self.before in (":", ",")

    def _write(self, text: str) -> None:
        self.made.append(text)
        self.size += len(text)
