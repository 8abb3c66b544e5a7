"""Coloured text as pieces, and the bounds of a layout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

# A piece is a text and its kind: one of these, which are CSS classes, or "" for no colour.
KEY, STRING, NUMBER, WORD, TAG, COMMENT = "key", "str", "num", "word", "tag", "note"
Piece = tuple[str, str]

INDENT = "  "
# Markup may nest deeper than any page is wide.
MAX_INDENTS = 40


class Sheet:
    """Pieces that are added one by one, up to ``max_chars`` characters."""

    def __init__(self, max_chars: int) -> None:
        self.left = max_chars
        self.pieces: list[Piece] = []
        self._plain: list[str] = []

    @property
    def is_full(self) -> bool:
        return self.left <= 0

    def add(self, kind: str, text: str) -> None:
        """Add a text, cut where the sheet ends."""
        if len(text) > self.left:
            text = text[: max(0, self.left)]
        self.left -= len(text)
        if not kind:
            self._plain.append(text)
        elif text:
            self._flush()
            self.pieces.append((kind, text))

    def extend(self, pieces: list[Piece]) -> None:
        """Add pieces, quickly where all of them fit."""
        size = sum(map(len, join(pieces)))
        if size > self.left:
            for kind, text in pieces:
                self.add(kind, text)
        else:
            self._flush()
            self.pieces += [piece for piece in pieces if piece[1]]
            self.left -= size

    def break_line(self, depth: int) -> None:
        """A line end and the indentation of the next line."""
        if self.pieces or self._plain:
            self.add("", "\n" + INDENT * min(depth, MAX_INDENTS))

    def finish(self) -> tuple[Piece, ...]:
        """All pieces."""
        self._flush()
        return tuple(self.pieces)

    def _flush(self) -> None:
        if self._plain:
            self.pieces.append(("", "".join(self._plain)))
            self._plain = []


def join(pieces: Iterable[Piece]) -> Iterator[str]:
    """The text of pieces."""
    return (text for _, text in pieces)
