"""Matching of requests, and the differences of one that does not match.

No content of a request makes this raise. An exception of the caller's own function becomes a
difference, since wrong requests are where such functions meet values they do not expect.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from inspector.domain.messages import Message
from inspector.reading.content import find_content
from inspector.reading.paths import (
    ANY_INDEX,
    MISSING,
    Path,
    find_all,
    find_value,
    format_path,
    parse_path,
)

if TYPE_CHECKING:
    from inspector.domain import CapturedRequest
    from inspector.reading.query import Query

MAX_NAMES_IN_HINT = 12


class Difference(NamedTuple):
    """``actual`` is ``MISSING`` where there is nothing; ``hint`` is a sentence or empty."""

    what: str
    expected: Any
    actual: Any
    hint: str = ""


@dataclass(frozen=True)
class RequestMatch:
    """Conditions on a request; what is not given may be anything.

    ``method`` in any case. ``path`` is what follows the bin's name (``/`` for
    nothing; the first slash may be left out), or the whole path. ``query`` and
    ``headers`` go by name (a header's in any case), ``where`` by field path in the form
    or the JSON (``ticket.agent.id``, ``items[].id`` for any element). Of a repeated name
    one value must be as expected, or all of them as a list. ``files`` goes by the name of
    a part with a file: text is compared with its file name, bytes with its content.
    ``body`` is the bytes or the text, ``json`` the whole value. ``q`` is a search, as on a
    bin's page.

    An expected value is compared with ``==``; a compiled pattern is searched for, a function is
    called, and None wants the value to be absent (or null).

    Raises ``ValueError`` for a field path that is none, ``InspectorError`` for a search.
    """

    method: Any = MISSING
    path: Any = MISSING
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    where: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, Any] = field(default_factory=dict)
    body: Any = MISSING
    json: Any = MISSING
    q: str = ""

    def __post_init__(self) -> None:
        for name in ("query", "headers", "where", "files"):
            if not isinstance(getattr(self, name), Mapping):
                raise TypeError(f"{name} maps names to what is expected: {name}={{...}}")
            for each in getattr(self, name):
                if not isinstance(each, str):
                    raise TypeError(f"a name in {name}= is text, not {each!r}")
        for path in self.where:
            parse_path(path)
        _ = self.search

    @cached_property
    def search(self) -> Query | None:
        """The parsed query ``q``; None when it is empty."""
        if not self.q:
            return None
        from inspector.reading.query import parse_query  # most matches have no search

        return parse_query(self.q)

    def list_expectations(self) -> list[tuple[str, Any]]:
        """Each condition, named as in ``Difference.what``, with its value."""
        wanted = [
            (name, getattr(self, name))
            for name in ("method", "path", "body", "json")
            if getattr(self, name) is not MISSING
        ]
        wanted += [(f"query {name}", value) for name, value in self.query.items()]
        wanted += [(f"header {name}", value) for name, value in self.headers.items()]
        wanted += self.where.items()
        wanted += [(f"file {name}", value) for name, value in self.files.items()]
        wanted += [("q", self.q)] if self.q else []
        return wanted

    def find_differences(self, request: Message) -> list[Difference]:
        """The differences between the request and the conditions; empty when it matches."""
        found = [
            self._method_difference(request),
            self._path_difference(request),
            self._body_difference(request),
        ]
        if self.json is not MISSING:
            actual = MISSING if request.json is None else request.json
            found.append(find_difference("json", self.json, actual))
        found += [_query_difference(request, *each) for each in self.query.items()]
        found += [_header_difference(request, *each) for each in self.headers.items()]
        found += [_field_difference(request, *each) for each in self.where.items()]
        found += [_file_difference(request, *each) for each in self.files.items()]
        if self.search is not None and not self.search.matches(cast("CapturedRequest", request)):
            found.append(Difference("q", self.q, MISSING, "The search does not find it."))
        return [each for each in found if each is not None]

    def _method_difference(self, request: Message) -> Difference | None:
        if self.method is MISSING:
            return None
        if isinstance(self.method, str) and self.method.upper() == request.method.upper():
            return None
        return find_difference("method", self.method, request.method)

    def _path_difference(self, request: Message) -> Difference | None:
        if self.path is MISSING:
            return None
        below = request.sub_path or "/"
        decoded = request.decoded_path
        others = (
            decoded[len(request.path) - len(request.sub_path) :] or "/",
            request.path,
            decoded,
        )
        wanted = self.path
        if isinstance(wanted, str) and not wanted.startswith("/"):
            wanted = f"/{wanted}"
        difference = find_difference("path", wanted, below)
        if difference is None or any(find_difference("", wanted, each) is None for each in others):
            return None
        return difference

    def _body_difference(self, request: Message) -> Difference | None:
        if self.body is MISSING:
            return None
        pattern = self.body.pattern if isinstance(self.body, re.Pattern) else self.body
        wants_text = isinstance(pattern, str)
        return find_difference("body", self.body, request.body_text if wants_text else request.body)


def _compare_any(
    what: str, expected: Any, values: list[Any], joined: str | None = None
) -> Difference | None:
    """The difference of all values; None when one of them, or all as one, is as expected."""
    if not values:
        return find_difference(what, expected, MISSING)
    whole: Any = values if joined is None else joined
    actual = values[0] if len(values) == 1 else whole
    difference = find_difference(what, expected, actual)
    if difference is None or expected is None or len(values) == 1:
        return difference
    return (
        None
        if any(find_difference(what, expected, each) is None for each in values)
        else difference
    )


def find_difference(what: str, expected: Any, actual: Any) -> Difference | None:
    """The difference, or None when ``actual`` is as expected (see ``RequestMatch``)."""
    hint = ""
    try:
        if _fits(expected, actual):
            return None
    except Exception as error:
        hint = f"comparing raised {type(error).__name__}: {error}"
    return Difference(what, expected, actual, hint or _hint_at_types(expected, actual))


def _fits(expected: Any, actual: Any) -> bool:
    if expected is None or actual is MISSING:
        return expected is None and (actual is None or actual is MISSING)
    if isinstance(expected, re.Pattern):
        same_kind = isinstance(actual, type(expected.pattern))
        return same_kind and expected.search(actual) is not None
    return bool(expected == actual) or (callable(expected) and bool(expected(actual)))


def _hint_at_types(expected: Any, actual: Any) -> str:
    is_number = isinstance(expected, int | float)
    if is_number and isinstance(actual, str) and str(expected) == actual:
        return "what a form carries is text"
    return ""


def _query_difference(request: Message, name: str, expected: Any) -> Difference | None:
    values = [pair.value for pair in request.query.pairs if pair.name == name]
    difference = _compare_any(f"query {name}", expected, values)
    names = [pair.name for pair in request.query.pairs]
    return _with_hint(difference, "the query", name, names)


def _header_difference(request: Message, name: str, expected: Any) -> Difference | None:
    wanted = name.lower()
    values = [value for key, value in request.raw_headers if key.lower() == wanted]
    difference = _compare_any(f"header {name}", expected, values, joined=", ".join(values))
    return _with_hint(difference, "the head", name, list(request.headers))


def _file_difference(request: Message, name: str, expected: Any) -> Difference | None:
    parts = [] if request.parts is None else request.parts.parts
    files = [each for each in parts if each.filename is not None]
    pattern = expected.pattern if isinstance(expected, re.Pattern) else expected
    by_content = isinstance(pattern, bytes)
    values = [each.data if by_content else each.filename for each in files if each.name == name]
    difference = _compare_any(f"file {name}", expected, list(values))
    return _with_hint(difference, "the body", name, [each.name or "" for each in files])


def _field_difference(request: Message, text: str, expected: Any) -> Difference | None:
    source, root = find_content(request)
    path = parse_path(text)
    if ANY_INDEX in path:
        difference = _compare_any(text, expected, find_all(root, path))
    else:
        actual = MISSING if source is None else find_value(root, path)
        difference = find_difference(text, expected, actual)
    if difference is None or difference.actual is not MISSING:
        return difference
    hint = explain_absent(request, root, path) if source else _explain_unread(request)
    return Difference(text, expected, MISSING, hint)


def _explain_unread(request: Message) -> str:
    """A sentence on an unreadable body; its notes give the place of the break."""
    if request.media_type.is_json and request.body:
        return "the body says that it is JSON and cannot be read as such"
    return explain_odd_type(request) or "the body is neither a form nor JSON"


def explain_odd_type(request: Message) -> str:
    """Half a sentence when the body looks like JSON and its type says something else."""
    body = request.decoded_body.strip()
    if request.media_type.is_json or (body[:1] + body[-1:]) not in (b"{}", b"[]"):
        return ""
    kind = request.media_type.essence
    named = f"its Content-Type is {kind[:60]}" if kind else "it has no Content-Type"
    return f"the body looks like JSON, but {named}"


def explain_absent(request: Message, root: Any, path: Path) -> str:
    """Why the content ``root`` of a request has nothing at a path: it was lost, or never sent."""
    loss = request.losses.find(path)
    return loss.message if loss else explain_missing(root, path)


def explain_missing(root: Any, path: Path) -> str:
    """The place in ``root`` where the path ends too soon, and its content there."""
    depth = len(path) - 1
    while (parent := find_value(root, path[:depth])) is MISSING:
        depth -= 1
    place = format_path(path[:depth]) or "the body"
    if isinstance(parent, list):
        return f"{place} is a list of {len(parent)}"
    if not isinstance(parent, dict):
        return f"{place} is {'a text' if isinstance(parent, str) else repr(parent)[:60]}"
    return _list_names(place, path[depth], list(parent))


def _with_hint(
    difference: Difference | None, place: str, name: str, names: Sequence[str]
) -> Difference | None:
    if difference is None or difference.actual is not MISSING:
        return difference
    hint = _list_names(place, name, names)
    return Difference(difference.what, difference.expected, difference.actual, hint)


def _list_names(place: str, name: str, names: Sequence[str]) -> str:
    """The names that resemble ``name``, else the first few."""
    import difflib  # most requests are as expected

    unique = list(dict.fromkeys(names))
    close = difflib.get_close_matches(name, unique[:1000], n=3, cutoff=0.7)
    if close:
        return f"{place} has {', '.join(map(repr, close))}"
    if not unique:
        return f"{place} is empty"
    shown = ", ".join(repr(each[:60]) for each in unique[:MAX_NAMES_IN_HINT])
    more = len(unique) - MAX_NAMES_IN_HINT
    return f"{place} has {shown}" + (f" and {more} more" if more > 0 else "")
