"""A form as its receiver sees it: the differences from PHP, and a field's name in its program."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from inspector.domain.messages import Message
from inspector.forms import Form
from inspector.forms.pairs import Pair
from inspector.reading.paths import Path, find_value, format_path
from inspector.reading.text import shorten

PHP, RACK, QS, EXPRESS, FLAT, SENT = "php", "rack", "qs", "express", "flat", "sent"
MAX_LOST_SHOWN = 20

# Each receiver that a page offers, with its title. ``SENT`` is none: the pairs in wire order.
TITLES = {
    PHP: "PHP",
    RACK: "Rails",
    EXPRESS: "Express",
    QS: "qs",
    FLAT: "Flat",
    SENT: "As sent",
}


@dataclass(frozen=True, slots=True)
class Differences:
    """How a receiver's reading of a form differs from PHP's.

    ``summary`` counts the differences in one sentence, "" when there are none, and is the
    refusal when the receiver rejects the form. ``marks`` has a sentence for each field that
    stands elsewhere or reads otherwise, by its path. ``lost`` names the fields that PHP
    has and the receiver has not, the first ``MAX_LOST_SHOWN`` of ``lost_count``.
    """

    summary: str = ""
    marks: dict[Path, str] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    lost_count: int = 0
    is_refusal: bool = False


def choose_receiver(wanted: str | None, usual: str) -> str:
    """A receiver's key: the wanted one, or else the bin's usual one, or else PHP."""
    return next((key for key in (wanted, usual) if key in TITLES), PHP)


def find_differences(request: Message, receiver: str) -> Differences:
    """Compare a receiver's reading of a request's form with PHP's. Linear in the form."""
    php, form = request.form, request.form_as(PHP if receiver == SENT else receiver)
    if php is None or form is None or form is php:
        return Differences()
    if form.refusal:
        return Differences(form.refusal, is_refusal=True)
    return _compare(php, form, TITLES[receiver])


def _compare(php: Form, form: Form, title: str) -> Differences:
    counts: Counter[str] = Counter()
    marks: dict[Path, str] = {}
    lost: list[str] = []
    is_flat = form.dialect == FLAT
    for there, here in zip(php.pairs, form.pairs, strict=False):
        kind = _find_kind(there, here, form.value, is_flat=is_flat)
        counts[kind] += bool(kind)
        if kind == "lost" and len(lost) < MAX_LOST_SHOWN:
            lost.append(shorten(here.name, 200))
        elif here.is_kept and here.path is not None and kind:
            marks[here.path] = _say_mark(kind, there)
    # A form in parts that the receiver leaves unread has no pairs at all.
    unread = [pair for pair in php.pairs[len(form.pairs) :] if pair.is_kept]
    counts["lost"] += len(unread)
    lost += [shorten(pair.name, 200) for pair in unread[: MAX_LOST_SHOWN - len(lost)]]
    return Differences(_say(title, counts), marks, tuple(lost), counts["lost"])


def _find_kind(there: Pair, here: Pair, value: Any, *, is_flat: bool) -> str:
    """The kind of difference between PHP's reading of a pair and another one; "" for none."""
    if not here.is_kept or here.path is None:
        return "lost" if there.is_kept else ""
    if not there.is_kept or there.path is None:
        return "kept"
    if here.value != there.value:
        return "read"
    if find_value(value, here.path) is None:
        return "nil"
    if is_flat or here.path == there.path:
        return ""
    *parents, last = here.path
    is_cut = last.startswith("[") and there.path[: len(parents)] == tuple(parents)
    return "cut" if is_cut else "moved"


def _say_mark(kind: str, there: Pair) -> str:
    if kind == "kept":
        return "PHP loses this field"
    if kind == "nil":
        return "nil; an empty text for PHP"
    if kind == "read":
        return "PHP reads another text"
    return f"{shorten(format_path(there.path or ()), 200)} for PHP"


def _say(title: str, counts: Counter[str]) -> str:
    """One sentence: ``Express loses 3 fields and cuts 2 paths.``, "" without differences."""
    phrases = (
        ("lost", "loses {} field{}"),
        ("cut", "cuts {} path{}"),
        ("moved", "puts {} field{} elsewhere"),
        ("kept", "keeps {} field{} that PHP loses"),
        ("read", "reads {} value{} otherwise"),
        ("nil", "makes {} value{} nil"),
    )
    said = [
        phrase.format(f"{counts[kind]:,}", "" if counts[kind] == 1 else "s")
        for kind, phrase in phrases
        if counts[kind]
    ]
    if not said:
        return ""
    *most, last = said
    return f"{title} {', '.join(most)}{' and ' if most else ''}{last}."


def list_receiver_names(path: Path, root: Any, receiver: str) -> list[tuple[str, str]]:
    """The expressions that give a field's value in the receiver's program, each with a label.

    ``root`` is the form's value as the receiver reads it. Each expression was run in its
    framework on a small server.
    """
    if receiver == FLAT:
        return _list_flat_names(path)
    if receiver == RACK:
        return [("Rails", _index("params", path, root, _ruby_key))]
    if receiver in (QS, EXPRESS):
        return [("Express", _javascript_name(path, root))]
    return [("PHP", _index("$_POST", path, root, _php_key))]


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


def _index(start: str, path: Path, root: Any, write_key: Any) -> str:
    parts, value = [start], root
    for key in path:
        parts.append(f"[{key if isinstance(value, list) else write_key(key)}]")
        value = find_value(value, (key,))
    return "".join(parts)


def _php_key(key: str) -> str:
    escaped = key.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _ruby_key(key: str) -> str:
    if key.isascii() and key.replace("_", "a").isalnum() and not key[0].isdigit():
        return f":{key}"
    return _php_key(key)


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
