"""The answer that a receiver would give, as far as ``parse`` and its notes foretell it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from inspector.forms import Form, parse

# By the names of ``tests.receivers``: the dialect that stands for a receiver.
DIALECTS = {
    "rack": "rack",
    "qs": "qs",
    "express": "express",
    "flask": "flat",
    "django": "flat",
    "go": "flat",
}
_UNDECODED = re.compile("[\udc80-\udcff]")


def foretell(receiver: str, body: bytes) -> Any:
    """The value the receiver's program gets, ``REFUSED`` when it gets none."""
    form = parse(body, DIALECTS[receiver])
    codes = {note.code for note in form.notes}
    if receiver == "go":
        return foretell_go(form)
    if receiver == "flask":
        return {} if "flask_refuses" in codes else _change_texts(form.value, _escape)
    if receiver == "django":
        if "django_refuses" in codes:
            return REFUSED
        if "flask_refuses" in codes:  # It says that Django reads ISO-8859-1.
            return _read_latin(body)
        return form.value if "not_decodable" not in codes else _replace(form)
    return REFUSED if form.refusal else form.value


REFUSED = object()


def foretell_go(form: Form) -> dict[str, Any]:
    """Go's map, its names sorted, without the pairs that notes say it drops."""
    found: dict[str, Any] = {}
    if not {"escape_invalid", "semicolon"} & {note.code for note in form.notes}:
        return dict(sorted(form.value.items()))
    for pair in form.pairs:
        sent = pair.raw_name + b"=" + pair.raw_value
        if b";" in sent or re.search(rb"%(?![0-9A-Fa-f]{2})", sent):
            continue
        found.setdefault(pair.name, []).append(pair.value)
    return dict(
        sorted(found.items(), key=lambda entry: entry[0].encode("utf-8", "surrogateescape"))
    )


def _change_texts(value: dict[str, Any], change: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, texts in value.items():
        found.setdefault(change(name), []).extend(map(change, texts))
    return found


def _escape(text: str) -> str:
    return _UNDECODED.sub(lambda sign: f"%{ord(sign[0]) - 0xDC00:02X}", text)


def _replace(form: Form) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in form.pairs:
        name, value = (
            text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            for text in (pair.name, pair.value)
        )
        found.setdefault(name, []).append(value)
    return found


def _read_latin(body: bytes) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(body.decode("latin-1"), keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return found
