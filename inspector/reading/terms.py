"""Search terms for a field of the page: the reverse of parsing a query."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import islice, product

from inspector.domain import CapturedRequest
from inspector.errors import InspectorError
from inspector.reading.fields import BODY, Name, find_text, iterate_fields
from inspector.reading.query import FILTERS, MAX_TERMS, TERM, parse_query

MAX_VALUE_CHARS = 200
# Fields of each request that are tried for one short name.
MAX_TRIED = 10
# Longer words are not looked for among the keys that are like them.
MAX_KEY_CHARS = 80
_SHORT = re.compile(r"([^\s:/?&=!<>\"]+)(:|!=|=|>|<)(.+)\Z", re.DOTALL)


def write_has(name: Name) -> str:
    """The term for requests that have the field."""
    return f"has:{name}"


def write_comparison(name: Name, operator: str, value: str) -> str:
    """``ticket.agent.id=3``; in quotes when the value's spaces need them."""
    quoted = f'"{value}"' if any(char.isspace() for char in value) else value
    return f"{name}{operator}{quoted}"


def finds(request: CapturedRequest, text: str) -> bool:
    """True when a query is one, can be sent in a URL, and finds this request."""
    try:
        text.encode()
        return parse_query(text).matches(request)
    except (InspectorError, UnicodeEncodeError):
        return False


def write_lacks(name: Name) -> str:
    """The term for requests without the field; ``""`` where the language cannot say it."""
    has = write_has(name)
    try:
        has.encode()
        terms = parse_query(has).terms
    except (InspectorError, UnicodeEncodeError):
        return ""
    return f"-{has}" if len(terms) == 1 and terms[0].name == name else ""


def find_terms(request: CapturedRequest, name: Name) -> tuple[str, str]:
    """The terms for requests with this field, and for those with its value here.

    Each is ``""`` where the language cannot say it, as with a quote in a value.
    """
    has = write_has(name)
    value = find_text(request, name)
    if value is None or len(value) > MAX_VALUE_CHARS:
        equals = ""
    else:
        equals = write_comparison(name, "=", value)
    return has if finds(request, has) else "", equals if finds(request, equals) else ""


def list_names(request: CapturedRequest) -> list[str]:
    """The names of the body's fields, and of what they stand in, each once."""
    paths = (path for place, path, _ in iterate_fields(request) if place == BODY)
    names = dict.fromkeys(
        str(Name(BODY, path[:depth])) for path in paths for depth in range(1, len(path) + 1)
    )
    return [name for name in names if name.isprintable()]


def list_leaf_names(request: CapturedRequest) -> list[str]:
    """The names of the body's fields that have a value of their own, each once."""
    paths = (path for place, path, _ in iterate_fields(request) if place == BODY and path)
    names = dict.fromkeys(str(Name(BODY, path)) for path in paths)
    return [name for name in names if name.isprintable()]


def find_meant(requests: Sequence[CapturedRequest], text: str, *, limit: int) -> list[str]:
    """Queries with whole names for a text's short ones: ``ticket.agent.id=3`` for ``agent:3``.

    ``text`` may be no query. Each result is one that finds one of the requests.
    """
    paths = (path for each in requests for place, path, _ in iterate_fields(each) if place == BODY)
    names = list(dict.fromkeys(str(Name(BODY, path)) for path in paths if path))
    terms = list(TERM.finditer(text))
    if len(terms) > MAX_TERMS:
        return []
    choices = [
        list(islice(_find_terms_meant(requests, names, term[2]), limit)) or [term[2]]
        for term in terms
    ]
    queries = (
        " ".join(term[1] + meant for term, meant in zip(terms, chosen, strict=True))
        for chosen in islice(product(*choices), limit * 3)
    )
    found = (
        query
        for query in queries
        if query != text and any(finds(request, query) for request in requests)
    )
    return list(islice(found, limit))


def _find_terms_meant(
    requests: Sequence[CapturedRequest], names: list[str], term: str
) -> Iterator[str]:
    """The terms on fields that a short name may stand for, if they find anything."""
    short = _SHORT.match(term)
    if not short or short[1] in FILTERS or any(finds(request, term) for request in requests):
        return
    wanted = short[1].lower()
    operators = ("=", ":") if short[2] == ":" else (short[2],)
    for name in islice(_find_fields(names, wanted), MAX_TRIED):
        for operator in operators:
            meant = f"{name}{operator}{short[3]}"
            if any(finds(request, meant) for request in requests):
                yield meant
                break


def _find_fields(names: list[str], wanted: str) -> Iterator[str]:
    """The fields of a key, then the id and the name in its container, then all else there.

    A key that no field has stands for the one that is spelt most like it.
    """
    ends = (f".{wanted}", f".{wanted}.id", f".{wanted}.name")
    parts = [(name, f".{name.lower()}".replace("[]", "")) for name in names]
    first = [name for end in ends for name, path in parts if path.endswith(end)]
    inside = [name for name, path in parts if f".{wanted}." in path]
    yield from dict.fromkeys(first + inside)
    if not first and not inside:
        keys = {key for _, path in parts for key in path[1:].split(".")}
        spelt = ".".join(_find_alike(key, keys) for key in wanted.split("."))
        if spelt != wanted:
            yield from _find_fields(names, spelt)


def _find_alike(key: str, keys: set[str]) -> str:
    if key in keys or len(key) > MAX_KEY_CHARS:
        return key
    return (get_close_matches(key, sorted(keys), n=1, cutoff=0.75) or [key])[0]
