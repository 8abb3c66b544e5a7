"""A chunked body joined in one pass (RFC 9112, 7.1), with bounds on all that is not body.

Takes the place of waitress's receiver, which keeps size lines and trailers of any
length and copies what is left of its input for each chunk.
"""

from __future__ import annotations

import re
from typing import Any

from waitress.buffers import OverflowableBuffer
from waitress.utilities import BadRequest

MAX_LINE_BYTES = 4096
MAX_TRAILER_BYTES = 65_536
_PLAIN = re.compile(rb"([0-9A-Fa-f]{1,16})\r\n")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(;[\t\x20-\x7e\x80-\xff]*)?\Z")
# Extensions beyond these are read and dropped.
MAX_EXTENSIONS = 100
MAX_EXTENSION_BYTES = 16_384


class ChunkReceiver:
    """A receiver as waitress calls it: ``received``, ``completed``, ``error``, its buffer.

    ``trailer`` has the trailer lines as sent, ``extensions`` what followed chunk sizes.
    """

    def __init__(self, buffer: OverflowableBuffer) -> None:
        self._buffer = buffer
        self._line = b""
        self._left = 0  # of the chunk under way, its closing line end included
        self._in_trailer = False
        self._extension_bytes = 0
        self.trailer = b""
        self.extensions: list[bytes] = []
        self.completed = False
        self.error: BadRequest | None = None

    def __len__(self) -> int:
        return int(self._buffer.__len__())

    def received(self, data: bytes) -> int:
        """Take what belongs to this body; answers how many bytes that was."""
        position = 0
        parts: list[bytes] = []
        while position < len(data) and not self.completed and self.error is None:
            if self._left:
                position = self._take_chunk(data, position, parts)
            else:
                if not self._line and not self._in_trailer:
                    position = _take_whole_chunks(data, position, parts)
                position = self._take_line(data, position)
        if parts:
            self._buffer.append(b"".join(parts))
        return position

    def _take_chunk(self, data: bytes, position: int, parts: list[bytes]) -> int:
        if self._left > 2:
            part = data[position : position + self._left - 2]
            parts.append(part)
            self._left -= len(part)
            return position + len(part)
        if data[position] != b"\r\n"[2 - self._left]:
            self.error = BadRequest("Chunk not properly terminated")
        self._left -= 1
        return position + 1

    def _take_line(self, data: bytes, position: int) -> int:
        end = data.find(b"\n", position) + 1
        self._line += data[position : end or len(data)]
        if len(self._line) > MAX_LINE_BYTES:
            self.error = BadRequest("Chunk line too long")
        elif end:
            line, self._line = self._line, b""
            if not line.endswith(b"\r\n"):
                self.error = BadRequest("Chunk line ends in LF, not CR LF")
            elif self._in_trailer:
                self._end_trailer_line(line)
            else:
                self._begin_chunk(line.removesuffix(b"\r\n"))
        return end or len(data)

    def _begin_chunk(self, line: bytes) -> None:
        found = _SIZE.match(line)
        if not found:
            self.error = BadRequest("Invalid chunk size")
            return
        size = int(found[1], 16)
        if found[2] is not None:
            self._keep_extension(found[2])
        self._in_trailer = size == 0
        self._left = size + 2 if size else 0

    def _keep_extension(self, extension: bytes) -> None:
        self._extension_bytes += len(extension)
        if len(self.extensions) < MAX_EXTENSIONS and self._extension_bytes <= MAX_EXTENSION_BYTES:
            self.extensions.append(extension)

    def _end_trailer_line(self, line: bytes) -> None:
        if line == b"\r\n":
            self.completed = True
        elif len(self.trailer) + len(line) > MAX_TRAILER_BYTES:
            self.error = BadRequest("Trailer too long")
        else:
            self.trailer += line

    def getfile(self) -> Any:
        """The body as a file, for WSGI."""
        return self._buffer.getfile()

    def getbuf(self) -> OverflowableBuffer:
        """The buffer that holds the body."""
        return self._buffer


def _take_whole_chunks(data: bytes, position: int, parts: list[bytes]) -> int:
    """Take the chunks that lie whole in ``data``; answers where the first other one begins."""
    while found := _PLAIN.match(data, position):
        begin, size = found.end(), int(found[1], 16)
        if size == 0 or data[begin + size : begin + size + 2] != b"\r\n":
            break
        parts.append(data[begin : begin + size])
        position = begin + size + 2
    return position
