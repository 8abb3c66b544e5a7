"""Files that were saved here or elsewhere, read back into captures.

Three kinds are told apart by how they begin: an HTTP Archive, our JSON (a request a line, or
what the API answers), and one raw HTTP request. Their content is as hostile as what a socket
sends, and is bounded and kept the same way; a file of no such kind is its owner's mistake.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from inspector.capture import (
    IMPORTED,
    Capture,
    Refusal,
    WireDetails,
    WireNote,
    split_headers,
    split_request_line,
)
from inspector.domain.content import decode_text
from inspector.domain.pairs import TCHAR
from inspector.errors import InspectorError
from inspector.exports.archives import read_archived
from inspector.exports.har import CREATOR, HEAD_OF_BYTES

MAX_REQUESTS = 100_000
MAX_NOTES = 20
MAX_WIRE_BYTES = 65_536
# Errors raised by an entry with wrong types or impossible numbers.
UNREADABLE = (TypeError, ValueError, KeyError, AttributeError, ArithmeticError, Base64Error)
# The largest number of a database's integer columns.
MAX_NUMBER = 2**53
# The largest part of an oversized head that a server may have read.
MAX_OVER_BYTES = 65_536
Captures = Iterator[Capture]
_LINE_ENDS = re.compile(r"[\r\n\0]+")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")
_METHOD = re.compile(TCHAR + r"{1,64}\Z")


class HeadLimits(NamedTuple):
    """Limits on a request's head, a file's as a socket's."""

    head_bytes: int = 256 * 1024
    header_lines: int = 1000
    target_bytes: int = 64 * 1024


SOCKET_LIMITS = HeadLimits()


class _Import(NamedTuple):
    """The bin that a file goes to, and the handling of requests that cannot be read."""

    bin_name: str
    now_us: int
    limits: HeadLimits
    left_out: list[str] | None

    def read(self, entries: Iterable[Any], what: str, read: Callable[[Any], Capture]) -> Captures:
        """The capture of each entry; one that is none is refused, or said in ``left_out``."""
        for number, entry in enumerate(entries, 1):
            if number > MAX_REQUESTS:
                raise _error(f"The file has more than {MAX_REQUESTS:,} requests.")
            try:
                capture = read(entry)
                _check_head(capture, self.limits)
            except UNREADABLE as error:
                sentence = f"{what} {number} is no request that can be read ({_explain(error)})."
                if self.left_out is None:
                    raise _error(sentence) from error
                self.left_out.append(_clean(sentence)[:300])
            else:
                yield capture


def read_saved(
    data: bytes,
    bin_name: str,
    now_us: int,
    limits: HeadLimits = SOCKET_LIMITS,
    left_out: list[str] | None = None,
) -> Captures:
    """The captures in a file, oldest first as far as the file has them so.

    ``now_us`` (microseconds since the epoch) is the time of an entry without one. An entry that
    cannot be read, or whose head is larger than ``limits``, is left out, with a sentence in
    ``left_out``; without such a list it refuses the file: ``InspectorError`` ``invalid_file``
    names it.
    """
    options = _Import(bin_name, now_us, limits, left_out)
    text = data.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not text:
        raise _error("The file is empty.")
    if not text.startswith((b"{", b"[")):
        capture = _read_raw(data.lstrip(b"\r\n"), bin_name, now_us)
        yield from options.read([capture], "Request", lambda only: only)
        return
    whole = _try_json(text)
    if isinstance(whole, dict) and isinstance(whole.get("log"), dict):
        yield from _read_har(whole["log"], options)
    elif isinstance(whole, dict | list):
        entries = whole if isinstance(whole, list) else [whole]
        yield from options.read(entries, "Request", partial(_read_line, options))
    else:
        yield from read_lines(text.split(b"\n"), bin_name, now_us, limits, left_out)


def is_line(data: bytes) -> bool:
    """True when this is one of our JSON lines, so that what follows can be read line by line."""
    entry = _try_json(data)
    return isinstance(entry, dict) and "request_line" in entry


def read_lines(
    lines: Iterable[bytes],
    bin_name: str,
    now_us: int,
    limits: HeadLimits = SOCKET_LIMITS,
    left_out: list[str] | None = None,
) -> Captures:
    """The captures in our JSON lines, each as it is asked for; else as ``read_saved``."""
    options = _Import(bin_name, now_us, limits, left_out)

    def read(line: bytes) -> Capture:
        return _read_line(options, _try_json(line))

    yield from options.read((line for line in lines if line.strip()), "Line", read)


def to_line(capture: Capture) -> str:
    """A capture as one of our JSON lines, as far as ``read_saved`` reads it."""
    headers = split_headers(capture.raw_head)
    head = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
    line = capture.raw_head.partition(b"\n")[0].rstrip(b"\r").decode("latin-1")
    return json.dumps(
        {
            "request_line": line,
            "raw_headers": head,
            "charset": "latin-1",
            "body_base64": b64encode(capture.read_body()).decode(),
            "body_size": capture.body_size,
            "time": capture.received_us / 1_000_000,
            "remote_addr": capture.peer,
            "chunked": capture.chunked,
            "truncated": capture.truncated,
            **_wire_to_json(capture.wire),
            "refused": capture.refusal
            and {"status": capture.refusal.status, "reason": capture.refusal.reason},
        }
    )


def _read_line(options: _Import, entry: Any) -> Capture:
    if not isinstance(entry, dict) or "request_line" not in entry:
        raise ValueError(
            "a file to import is an HTTP Archive, JSON lines as exported here, or one raw request"
        )
    charset = "latin-1" if entry.get("charset") == "latin-1" else "utf-8"
    body = b64decode(entry.get("body_base64") or "", validate=True)
    refused = entry.get("refused")
    refusal = None
    if refused is not None:
        reason = _clean(refused["reason"])[:1000]
        refusal = Refusal(_count("status", refused["status"], most=999), reason)
    return Capture(
        bin_name=options.bin_name,
        received_us=_microseconds(entry.get("time"), options.now_us),
        raw_head=_read_head(
            str(entry["request_line"]),
            entry.get("raw_headers") or [],
            entry.get("head_base64"),
            charset,
        ),
        read_body=lambda: body,
        body_size=max(_count("body_size", entry.get("body_size") or 0), len(body)),
        peer=_clean(entry.get("remote_addr") or "")[:100],
        chunked=bool(entry.get("chunked")),
        truncated=bool(entry.get("truncated")),
        fidelity=IMPORTED,
        refusal=refusal,
        wire=_read_wire(entry, charset),
    )


def _clean(value: Any) -> str:
    """A text that UTF-8 can write: half a surrogate pair is replaced."""
    return str(value).encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def _count(name: str, value: Any, *, most: int = MAX_NUMBER) -> int:
    number = int(value)
    if not 0 <= number <= most:
        raise ValueError(f"its {name} is not within 0 and {most:,}")
    return number


def _check_head(capture: Capture, limits: HeadLimits) -> None:
    """Hold a head to what a socket may send, but for requests that were refused for it.

    Raises ``ValueError``.
    """
    head = capture.raw_head
    lines = head.count(b"\n")
    target = len(split_request_line(head)[1])
    problem = None
    if len(head) > limits.head_bytes + MAX_OVER_BYTES:
        problem = f"a head of {len(head):,} bytes; at most {limits.head_bytes:,} are taken"
    elif capture.refusal is None and lines > limits.header_lines + 1:
        problem = f"{lines - 1:,} header lines; at most {limits.header_lines:,} are taken"
    elif capture.refusal is None and target > limits.target_bytes:
        problem = f"a target of {target:,} bytes; at most {limits.target_bytes:,} are taken"
    if problem:
        raise ValueError(f"it has {problem}")


def _wire_to_json(wire: WireDetails) -> dict[str, Any]:
    pairs = split_headers(b"\r\n" + wire.trailer)
    return {
        "trailers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in pairs],
        "chunk_extensions": [each.decode("latin-1") for each in wire.chunk_extensions],
        "leftover_base64": b64encode(wire.leftover).decode(),
        "wire_notes": [{"code": code, "message": message} for code, message in wire.notes],
    }


def _read_wire(entry: dict[str, Any], charset: str) -> WireDetails:
    """The details of the framing, bounded as those that come from a socket."""
    lines = [f"{name}: {value}" for name, value in entry.get("trailers") or ()]
    trailer = "".join(f"{_LINE_ENDS.sub(_keep_fold, line)}\r\n" for line in lines)
    extensions = [str(each) for each in entry.get("chunk_extensions") or ()]
    notes = [
        (_clean(note["code"]), _clean(note["message"])) for note in entry.get("wire_notes") or ()
    ]
    leftover = b64decode(entry.get("leftover_base64") or "", validate=True)
    return WireDetails(
        tuple(WireNote(code[:64], message[:1000]) for code, message in notes[:MAX_NOTES]),
        trailer.encode(charset, "replace")[:MAX_WIRE_BYTES],
        tuple(each[:4096].encode(charset, "replace") for each in extensions[:100]),
        leftover[:MAX_WIRE_BYTES],
    )


def _read_har(log: dict[str, Any], options: _Import) -> Captures:
    entries = log.get("entries")
    if not isinstance(entries, list):
        raise _error("The HTTP Archive has no list of entries.")
    creator = log.get("creator")
    is_ours = isinstance(creator, dict) and creator.get("name") == CREATOR
    yield from options.read(
        entries, "Entry", lambda entry: _read_entry(options, entry, is_ours=is_ours)
    )


