"""A form's body to nested data, exactly as a receiver reads it.

The value is read at once and quickly; pairs and notes by a second, careful pass over
the body, when someone asks and its shape is new. Neither raises for what was sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from inspector.forms.dialects import PHP, Dialect, find_dialect
from inspector.forms.notes import Note
from inspector.forms.options import ReadOptions, make_options
from inspector.forms.pairs import Pair, Trace, iterate_fields
from inspector.forms.php.shapes import ShapedForm
from inspector.forms.text import Value

MAX_VARIABLES = PHP.max_variables
MAX_DEPTH = PHP.max_depth


def parse(
    body: bytes,
    dialect: str = "php",
    *,
    max_variables: int | None = None,
    max_depth: int | None = None,
    charset: str | None = None,
) -> Form:
    """Read an urlencoded form as PHP's ``parse_str`` does, or as another receiver.

    ``body`` is what was posted, or what followed the ``?``, still percent-encoded.
    ``dialect`` is the receiver:

    - ``php``: PHP's ``$_POST``.
    - ``rack``: Rack 2.2, for Rails and Sinatra. A pair without ``=`` is None.
    - ``qs``: the qs library with its own settings (5 levels, lists of 20, 1,000 parameters).
    - ``express``: Express' ``urlencoded({extended: true})``, which is qs with the
      settings of body-parser (32 levels, 1,000 parameters, 100 kB; beyond them it refuses).
    - ``flat``: names as sent, each with the list of its values, as Flask, Django and Go
      give them.

    ``max_variables`` counts pairs and ``max_depth`` levels of brackets; the defaults are
    the receiver's. Names and values are UTF-8 unless ``charset`` says otherwise; one that
    we cannot read is noted and UTF-8 is taken. No content is an error: a form that the
    receiver refuses has an empty value and a ``refusal``. Linear in ``len(body)``.

    Raises ``TypeError`` for a body that is not bytes, ``ValueError`` for an unknown
    dialect and for limits below 1.

    Sources: PHP manual, ``parse_str``, ``max_input_vars``, ``max_input_nesting_level``, and
    php-src, ``main/php_variables.c``; Rack 2.2, ``lib/rack/query_parser.rb``; qs 6.17,
    ``lib/parse.js``; body-parser 2.4, ``lib/types/urlencoded.js``. Checked against recorded
    answers of each.
    """
    if not isinstance(body, bytes):
        raise TypeError(f"A form's body is bytes, not {type(body).__name__}.")
    reader = PHP if dialect == "php" else find_dialect(dialect)
    options = make_options(
        reader.max_variables if max_variables is None else max_variables,
        reader.max_depth if max_depth is None else max_depth,
        charset,
    )
    return Form(body, reader, options)


class Form:
    """A form's body as one receiver reads it.

    ``value`` is nested data: a dict at the top always, below it dicts, lists and
    strings (and None, for Rack), with surrogate escapes for bytes that were not UTF-8.
    Key order is the receiver's. ``shaped`` is the form when its names are known, else None.
    All else is found out when it is first asked for.
    """

    def __init__(self, body: bytes, dialect: Dialect, options: ReadOptions) -> None:
        self.body = body
        self._dialect = dialect
        self._options = options
        self.shaped: ShapedForm | None = dialect.recall(body, options)

    @cached_property
    def value(self) -> dict[str, Value]:
        """The nested data."""
        if self.shaped is not None:
            return self.shaped.make_value()
        value = self._dialect.read_value(self.body, self._options)
        return self._trace.value if value is None else value

    @property
    def dialect(self) -> str:
        """The receiver's name, as ``parse`` takes it."""
        return self._dialect.name

    @property
    def max_variables(self) -> int:
        """The largest number of pairs that the receiver reads."""
        return self._options.max_variables

    @property
    def has_pairs(self) -> bool:
        """True when ``pairs`` has any; found without the careful pass."""
        return bool(self.body.strip(b"&"))

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The pairs in wire order, those included that the receiver drops; see ``unlisted``."""
        return self._trace.pairs

    def iterate_fields(self) -> Iterator[tuple[str, str]]:
        """Name and value of each of ``pairs``, without the careful pass."""
        if self.shaped is not None:
            return self.shaped.iterate_fields()
        return iterate_fields(self.body, self._options.max_variables, self._options.charset)

    @property
    def unlisted(self) -> int:
        """The number of pairs far beyond the limit, not in ``pairs``: 0 but for huge bodies."""
        return self._trace.unlisted

    @property
    def notes(self) -> tuple[Note, ...]:
        """Dropped, changed and odd fields. Bounded in number and length."""
        known = None if self.shaped is None else self.shaped.notes
        return self._trace.notes if known is None else known

    @property
    def refusal(self) -> str:
        """The receiver's error for the whole form, in one sentence; "" when it accepts it."""
        return self._trace.refusal

    @cached_property
    def _trace(self) -> Trace:
        if self.shaped is not None and self.shaped.notes is not None:
            return self.shaped.make_trace(self.body)
        return self._dialect.trace(self.body, self._options)
