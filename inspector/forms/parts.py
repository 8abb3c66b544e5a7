"""The fields of a multipart/form-data body as PHP finds them: what it would put into ``$_POST``.

Names and values come as bytes and are not percent-encoded; what happens to a name is the
same as in an urlencoded form, so each field is written as a pair of one and read like it.
Files are none of them: PHP keeps them apart, in ``$_FILES``. Notes say which it drops.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from inspector.forms.dialects import Dialect, find_dialect
from inspector.forms.named_charsets import convert, find_part_charset, read_charsets
from inspector.forms.notes import Note, NoteList, shorten
from inspector.forms.options import ReadOptions, make_options
from inspector.forms.pairs import Pair
from inspector.forms.parser import Form
from inspector.forms.php.messages import MESSAGES, PARTS_MESSAGES

# PHP reads a body in pieces of 5 KB, and never finds a boundary that does not fit into one with
# its two dashes and the NUL byte after it.
MAX_BOUNDARY_BYTES = 5_116
# PHP's max_file_uploads: the files it takes, and the parts it reads beyond max_input_vars.
MAX_FILES = 20
MAX_FILE_BYTES = 2 * 1024 * 1024  # upload_max_filesize
# Lines and parameters of a Content-Disposition that are read. Browsers write one and two.
MAX_LINES = 50
MAX_PARAMETERS = 50

_ESCAPES = ((b"%", b"%25"), (b"&", b"%26"), (b"+", b"%2B"), (b"=", b"%3D"), (b"\0", b"%00"))

# PHP, written in C, also ends a line at a NUL and ignores the rest.
_LINE_END = rb"(?:\r?\n|\0[^\n]*\n)"
_HEAD_END = re.compile(rb"(?m)^" + _LINE_END)
_DISPOSITION = re.compile(rb"(?im)^content-disposition:")
_NUMBER = re.compile(rb"\s*([+-]?)0*([0-9]{0,18})")
_FILE_FIELD = re.compile(rb"[^\[\]]*+(?:\[[^\[\]]*+\])*+")
# Text before a separator outside of quotes. None of these patterns backtracks.
_UP_TO = rb"""(?:[^%b"']++|"(?:[^"\\]++|\\"?)*+"?|'(?:[^'\\]++|\\'?)*+'?)*+"""
_PARAMETER, _KEY = re.compile(_UP_TO % b";"), re.compile(_UP_TO % b"=")
_QUOTED = {
    b'"': re.compile(rb"""(?:[^"\\]++|\\["\\]?)*+"""),
    b"'": re.compile(rb"""(?:[^'\\]++|\\['\\]?)*+"""),
}


def find_boundary(content_type: str) -> str | None:
    """The boundary as PHP takes it from a Content-Type, None where it takes none.

    It ends at a comma too, blanks belong to it, and any name that ends in ``boundary``
    will do: where that differs from RFC 2046, a reader of the RFC finds other parts.
    One of more than ``MAX_BOUNDARY_BYTES`` is taken, and then found nowhere.

    Source: php-src, ``main/rfc1867.c``.
    """
    found = re.search("boundary", content_type) or re.search("(?i)boundary", content_type)
    _, is_given, value = content_type[found.start() :].partition("=") if found else ("", "", "")
    if value.startswith('"'):
        quoted, is_closed, _ = value[1:].partition('"')
        return quoted if is_closed else None
    return re.split("[,;]", value, maxsplit=1)[0] if is_given else None


def parse_parts(
    body: bytes,
    boundary: str | None,
    dialect: str = "php",
    *,
    max_variables: int | None = None,
    max_depth: int | None = None,
    heed_charsets: bool = False,
) -> PartsForm:
    """Read the fields of a multipart/form-data body as PHP does, or as another receiver.

    ``boundary`` is the Content-Type's (``find_boundary``), None when it names none.
    ``dialect`` is as in ``parse``; parts are found by PHP's rules for all of them, and
    Express reads none. ``max_variables`` counts fields and, with ``MAX_FILES`` more, parts;
    ``max_depth`` brackets. Names and values are UTF-8, whatever a part says of itself; with
    ``heed_charsets`` values are in the charset that is named for them (``named_charsets``).
    No content is an error. Linear in ``len(body)``.

    Raises ``ValueError`` as ``parse`` does.

    Source: php-src, ``main/rfc1867.c``, and what PHP 8.2 makes of such bodies.
    """
    reader = find_dialect(dialect)
    options = make_options(
        reader.max_variables if max_variables is None else max_variables,
        reader.max_depth if max_depth is None else max_depth,
        None,
    )
    notes = NoteList({**MESSAGES, **PARTS_MESSAGES})
    fields: list[PartField] = []
    mark = b"--" + (boundary or "").encode("utf-8", "surrogateescape")
    if not reader.reads_parts:
        notes.add("parts_unread")
    elif boundary is None:
        notes.add("boundary_missing")
    elif len(mark) - 2 > MAX_BOUNDARY_BYTES:
        notes.add("boundary_too_long", limit=f"{MAX_BOUNDARY_BYTES:,}")
    else:
        fields += _read_fields(body, mark, options.max_variables + MAX_FILES, notes)
        fields = _heed_charsets(fields, notes) if heed_charsets else fields
    return PartsForm(fields, notes.finish(), reader, options)


class PartField(NamedTuple):
    """The name and value of a part, as sent; ``start`` is where its boundary line begins.

    ``charset`` is the part's own, as sent; ``converted`` the value in UTF-8, None where it
    is not known to be in another charset.
    """

    start: int
    name: bytes
    value: bytes
    charset: str = ""
    converted: bytes | None = None


class PartsForm(Form):
    """A ``Form`` whose pairs were parts: ``fields`` are the parts, in the order of ``pairs``."""

    def __init__(
        self,
        fields: list[PartField],
        notes: tuple[Note, ...],
        dialect: Dialect,
        options: ReadOptions,
    ) -> None:
        values = (f.value if f.converted is None else f.converted for f in fields)
        pairs = (
            _escape(field.name) + b"=" + _escape(value)
            for field, value in zip(fields, values, strict=True)
        )
        super().__init__(b"&".join(pairs), dialect, options)
        self.fields = fields
        self._notes_on_parts = notes

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The fields in the order of their parts, those included that the receiver drops."""
        sent = zip(super().pairs, self.fields, strict=False)  # those far beyond are unlisted
        return tuple(
            pair._replace(raw_name=field.name, raw_value=field.value) for pair, field in sent
        )

    @property
    def notes(self) -> tuple[Note, ...]:
        """Dropped, changed and odd fields: notes on parts first, then on names and values."""
        return (*self._notes_on_parts, *super().notes)


def _escape(text: bytes) -> bytes:
    for sign, escaped in _ESCAPES:
        text = text.replace(sign, escaped)
    return text


def _read_fields(body: bytes, mark: bytes, max_parts: int, notes: NoteList) -> Iterator[PartField]:
    """Each part that is no file; ``mark`` is the boundary with its dashes."""
    boundary_line = re.compile(rb"(?m)^" + re.escape(mark) + _LINE_END)
    files = _Files(notes)
    parts = position = 0
    while found := boundary_line.search(body, position):
        parts += 1
        if parts > max_parts:
            notes.add("parts_exceeded", limit=max_parts)
            return
        start = found.end()
        disposition, position = _read_head(body, start)
        if disposition is None:
            notes.add("part_unmarked")
            continue
        name, filename = _read_disposition(disposition)
        if name is None and filename is None:
            notes.add("part_unnamed")
            return
        name = name or b""
        if filename is not None and not files.takes(name, filename):
            continue
        if body.startswith(mark, position):
            notes.add("boundary_in_value", _as_text(name))
        head_end = position
        value, position = _read_value(body, position, mark)
        if filename is None:
            files.heed(name, value)
            charset = "" if value.isascii() else find_part_charset(body[start:head_end])
            yield PartField(found.start(), name, value, charset)
        else:
            files.judge_size(name, len(value))
    if not parts:
        notes.add("boundary_not_found", line=shorten(mark.decode("utf-8", "replace")))


def _heed_charsets(fields: list[PartField], notes: NoteList) -> list[PartField]:
    """The fields, with those values converted that a charset is named for."""
    if all(field.value.isascii() for field in fields):
        return fields
    named = read_charsets((field.name, field.value) for field in fields)
    heeded = []
    for field in fields:
        label = field.charset or named.get(field.name) or named.get(b"", "")
        converted = convert(field.value, label)
        if converted is not None:
            notes.add("charset_named", _as_text(field.name), charset=shorten(label))
        heeded.append(field._replace(converted=converted))
    return heeded


class _Files:
    """PHP's limits on files: their number, their fields, names and sizes."""

    def __init__(self, notes: NoteList) -> None:
        self._notes = notes
        self._left = MAX_FILES
        self._max_bytes = MAX_FILE_BYTES

    def takes(self, field: bytes, filename: bytes) -> bool:
        """True when PHP reads the file; when it drops one, it drops all that follow."""
        if self._left < 0:
            return False
        if not self._left or not _FILE_FIELD.fullmatch(field):
            code = "file_misplaced" if self._left else "files_exceeded"
            self._notes.add(code, _as_text(field), limit=MAX_FILES)
            self._left = -1
            return False
        if not filename:  # a file input of a browser's form without a file
            return False
        self._left -= 1
        last = re.split(rb"[/\\]", filename)[-1]
        if last != filename:
            self._notes.add("file_path_cut", _as_text(field), read_as=shorten(_as_text(last)))
        return True

    def heed(self, field: bytes, value: bytes) -> None:
        """A field MAX_FILE_SIZE limits the files after it; one of 0, or of no number, does not."""
        if field.lower() != b"max_file_size":
            return
        number = _NUMBER.match(value)
        assert number is not None  # noqa: S101 - it matches nothing, too
        sign, digits = number.groups()
        size = int(digits or 0)
        self._max_bytes = min(size or MAX_FILE_BYTES, MAX_FILE_BYTES)
        if size and sign == b"-":
            self._max_bytes = 0

    def judge_size(self, field: bytes, size: int) -> None:
        if size > self._max_bytes:
            self._notes.add("file_too_large", _as_text(field), limit=f"{self._max_bytes:,}")


def _as_text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _read_head(body: bytes, start: int) -> tuple[bytes | None, int]:
    """The value of a part's first Content-Disposition, None without; and where its data begins."""
    blank = _HEAD_END.search(body, start)
    # For PHP a line without an end is not part of the head.
    end = blank.start() if blank else max(start, body.rfind(b"\n", start) + 1)
    after = blank.end() if blank else end
    found = _DISPOSITION.search(body, start, end)
    if not found:
        return None, after
    first, *others = body[found.end() : end].split(b"\n", MAX_LINES)[:MAX_LINES]
    value = _as_in_c(first)
    for line in map(_as_in_c, others):
        if b":" in line and not line[:1].isspace():
            break
        value += line
    return value, after


def _as_in_c(line: bytes) -> bytes:
    return line.removesuffix(b"\r").partition(b"\0")[0]


def _read_value(body: bytes, start: int, mark: bytes) -> tuple[bytes, int]:
    """A part's data up to the line end before the next boundary, and where that is."""
    end = body.find(b"\n" + mark, start)
    if end < 0:
        return _cut_beginning(body[start:], b"\n" + mark), len(body)
    return body[start:end].removesuffix(b"\r"), end


def _cut_beginning(value: bytes, closing: bytes) -> bytes:
    """A value that breaks off, without what may have become its boundary."""
    at = value.rfind(b"\n", max(0, len(value) - len(closing)))
    if at >= 0 and closing.startswith(value[at:]):
        return value[:at].removesuffix(b"\r")
    return value


def _read_disposition(value: bytes) -> tuple[bytes | None, bytes | None]:
    """Name and file name of a part; of several of a kind the last."""
    found: dict[bytes, bytes] = {}
    position = 0
    for _ in range(MAX_PARAMETERS):
        parameter = _PARAMETER.match(value, position)
        assert parameter is not None  # noqa: S101 - it matches nothing, too
        text = parameter[0].lstrip()
        key = _KEY.match(text)
        assert key is not None  # noqa: S101 - as above
        if b"=" in text and key[0].lower() in (b"name", b"filename"):
            found[key[0].lower()] = _read_word(text[key.end() :].lstrip(b"=").lstrip())
        position = parameter.end() + 1
        if position >= len(value):
            break
    return found.get(b"name"), found.get(b"filename")


def _read_word(text: bytes) -> bytes:
    """A word, or what stands in quotes, without its quotes and backslashes."""
    quote = text[:1]
    if quote not in _QUOTED:
        return (text.split(None, 1) or [b""])[0].replace(b"\\\\", b"\\")
    quoted = _QUOTED[quote].match(text, 1)
    assert quoted is not None  # noqa: S101 - it matches nothing, too
    pieces = quoted[0].split(b"\\\\")
    return b"\\".join(piece.replace(b"\\" + quote, quote) for piece in pieces)
