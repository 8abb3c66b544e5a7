"""Notes on a body that is said to be JSON: breaks and oddities, in sentences for people.

They give the place where it breaks, and name what parsers read differently. Notes are bounded
in number and in length, and linear in the body; no body is an error.

Source: RFC 8259, The JavaScript Object Notation (JSON) Data Interchange Format.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from inspector.domain.json_bodies import MAX_JSON_DEPTH, MAX_JSON_VALUES, find_excess
from inspector.domain.messages import Message
from inspector.forms.notes import MAX_NOTES_OF_A_KIND, shorten
from inspector.reading.paths import Path, format_path
from inspector.reading.text import escape_invisible

NEAR_CHARS = 20

_TOO_MUCH = {
    "nesting_exceeded": f"It nests deeper than {MAX_JSON_DEPTH} levels, so it is not read.",
    "values_exceeded": f"It has more than {MAX_JSON_VALUES:,} values, so it is not read.",
}
_ENCODINGS = {"utf-8-sig": "UTF-8"}
_SPACE = re.compile(r"[ \t\n\r]*")
_WORD = re.compile(r"[A-Za-z_]\w{0,30}")
# The parser gives no position for these, so the first one outside of a string is taken.
_CONSTANT = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|(-?Infinity|NaN)', re.DOTALL)


class JsonNote(NamedTuple):
    """One remark: a snake_case ``code`` for programs, a sentence for people.

    ``name`` is the path of the field it is about, else ""; ``line`` and ``column`` count
    characters from 1, None where it is about no single place.
    """

    code: str
    name: str
    message: str
    line: int | None = None
    column: int | None = None


def find_json_notes(request: Message) -> tuple[JsonNote, ...]:
    """The notes on a body that is JSON by its type; none for any other, or for an empty one."""
    if not request.media_type.is_json or request.content.problem:
        return ()
    data = request.json_bytes
    if not data or data.isspace():
        return ()
    if excess := find_excess(data):
        return (JsonNote(excess, "", _TOO_MUCH[excess]),)
    encoding = json.detect_encoding(data)
    notes = [*_note_on_encoding(encoding)]
    try:
        text = data.decode(encoding, "surrogatepass")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding, "replace")
        after = data[error.start : error.start + NEAR_CHARS].decode("ascii", "backslashreplace")
        problem = f"these bytes are not {_ENCODINGS.get(encoding, encoding.upper())}"
        notes.append(_note_at("not_decodable", before + after, len(before), problem))
    else:
        notes += _note_on_text(text, is_cut=request.truncated)
    return tuple(notes)


def explain_unread(request: Message) -> str:
    """Half a sentence on why a body has no fields."""
    for note in find_json_notes(request):
        if note.code not in ("byte_order_mark", "not_utf8", "key_repeated"):
            return f"the body is no JSON that could be read: {note.message.rstrip('.')}"
    if request.parsed is not None and request.parsed.problem:
        return request.parsed.problem[0].lower() + request.parsed.problem[1:].rstrip(".")
    return "the body is neither a form nor JSON"


def _note_on_encoding(encoding: str) -> Iterator[JsonNote]:
    if encoding == "utf-8-sig":
        message = "The body begins with a byte order mark, at which some readers fail."
        yield JsonNote("byte_order_mark", "", message)
    elif encoding != "utf-8":
        message = f"The body is {encoding.upper()}, and many readers take UTF-8 only."
        yield JsonNote("not_utf8", "", message)


def _note_on_text(text: str, *, is_cut: bool) -> Iterator[JsonNote]:
    repeats = _Repeats()
    decoder = json.JSONDecoder(
        object_pairs_hook=repeats.take,
        parse_float=str,  # The values of numbers do not matter here.
        parse_int=str,
        parse_constant=_refuse_constant,
    )
    try:
        value = decoder.decode(text)
    except json.JSONDecodeError as error:
        if is_cut:
            message = "Only the beginning of the body was kept, so it cannot be read as JSON."
            yield JsonNote("cut_off", "", message)
        else:
            code = "text_after" if error.msg == "Extra data" else "broken"
            yield _note_at(code, text, error.pos, _explain(text, error))
    except _ConstantError as error:
        at = next((found.start() for found in _CONSTANT.finditer(text) if found[1]), 0)
        yield _note_at("no_number", text, at, f"{error} is no number in JSON")
    else:
        yield from repeats.tell(value)


class _ConstantError(Exception):
    """Python takes ``NaN`` and ``Infinity``; JSON has neither."""


def _refuse_constant(text: str) -> Any:
    raise _ConstantError(text)


def _note_at(code: str, text: str, at: int, problem: str) -> JsonNote:
    """A note on the character at ``at``, with some of those on either side of it."""
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    start, end = max(0, at - NEAR_CHARS), at + NEAR_CHARS
    before = "…" * (start > 0) + escape_invisible(text[start:at])
    after = escape_invisible(text[at:end]) + "…" * (end < len(text))
    near = f"between “{before}” and “{after}”"
    if not before or not after:
        near = f"after “{before}”" if before else f"before “{after}”"
    return JsonNote(code, "", f"Line {line}, column {column}, {near}: {problem}.", line, column)


def _explain(text: str, error: json.JSONDecodeError) -> str:
    """The cause of a break. Python's messages are known by their beginnings, which are stable."""
    at, said = error.pos, error.msg
    for beginning, problem in _PROBLEMS.items():
        if said.startswith(beginning):
            return problem
    if _end_of(_SPACE, text, at) == len(text):
        return "the body ends before its value does"
    sign, last = text[at], text[at - 1 : at]
    if sign in "+-." or (sign in "0123456789eE" and (last.isdigit() or last == ".")):
        return "this number is not written as JSON has them"
    if said.startswith("Expecting ','"):
        return "a comma or a closing bracket is missing"
    if said.startswith("Expecting ':'"):
        return "a colon is missing"
    if sign in "]}" and text[:at].rstrip(" \t\n\r").endswith(","):
        return "nothing follows the last comma"
    if sign == "/":
        return "JSON has no comments"
    if said.startswith("Expecting property name"):
        return "a name in double quotes is missing"
    return _explain_value(text, at)


