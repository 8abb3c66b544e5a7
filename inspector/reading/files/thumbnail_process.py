"""The process that decodes one picture from stdin; see ``thumbnails``.

It imports nothing of ours. Arguments: Pillow's name of the format, and the number of pixels
that are too many.
"""

from __future__ import annotations

import io
import os
import sys

SIDE = 640
MAX_MEMORY_BYTES = 1_000_000_000
MAX_CPU_S = 10


def limit() -> None:
    """Hold this process to its limits for good."""
    import resource

    for name, most in (
        ("RLIMIT_AS", MAX_MEMORY_BYTES),
        ("RLIMIT_CPU", MAX_CPU_S),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_NOFILE", 64),
    ):
        resource.setrlimit(getattr(resource, name), (most, most))


def shrink(data: bytes, picture: str, max_pixels: int) -> bytes:
    """The first frame as a small PNG without anything but its pixels."""
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(data), formats=[picture]) as image:
        if image.width * image.height > max_pixels:
            raise ValueError("too many pixels")
        image.draft("RGB", (SIDE, SIDE))
        image.thumbnail((SIDE, SIDE))
        turned = ImageOps.exif_transpose(image)
        made = io.BytesIO()
        plain = turned.convert("RGBA")
        plain.info.clear()
        plain.save(made, "PNG")
        return made.getvalue()


def main() -> None:
    """Exit status 1 for any failure; the caller reads no details."""
    status = 1
    try:
        limit()
        made = shrink(sys.stdin.buffer.read(), sys.argv[1], int(sys.argv[2]))
        sys.stdout.buffer.write(made)
        sys.stdout.buffer.flush()
        status = 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
