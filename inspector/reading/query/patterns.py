"""Regular expressions in queries, by RE2: no pattern and no text makes it slow.

Its time is linear in the text, whatever the pattern; Python's own engine, and others that
go back, may take years over twenty characters, and cannot be interrupted.
"""

from __future__ import annotations

from functools import lru_cache

from inspector.reading.query.conditions import Pattern
from inspector.reading.query.problems import make_error

# The memory in bytes that RE2 may use for a pattern; a larger one is refused.
MAX_MEMORY = 4_000_000


@lru_cache(maxsize=64)
def compile_pattern(source: str) -> Pattern:
    """A pattern that finds in any case; ``(?-i)`` makes it strict.

    Raises ``invalid_query`` for what is none, or needs what RE2 does not have: references
    back to a group, and looking ahead or behind.
    """
    import re2  # only who searches by one needs it

    options = re2.Options()
    options.case_sensitive = False
    options.max_mem = MAX_MEMORY
    options.log_errors = False
    try:
        compiled = re2.compile(source.encode("utf-8", "replace").decode(), options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise make_error(
            f"/{source[:60]}/ is no regular expression that is known here: {reason[:100]}. To "
            "search for a path, write path:/hook/."
        ) from None

    def find(text: str) -> tuple[int, int] | None:
        # Lone surrogates, as JSON may bring, have no UTF-8.
        safe = text if text.isascii() else text.encode("utf-8", "replace").decode()
        match = compiled.search(safe)
        return None if match is None else match.span()

    return Pattern(source, find)
