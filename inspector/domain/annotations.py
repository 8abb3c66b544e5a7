"""Pins and notes on captured requests: their bounds."""

from __future__ import annotations

from enum import Enum

from inspector.errors import InspectorError

# They stay beyond a bin's capacity, so there is an end to them.
MAX_PINNED = 1000
MAX_NOTE_CHARS = 2000


class Unchanged(Enum):
    """The type of ``UNCHANGED``, which leaves a note as it is."""

    UNCHANGED = "unchanged"


UNCHANGED = Unchanged.UNCHANGED


def check_note(note: str | None) -> str | None:
    """A note as it is kept: lines end in a line feed, nothing around it, None for an empty one.

    Raises ``InspectorError`` ``invalid_note`` for one that is too long.
    """
    text = "\n".join((note or "").splitlines()).strip()
    if len(text) > MAX_NOTE_CHARS:
        raise InspectorError(
            "invalid_note",
            f"A note has at most {MAX_NOTE_CHARS:,} characters, not {len(text):,}.",
            field="note",
        )
    # No database takes these two kinds of character.
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode() or None
