"""Bodies: media types, content codings undone, bytes as text.

Bounded everywhere: a kilobyte of gzip may claim to be a gigabyte.
"""

from __future__ import annotations

import re
import sys
import zlib
from typing import Any, NamedTuple

MAX_DECODED_BYTES = 20_000_000
# The highest ratio of decoded to sent bytes: text shrinks to a tenth, hardly ever to a hundredth.
MAX_RATIO = 200
LITTLE_BYTES = 1_000_000
MAX_MEMBERS = 1000
_FIRST_STEP_BYTES, _STEP_BYTES = 512, 65_536
_GZIP, _ZLIB, _BARE = 31, 15, -15  # zlib's window bits
_ESSENCE_END = re.compile(r"[\s,]")


class MediaType(NamedTuple):
    """A Content-Type taken apart: ``essence`` in lower case, the parameters or None."""

    essence: str
    charset: str | None = None
    boundary: str | None = None

    @property
    def is_json(self) -> bool:
        return self.essence in ("application/json", "text/json") or self.essence.endswith("+json")


class DecodedContent(NamedTuple):
    """``data`` is the body as a reader wants it; ``problem`` says in a sentence why it is not.

    ``coding`` is the Content-Encoding as understood, ``""`` for none.
    """

    data: bytes
    coding: str = ""
    problem: str | None = None


_PARAMETER = re.compile(r'([^;=]*)=[ \t]*(?:"((?:[^"\\]++|\\.)*+)"|([^;]*))')
_QUOTED_PAIR = re.compile(r"\\(.)")


def parse_media_type(text: str) -> MediaType:
    """Take a Content-Type apart; anything malformed is left out, nothing raises.

    A blank or a comma ends the essence, too, as for PHP. A value in quotes may have semicolons
    (RFC 9110, 5.6.4).
    """
    essence, _, parameters = text.partition(";")
    found: dict[str, str] = {}
    for parameter in _PARAMETER.finditer(parameters):
        quoted, plain = parameter[2], parameter[3]
        value = plain.strip().strip('"') if quoted is None else _QUOTED_PAIR.sub(r"\1", quoted)
        found.setdefault(parameter[1].strip().lower(), value)
    return MediaType(
        _ESSENCE_END.split(essence.strip(), 1)[0].lower(),
        found.get("charset") or None,
        found.get("boundary") or None,
    )


