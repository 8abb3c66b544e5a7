"""JSON laid out token by token, so that each is as it was sent: digits, escapes, repeated names."""

from __future__ import annotations

import re

from inspector.reading.layouts.pieces import INDENT, KEY, NUMBER, STRING, WORD, Piece, Sheet

# One match for a whole member or element, which is much quicker than one for each token.
_TOKEN = re.compile(
    r"""(?:("(?:[^"\\]++|\\.)*+")[ \t\r\n]*+:[ \t\r\n]*+)?+  # the name
    (?:("(?:[^"\\]++|\\.)*+")
    |(-?[0-9][0-9.eE+-]*+)
    |([a-z]++)
    |([{\[](?:[ \t\r\n]*+[}\]])?)                            # opens, or is empty
    |([}\]]))
    (?:[ \t\r\n]*+(,))?""",
    re.VERBOSE | re.DOTALL,
)
_SPACE = re.compile(r"\s+")


def lay_out_json(text: str, sheet: Sheet) -> None:
    """Lay out a text that is JSON, or several values one after the other (JSON lines). Linear."""
    depth, plain, left = 0, "", sheet.left
    breaks = ["\n"]
    pieces: list[Piece] = []
    for token in _TOKEN.finditer(text):
        name, string, number, word, opening, closing, comma = token.groups()
        if closing:
            depth = max(0, depth - 1)
            plain += breaks[depth] + closing
        if name:
            pieces += (("", plain), (KEY, name))
            left -= len(plain) + len(name)
            plain = ": "
        if opening:
            plain += opening if len(opening) == 1 else _SPACE.sub("", opening)
        elif not closing:
            value = string or number or word
            pieces += (
                ("", plain),
                (STRING if string else NUMBER if number else WORD, value),
            )
            left -= len(plain) + len(value)
            plain = ""
        if opening and len(opening) == 1:
            depth += 1
            if depth == len(breaks):
                breaks.append("\n" + INDENT * depth)
            plain += breaks[depth]
        elif comma:
            plain += "," + breaks[depth]
        elif not depth:
            plain += "\n"
        if left <= 0:
            break
    pieces.append(("", plain.rstrip("\n")))
    sheet.extend(pieces)
