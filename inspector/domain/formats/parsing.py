"""The format of a body by its media type, and the body as nested data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from inspector.domain.formats.values import MAX_BINARY_BYTES, FormatError

XML, MESSAGEPACK, CBOR, PROTOBUF = "xml", "msgpack", "cbor", "protobuf"
NAMES = {XML: "XML", MESSAGEPACK: "MessagePack", CBOR: "CBOR", PROTOBUF: "protobuf"}
MAX_XML_CHARS = 10_000_000

_TYPES = {
    "text/xml": XML,
    "application/xml": XML,
    "application/msgpack": MESSAGEPACK,
    "application/x-msgpack": MESSAGEPACK,
    "application/vnd.msgpack": MESSAGEPACK,
    "application/cbor": CBOR,
    "application/cbor-seq": CBOR,
    "application/protobuf": PROTOBUF,
    "application/x-protobuf": PROTOBUF,
    "application/vnd.google.protobuf": PROTOBUF,
    "application/grpc": PROTOBUF,
    "application/grpc+proto": PROTOBUF,
}
_SUFFIXES = {
    "+xml": XML,
    "+msgpack": MESSAGEPACK,
    "+cbor": CBOR,
    "+cbor-seq": CBOR,
    "+proto": PROTOBUF,
    "+protobuf": PROTOBUF,
}


class Parsed(NamedTuple):
    """A body as nested data: dicts, lists, texts, numbers.

    ``format`` is a key of ``NAMES``. ``problem`` is a sentence when the body could not be
    read, and ``value`` is None then.
    """

    format: str
    value: Any
    problem: str | None = None

    @property
    def name(self) -> str:
        """The format as people write it."""
        return NAMES[self.format]


def find_topic(parsed: Parsed) -> tuple[str | None, Any]:
    """The name and the content of the element that a document is about, for its title.

    That is the root, or what a SOAP envelope has in its body; of another format the whole
    value, without a name.
    """
    if parsed.format != XML or not isinstance(parsed.value, dict):
        return None, parsed.value
    name, content = next(iter(parsed.value.items()))
    for wrapper in ("Envelope", "Body"):
        if name.rpartition(":")[2] == wrapper and isinstance(content, dict):
            inner = [key for key in content if key[:1] not in "@#" and not key.endswith("Header")]
            name = inner[0] if inner else name
            content = content.get(name, content)
    return name.rpartition(":")[2], content


def find_format(essence: str) -> str | None:
    """The format of a media type in lower case, None for any other (RFC 6839, suffixes)."""
    if essence in ("application/xhtml+xml", "image/svg+xml"):
        return XML
    found = _TYPES.get(essence)
    return found or next((kind for end, kind in _SUFFIXES.items() if essence.endswith(end)), None)


def parse_body(data: bytes, essence: str, read_text: Callable[[], str | None]) -> Parsed | None:
    """The body of a media type that has one of the formats; None for any other, and for none.

    ``read_text`` gives the body as text, for XML. Bounded (see ``values``); never raises.
    """
    kind = find_format(essence)
    if kind is None or not data.strip():
        return None
    try:
        return Parsed(kind, _parse(kind, data, essence, read_text))
    except FormatError as error:
        return Parsed(kind, None, f"The body cannot be read as {NAMES[kind]}: {error}.")


def _parse(kind: str, data: bytes, essence: str, read_text: Callable[[], str | None]) -> Any:
    if kind == XML:
        from inspector.domain.formats.xml import parse_xml

        text = read_text()
        if text is None or len(text) > MAX_XML_CHARS:
            raise FormatError("it is not text" if text is None else "it is larger than 10 MB")
        return parse_xml(text.lstrip("\ufeff").strip())
    if len(data) > MAX_BINARY_BYTES:
        raise FormatError("it is larger than 2 MB")
    # One of them is needed, if any.
    if kind == MESSAGEPACK:
        from inspector.domain.formats.messagepack import parse_messagepack

        return parse_messagepack(data)
    if kind == CBOR:
        from inspector.domain.formats.cbor import parse_cbor

        return parse_cbor(data)
    from inspector.domain.formats.protobuf import parse_grpc, parse_protobuf

    return parse_grpc(data) if essence.startswith("application/grpc") else parse_protobuf(data)
