"""Bodies and responses that wait: in memory, large ones in a temporary file where there is room.

A temporary folder that is missing or full is no reason to lose a request: what cannot
be spooled stays in memory, within the bounds that hold for it there too.
"""

from __future__ import annotations

import logging
import tempfile
from io import FileIO
from pathlib import Path

from waitress.buffers import BytesIOBasedBuffer, OverflowableBuffer, TempfileBasedBuffer

log = logging.getLogger("inspector.server")

# A size that no buffer reaches: with it as the limit nothing goes into a file.
NEVER = 2**62


class SpoolFile(TempfileBasedBuffer):  # type: ignore[misc]
    """A temporary file, unbuffered; a failed write leaves it as it was."""

    file: FileIO

    def __init__(self, from_buffer: BytesIOBasedBuffer | None = None) -> None:
        self.file = tempfile.TemporaryFile("w+b", buffering=0)  # noqa: SIM115 - closed by close()
        try:
            if from_buffer is not None:
                self.append(from_buffer.get())
        except OSError:
            self.file.close()
            raise

    def append(self, data: bytes) -> None:
        """Write at the end, all of it or an ``OSError``."""
        position = self.file.tell()
        end = self.file.seek(0, 2)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[self.file.write(rest) :]
        except OSError:
            self.file.truncate(end)
            raise
        finally:
            self.file.seek(position)
        self.remain += len(data)


class SpoolBuffer(OverflowableBuffer):  # type: ignore[misc]
    """waitress's buffer, which goes on in memory when its file cannot be made or written."""

    buf: BytesIOBasedBuffer | SpoolFile | None

    def append(self, data: bytes) -> None:
        """Add bytes at the end."""
        try:
            super().append(data)
        except OSError as error:
            self._stay_in_memory(error)
            in_file, in_memory = self.buf, BytesIOBasedBuffer()
            if in_file is not None:
                in_memory.append(in_file.get())
                in_file.close()
            in_memory.append(data)
            self.buf = in_memory
            self.overflowed = False

    def _set_large_buffer(self) -> None:
        """Called by waitress when it is too much for memory."""
        in_memory = self.buf
        try:
            self.buf = SpoolFile(in_memory)
        except OSError as error:
            self._stay_in_memory(error)
            self.buf = in_memory or BytesIOBasedBuffer()
            return
        self.overflowed = True
        if in_memory is not None:
            in_memory.close()

    def _stay_in_memory(self, error: OSError) -> None:
        self.overflow = NEVER
        log.warning("A large body stays in memory: no temporary file (%s).", error.strerror)


def find_spool_folder(data_dir: Path) -> bool:
    """Have temporary files where some can be written; False when there is no such place.

    The system's folder first, then the data directory.
    """
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"x" * 4096)
    except OSError as error:
        why = error.strerror
    else:
        return True
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data_dir) as file:
            file.write(b"x" * 4096)
    except OSError:
        log.warning("No temporary folder can be used (%s): large bodies wait in memory.", why)
        return False
    tempfile.tempdir = str(data_dir)
    log.warning("No temporary folder can be used (%s): large bodies wait in %s.", why, data_dir)
    return True
