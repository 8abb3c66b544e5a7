"""A request as a flat run of named values: what comparing, counting and following fields need.

Names are the search language's: ``ticket.agent.id`` in the body, ``header:X-Name``,
``query:page``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, repeat
from typing import Any

from inspector.domain.json_bodies import SentNumber
from inspector.domain.messages import Message
from inspector.domain.nested_values import MAX_OPENINGS, open_text
from inspector.reading.content import find_content
from inspector.reading.nodes import scalar_text
from inspector.reading.paths import (
    ANY_INDEX,
    Path,
    find_all,
    format_path,
    parse_path,
    quote_path,
)

BODY, QUERY, HEADER = "body", "query", "header"
_FRACTION = re.compile(r"-?[0-9]+(?=[.eE])(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\Z")
_PREFIXES = {QUERY: "query:", HEADER: "header:", BODY: ""}

# Twice what PHP reads of a form, and room for wide JSON.
MAX_FIELDS = 5_000
MAX_JOINED = 20
# Headers about the transport of a message, not about its content.
TRANSPORT = frozenset({"content-length", "host", "connection", "accept", "accept-encoding"})


@dataclass(frozen=True, slots=True)
class Name:
    """A field's name: where it is (``body``, ``query``, ``header``) and its path there."""

    place: str
    path: Path

    def __str__(self) -> str:
        if self.place == HEADER:
            return f"header:{self.path[0]}"
        return _PREFIXES[self.place] + format_path(self.path)

    @property
    def link(self) -> str:
        """The name for a URL's query; ``""`` when it is too long to be sent in one."""
        return quote_path(str(self).encode("utf-8", "replace").decode())


def parse_name(text: str) -> Name:
    """The name that ``str(name)`` wrote.

    Raises ``ValueError`` with a sentence for anything else.
    """
    for place in (QUERY, HEADER):
        prefix = _PREFIXES[place]
        if text.startswith(prefix):
            rest = text[len(prefix) :]
            if not rest:
                raise ValueError(f"After {prefix} comes a name.")
            return Name(place, (rest,) if place == HEADER else parse_path(rest))
    path = parse_path(text)
    if not path:
        raise ValueError("A field's path has at least one key.")
    return Name(BODY, path)


NameItems = Callable[[list[Any]], Iterable[str]]


def by_index(items: list[Any]) -> Iterable[str]:
    """``0``, ``1``, ... as paths have them."""
    return map(str, range(len(items)))


def by_nothing(items: list[Any]) -> Iterable[str]:
    """``ANY_INDEX`` for every item, so that all of them share a name."""
    return repeat(ANY_INDEX, len(items))


def by_id(items: list[Any]) -> Iterable[str]:
    """``id=15`` where every item is a map with an ``id`` of its own, else by index.

    So an item that moved counts as the same item.
    """
    ids = [item.get("id") if isinstance(item, dict) else None for item in items]
    if any(not isinstance(each, (str, int)) or each == "" for each in ids):
        return by_index(items)
    names = [f"id={str(each)[:100]}" for each in ids]
    return names if len(set(names)) == len(names) else by_index(items)


def iterate_values(value: Any, name_items: NameItems = by_index) -> Iterator[tuple[Path, str]]:
    """The leaves of a nested value with their paths, depth first, at most ``MAX_FIELDS``.

    An empty list or map is a leaf with an empty text; ``name_items`` gives the keys of a
    list. Iterative, because a body may nest deeper than Python recurses.
    """
    left = MAX_FIELDS
    stack: list[tuple[Path, Iterator[tuple[str, Any]]]] = []
    path: Path = ()
    entries: Iterator[tuple[str, Any]] = iter(())
    if isinstance(value, (dict, list)) and value:
        entries = _entries(value, name_items)
    else:
        yield (), _leaf_text(value)
    while True:
        for key, item in entries:
            if item and isinstance(item, (dict, list)):
                stack.append((path, entries))
                path, entries = (*path, key), _entries(item, name_items)
                break
            yield (*path, key), item if type(item) is str else _leaf_text(item)
            left -= 1
            if not left:
                return
        else:
            if not stack:
                return
            path, entries = stack.pop()


