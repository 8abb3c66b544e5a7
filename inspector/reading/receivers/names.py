"""Receivers of forms, and a field's name in the program of each."""

from __future__ import annotations

import json
from typing import Any

from inspector.reading.paths import Path, find_value, index_name, php_name, quote_php

PHP, RACK, QS, EXPRESS, FLAT, SENT = "php", "rack", "qs", "express", "flat", "sent"

# Each receiver that a page offers, with its title. ``SENT`` is none: the pairs in wire order.
TITLES = {
    PHP: "PHP",
    RACK: "Rails",
    EXPRESS: "Express",
    QS: "qs",
    FLAT: "Flat",
    SENT: "As sent",
}


def choose_receiver(wanted: str | None, usual: str) -> str:
    """A receiver's key: the wanted one, or else the bin's usual one, or else PHP."""
    return next((key for key in (wanted, usual) if key in TITLES), PHP)


def list_receiver_names(path: Path, root: Any, receiver: str) -> list[tuple[str, str]]:
    """The expressions that give a field's value in the receiver's program, each with a label.

    ``root`` is the form's value as the receiver reads it. Each expression was run in its
    framework on a small server.
    """
    if receiver == FLAT:
        return _list_flat_names(path)
    if receiver == RACK:
        return [("Rails", index_name("params", path, root, _ruby_key))]
    if receiver in (QS, EXPRESS):
        return [("Express", _javascript_name(path, root))]
    return [("PHP", php_name("$_POST", path, root))]


def _list_flat_names(path: Path) -> list[tuple[str, str]]:
    name, *rest = path
    quoted = _quote(name)
    at = int(rest[0]) if rest else 0
    if not at:
        return [
            ("Flask", f"request.form[{quoted}]"),
            ("Django", f"request.POST.getlist({quoted})[0]"),
            ("Go", f"r.Form.Get({quoted})"),
        ]
    return [
        ("Flask", f"request.form.getlist({quoted})[{at}]"),
        ("Django", f"request.POST.getlist({quoted})[{at}]"),
        ("Go", f"r.Form[{quoted}][{at}]"),
    ]


def _ruby_key(key: str) -> str:
    if key.isascii() and key.replace("_", "a").isalnum() and not key[0].isdigit():
        return f":{key}"
    return quote_php(key)


def _javascript_name(path: Path, root: Any) -> str:
    parts, value = ["req.body"], root
    for key in path:
        if isinstance(value, list):
            parts.append(f"[{key}]")
        elif key.isascii() and key.replace("_", "a").isalnum() and not key[0].isdigit():
            parts.append(f".{key}")
        else:
            parts.append(f"[{_quote(key)}]")
        value = find_value(value, (key,))
    return "".join(parts)


def _quote(text: str) -> str:
    """In double quotes as Python, JavaScript and Go all read it; lone surrogates escaped."""
    written = json.dumps(text, ensure_ascii=False)
    return written.encode("utf-8", "backslashreplace").decode()
