"""XML and HTML source laid out: an element a line, indented; nothing of it is ever rendered."""

from __future__ import annotations

import re

from inspector.reading.layouts.pieces import COMMENT, KEY, STRING, TAG, WORD, Sheet

_TOKEN = re.compile(
    r"""(?P<comment><!--.*?(?:-->|\Z))
    |(?P<cdata><!\[CDATA\[.*?(?:\]\]>|\Z))
    |(?P<other><[?!].*?(?:>|\Z))
    |</(?P<end>[^\s>]*+)[^>]*+(?:>|\Z)
    |<(?P<start>[A-Za-z_:][^\s/>]*+)(?P<rest>(?:[^"'>]++|"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))*+)(?:>|\Z)
    |(?P<text>[^<]++|<)""",
    re.VERBOSE | re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""([^\s"'=/]++)|("[^"]*+"?|'[^']*+'?)|(.)""", re.DOTALL)
# Elements without an end tag, and those whose text is laid out already (HTML, 13.1.2).
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_VERBATIM = frozenset("script style pre textarea".split())


def lay_out_markup(text: str, sheet: Sheet, *, is_html: bool) -> None:
    """Lay out XML or HTML, well-formed or not. Linear in what fits the sheet."""
    _Layout(text, sheet, is_html=is_html).run()


class _Layout:
    def __init__(self, text: str, sheet: Sheet, *, is_html: bool) -> None:
        self.text = text
        self.sheet = sheet
        self.is_html = is_html
        self.open: list[str] = []
        # An element with nothing but text stays on its line.
        self.is_inline = False

    def run(self) -> None:
        position = 0
        while position < len(self.text) and not self.sheet.is_full:
            token = _TOKEN.match(self.text, position)
            if token is None:  # pragma: no cover - the last branch takes any sign
                break
            position = token.end()
            if token["start"]:
                position = self._start(token, position)
            elif token["end"] is not None:
                self._end(token)
            elif token["text"]:
                self._add("", token["text"].strip(), position)
            elif token["cdata"]:
                self._add(STRING, token["cdata"], position)
            else:
                self._break()
                self.sheet.add(COMMENT if token["comment"] else WORD, token[0])

    def _start(self, token: re.Match[str], position: int) -> int:
        self._break()
        name, rest = token["start"], token["rest"]
        self.sheet.add(TAG, f"<{name}")
        for word, quoted, other in _ATTRIBUTE.findall(rest):
            self.sheet.add(KEY if word else STRING if quoted else "", word or quoted or other)
        self.sheet.add(TAG, ">")
        lower = name.lower()
        if rest.endswith("/") or (self.is_html and lower in _VOID):
            return position
        if self.is_html and lower in _VERBATIM:
            # The text inside of these is no markup, whatever it looks like.
            end = re.compile(rf"</{re.escape(name)}", re.IGNORECASE).search(self.text, position)
            stop = end.start() if end else len(self.text)
            self.sheet.add("", self.text[position:stop])
            position = stop
        self.open.append(name)
        self.is_inline = True
        return position

    def _end(self, token: re.Match[str]) -> None:
        name = token["end"]
        was_inline, self.is_inline = self.is_inline, False
        # An end tag closes all elements left open within its own, which is searched among the last
        # few.
        if name in self.open[-8:]:
            while self.open.pop() != name:
                was_inline = False
        if not was_inline:
            self.sheet.break_line(len(self.open))
        self.sheet.add(TAG, token[0])

    def _add(self, kind: str, text: str, end: int) -> None:
        """A text, on the line of its element where it is all that this has."""
        if not text:
            return
        if not (self.is_inline and self.text.startswith("</", end)):
            self._break()
        self.sheet.add(kind, text)

    def _break(self) -> None:
        self.is_inline = False
        self.sheet.break_line(len(self.open))