def decode_text(data: bytes) -> str:
    """Bytes of a head as text: UTF-8 where they are, otherwise latin-1. Never raises."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def decode_content(
    body: bytes, content_encoding: str, *, max_bytes: int = MAX_DECODED_BYTES
) -> DecodedContent:
    """Undo gzip, deflate, br and zstd, the last applied first (RFC 9110, 8.4).

    At most ``max_bytes`` come out, and no more than ``MAX_RATIO`` times what was sent,
    unless that is little; then ``problem`` says that there was more. A coding that is
    unknown or does not fit the bytes leaves the body as it is.
    """
    codings = [part.strip().lower() for part in content_encoding.split(",")]
    codings = [coding for coding in codings if coding not in ("", "identity")]
    if not codings or not body:
        return DecodedContent(body, ", ".join(codings))
    if len(codings) > 3:
        return DecodedContent(body, ", ".join(codings), "More than three content codings.")
    max_bytes = min(max_bytes, max(LITTLE_BYTES, MAX_RATIO * len(body)))
    data = body
    for coding in reversed(codings):
        try:
            data, complete = _undo(coding, data, max_bytes)
        except _CodingError as error:
            return DecodedContent(body, ", ".join(codings), str(error))
        if not complete:
            problem = f"Decoded only as far as {len(data):,} bytes; the {coding} data goes on."
            return DecodedContent(data, ", ".join(codings), problem)
    return DecodedContent(data, ", ".join(codings))


class _CodingError(Exception):
    """The bytes are not what their Content-Encoding says."""


def _undo(coding: str, data: bytes, max_bytes: int) -> tuple[bytes, bool]:
    if coding in ("gzip", "x-gzip"):
        return _inflate(data, _GZIP, coding, max_bytes)
    if coding == "deflate":
        # RFC 9110 means zlib, but bare deflate is sent as well (8.4.1.2).
        try:
            return _inflate(data, _ZLIB, coding, max_bytes)
        except _CodingError:
            return _inflate(data, _BARE, coding, max_bytes)
    if coding == "br":
        return _unbrotli(data, max_bytes)
    if coding == "zstd":
        return _unzstd(data, max_bytes)
    raise _cannot_undo(coding)


def _cannot_undo(coding: str) -> _CodingError:
    return _CodingError(f"The content coding {coding[:40]} is not one we can undo.")


def _not_in(coding: str) -> _CodingError:
    return _CodingError(
        f"The body is not {coding} or is damaged, against its Content-Encoding: shown as it came."
    )


def _inflate(data: bytes, window_bits: int, coding: str, max_bytes: int) -> tuple[bytes, bool]:
    """In small steps: zlib copies the unused rest of its input at each call."""
    view = memoryview(data)
    parts: list[bytes] = []
    position = size = members = 0
    engine: Any = None
    try:
        while position < len(data) and size < max_bytes:
            if engine is None:
                engine, step = zlib.decompressobj(window_bits), _FIRST_STEP_BYTES
                members += 1
            taken = view[position : position + step]
            parts.append(engine.decompress(taken, max_bytes - size))
            size += len(parts[-1])
            position += len(taken) - len(engine.unconsumed_tail) - len(engine.unused_data)
            step = min(2 * step, _STEP_BYTES)
            if engine.eof:
                # A gzip body may be several members one after the other (RFC 1952, 2.2).
                if window_bits != _GZIP or members == MAX_MEMBERS or position == len(data):
                    break
                engine = None
    except zlib.error as error:
        if members > 1:
            return b"".join(parts), False
        raise _not_in(coding) from error
    is_whole = position == len(data) or window_bits != _GZIP
    return b"".join(parts), engine is not None and engine.eof and is_whole


def _unbrotli(data: bytes, max_bytes: int) -> tuple[bytes, bool]:
    try:
        import brotli  # few bodies need it
    except ImportError:  # pragma: no cover - a platform without the wheel still captures
        raise _cannot_undo("br") from None
    engine = brotli.Decompressor()
    parts: list[bytes] = []
    size = 0
    try:
        for start in range(0, len(data), _STEP_BYTES):
            part = engine.process(
                data[start : start + _STEP_BYTES], output_buffer_limit=max_bytes - size + 1
            )
            parts.append(part)
            size += len(part)
            if size > max_bytes:
                break
    except brotli.error as error:
        raise _not_in("br") from error
    return b"".join(parts)[:max_bytes], engine.is_finished() and size <= max_bytes


# 8 MB is what every receiver supports (RFC 9659, 3); a larger window would let a sender claim
# memory at will.
_ZSTD_WINDOW_LOG = 23


def _unzstd(data: bytes, max_bytes: int) -> tuple[bytes, bool]:
    """All frames, one after the other (RFC 8878, 3.1)."""
    try:
        zstd = import_zstd()
    except ImportError:  # pragma: no cover - a platform without the wheel still captures
        raise _cannot_undo("zstd") from None
    options = {zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
    view, parts = memoryview(data), [b""]
    position = size = members = 0
    engine: Any = None
    try:
        while position < len(data) and size < max_bytes and members < MAX_MEMBERS:
            if engine is None:
                engine, step = zstd.ZstdDecompressor(options=options), _FIRST_STEP_BYTES
                members += 1
            taken = view[position : position + step]
            position += len(taken)
            while size < max_bytes:
                parts.append(engine.decompress(taken, max_bytes - size))
                size += len(parts[-1])
                taken = view[:0]
                if engine.eof or engine.needs_input:
                    break
            step = min(2 * step, _STEP_BYTES)
            if engine.eof:
                # In small steps: the decompressor hands back what it did not use, and the whole
                # rest would be copied for each frame.
                position -= len(engine.unused_data)
                engine = None
    except zstd.ZstdError as error:
        if members > 1:
            return b"".join(parts), False
        raise _not_in("zstd") from error
    return b"".join(parts), engine is None and position == len(data)


def import_zstd() -> Any:
    """The standard library's module for zstd, or its backport; few bodies need it.

    Raises ``ImportError`` on a platform that has neither.
    """
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd
