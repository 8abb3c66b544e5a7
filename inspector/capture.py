"""A captured request: parsing of its head, and the record before a bin has numbered it.

No I/O, no parsing of bodies, no opinion. The same record is made from the bytes
of a socket (``fidelity`` "exact") and from a WSGI environ, where the server has
already joined, renamed and dropped things ("rebuilt"); a record read from a saved
file is "imported".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, unquote_to_bytes

EXACT = "exact"
REBUILT = "rebuilt"
IMPORTED = "imported"

# An absolute-form target ("GET http://host/path HTTP/1.1") names the path after its authority.
_AUTHORITY = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_NAME_END = re.compile("/|%2[fF]")
# How deep a proxy may have put us below its own root.
MAX_PREFIX_SEGMENTS = 8


class Refusal(NamedTuple):
    """The error with which a request was answered although it was captured.

    ``status`` is what its sender got; ``reason`` one sentence.
    """

    status: int
    reason: str


class WireNote(NamedTuple):
    """Something odd about how a request was framed: a code for programs, a sentence for people."""

    code: str
    message: str


class WireDetails(NamedTuple):
    """Parts of the framing beside head and body.

    ``trailer`` holds the trailer lines of a chunked body with their line ends,
    ``chunk_extensions`` what followed the chunk sizes, semicolon included. ``leftover`` are the
    bytes after the request, in the same packet, that are not the beginning of another request.
    """

    notes: tuple[WireNote, ...] = ()
    trailer: bytes = b""
    chunk_extensions: tuple[bytes, ...] = ()
    leftover: bytes = b""

    def to_json(self) -> str | None:
        """The JSON text for the database; None when there is nothing to keep."""
        if self == NO_DETAILS:
            return None
        return json.dumps(
            {
                "notes": self.notes,
                "trailer": self.trailer.decode("latin-1"),
                "chunk_extensions": [each.decode("latin-1") for each in self.chunk_extensions],
                "leftover": self.leftover.decode("latin-1"),
            }
        )

    @classmethod
    def from_json(cls, text: str | None) -> WireDetails:
        """The details that ``to_json`` wrote."""
        if text is None:
            return NO_DETAILS
        found = json.loads(text)
        return cls(
            tuple(WireNote(*note) for note in found["notes"]),
            found["trailer"].encode("latin-1"),
            tuple(each.encode("latin-1") for each in found["chunk_extensions"]),
            found["leftover"].encode("latin-1"),
        )


NO_DETAILS = WireDetails()


class RuleHint(NamedTuple):
    """The answer rule found for a request before it is stored.

    It holds while ``answer_set`` is the bin's. ``place`` is None when no rule matches.
    """

    answer_set: int
    place: int | None


class RelayHint(NamedTuple):
    """The result of a relay's match, found before the request is stored.

    It holds while ``document`` is the bin's relay.
    """

    document: str
    fits: bool


class Capture(NamedTuple):
    """One request as it came, for one bin.

    ``raw_head`` is the request line and the header lines exactly as sent, with
    their line ends, without the empty line that closes them. ``read_body`` gives
    the body as received (chunks already joined, content coding untouched), as
    often as it is asked, so that a large body can wait in a file.
    ``body_size`` counts the bytes that came or were announced, which is more than
    ``read_body`` gives when ``truncated``. ``received_us`` is the arrival of the
    last byte in microseconds since the epoch, UTC.
    """

    bin_name: str
    received_us: int
    raw_head: bytes
    read_body: Callable[[], bytes]
    body_size: int
    peer: str = ""
    chunked: bool = False
    truncated: bool = False
    fidelity: str = EXACT
    refusal: Refusal | None = None
    wire: WireDetails = NO_DETAILS
    rule_hint: RuleHint | None = None
    relay_hint: RelayHint | None = None


def split_request_line(raw_head: bytes) -> tuple[bytes, bytes, bytes]:
    """Cut the first line into method, target and version; a missing part is ``b""``.

    Never raises: a malformed line puts what it can into the first parts.
    """
    line = raw_head.partition(b"\n")[0].rstrip(b"\r")
    method, _, rest = line.partition(b" ")
    target, space, version = rest.rpartition(b" ")
    if not space:
        return method, version, b""
    if not version.upper().startswith(b"HTTP/"):
        return method, rest, b""
    return method, target, version


def split_headers(raw_head: bytes) -> list[tuple[bytes, bytes]]:
    """Cut the header lines into names and values: order, case and repeats as sent.

    A folded line stays inside its value, line end included. White space around
    the value is layout (RFC 9110, 5.5) and is taken off; a line without a colon
    gives a name with an empty value.
    """
    headers: list[tuple[bytes, bytes]] = []
    for line in _header_lines(raw_head):
        name, _, value = line.partition(b":")
        headers.append((name, value.strip(b" \t\r\n")))
    return headers


def _header_lines(raw_head: bytes) -> Iterator[bytes]:
    current: list[bytes] = []
    for line in raw_head.split(b"\n")[1:]:
        if line[:1] in (b" ", b"\t") and current:
            current.append(line)
            continue
        if current:
            yield b"\n".join(current)
        current = [line] if line.strip(b"\r") else []
    if current:
        yield b"\n".join(current)


def split_target(target: bytes) -> tuple[bytes, bytes]:
    """Cut a request target into path and query string, both undecoded.

    Absolute-form targets lose scheme and authority; the query is ``b""`` without
    a ``?`` and after a bare one alike.
    """
    authority = _AUTHORITY.match(target)
    if authority:
        target = target[authority.end() :] or b"/"
    path, _, query = target.partition(b"?")
    return path, query


def decode_path(target: bytes) -> bytes:
    """The target's path, percent-decoded, with one slash at its beginning: WSGI's PATH_INFO.

    A fragment, which no client should send, is no part of it.
    """
    # A malformed line may have left the version in the target.
    path = split_target(target)[0].partition(b"#")[0].partition(b" ")[0]
    return b"/" + (unquote_to_bytes(path) if b"%" in path else path).lstrip(b"/")


def find_bin_name(target: bytes) -> str:
    """The first segment of the target's decoded path, or ``""`` when there is none."""
    return decode_path(target)[1:].partition(b"/")[0].decode("utf-8", "replace")


