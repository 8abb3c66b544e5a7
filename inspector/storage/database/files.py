"""Files that hold strangers' bytes: readable by their owner alone, and known by their identity."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import NamedTuple

from inspector.errors import InspectorError

# SQLite keeps these beside a database, and gives new ones the database's own permissions.
COMPANIONS = ("", "-wal", "-shm", "-journal")


class FileIdentity(NamedTuple):
    """A file itself, whatever its name is by now: device and inode."""

    device: int
    inode: int


def make_private_folder(folder: Path) -> None:
    """Make the folder, readable by its owner alone when it is new."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InspectorError(
            "data_dir_unusable",
            f"The folder {folder} cannot be made: {error.strerror}. "
            "Choose another with --data-dir.",
        ) from error


def make_private_file(path: Path) -> None:
    """Make the file where there is none, and take from others what they may do with it.

    A new one is its owner's alone before its first byte, in any folder and under any
    umask; one that an earlier version left open is closed, with those SQLite keeps beside it.
    Raises ``OSError`` when the file can be neither found nor made.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    for suffix in COMPANIONS:
        each = Path(f"{path}{suffix}")
        with contextlib.suppress(OSError):  # not there, or another's to change
            mode = stat.S_IMODE(each.stat().st_mode)
            if mode & 0o077 or not mode & 0o600:
                each.chmod(0o600)


def identify(path: Path) -> FileIdentity | None:
    """The identity of the file at the path (device and inode); None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return FileIdentity(found.st_dev, found.st_ino)
