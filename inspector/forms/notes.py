"""What PHP dropped or changed, and what is odd, in sentences for people.

Notes are bounded in number and in length, whatever was sent.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from inspector.forms.text import visible

MAX_NOTES_OF_A_KIND = 10
MAX_NAME_CHARS = 200

_MESSAGES = {
    "append_overflow": "The array already has the largest index there is, so PHP drops this pair.",
    "array_replaced": "A string takes the place of an array and of all that was in it.",
    "boundary_in_value": "The boundary follows the part's head without a line end of its own: PHP"
    " takes it, and all up to the next one, for the value.",
    "boundary_missing": "The Content-Type names no boundary that PHP can read, so it reads none of"
    " the parts.",
    "boundary_not_found": "No line of the body is “{line}” and nothing else, so PHP reads none of"
    " the parts.",
    "bracket_unclosed": "A [ is never closed: PHP reads the name as “{read_as}”.",
    "charset_unknown": "A form in the charset {name} cannot be read, so it was read as UTF-8.",
    "file_misplaced": "The brackets in the name of a file's field do not match: PHP drops the file"
    " and all files after it.",
    "file_path_cut": "PHP knows the file as “{read_as}”, without a path.",
    "file_too_large": "PHP drops a file of more than {limit} bytes: that is what a MAX_FILE_SIZE"
    " sent before it allows, or upload_max_filesize where nobody sets it.",
    "files_exceeded": "PHP takes the first {limit} files only.",
    "name_barred": "PHP lets no key begin with __Host- or __Secure- unless the whole name does,"
    " and drops this pair.",
    "name_changed": "PHP reads the name as “{read_as}”: it takes off spaces before it, and makes _"
    " of other spaces and of dots.",
    "name_empty": "The pair has no name, so PHP drops it.",
    "name_repeated": "The name was sent before: this value takes the place of the earlier one.",
    "nesting_exceeded": "There are more than {limit} levels of brackets: PHP drops this pair"
    " and all that it had under the same first name.",
    "not_decodable": "Some bytes are not {charset}: they are shown as \N{REPLACEMENT CHARACTER}.",
    "nul_in_body": "A NUL byte ends the form for PHP's parse_str: pairs dropped after it: {count}.",
    "nul_in_name": "The name ends at a NUL byte: PHP reads it as “{read_as}”.",
    "order_not_list": "Sent in order {order}: PHP makes an object of it, not a list.",
    "part_unmarked": "A part has no Content-Disposition: PHP skips it.",
    "part_unnamed": "A part has neither a name nor a file name: PHP reads no further.",
    "parts_exceeded": "PHP reads the first {limit} parts only.",
    "string_replaced": "An array takes the place of a string sent before.",
    "text_after_bracket": "What follows the ] is ignored: PHP reads the name as “{read_as}”.",
    "variables_exceeded": "PHP reads the first {limit} variables only:"
    " pairs dropped after them: {count}.",
}


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
    """Collects notes, the first ``MAX_NOTES_OF_A_KIND`` of each code, and counts the others."""

    def __init__(self) -> None:
        self._notes: list[Note] = []
        self._counts: Counter[str] = Counter()

    def add(self, code: str, name: str = "", position: int | None = None, **facts: object) -> None:
        """Add the note with that code; ``facts`` fill the gaps in its sentence."""
        self._counts[code] += 1
        if self._counts[code] <= MAX_NOTES_OF_A_KIND:
            name = shorten(name)
            message = _MESSAGES[code].format(name=name, **facts)
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
