"""Nested data to a form's body: PHP's ``http_build_query``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias
from urllib.parse import quote_plus

from inspector.forms.casts import format_float

MAX_REMEMBERED_CHARS = 200

Data: TypeAlias = "Mapping[Any, Any] | list[Any] | tuple[Any, ...]"


def build(data: Data) -> bytes:
    """Encode nested data as PHP's ``http_build_query`` does (RFC 1738, separator ``&``).

    Keys are ``str`` or ``int``; values are ``str``, ``bytes``, ``int``, ``float``,
    ``bool``, ``None``, or again a mapping, list or tuple, to any depth. Text is
    encoded as UTF-8, with surrogate escapes giving back the bytes they stand for.
    A space is ``+``, brackets are ``%5B`` and ``%5D``; ``None`` and empty containers
    leave nothing, ``True`` is ``1`` and ``False`` is ``0``. A flat mapping with
    bracketed names gives the same bytes as the nested one.

    Raises ``TypeError`` for any other type, ``ValueError`` for a container that holds
    itself and for text that cannot be encoded.

    Source: PHP manual, ``http_build_query``; php-src, ``ext/standard/http.c``.
    """
    pieces: list[str] = []
    levels = [("", "", _entries(data))]
    open_ids = [id(data)]
    while levels:
        before, after, entries = levels[-1]
        for key, value in entries:
            name = f"{before}{_quote_key(key)}{after}"
            if isinstance(value, str):  # Nearly always, and quicker to see than a Mapping.
                pieces.append(f"{name}={_quote(value)}")
            elif isinstance(value, (Mapping, list, tuple)):
                if id(value) in open_ids:
                    raise ValueError("A container that holds itself has no end to encode.")
                levels.append((f"{name}%5B", "%5D", _entries(value)))
                open_ids.append(id(value))
                break
            elif value is not None:
                pieces.append(f"{name}={_quote_scalar(value)}")
        else:
            levels.pop()
            open_ids.pop()
    return "&".join(pieces).encode("ascii")


def _entries(data: Data) -> Iterator[tuple[Any, Any]]:
    if isinstance(data, Mapping):
        return iter(data.items())
    if isinstance(data, (list, tuple)):
        return iter(enumerate(data))
    raise TypeError(f"A form is built of a mapping, list or tuple, not of {type(data).__name__}.")


def _quote_key(key: object) -> str:
    if isinstance(key, (str, bytes)):
        return _quote(key)
    if isinstance(key, int):
        return str(int(key))
    raise TypeError(f"A form's key is a str or an int, not {type(key).__name__}.")


def _quote_scalar(value: object) -> str:
    if isinstance(value, (str, bytes)):
        return _quote(value)
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return _quote(format_float(value))
    raise TypeError(f"A form's value cannot be a {type(value).__name__}.")


def _quote(text: str | bytes) -> str:
    if isinstance(text, bytes):
        return _quote_bytes(text)
    return _quote_short(text) if len(text) <= MAX_REMEMBERED_CHARS else _quote_text(text)


def _quote_text(text: str) -> str:
    return _quote_bytes(text.encode("utf-8", "surrogateescape"))


# Of a thousand tickets in a row nearly every name and value is the same.
_quote_short = lru_cache(maxsize=4096)(_quote_text)


def _quote_bytes(raw: bytes) -> str:
    return quote_plus(raw).replace("~", "%7E")  # PHP's urlencode leaves only -_. as they are.
