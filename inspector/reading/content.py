"""What a body says, whatever it is written in."""

from __future__ import annotations

from typing import Any

from inspector.domain import CapturedRequest

FORM, JSON = "form", "json"


def find_content(request: CapturedRequest) -> tuple[str | None, Any]:
    """The body as nested data, with how it was written: ``form``, ``json`` or None.

    A form without a single pair has nothing to read: None, as no body at all.
    """
    if request.form is not None and request.form.has_pairs:
        return FORM, request.form.value
    if request.json is not None:
        return JSON, request.json
    if request.media_type.is_json and request.decoded_body.strip() == b"null":
        return JSON, None
    return None, None