def _read_entry(options: _Import, entry: dict[str, Any], *, is_ours: bool) -> Capture:
    found = read_archived(entry, is_ours=is_ours)
    moment = _parse_time(entry.get("startedDateTime"))
    notes = found.notes
    if moment is None:
        notes = (*notes, "The archive has no time that can be read; it got that of the import.")
    wire = WireDetails(tuple(WireNote("archive", _clean(each)[:1000]) for each in notes))
    return Capture(
        bin_name=options.bin_name,
        received_us=options.now_us if moment is None else moment,
        raw_head=_read_head(found.request_line, found.headers, entry.get(HEAD_OF_BYTES), "utf-8"),
        read_body=lambda: found.body,
        body_size=_count("bodySize", found.body_size),
        peer=_clean(entry.get("_remoteAddress") or "")[:100],
        chunked=_is_chunked(found.headers),
        truncated=found.body_size > len(found.body),
        fidelity=IMPORTED,
        wire=wire,
    )


def _read_raw(data: bytes, bin_name: str, now_us: int) -> Capture:
    end = re.search(rb"\r?\n\r?\n", data)
    head, body = (data[: end.start()], data[end.end() :]) if end else (data.rstrip(b"\r\n"), b"")
    method, target, version = split_request_line(head)
    if not target or not version or not _METHOD.match(method.decode("latin-1")):
        raise _error(
            "This is no HTTP request. It begins with a line like POST /orders HTTP/1.1; other "
            "files to import are HTTP Archives and JSON lines as exported here."
        )
    headers = [(key.decode("latin-1"), each.decode("latin-1")) for key, each in split_headers(head)]
    joined = _join_chunks(body) if _is_chunked(headers) else None
    body = _cut_line_end(body, headers) if joined is None else joined
    return Capture(
        bin_name=bin_name,
        received_us=now_us,
        raw_head=head + b"\r\n",
        read_body=lambda: body,
        body_size=len(body),
        chunked=joined is not None,
        fidelity=IMPORTED,
    )


def _is_chunked(headers: Iterable[tuple[str, str]]) -> bool:
    return any(
        name.lower() == "transfer-encoding" and value.strip().lower() == "chunked"
        for name, value in headers
    )


def _join_chunks(data: bytes) -> bytes | None:
    """The body joined from its chunks; None when it was saved joined already."""
    parts: list[bytes] = []
    position = 0
    while found := _CHUNK_SIZE.match(data, position):
        size = int(found[1], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(data[found.end() : found.end() + size])
        position = found.end() + size + 2
    return None


def _cut_line_end(body: bytes, headers: Iterable[tuple[str, str]]) -> bytes:
    """The body without the line end that an editor puts at a file's end."""
    for name, value in headers:
        if name.lower() == "content-length" and value.strip().isdecimal():
            length = min(int(value[:20]), len(body))
            return body[:length] if body[length:] in (b"\n", b"\r\n") else body
    return body


def _read_head(line: str, headers: Any, exact: Any, charset: str) -> bytes:
    """The head: the bytes of ``exact`` (base64), unless someone has edited the text beside it."""
    raw = b64decode(exact or "", validate=True)
    first, pairs = raw.partition(b"\n")[0].rstrip(b"\r"), split_headers(raw)
    told = [[decode_text(name), decode_text(value)] for name, value in pairs]
    if not raw or told != [list(each) for each in headers]:
        return _make_head(line, headers, charset)
    if decode_text(first) != line:
        first = line.encode("utf-8", "replace")
    same = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs]
    return _make_head(first.decode("latin-1"), same, "latin-1")


def _make_head(request_line: str, headers: Any, charset: str) -> bytes:
    lines = [request_line, *(f"{name}: {value}" for name, value in headers)]
    # A folded header has its line end inside, with white space behind it; nothing else may.
    kept = [_LINE_ENDS.sub(_keep_fold, line) for line in lines]
    return ("\r\n".join(kept) + "\r\n").encode(charset, "replace")


def _keep_fold(found: re.Match[str]) -> str:
    after = found.string[found.end() : found.end() + 1]
    return "\r\n" if after in (" ", "\t") and found[0] in ("\n", "\r\n") else " "


def _microseconds(value: Any, now_us: int) -> int:
    return now_us if value is None else _bounded(round(float(value) * 1_000_000))


def _parse_time(value: Any) -> int | None:
    """Microseconds of an ISO 8601 text, None for one that is none."""
    try:
        moment = datetime.fromisoformat(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return _bounded(round(moment.timestamp() * 1_000_000))
    except (TypeError, ValueError, OverflowError):
        return None


def _bounded(moment_us: int) -> int:
    """The number within 1970 to 9999, the years that a date can express."""
    return min(max(moment_us, 0), 253_402_300_799_000_000)


def _try_json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _explain(error: Exception) -> str:
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)


def _error(message: str) -> InspectorError:
    return InspectorError("invalid_file", message)
