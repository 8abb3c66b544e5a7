"""Words that bash and fish both read as exactly these bytes, and never as a command.

A terminal takes pasted control characters as keys, so none may be in a command: whatever is not
printable is written by ``printf``, which both shells have built in. Sources: bash manual, 3.1.2
Quoting and 9.3 History Expansion; fish documentation, Quotes and Command Substitution
(``"$(...)"`` needs fish 3.4).
"""

from __future__ import annotations

from collections.abc import Callable

# Letters that a shell reads as themselves even without quotes.
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:-")
# Printable ASCII that is special to printf, or to one of the shells inside single quotes. The
# exclamation mark is one, as bash's history expansion is not trusted even there.
_ESCAPED = frozenset(b"%\\'!")
# The same, and what bash or fish expand where the single quotes stand between double ones.
_ESCAPED_WITHIN = _ESCAPED | frozenset(b'"$`')
_NEEDS_ANSI = frozenset(b"\\'!")
# Spaces, joiners and marks of plain prose (Zs and Cf), which a terminal takes as letters. API
# clients read an escaped one byte by byte, as Latin-1. What turns a line around is not among them.
_PROSE = (
    "\u00a0\u00ad\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u200b\u200c\u200d\u200e\u200f\u202f\u205f\u2060\u3000\ufeff"
)
_WITHOUT_PROSE = str.maketrans("", "", _PROSE)
_ANSI = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", "'": "\\'"}
# The size of the table of escapes, in characters.
_MAX_KEPT = 1024
_SHORT = {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x25: "%%"}


class _Escapes(dict[int, str]):
    """The table of escapes for ``str.translate``, filled once for each text."""

    def __init__(self, write: Callable[[str], str]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, code: int) -> str:
        written = self._write(chr(code))
        if len(self) < _MAX_KEPT:
            self[code] = written
        return written


def quote_word(data: bytes) -> str:
    """One argument. Raises ``ValueError`` for what no argument can hold or would keep.

    That is a NUL, and a line end at the end, which a command substitution loses.
    """
    if b"\0" in data or data.endswith(b"\n"):
        raise ValueError("no shell can pass a NUL, or this line end")
    if is_printable(data):
        return _quote_plain(data)
    return f'"$({_printf(data, _ESCAPED_WITHIN)})"'


def quote_ansi(data: bytes) -> str:
    """One argument for bash and zsh, as browsers and API clients write and read it: ``$'...'``.

    What is plain stands in single quotes. Raises ``ValueError`` for a NUL. Source: bash
    manual, 3.1.2.4 ANSI-C Quoting; Chromium's "Copy as cURL (bash)", for the escapes.
    """
    if b"\0" in data:
        raise ValueError("no shell can pass a NUL")
    if _is_prose(data) and not _NEEDS_ANSI.intersection(data):
        return _quote_plain(data)
    text = data.decode("utf-8", "surrogateescape")
    return f"$'{text.translate(_Escapes(_escape_ansi))}'"


def _escape_ansi(char: str) -> str:
    code = ord(char)
    if char in _ANSI:
        return _ANSI[char]
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if (char.isprintable() or char in _PROSE) and char != "!":
        return char
    if code < 0x80:
        return f"\\u{code:04x}"
    # As bytes: what bash makes of a code point depends on the locale.
    return "".join(f"\\x{byte:02x}" for byte in char.encode())


def render_printf(data: bytes) -> str:
    """A command that writes exactly these bytes and runs nothing but the shell itself."""
    return _printf(data, _ESCAPED)


def _printf(data: bytes, escaped: frozenset[int]) -> str:
    escapes = _Escapes(lambda char: _escape(char, escaped))
    text = data.decode("utf-8", "surrogateescape").translate(escapes)
    if text.startswith("-"):
        text = f"\\055{text[1:]}"
    return f"printf '{text}'"


def is_printable(data: bytes) -> bool:
    """True when the bytes are text that shows what it is: no controls, nothing invisible."""
    try:
        return data.decode("utf-8").isprintable()
    except UnicodeDecodeError:
        return False


def _is_prose(data: bytes) -> bool:
    try:
        return data.decode("utf-8").translate(_WITHOUT_PROSE).isprintable()
    except UnicodeDecodeError:
        return False


def _quote_plain(data: bytes) -> str:
    if data and not data.startswith(b"-") and _PLAIN.issuperset(data):
        return data.decode()
    return _quote_printable(data.decode())


def _quote_printable(text: str) -> str:
    # In fish a backslash means something between single quotes too, so it stands outside.
    inside = text.replace("\\", "\0").replace("'", "'\\''").replace("\0", "'\\\\'")
    return f"'{inside}'"


def _escape(char: str, escaped: frozenset[int]) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\{code - 0xDC00:03o}"
    if code in _SHORT:
        return _SHORT[code]
    if code not in escaped and char.isprintable():
        return char
    return "".join(f"\\{byte:03o}" for byte in char.encode())
