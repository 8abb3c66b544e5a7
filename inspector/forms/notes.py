"""Notes on a form: dropped, changed and odd fields, in sentences for people.

Bounded in number and in length, whatever was sent. Each reader brings its own sentences.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from inspector.forms.text import visible

MAX_NOTES_OF_A_KIND = 10
MAX_NAME_CHARS = 200


class Note(NamedTuple):
    """One remark: a snake_case ``code`` for programs, a sentence for people.

    ``name`` is the decoded name of the pair, ``visible`` and cut to
    ``MAX_NAME_CHARS``, or "" where the remark is about the form as a whole;
    ``position`` is the pair's, from 0.
    """

    code: str
    name: str
    message: str
    position: int | None = None


class NoteList:
    """Collects notes, the first ``MAX_NOTES_OF_A_KIND`` of each code, and counts the others.

    ``messages`` has the sentence of each code.
    """

    def __init__(self, messages: Mapping[str, str]) -> None:
        self._messages = messages
        self._notes: list[Note] = []
        self._counts: Counter[str] = Counter()

    def add(self, code: str, name: str = "", position: int | None = None, **facts: object) -> None:
        """Add the note with that code; ``facts`` fill the gaps in its sentence."""
        self._counts[code] += 1
        if self._counts[code] <= MAX_NOTES_OF_A_KIND:
            name = shorten(name)
            message = self._messages[code].format(name=name, **facts)
            self._notes.append(Note(code, name, message, position))

    def finish(self) -> tuple[Note, ...]:
        """The notes, those about the whole form first, then in wire order."""
        self._notes.sort(key=lambda note: -1 if note.position is None else note.position)
        more = [
            Note(code, "", f"And {total - MAX_NOTES_OF_A_KIND} more of this kind.")
            for code, total in self._counts.items()
            if total > MAX_NOTES_OF_A_KIND
        ]
        return (*self._notes, *more)


def shorten(name: str) -> str:
    """``name`` made visible; its beginning and an ellipsis where it is too long to be read."""
    if len(name) <= MAX_NAME_CHARS:
        return visible(name)
    return visible(name[:MAX_NAME_CHARS]) + "\N{HORIZONTAL ELLIPSIS}"
