"""Rack's quick pass over a form: its value and nothing else."""

from __future__ import annotations

import re

from inspector.forms.options import ReadOptions
from inspector.forms.pairs import Refused
from inspector.forms.rack.names import CACHE, MAX_DEPTH
from inspector.forms.rack.tree import MAX_KEY_SPACE, Tree
from inspector.forms.text import UTF_8, Value, decode_escapes, has_lone_percent, to_transit

MAX_PARAMETERS = 4096
MAX_BYTES = 4_194_304

SEPARATORS = re.compile(rb"& *")


def read_value(body: bytes, options: ReadOptions) -> dict[str, Value] | None:
    """The nested data of a form, None where the careful pass must read it.

    Linear in ``len(body)``.
    """
    body = body.removesuffix(b"\0")
    if (
        options.max_depth != MAX_DEPTH
        or len(body) > MAX_BYTES
        or body.count(b"&") >= options.max_variables
    ):
        return None
    text = to_transit(SEPARATORS.sub(b"&", body) if b"& " in body else body)
    if has_lone_percent(text):
        return {}
    tree = Tree(counts_keys=len(body) > MAX_KEY_SPACE)
    try:
        _fill(tree, text)
    except Refused:
        return {}
    return tree.root


def _fill(tree: Tree, text: str) -> None:
    find_name, find_hash = CACHE.names.get, tree.hashes.get
    mixed = not text.isascii()
    for piece in text.split("&"):
        raw_name, equals, value = piece.partition("=")
        if mixed or "%" in value:
            value = decode_escapes(value).decode(UTF_8, "surrogateescape")
        name = find_name(raw_name) or CACHE.read(raw_name)
        key, key_path = name
        params = find_hash(key_path)
        if params is None or key in params or not equals:
            tree.put(name, value if equals else None)
        else:
            params[key] = value
