"""A form's body to nested data, exactly as PHP's ``parse_str`` reads it.

The value is read at once and quickly; pairs and notes by a second, careful pass
over the body (``trace``), when someone asks. Neither raises for what was sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from inspector.forms.names import CACHE
from inspector.forms.notes import Note
from inspector.forms.text import UTF_8, Value, decode_text, find_charset, to_transit
from inspector.forms.trace import Pair, Trace, Tracer, iterate_fields
from inspector.forms.tree import Tree

MAX_VARIABLES = 1000
MAX_DEPTH = 64

_SEPARATORS = re.compile("&&+")


def parse(
    body: bytes,
    *,
    max_variables: int = MAX_VARIABLES,
    max_depth: int = MAX_DEPTH,
    charset: str | None = None,
) -> Form:
    """Read an urlencoded form as PHP's ``parse_str`` does.

    ``body`` is what was posted, or what followed the ``?``, still percent-encoded.
    ``max_variables`` counts pairs and ``max_depth`` brackets; the defaults are
    PHP's. Names and values are UTF-8 unless ``charset`` says otherwise; one that
    we cannot read is noted and UTF-8 is taken. No content is an error. Linear in
    ``len(body)``.

    Raises ``TypeError`` for a body that is not bytes, ``ValueError`` for limits
    below 1.

    Source: PHP manual, ``parse_str``, ``max_input_vars``, ``max_input_nesting_level``;
    php-src, ``main/php_variables.c``.
    """
    if not isinstance(body, bytes):
        raise TypeError(f"A form's body is bytes, not {type(body).__name__}.")
    if max_variables < 1 or max_depth < 1:
        raise ValueError("A form's limits are 1 or more.")
    return Form(body, max_variables, max_depth, charset)


class Form:
    """A form's body, read.

    ``value`` is nested data: a dict at the top always, below it dicts, lists and
    strings, with surrogate escapes for bytes that were not UTF-8. Key order is
    PHP's. The other attributes are found out when they are first asked for.
    """

    def __init__(
        self, body: bytes, max_variables: int, max_depth: int, charset: str | None
    ) -> None:
        self.body = body
        self._limits = max_variables, max_depth
        self._charset_label = charset
        self._charset = find_charset(charset) if charset else UTF_8
        if self._charset in (UTF_8, None):
            self.value: dict[str, Value] = read_value(body, max_variables, max_depth)
        else:
            self.value = self._trace.value

    @property
    def has_pairs(self) -> bool:
        """Whether ``pairs`` has any, told without the careful pass."""
        return bool(self.body.strip(b"&"))

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The pairs in wire order, those included that PHP drops; see ``unlisted``."""
        return self._trace.pairs

    def iterate_fields(self) -> Iterator[tuple[str, str]]:
        """Name and value of each of ``pairs``, told without the careful pass."""
        return iterate_fields(self.body, self._limits[0], self._charset or UTF_8)

    @property
    def unlisted(self) -> int:
        """How many pairs far beyond the limit are not in ``pairs``: 0 but for huge bodies."""
        return self._trace.unlisted

    @property
    def notes(self) -> tuple[Note, ...]:
        """What PHP dropped or changed, and what is odd. Bounded in number and length."""
        return self._trace.notes

    @cached_property
    def _trace(self) -> Trace:
        tracer = Tracer(*self._limits, self._charset or UTF_8)
        if self._charset is None:
            tracer.notes.add("charset_unknown", self._charset_label or "")
        return tracer.read(self.body)


def read_value(body: bytes, max_variables: int, max_depth: int) -> dict[str, Value]:
    """The nested data of a form in UTF-8. Linear in ``len(body)``."""
    text = to_transit(body.partition(b"\0")[0])
    if "&&" in text:
        text = _SEPARATORS.sub("&", text)
    pieces = text.strip("&").split("&", max_variables)
    del pieces[max_variables:]
    tree = Tree(max_depth)
    find_name, find_array = CACHE.names.get, tree.arrays.get
    mixed = not text.isascii()
    for piece in pieces:
        raw_name, _, value = piece.partition("=")
        if mixed or "%" in value:
            value = decode_text(value)
        name = find_name(raw_name) or CACHE.read(raw_name)
        key, way = name
        array = find_array(way)
        if array is None or key in array:
            tree.put(name, value)
        else:
            array[key] = value
    return tree.finish()
