"""The kind of a file by its first bytes, and a few facts that its header has.

Nothing is unpacked, decoded or executed here; each reader looks at a bounded piece.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace

from inspector.domain.content import parse_media_type
from inspector.domain.texts import decode_text_body
from inspector.reading.files.archives import Listing, list_tar, list_zip
from inspector.reading.files.dimensions import find_dimensions


@dataclass(frozen=True, slots=True)
class FileKind:
    """``name`` is for people; ``facts`` are sentences' ends, such as ``640 × 480 pixels``.

    ``listing`` has an archive's entries. ``picture`` is the name that Pillow has for a
    picture that can be shown, ``""`` for anything else; ``pixels`` is how many it claims.
    """

    name: str
    facts: tuple[str, ...] = ()
    listing: Listing | None = None
    picture: str = ""
    pixels: int = 0


def find_kind(data: bytes) -> FileKind | None:
    """The kind of a file by its content; None for what is not known. Never raises."""
    for offset, magic, kind, read in _KINDS:
        if data.startswith(magic, offset):
            try:
                return kind if read is None else read(data, kind)
            except (struct.error, IndexError, ValueError, ZeroDivisionError):
                return kind  # Its header breaks off, so there are no facts.
    return None


def find_file(data: bytes, content_type: str) -> FileKind | None:
    """The kind of a file; None for a text, which may begin with anything. A PDF is a file."""
    kind = find_kind(data)
    if kind is None or data.startswith(b"%PDF-"):
        return kind
    return kind if decode_text_body(data, parse_media_type(content_type)) is None else None


def _read_picture(data: bytes, kind: FileKind) -> FileKind:
    found = find_dimensions(data, kind.picture)
    if found is None:
        return kind
    width, height = found
    return replace(kind, facts=(f"{width:,} × {height:,} pixels",), pixels=width * height)


def _read_riff(data: bytes, kind: FileKind) -> FileKind:
    form = data[8:12]
    if form == b"WEBP":
        return _read_picture(data, FileKind("WebP picture", picture="WEBP"))
    if form == b"WAVE":
        return replace(kind, name="WAV sound", facts=_say_wave(data))
    return replace(kind, name="AVI video" if form == b"AVI " else "RIFF file")


def _say_wave(data: bytes) -> tuple[str, ...]:
    """Channels, rate and length, of the chunks that come first."""
    position, facts, per_second = 12, [], 0
    for _ in range(20):
        name, size = struct.unpack_from("<4sI", data, position)
        if name == b"fmt ":
            _, channels, rate, per_second = struct.unpack_from("<HHII", data, position + 8)
            facts = [f"{channels} channel{'' if channels == 1 else 's'}", f"{rate:,} Hz"]
        if name == b"data":
            return (*facts, *([f"{size / per_second:.1f} s"] if per_second else []))
        position += 8 + size + size % 2
    return tuple(facts)


def _read_flac(data: bytes, kind: FileKind) -> FileKind:
    # STREAMINFO: 20 bits of rate, 3 of channels, 5 of bits, 36 of samples (RFC 9639, 8.2).
    bits = int.from_bytes(data[18:26])
    rate, channels, samples = bits >> 44, (bits >> 41 & 7) + 1, bits & (1 << 36) - 1
    return replace(kind, facts=(f"{channels} channels", f"{rate:,} Hz", f"{samples / rate:.1f} s"))


def _read_pdf(data: bytes, kind: FileKind) -> FileKind:
    version = data[5:8].decode("latin-1")
    facts = [f"version {version}"] if version[:1].isdigit() else []
    if b"/Encrypt" in data[-65_536:]:
        facts.append("encrypted")
    return replace(kind, facts=tuple(facts))


_MARKS = (
    ("word/", "Word document"),
    ("xl/", "Excel workbook"),
    ("ppt/", "PowerPoint presentation"),
    ("META-INF/MANIFEST.MF", "Java archive"),
    ("AndroidManifest.xml", "Android app"),
    ("META-INF/container.xml", "EPUB book"),
)


def _read_zip(data: bytes, kind: FileKind) -> FileKind:
    listing = list_zip(data)
    if listing is None:
        return replace(kind, facts=("its directory is missing",))
    names = [entry.name for entry in listing.entries]
    name = next((title for mark, title in _MARKS if any(map(_starting(mark), names))), kind.name)
    return replace(kind, name=name, listing=listing)


def _starting(mark: str) -> Callable[[str], bool]:
    return lambda name: name.startswith(mark)


def _read_tar(data: bytes, kind: FileKind) -> FileKind:
    return replace(kind, listing=list_tar(data))


def _read_gzip(data: bytes, kind: FileKind) -> FileKind:
    if not data[3] & 0x08:  # FNAME (RFC 1952, 2.3.1)
        return kind
    start = 10
    if data[3] & 0x04:
        start += 2 + int.from_bytes(data[10:12], "little")
    name = data[start : start + 256].partition(b"\0")[0].decode("latin-1")
    return replace(kind, facts=(f"of a file named {name}",) if name else ())


def _read_boxes(data: bytes, kind: FileKind) -> FileKind:
    brand = data[8:12].decode("latin-1").strip()
    name = {"M4A": "M4A sound", "qt": "QuickTime video", "heic": "HEIC picture"}.get(brand)
    name = name or ("AVIF picture" if brand in ("avif", "avis") else kind.name)
    return replace(kind, name=name)


_Read = Callable[[bytes, FileKind], FileKind]
# Offset and bytes, as the format's own specification has them.
_KINDS: tuple[tuple[int, bytes, FileKind, _Read | None], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", FileKind("PNG picture", picture="PNG"), _read_picture),
    (0, b"\xff\xd8\xff", FileKind("JPEG picture", picture="JPEG"), _read_picture),
    (0, b"GIF8", FileKind("GIF picture", picture="GIF"), _read_picture),
    (0, b"RIFF", FileKind("RIFF file"), _read_riff),
    (0, b"%PDF-", FileKind("PDF document"), _read_pdf),
    (0, b"PK\x03\x04", FileKind("ZIP archive"), _read_zip),
    (0, b"PK\x05\x06", FileKind("ZIP archive"), _read_zip),
    (257, b"ustar", FileKind("tar archive"), _read_tar),
    (0, b"\x1f\x8b\x08", FileKind("gzip data"), _read_gzip),
    (0, b"\x28\xb5\x2f\xfd", FileKind("zstd data"), None),
    (0, b"BZh", FileKind("bzip2 data"), None),
    (0, b"\xfd7zXZ\0", FileKind("xz data"), None),
    (0, b"7z\xbc\xaf\x27\x1c", FileKind("7-Zip archive"), None),
    (0, b"Rar!\x1a\x07", FileKind("RAR archive"), None),
    (0, b"ID3", FileKind("MP3 sound"), None),
    (0, b"\xff\xfb", FileKind("MP3 sound"), None),
    (0, b"OggS", FileKind("Ogg sound or video"), None),
    (0, b"fLaC", FileKind("FLAC sound"), _read_flac),
    (4, b"ftyp", FileKind("MP4 video"), _read_boxes),
    (0, b"\x1a\x45\xdf\xa3", FileKind("Matroska or WebM video"), None),
    (0, b"II*\0", FileKind("TIFF picture"), None),
    (0, b"MM\0*", FileKind("TIFF picture"), None),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileKind("Office document of the old kind"), None),
    (0, b"SQLite format 3\0", FileKind("SQLite database"), None),
    (0, b"\0asm", FileKind("WebAssembly module"), None),
    (0, b"\x7fELF", FileKind("program for Linux"), None),
    (0, b"MZ", FileKind("program for Windows"), None),
    (0, b"BM", FileKind("BMP picture", picture="BMP"), _read_picture),
)