def _explain_value(text: str, at: int) -> str:
    if text[at] == "'":
        return "texts stand in double quotes"
    if word := _WORD.match(text, at):
        return f"{word[0]} is no value: there are texts in double quotes, true, false and null"
    return "a value is missing" if text[at] in ",:]}" else "no value begins like this"


def _end_of(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return at if found is None else found.end()


_PROBLEMS = {
    "Extra data": "the value has ended, and more follows",
    "Unterminated string": "the text that begins here is never closed",
    "Invalid control character": "a line end or another control character in a text is written"
    " with a backslash, as \\n or \\u000a",
    "Invalid \\u": "after \\u come four digits from 0 to f",
    "Invalid \\escape": 'after a backslash comes ", \\, /, b, f, n, r, t or u',
    "Illegal trailing comma": "nothing follows the last comma",
}


class _Repeats:
    """Objects that have a name more than once, gathered while they are parsed."""

    def __init__(self) -> None:
        self._found: dict[int, tuple[dict[str, Any], dict[str, int]]] = {}
        self._dropped = 0

    def take(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Make the object of its pairs: the last of a name stays."""
        made = dict(pairs)
        if len(made) < len(pairs):
            self._dropped += len(pairs) - len(made)
            if len(self._found) < MAX_NOTES_OF_A_KIND:
                counts = Counter(name for name, _ in pairs).most_common(MAX_NOTES_OF_A_KIND)
                # Kept with them, so that nothing else has its id.
                self._found[id(made)] = made, {name: times for name, times in counts if times > 1}
        return made

    def tell(self, value: Any) -> Iterator[JsonNote]:
        """The notes with the paths of their names; ``value`` is the parsed document."""
        told = 0
        places = self._find_places(value) if self._found else iter(())
        repeats = ((path, each) for path, names in places for each in names.items())
        for count, (path, (name, times)) in enumerate(repeats):
            if count == MAX_NOTES_OF_A_KIND:
                break
            told += times - 1
            message = f"The name is there {times:,} times: most readers keep the last value only."
            yield JsonNote("key_repeated", shorten(format_path((*path, name))), message)
        if self._dropped > told:
            more = f"{'And ' if told else ''}{self._dropped - told:,} more of this kind."
            yield JsonNote("key_repeated", "", more)

    def _find_places(self, value: Any) -> Iterator[tuple[Path, dict[str, int]]]:
        """The paths of the objects found, without recursion; a dropped object has none."""
        left = len(self._found)
        stack: list[tuple[Any, Any]] = [(value, None)]
        while stack and left:
            container, place = stack.pop()
            if id(container) in self._found:
                left -= 1
                yield _path_of(place), self._found[id(container)][1]
            entries = container.items() if isinstance(container, dict) else enumerate(container)
            inner = [(item, (place, key)) for key, item in entries if isinstance(item, dict | list)]
            stack += reversed(inner)


def _path_of(place: Any) -> Path:
    keys: list[str] = []
    while place is not None:
        place, key = place
        keys.append(str(key))
    return tuple(reversed(keys))
