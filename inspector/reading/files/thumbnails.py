"""Small pictures of pictures that were sent, made by Pillow in a process of its own.

What a decoder does with a hostile file stays in that process, which has little memory, little time
and nothing but the file; what comes out of it is a PNG that was written there anew.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

MAX_PICTURE_BYTES = 12_000_000
MAX_PIXELS = 40_000_000
MAX_THUMBNAIL_BYTES = 4_000_000
TIME_LIMIT_S = 15.0
PATIENCE_S = 10.0

_PNG = b"\x89PNG\r\n\x1a\n"
_WORKER = Path(__file__).with_name("thumbnail_process.py")
# At most two at once, since they share the machine with captures.
_turns = threading.BoundedSemaphore(2)


class PictureError(Exception):
    """A picture that is not shown, with the reason as a sentence."""


def explain_unshown(size_bytes: int, pixels: int) -> str | None:
    """The sentence on why a picture of this size is not shown; None where it can be."""
    if size_bytes > MAX_PICTURE_BYTES or pixels > MAX_PIXELS:
        return "The picture is too large to be shown here."
    if find_spec("PIL") is None:
        return "Pictures are shown when Pillow is there: pip install 'request-inspector[pictures]'."
    if find_spec("resource") is None or not sys.executable:
        return "Pictures are not shown on this system, where no process can be held to limits."
    return None


def make_thumbnail(data: bytes, picture: str) -> bytes:
    """A PNG of at most 640 by 640 pixels; ``picture`` is Pillow's name of the format.

    Takes some tenths of a second, and ``TIME_LIMIT_S`` at most. Raises ``PictureError``.
    """
    if problem := explain_unshown(len(data), 0):
        raise PictureError(problem)
    if not _turns.acquire(timeout=PATIENCE_S):
        raise PictureError("Other pictures are being made: try again.")
    try:
        # -I: neither the folder of the script nor the user's own may bring modules.
        done = subprocess.run(  # noqa: S603 - our own script, and no word of the sender
            [sys.executable, "-I", "-B", str(_WORKER), picture, str(MAX_PIXELS)],
            input=data,
            capture_output=True,
            timeout=TIME_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        raise PictureError("The picture took too long, and is not shown.") from None
    finally:
        _turns.release()
    made = done.stdout
    if done.returncode or not made.startswith(_PNG) or len(made) > MAX_THUMBNAIL_BYTES:
        raise PictureError("The picture is damaged or too large, and is not shown.")
    return made
