"""Flags of requests (``is:json``), for the search language and for an index."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from zlib import crc32

from inspector.domain import CapturedRequest
from inspector.reading.content import find_content
from inspector.reading.grouping import is_ticket
from inspector.reading.paths import ANY_INDEX, Path
from inspector.reading.words import split_words

FLAGS: dict[str, Callable[[CapturedRequest], bool]] = {
    "empty": lambda request: request.body_size == 0,
    "form": lambda request: request.is_form,
    "json": lambda request: request.is_json,
    "xml": lambda request: request.parsed is not None and request.parsed.format == "xml",
    "multipart": lambda request: request.media_type.essence.startswith("multipart/"),
    "ticket": lambda request: is_ticket(find_content(request)[1]),
    "binary": lambda request: request.body_size > 0 and request.body_text is None,
    "chunked": lambda request: request.chunked,
    "truncated": lambda request: request.truncated,
    "refused": lambda request: request.refusal is not None,
}

# These change after a request was captured, so no index has them.
ANNOTATED_FLAGS: dict[str, Callable[[CapturedRequest], bool]] = {
    "pinned": lambda request: request.pinned,
    "noted": lambda request: request.note is not None,
}

# The keys of a path that make marks; deeper fields share the mark of what they stand in.
MAX_KEYS = 50

# This depends on earlier requests, so it is no mark either.
RETRY = "retry"


def find_marks(request: CapturedRequest) -> list[str]:
    """The flags of a request, as words that an index keeps apart from its content."""
    sender = request.identity.sender
    return [
        method_mark(request.method),
        *(f"is{name}" for name, is_ in FLAGS.items() if is_(request)),
        *([sender_mark(sender.name)] if sender else []),
    ]


def sender_mark(name: str) -> str:
    """A sender's name as a word: its letters and digits."""
    return f"s{''.join(filter(str.isalnum, name.lower()))}"


def method_mark(method: str) -> str:
    """A method as a word that no other method has."""
    method = method.lower()
    is_word = method.isascii() and method.isalnum()
    return f"m{method}" if is_word else f"n{method.encode('utf-8', 'surrogatepass').hex()}"


def container_mark(place: str, path: Path) -> str:
    """A list's or a map's name as a word: the words of its keys, without its indices."""
    return container_marks(place, path)[-1]


@lru_cache(maxsize=10_000)
def container_marks(place: str, path: Path) -> tuple[str, ...]:
    """The marks of all that a field with a name that begins so stands in, the outermost first."""
    checksum = crc32(place.encode())
    marks = [f"c{checksum:x}"]
    for key in path[:MAX_KEYS]:
        if key == ANY_INDEX or key.isdecimal():
            continue
        for word in split_words(key):
            checksum = crc32(f" {word}".encode("utf-8", "replace"), checksum)
        marks.append(f"c{checksum:x}")
    return tuple(marks)
