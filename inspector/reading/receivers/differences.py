"""A form as its receiver reads it, against PHP's reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from inspector.domain.messages import Message
from inspector.forms import Form
from inspector.forms.pairs import Pair
from inspector.reading.paths import Path, find_value, format_path
from inspector.reading.receivers.names import FLAT, PHP, SENT, TITLES
from inspector.reading.text import shorten

MAX_LOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Differences:
    """The differences between a receiver's reading of a form and PHP's.

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
    for path in [] if is_flat else _find_former_lists(php.value, form.value):
        counts["list"] += 1
        marks[path] = "a list for PHP"
    # A form in parts that the receiver leaves unread has no pairs at all.
    unread = [pair for pair in php.pairs[len(form.pairs) :] if pair.is_kept]
    counts["lost"] += len(unread)
    lost += [shorten(pair.name, 200) for pair in unread[: MAX_LOST_SHOWN - len(lost)]]
    return Differences(_say(title, counts), marks, tuple(lost), counts["lost"])


def _find_former_lists(php: Any, value: Any) -> Iterator[Path]:
    """The paths of lists of PHP's that are objects here. Nothing recurses."""
    todo: list[tuple[Path, Any, Any]] = [((), php, value)]
    while todo:
        path, there, here = todo.pop()
        if isinstance(there, list) and isinstance(here, dict):
            yield path
        entries = here.items() if isinstance(here, dict) else enumerate(here)
        for key, entry in entries:
            if isinstance(entry, (dict, list)):
                other = find_value(there, (str(key),))
                if isinstance(other, (dict, list)):
                    todo.append(((*path, str(key)), other, entry))


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
        ("list", "makes objects of {} list{}"),
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
