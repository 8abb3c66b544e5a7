"""The body of an action that sends no ticket: text, JSON, a form or the bytes of a file.

Texts, and a form's names and values, are templates over the ticket, as in headers. No I/O.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from inspector.domain.messages import FORM_TYPE
from inspector.domain.pairs import find_pairs
from inspector.errors import InspectorError

MAX_BODY_BYTES = 10_000_000
MAX_PAIRS = 1_000
JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain; charset=utf-8"
FILE_TYPE = "application/octet-stream"

BodyKind = Literal["text", "form", "bytes"]
# Fields of an action's JSON for its body: one of the first four, and its type.
BODY_FIELDS = ("body", "json", "form", "body_base64", "content_type")


@dataclass(frozen=True, slots=True)
class ActionBody:
    """A body: ``text``, the ``pairs`` of a form, or ``data`` as it is, by its ``kind``.

    ``content_type`` is its header, none when it is empty; an action's own header of that name
    takes its place.

    Raises ``InspectorError`` ``invalid_body``.
    """

    kind: BodyKind
    text: str = ""
    pairs: tuple[tuple[str, str], ...] = ()
    data: bytes = b""
    content_type: str = TEXT_TYPE

    def __post_init__(self) -> None:
        if max(len(self.text), len(self.data)) > MAX_BODY_BYTES:
            raise _invalid("body", f"A body has at most {MAX_BODY_BYTES:,} bytes.")
        if len(self.pairs) > MAX_PAIRS:
            raise _invalid("form", f"A form has at most {MAX_PAIRS:,} fields here.")

    def to_json(self) -> dict[str, Any]:
        """The fields of an action's JSON that ``read_body`` takes."""
        fields: dict[str, Any] = {"content_type": self.content_type}
        if self.kind == "bytes":
            return {"body_base64": b64encode(self.data).decode(), **fields}
        if self.kind == "form":
            return {"form": [list(pair) for pair in self.pairs], **fields}
        return {"body": self.text, **fields}


def text_body(text: str) -> ActionBody:
    """A text of any kind."""
    return ActionBody("text", text)


def json_body(text: str) -> ActionBody:
    """A text that is JSON once its templates are filled in."""
    return ActionBody("text", text, content_type=JSON_TYPE)


def form_body(pairs: tuple[tuple[str, str], ...]) -> ActionBody:
    """An urlencoded form: its pairs in their order, repeats kept."""
    return ActionBody("form", pairs=pairs, content_type=FORM_TYPE)


def file_body(data: bytes, content_type: str = FILE_TYPE) -> ActionBody:
    """Bytes that go as they are."""
    return ActionBody("bytes", data=data, content_type=content_type)


def read_body(given: Mapping[str, Any]) -> ActionBody | None:
    """The body in an action's JSON, None when it has none of ``BODY_FIELDS``.

    ``json`` is any value. Raises ``InspectorError`` ``invalid_body`` that names the field.
    """
    names = [name for name in BODY_FIELDS[:-1] if given.get(name) is not None]
    content_type = given.get("content_type")
    if content_type is not None and not isinstance(content_type, str):
        raise _invalid("content_type", "content_type is a text.")
    if not names:
        if content_type is not None:
            raise _invalid("content_type", "content_type says what a body is, and there is none.")
        return None
    if len(names) > 1:
        raise _invalid(names[1], f"A body is given once, not as {' and '.join(names)}.")
    body = _read_one(names[0], given[names[0]])
    if content_type is None:
        return body
    return ActionBody(body.kind, body.text, body.pairs, body.data, content_type)


def _read_one(name: str, value: Any) -> ActionBody:
    if name == "json":
        return json_body(json.dumps(value, ensure_ascii=False))
    if name == "form":
        pairs = find_pairs(value)
        if pairs is None:
            raise _invalid("form", "form is a list of names and values, each a text.")
        return form_body(pairs)
    if not isinstance(value, str):
        raise _invalid(name, f"{name} is a text.")
    if name == "body":
        return text_body(value)
    try:
        return file_body(b64decode(value, validate=True))
    except ValueError:
        raise _invalid(name, "body_base64 is no base64.") from None


def encode_body_text(text: str) -> bytes:
    """The bytes of a filled-in text; what is no UTF-8 as ``surrogateescape`` has it.

    Raises ``InspectorError`` ``invalid_body`` for half a character.
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise _invalid("body", "The body has half a character (a lone surrogate).") from None


def find_json_problem(data: bytes) -> str | None:
    """The reason why a body is no JSON, None when it is."""
    try:
        json.loads(data)
    except (ValueError, RecursionError) as error:
        return str(error)[:200]
    return None


def _invalid(field: str, message: str) -> InspectorError:
    return InspectorError("invalid_body", message, field=field)