def _entries(value: Any, name_items: NameItems) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        return iter(value.items())
    return zip(name_items(value), value, strict=True)


def _leaf_text(item: Any) -> str:
    return "" if isinstance(item, (dict, list)) else scalar_text(item)


def iterate_fields(request: Message) -> Iterator[tuple[str, Path, str]]:
    """All texts of a request, each with its place and its path (``ANY_INDEX`` for indices).

    The body's fields, then the query's, then its headers without those that only
    carry it; repeated headers come once each.
    """
    source, value = find_content(request)
    if source is not None:
        for path, text in _iterate_opened(value):
            yield BODY, path, text
    if request.raw_query:
        for path, text in iterate_values(request.query.value, by_nothing):
            if path:
                yield QUERY, path, text
    for name, text in request.raw_headers:
        if name.lower() not in TRANSPORT:
            yield HEADER, (name.lower(),), text


def _iterate_opened(value: Any) -> Iterator[tuple[Path, str]]:
    """The leaves of a value, each text followed by those of the value inside it.

    At most ``MAX_FIELDS`` of either.
    """
    left = MAX_FIELDS
    for path, text in iterate_values(value, by_nothing):
        yield path, text
        for inner in islice(_iterate_inside(path, text), left):
            yield inner
            left -= 1


def _iterate_inside(path: Path, text: str, openings: int = 1) -> Iterator[tuple[Path, str]]:
    opened = open_text(text) if openings <= MAX_OPENINGS else None
    if opened is not None:
        for rest, each in iterate_values(opened.value, by_nothing):
            inner = (*path, *rest)
            yield inner, each
            yield from _iterate_inside(inner, each, openings + 1)


def find_text(request: Message, name: Name) -> str | None:
    """The field's value as text; None when the request does not have it.

    A container is summed up by its leaves; ``ANY_INDEX`` in the path gives the values
    of all elements. At most ``MAX_JOINED`` values are joined with ``", "``.
    """
    if name.place == HEADER:
        return request.find_header(name.path[0])
    values = find_values(request, name)
    return _join_leaves(values) if values else None


def _join_leaves(value: Any) -> str:
    if not isinstance(value, dict | list):
        return scalar_text(value)
    texts = [text for _, text in islice(iterate_values(value), MAX_JOINED + 1)]
    return ", ".join(texts[:MAX_JOINED]) + (", …" if len(texts) > MAX_JOINED else "")


def list_texts(request: Message, name: Name) -> list[str]:
    """The texts of a field, one for each of its values: what a test asks one by one.

    ``ANY_INDEX`` in the path gives several, and so does a repeated header. A list or a map
    that is named as a whole is one text, its leaves joined. At most ``MAX_FIELDS``.
    """
    if name.place == HEADER:
        wanted = name.path[0].lower()
        return [text for key, text in request.raw_headers if key.lower() == wanted]
    return [_join_leaves(value) for value in find_values(request, name)]


def has_text(request: Message, name: Name, text: str) -> bool:
    """True when one of the field's values is this text, or a number with it as shortest text."""
    if text in list_texts(request, name):
        return True
    if not is_fraction(text):
        return False
    values = find_values(request, name)
    return any(isinstance(each, SentNumber) and json.dumps(each) == text for each in values)


def is_fraction(text: str) -> bool:
    """True when a text is a number that may have other spellings, too: ``1.50``, ``1e3``."""
    return _FRACTION.match(text) is not None


def find_values(request: Message, name: Name) -> list[Any]:
    """The field's value, nested as it is; several with ``ANY_INDEX``, none when it is absent."""
    if name.place == HEADER:
        text = request.find_header(name.path[0])
        return [] if text is None else [text]
    root = request.query.value if name.place == QUERY else find_content(request)[1]
    return find_all(root, name.path)
