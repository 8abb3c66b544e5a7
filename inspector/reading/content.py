"""The content of a body: form, JSON, XML and the like alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from inspector.domain.content import parse_media_type
from inspector.domain.messages import Message
from inspector.domain.texts import decode_text_body

FORM, JSON = "form", "json"


def find_content(request: Message, dialect: str = "php") -> tuple[str | None, Any]:
    """The body as nested data, with how it was written: ``form``, ``json`` or None.

    Or as a key of ``formats.parsing.NAMES``: ``xml``, ``msgpack``, ``cbor``, ``protobuf``.

    JSON that was sent as a form is JSON, unless a receiver other than PHP is asked for. A
    form is read as the receiver ``dialect`` reads it (``forms.parse``). One without a
    single pair has nothing to read: None, as no body at all.
    """
    if dialect == "php" and request.detected is not None and request.json is not None:
        return JSON, request.json
    if request.form is not None and request.form.has_pairs:
        form = request.form_as(dialect)
        return FORM, {} if form is None else form.value
    if request.json is not None:
        return JSON, request.json
    if request.media_type.is_json and request.decoded_body.strip() == b"null":
        return JSON, None
    if request.parsed is not None and request.parsed.problem is None:
        return request.parsed.format, request.parsed.value
    return None, None


def find_other_texts(request: Message) -> Iterator[str]:
    """The texts of a body beside its form or JSON: the files in its parts, or all of it."""
    for part in request.other_parts.values():
        text = decode_text_body(part.data, parse_media_type(part.content_type))
        if text is not None:
            yield f"{part.filename or part.name or ''} {text}"
    is_form = request.form is not None and request.form.has_pairs
    if not (request.other_parts or is_form or request.json is not None) and request.body_text:
        yield request.body_text
