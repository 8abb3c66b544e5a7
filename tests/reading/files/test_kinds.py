"""Files by their first bytes: what they say of themselves, and headers that lie or break off."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import time
import wave
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.reading.files.archives import MAX_ENTRIES, Entry, list_zip
from inspector.reading.files.kinds import _KINDS, FileKind, find_kind
from inspector.reading.files.thumbnails import PictureError, make_thumbnail


def make_wave() -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16_000))
    return made.getvalue()


def make_tar() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        entry = tarfile.TarInfo("a/b.txt")
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"hello"))
        archive.addfile(tarfile.TarInfo("c"))
    return made.getvalue()


def make_zip(*names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return made.getvalue()


WEBP = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x7f\x02\0\xdf\x01\0"
JPEG = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08\x01\xe0\x02\x80"
FLAC = b"fLaC\0\0\0\x22" + bytes(10) + ((44_100 << 44) | (1 << 41) | 44_100).to_bytes(8)
CASES = [
    (JPEG, "JPEG picture", "640 × 480 pixels"),
    (b"GIF89a\x80\x02\xe0\x01", "GIF picture", "640 × 480 pixels"),
    (WEBP, "WebP picture", "640 × 480 pixels"),
    (b"BM" + bytes(16) + struct.pack("<ii", 640, -480), "BMP picture", "640 × 480 pixels"),
    (b"%PDF-1.7\n/Encrypt", "PDF document", "version 1.7, encrypted"),
    (make_wave(), "WAV sound", "1 channel, 8,000 Hz, 1.0 s"),
    (FLAC, "FLAC sound", "2 channels, 44,100 Hz, 1.0 s"),
    (b"\0\0\0\x18ftypM4A ", "M4A sound", ""),
    (b"ID3\x04", "MP3 sound", ""),
    (b"\x1f\x8b\x08\x08\0\0\0\0\0\0a.txt\0", "gzip data", "of a file named a.txt"),
    (gzip.compress(b"x"), "gzip data", ""),
    (make_tar(), "tar archive", ""),
    (make_zip("xl/a.xml"), "Excel workbook", ""),
    (b"PK\x03\x04", "ZIP archive", "its directory is missing"),
    (b"MZ\x90", "program for Windows", ""),
]


@pytest.mark.parametrize(("data", "name", "facts"), CASES, ids=[case[1] for case in CASES])
def test_a_file_is_known_by_its_first_bytes(data: bytes, name: str, facts: str) -> None:
    kind = find_kind(data)
    assert kind is not None
    assert (kind.name, ", ".join(kind.facts)) == (name, facts)


def test_the_entries_of_archives() -> None:
    kind = find_kind(make_tar()) or FileKind("")
    assert kind.listing is not None
    assert kind.listing.entries == (Entry("a/b.txt", 5), Entry("c", 0))
    listing = list_zip(make_zip(*map(str, range(MAX_ENTRIES + 5))))
    assert listing is not None
    assert (len(listing.entries), listing.total) == (MAX_ENTRIES, MAX_ENTRIES + 5)


def test_no_head_that_breaks_off_is_an_error() -> None:
    for offset, magic, _, _ in _KINDS:
        for size in (0, 1, 7, 30, 200):
            assert find_kind(bytes(offset) + magic + b"\xff" * size) is not None
            assert find_kind(bytes(offset) + magic + bytes(size)) is not None
    assert find_kind(b"hello") is None


@given(st.sampled_from([each[:2] for each in _KINDS]), st.binary(max_size=700))
def test_no_bytes_break_a_reader(start: tuple[int, bytes], data: bytes) -> None:
    find_kind(bytes(start[0]) + start[1] + data)


def test_an_archive_of_a_million_entries_is_listed_as_soon_as_one_of_few() -> None:
    def measure(count: int) -> float:
        entry = b"PK\x01\x02" + bytes(24 + 18)
        end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0, 0xFFFF, 0, 0, 0)
        data = entry * count + end
        began = time.process_time()
        listing = list_zip(data)
        assert listing is not None
        assert listing.total == 0xFFFF
        return time.process_time() - began

    assert measure(200_000) < 20 * (measure(200) + 0.005)


@pytest.mark.process
def test_a_picture_of_another_kind_than_it_says_is_refused() -> None:
    with pytest.raises(PictureError, match="damaged"):
        make_thumbnail(b"%!PS-Adobe-3.0 EPSF-3.0\n(x) run", "PNG")
    with pytest.raises(PictureError, match="too large"):
        make_thumbnail(bytes(12_000_001), "PNG")