def asks_for_page(own_path: bytes, target: bytes) -> bool:
    """RequestBin's habit: ``GET /<bin>?inspect`` shows the bin and is not captured."""
    query = split_target(target)[1]
    path = own_path.removesuffix(b"/")
    return query.partition(b"=")[0] == b"inspect" and path.count(b"/") == 1


def capture_from_environ(
    environ: Mapping[str, Any],
    *,
    bin_name: str,
    body: bytes,
    received_us: int,
    truncated: bool = False,
    refusal: Refusal | None = None,
) -> Capture:
    """Make the record from a WSGI environ, as far as the server left it whole.

    Header names come back in their usual case, repeats joined, order the
    environ's; the record says so by its ``fidelity``.
    """
    announced = str(environ.get("CONTENT_LENGTH") or "")
    size = int(announced) if announced.isascii() and announced.isdigit() else len(body)
    return Capture(
        bin_name=bin_name,
        received_us=received_us,
        raw_head=_rebuild_head(environ),
        read_body=lambda: body,
        body_size=max(size, len(body)) if truncated else len(body),
        peer=str(environ.get("REMOTE_ADDR") or ""),
        chunked=environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked",
        truncated=truncated,
        fidelity=REBUILT,
        refusal=refusal,
    )


def _rebuild_head(environ: Mapping[str, Any]) -> bytes:
    method = str(environ.get("REQUEST_METHOD", "GET"))
    version = str(environ.get("SERVER_PROTOCOL", "HTTP/1.1"))
    lines = [f"{method} {_rebuild_target(environ)} {version}"]
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            name = key[5:]
        elif key in ("CONTENT_TYPE", "CONTENT_LENGTH") and value != "":
            name = key
        else:
            continue
        lines.append(f"{name.replace('_', '-').title()}: {value}")
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n"


def _rebuild_target(environ: Mapping[str, Any]) -> str:
    for key in ("REQUEST_URI", "RAW_URI"):
        if environ.get(key):
            return str(environ[key])
    path = str(environ.get("SCRIPT_NAME", "")) + str(environ.get("PATH_INFO", ""))
    quoted = quote(path, encoding="latin-1")
    query = str(environ.get("QUERY_STRING", ""))
    return f"{quoted}?{query}" if query else quoted


def find_sub_path(path: str, bin_name: str = "", host: str = "") -> str:
    """The part of an undecoded path behind its first segment: ``""`` or ``"/..."``.

    An encoded slash ends the segment, too. Where the first segment is not ``bin_name``, it is
    the part behind that segment, or all of it when the bin is the first part of ``host``.
    """
    first, below = _cut_segment(path)
    if not bin_name or unquote(first) == bin_name:
        return below
    if host.partition(".")[0].lower() == bin_name:
        return path if path.strip("/") else ""
    rest = below
    for _ in range(MAX_PREFIX_SEGMENTS):
        segment, rest = _cut_segment(rest)
        if unquote(segment) == bin_name:
            return rest
    return below


def begins_with_bin(path: str, bin_name: str) -> bool:
    """True when the first segment of an undecoded path is this bin's name."""
    return unquote(_cut_segment(path)[0]) == bin_name


def _cut_segment(path: str) -> tuple[str, str]:
    path = path.lstrip("/")
    slash = _NAME_END.search(path)
    return (path[: slash.start()], f"/{path[slash.end() :]}") if slash else (path, "")
