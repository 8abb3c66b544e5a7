"""The quick passes of qs and Express over a form: its value and nothing else."""

from __future__ import annotations

from inspector.forms.options import ReadOptions
from inspector.forms.pairs import Refused
from inspector.forms.qs.names import Settings
from inspector.forms.qs.quick import NameCache, read_quickly
from inspector.forms.text import UTF_8, Value, has_lone_percent, to_transit

# body-parser allows lists of 100 entries, or of as many as the form has pairs.
EXPRESS_MIN_LIST = 100
EXPRESS_MAX_BYTES = 102_400

_QS = NameCache(Settings(5, 1000))
_EXPRESS = NameCache(Settings(32, 1000, EXPRESS_MIN_LIST, allows_prototypes=True, is_strict=True))


def read_value(body: bytes, options: ReadOptions) -> dict[str, Value] | None:
    """The value of an ordinary form; None where the careful pass must read it."""
    return _read(body, options, _QS)


def read_express_value(body: bytes, options: ReadOptions) -> dict[str, Value] | None:
    """The value of an ordinary form; None where the careful pass must read it."""
    if options.charset_label.strip().lower() not in ("", UTF_8):
        return None
    return _read(body, options, _EXPRESS)


def find_refusal(body: bytes, settings: Settings) -> Refused | None:
    """Express' answer to a form that is too large before a name is read."""
    if len(body) > EXPRESS_MAX_BYTES:
        return Refused("body_too_large", limit=f"{EXPRESS_MAX_BYTES:,}")
    if body.count(b"&") >= settings.max_pairs:
        return Refused("variables_refused", limit=f"{settings.max_pairs:,}")
    return None


def _read(body: bytes, options: ReadOptions, cache: NameCache) -> dict[str, Value] | None:
    settings = cache.settings
    if (options.max_variables, options.max_depth) != (settings.max_pairs, settings.depth):
        return None
    if not body.isascii() or (settings.is_strict and find_refusal(body, settings) is not None):
        return None
    text = to_transit(body)
    return None if has_lone_percent(text) else read_quickly(text, cache)
