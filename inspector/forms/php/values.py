"""PHP's quick pass over a form: its value and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from inspector.forms.options import ReadOptions
from inspector.forms.php.names import CACHE
from inspector.forms.php.tree import Tree
from inspector.forms.text import UTF_8, Value, decode_text, to_transit

_SEPARATORS = re.compile("&&+")


def read_value(body: bytes, options: ReadOptions) -> dict[str, Value] | None:
    """The nested data of a form in UTF-8; None in any other charset. Linear in ``len(body)``."""
    if options.charset != UTF_8:
        return None
    names, values = cut(body.partition(b"\0")[0], options.max_variables)
    tree = Tree(options.max_depth)
    find_name, find_array = CACHE.names.get, tree.arrays.get
    for raw_name, value in zip(names, decode_values(values), strict=True):
        name = find_name(raw_name) or CACHE.read(raw_name)
        key, key_path = name
        array = find_array(key_path)
        if array is None or key in array:
            tree.put(name, value)
        else:
            array[key] = value
    return tree.finish()


def cut(body: bytes, max_pairs: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names and values of the first ``max_pairs`` pairs, in transit form."""
    pieces = split_pieces(body, max_pairs)
    if not pieces:
        return (), ()
    names, _, values = zip(*[piece.partition("=") for piece in pieces], strict=True)
    return names, values


def split_pieces(body: bytes, max_pairs: int) -> list[str]:
    """The first ``max_pairs`` pairs in transit form, none of them empty."""
    text = to_transit(body).strip("&")
    pieces = text.split("&", max_pairs) if text else []
    if "" in pieces:  # Quicker than a search for two & in a row, which few forms have.
        pieces = _SEPARATORS.sub("&", text).split("&", max_pairs)
    del pieces[max_pairs:]
    return pieces


def decode_values(values: Sequence[str]) -> Sequence[str]:
    """The texts of values in transit form: at once, which is quicker than one by one."""
    joined = "\0".join(values)
    if "%" not in joined and joined.isascii():
        return values
    decoded = decode_text(joined).split("\0")
    # A value may contain the separator, escaped.
    return decoded if len(decoded) == len(values) else [decode_text(value) for value in values]
