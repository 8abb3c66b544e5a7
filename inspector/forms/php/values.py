"""PHP's quick pass over a form: its value and nothing else."""

from __future__ import annotations

import re

from inspector.forms.options import ReadOptions
from inspector.forms.php.names import CACHE
from inspector.forms.php.tree import Tree
from inspector.forms.text import UTF_8, Value, decode_text, to_transit

_SEPARATORS = re.compile("&&+")


def read_value(body: bytes, options: ReadOptions) -> dict[str, Value] | None:
    """The nested data of a form in UTF-8; None in any other charset. Linear in ``len(body)``."""
    if options.charset != UTF_8:
        return None
    max_variables = options.max_variables
    text = to_transit(body.partition(b"\0")[0])
    if "&&" in text:
        text = _SEPARATORS.sub("&", text)
    pieces = text.strip("&").split("&", max_variables)
    del pieces[max_variables:]
    tree = Tree(options.max_depth)
    find_name, find_array = CACHE.names.get, tree.arrays.get
    mixed = not text.isascii()
    for piece in pieces:
        raw_name, _, value = piece.partition("=")
        if mixed or "%" in value:
            value = decode_text(value)
        name = find_name(raw_name) or CACHE.read(raw_name)
        key, key_path = name
        array = find_array(key_path)
        if array is None or key in array:
            tree.put(name, value)
        else:
            array[key] = value
    return tree.finish()
