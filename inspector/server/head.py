"""A request's head taken apart in one pass, whatever is in it.

It accepts and refuses what waitress does. But waitress's regular expressions backtrack: 60 KB
of blanks before a value take many seconds, in which no connection is served.
"""

from __future__ import annotations

import re

from waitress.parser import ParsingError
from waitress.utilities import BadRequest, RequestHeaderFieldsTooLarge

from inspector.domain.pairs import TCHAR
from inspector.server.remembering import remember_short

_TOKEN = re.compile(rb"%s+\Z" % TCHAR.encode())
_VERSION = re.compile(rb"HTTP/([0-9]\.[0-9])\Z")
_LENGTH = re.compile(r"[0-9]{1,18}\Z")
_IN_VALUES = bytes([0x09, *range(0x20, 0x7F), *range(0x80, 0x100)])
# Header lines with nothing odd in them, each ended by CR LF. The pattern does not backtrack.
_PLAIN_FIELDS = re.compile(rb"(?:%s++:[\t\x20-\x7e\x80-\xff]*+\r\n)*+" % TCHAR.encode())
# A method and the beginning of a target, or a beginning of these.
_BEGINNING = re.compile(
    rb"(?:CONNECT|%s{1,64}) (?:[/*]|[A-Za-z][A-Za-z0-9+.-]*:|\Z)|[A-Z-]{1,20}\Z" % TCHAR.encode()
)


class TargetTooLong(BadRequest):  # type: ignore[misc]
    """The request line's target is longer than we look at."""

    code = 414
    reason = "URI Too Long"


class HeadTooLargeError(Exception):
    """A head over a limit; ``answer`` is waitress's error for it."""

    def __init__(self, answer: BadRequest) -> None:
        super().__init__(answer.body)
        self.answer = answer


def cut_to_head(response: bytes) -> bytes:
    """A response's bytes up to the end of its head."""
    head, empty_line, _ = response.partition(b"\r\n\r\n")
    return head + empty_line


def begins_like_request(data: bytes) -> bool:
    """True when a request line may begin here, perhaps behind empty lines, or nothing does."""
    line = data.lstrip(b"\r\n")
    return not line or _BEGINNING.match(line) is not None


def parse_request_line(line: bytes, *, max_target_bytes: int) -> tuple[str, bytes, str]:
    """Method, target and version; the version is ``""`` when the line names none.

    The method is any token in any case, the target anything without a space. Raises
    waitress's ``ParsingError``, or ``HeadTooLargeError``.
    """
    if len(line) > max_target_bytes:  # else its target is shorter, too
        target = line.partition(b" ")[2].partition(b" ")[0]
        if len(target) > max_target_bytes:
            raise HeadTooLargeError(TargetTooLong(f"exceeds {max_target_bytes} bytes"))
    return _parse_line(line)


@remember_short(256)
def _parse_line(line: bytes) -> tuple[str, bytes, str]:
    method, _, rest = line.partition(b" ")
    target, space, version = rest.partition(b" ")
    if b"\r" in line or b"\n" in line:
        raise ParsingError("Bare CR or LF found in start line")
    found = _VERSION.match(version)
    if not _TOKEN.match(method) or not target or (space and not found):
        raise ParsingError("Start line is invalid")
    return method.decode("ascii"), target, found[1].decode("ascii") if found else ""


def parse_fields(block: bytes, *, max_fields: int) -> dict[str, str]:
    """The header lines as WSGI names them: ``CONTENT_TYPE``, repeats joined with ``, ``.

    Names with an underscore are left out, as they would pass for others. Raises
    ``ParsingError``, or ``HeadTooLargeError`` beyond ``max_fields`` lines.
    """
    if block.count(b"\r\n") > max_fields:
        raise HeadTooLargeError(RequestHeaderFieldsTooLarge(f"more than {max_fields} lines"))
    lines = block.split(b"\r\n")
    if not _PLAIN_FIELDS.fullmatch(block):
        lines = _check_lines(lines)
    fields: dict[str, list[str]] = {}
    for line in filter(None, lines):
        name, _, value = line.partition(b":")
        key = _name_field(name)
        if key:
            fields.setdefault(key, []).append(value.strip(b" \t").decode("latin-1"))
    return {name: ", ".join(values) for name, values in fields.items()}


@remember_short(1024)
def _name_field(name: bytes) -> str:
    """WSGI's name for a header, ``""`` for one that would pass for another."""
    return "" if b"_" in name else name.decode("ascii").upper().replace("-", "_")


def _check_lines(lines: list[bytes]) -> list[bytes]:
    """Whole header lines, those that go on in the next joined; raises where one is none."""
    if any(b"\r" in line or b"\n" in line for line in lines):
        raise ParsingError("Bare CR or LF found in header")
    unfolded = _unfold(lines)
    for line in unfolded:
        name, colon, value = line.partition(b":")
        if not colon or not _TOKEN.match(name) or value.translate(None, _IN_VALUES):
            raise ParsingError("Invalid header")
    return unfolded


def _unfold(lines: list[bytes]) -> list[bytes]:
    """Lines that begin with white space go on with the one before (RFC 9112, 5.2)."""
    parts: list[list[bytes]] = []
    for line in filter(None, lines):
        if line[0] not in b" \t":
            parts.append([line])
        elif parts:
            parts[-1].append(line)
        else:
            raise ParsingError("Malformed header line")
    return [b"".join(each) for each in parts]


def parse_length(text: str) -> int:
    """A Content-Length. Raises ``ParsingError`` when it is none that can be meant."""
    if not _LENGTH.match(text):
        raise ParsingError("Content-Length is invalid")
    return int(text)
