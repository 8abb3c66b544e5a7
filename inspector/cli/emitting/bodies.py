"""The flags of ``inspector emit`` that give a body in the place of the ticket."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from typing import Any

from inspector.emitter import ActionBody, file_body, form_body, json_body, text_body
from inspector.emitter.bodies import FILE_TYPE, MAX_BODY_BYTES
from inspector.errors import InspectorError

FLAGS = {
    "body": "--body",
    "body_json": "--body-json",
    "body_form": "--body-form",
    "body_file": "--body-file",
}


def read_body_flags(chosen: Mapping[str, Any]) -> ActionBody | None:
    """The body that the flags give, None without any; a file's type is that of its name.

    Raises ``InspectorError`` ``invalid_body`` for more than one of them.
    """
    given = [name for name in FLAGS if chosen[name] is not None and chosen[name] != ()]
    if len(given) > 1:
        flags = " and ".join(FLAGS[name] for name in given)
        raise InspectorError("invalid_body", f"A body is given once, not by {flags}.")
    if not given:
        return None
    value = chosen[given[0]]
    if given == ["body"]:
        return text_body(value)
    if given == ["body_json"]:
        return json_body(value)
    if given == ["body_form"]:
        return form_body(tuple(_split_field(text) for text in value))
    name = str(getattr(value, "name", ""))
    data = value.read(MAX_BODY_BYTES + 1)
    return file_body(data, mimetypes.guess_type(name)[0] or FILE_TYPE)


def _split_field(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise InspectorError("invalid_body", f"{text[:60]!r}: a field is written key=value.")
    return name, value
