"""Settings of a reader of forms."""

from __future__ import annotations

from typing import NamedTuple

from inspector.forms.text import UTF_8, find_charset


class ReadOptions(NamedTuple):
    """Limits, and the charset of names and values.

    ``charset`` is Python's name of the charset: UTF-8 where the sender's ``charset_label`` is
    empty or unknown.
    """

    max_variables: int
    max_depth: int
    charset_label: str = ""
    charset: str = UTF_8
    is_charset_known: bool = True


def make_options(max_variables: int, max_depth: int, charset_label: str | None) -> ReadOptions:
    """Raises ``ValueError`` for limits below 1."""
    if max_variables < 1 or max_depth < 1:
        raise ValueError("A form's limits are 1 or more.")
    if not charset_label:
        return ReadOptions(max_variables, max_depth)
    charset = find_charset(charset_label)
    return ReadOptions(
        max_variables, max_depth, charset_label, charset or UTF_8, charset is not None
    )
