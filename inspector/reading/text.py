"""Captured text cut to what a page can carry.

The result is as hostile as the input: the template escapes it, and shows characters that hide
or reorder text.
"""

from __future__ import annotations

MAX_SHOWN_CHARS = 2000
MAX_PREVIEW_CHARS = 60


def shorten(text: str, max_chars: int = MAX_PREVIEW_CHARS) -> str:
    """One line of at most ``max_chars`` characters, ``…`` at a cut."""
    line = " ".join(text[: max_chars * 4].split())
    return line if len(line) <= max_chars else line[: max_chars - 1].rstrip() + "…"


def is_plain(text: str) -> bool:
    """True when the text is printable ASCII, which cannot deceive the eye."""
    return text.isascii() and text.isprintable()


def escape_invisible(text: str) -> str:
    """The text with backslash escapes for what a terminal obeys or an eye misses."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escape(each) for each in text)


def _escape(sign: str) -> str:
    """Its escape: as it came for a byte that is not UTF-8, else as Python writes it."""
    if "\udc80" <= sign <= "\udcff":
        return f"\\x{ord(sign) - 0xDC00:02x}"
    return sign.encode("unicode_escape").decode("ascii")
