"""Everything about one field: its name in each language, its value, and the pairs that sent it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from inspector.domain.json_bodies import write_json
from inspector.domain.messages import Message
from inspector.forms import Form, Pair
from inspector.reading.content import FORM, find_content
from inspector.reading.files.embedded import find_embedded
from inspector.reading.meaning import Context, Meaning, find_meaning
from inspector.reading.nodes import LIST, MAP, TEXT, Node, make_node, note_on_keys
from inspector.reading.paths import (
    MISSING,
    Path,
    find_value,
    format_path,
    quote_path,
)
from inspector.reading.receivers import PHP, SENT
from inspector.reading.receivers.languages import list_names
from inspector.reading.rows import plain_texts

MAX_VALUE_CHARS = 64_000
MAX_PAIRS = 20


@dataclass(frozen=True, slots=True)
class WirePair:
    """A pair of the form as it was sent: ``position`` from 1, name and value undecoded."""

    position: int
    raw_name: str
    raw_value: str
    is_kept: bool


@dataclass(frozen=True, slots=True)
class FieldDetail:
    """``value`` is the text of a field, or the JSON of a container; ``cut`` characters are missing.

    ``parents`` are the keys on the way, the field's last, each with its path for a URL.
    ``names`` are the field's places, each with the language it is written in. ``pairs``
    are those of a form that gave this field its value, or were replaced by one that
    did; ``more_pairs`` counts those beyond ``MAX_PAIRS``. ``file`` are the bytes of a file
    that its text is in base64.
    """

    path: str
    parents: tuple[tuple[str, str], ...]
    kind: str
    size: int
    value: str
    cut: int
    meaning: Meaning | None
    note: str | None
    names: tuple[tuple[str, str], ...]
    pairs: tuple[WirePair, ...]
    more_pairs: int
    pair_count: int
    file: bytes | None = None


def find_detail(request: Message, path: Path, receiver: str = PHP) -> FieldDetail | None:
    """The field of the body at ``path``, or None when the request has none there.

    A form's fields are those that ``receiver`` (see ``receivers.TITLES``) reads.
    """
    dialect = PHP if receiver == SENT else receiver
    source, root = find_content(request, dialect)
    value = find_value(root, path)
    if source is None or value is MISSING or not path:
        return None
    node = make_node(path[-1], path, value)
    text = node.text if node.is_leaf else write_json(value, indent=2, ensure_ascii=False)
    pairs, matching, count = _find_pairs(request.form_as(dialect), path)
    return FieldDetail(
        format_path(path),
        tuple((key, quote_path(format_path(path[: depth + 1]))) for depth, key in enumerate(path)),
        node.kind,
        node.size,
        text[:MAX_VALUE_CHARS],
        max(0, len(text) - MAX_VALUE_CHARS),
        _find_meaning(request, root, path, node),
        note_on_keys(value)
        if source == FORM and dialect == PHP and isinstance(value, dict)
        else None,
        list_names(request, source, root, path, dialect),
        pairs,
        matching - len(pairs),
        count,
        find_embedded(text) if node.kind == TEXT else None,
    )


def _find_meaning(request: Message, root: Any, path: Path, node: Node) -> Meaning | None:
    if not node.is_leaf or node.kind in (LIST, MAP):
        return None
    texts = plain_texts(find_value(root, path[:-1]))
    return find_meaning(Context(path[-1], node.text, texts, request.received_at))


def _find_pairs(form: Form | None, path: Path) -> tuple[tuple[WirePair, ...], int, int]:
    """The pairs at or below a path, bounded, how many there are, and how many were sent."""
    if form is None:
        return (), 0, 0
    depth = len(path)
    found = [
        pair
        for pair in form.pairs
        if pair.path is not None and pair.path[:depth] == path[: len(pair.path)]
    ]
    return tuple(map(_show_pair, found[:MAX_PAIRS])), len(found), len(form.pairs)


def _show_pair(pair: Pair) -> WirePair:
    return WirePair(
        pair.position + 1,
        pair.raw_name[:1_000].decode("utf-8", "surrogateescape"),
        pair.raw_value[:1_000].decode("utf-8", "surrogateescape"),
        pair.is_kept,
    )
