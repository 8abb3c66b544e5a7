"""The search on a bin's page: the query, the reason for each row, suggestions."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from difflib import get_close_matches
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import request

from inspector.domain import Bin, CapturedRequest
from inspector.errors import InspectorError
from inspector.reading.fields import BODY, HEADER, Name, find_text, iterate_fields
from inspector.reading.overview.values import FieldValues
from inspector.reading.query import MAX_QUERY_CHARS, Query, parse_query
from inspector.reading.query.times import write_absolute
from inspector.reading.reasons import Reason, find_reasons
from inspector.reading.suggestions import Suggestion
from inspector.reading.suggestions import suggest as complete
from inspector.reading.terms import find_meant, finds, list_names, write_comparison, write_has
from inspector.reading.words import split_words
from inspector.web.current import current_services

# A script keeps the browser's zone here, so that times in a search are those that it shows.
ZONE_COOKIE = "zone"
_ZONE = re.compile(r"[A-Za-z0-9_+-]{1,40}(?:/[A-Za-z0-9_+-]{1,40}){0,2}\Z")
MAX_SUGGESTIONS = 3
MAX_EXAMPLE_CHARS = 60
_LOOKED_AT = 20
MAX_KEPT_EXAMPLES = 200
MAX_BINS_ASKED = 10

_SUBJECT = Name(BODY, ("ticket", "subject"))
_TELLING = (
    Name(BODY, ("ticket", "agent", "id")),
    Name(BODY, ("ticket", "agent", "display_name_real")),
    Name(BODY, ("ticket", "status")),
    Name(BODY, ("ticket", "id")),
)
_CUSTOM_DATA = Name(BODY, ("custom_data",))


@dataclass(frozen=True, slots=True)
class Search:
    """A search by ``?q=``: ``text`` as typed, and the query, or the ``problem`` with it.

    ``query`` is None without a text, too.
    """

    text: str
    query: Query | None = None
    problem: str | None = None

    @property
    def suffix(self) -> str:
        """The query string that keeps the search in an address; ``""`` for none."""
        return "" if self.query is None else f"?q={quote(self.text, safe='')}"

    @property
    def absolute(self) -> str:
        """The text with its times in UTC, for whoever knows nothing of the reader's zone."""
        return write_absolute(self.text, datetime.now(UTC), read_zone())


@dataclass(frozen=True, slots=True)
class Example:
    """A query that one could ask, and what it is there for."""

    text: str
    meaning: str


def read_search() -> Search:
    """The search that the URL asks for. A wrong query is told, never raised."""
    text = request.args.get("q", "").strip()
    if not text:
        return Search("")
    try:
        query = parse_query(text, zone=read_zone(), is_typed=is_typed())
        return Search(text, query=query or None)
    except InspectorError as error:
        return Search(text, problem=error.message)


def is_typed() -> bool:
    """True when the query is asked while someone types it, and may break off."""
    return "typed" in request.args


def read_zone() -> tzinfo:
    """The zone of the times that the reader sees: the browser's, else UTC."""
    name = request.cookies.get(ZONE_COOKIE, "")
    try:
        return ZoneInfo(name) if _ZONE.match(name) else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):  # this system has no zone of that name
        return UTC


def load_values(bin_: Bin) -> FieldValues:
    """Counts of what the bin's newest requests have."""
    services = current_services()

    def load(limit: int) -> list[CapturedRequest]:
        return services.requests.page(bin_, limit=limit, whole_bodies=False).requests

    return services.values.find(bin_, load)


def suggest_terms(bin_: Bin, text: str) -> list[Suggestion]:
    """Completions of a query that is being typed."""
    return complete(load_values(bin_), text[:MAX_QUERY_CHARS])


def explain(requests: Sequence[CapturedRequest], query: Query) -> dict[str, list[Reason]]:
    """By the requests' ids, why they are in the list."""
    return {each.id: find_reasons(each, query) for each in requests}


def find_neighbours(
    bin_: Bin, captured: CapturedRequest, query: Query | None
) -> tuple[str | None, str | None]:
    """The ids of the next older and the next newer request, among the matches of a query."""
    services = current_services()
    if query is None:
        return services.requests.neighbours(bin_, captured.number)
    return services.search.find_neighbours(bin_, query, captured.number)


def suggest(bin_: Bin, text: str) -> list[Example]:
    """Queries that may have been meant by one that found nothing, or that is none.

    Short names are replaced by whole ones with which a newest request is found, or else
    names that these do not have by like ones that they do.
    """
    meant = find_meant(list(filter(_has_fields, _list_newest(bin_))), text, limit=MAX_SUGGESTIONS)
    if meant:
        return [Example(each, "a search that finds some of these requests") for each in meant]
    try:
        query = parse_query(text)
    except InspectorError:
        return []
    names = [str(term.name) for term in query.terms if term.name and term.name.place == BODY]
    sample = _find_sample(bin_)
    if sample is None or not names:
        return []
    known = list_names(sample)
    found: dict[str, Example] = {}
    for name in names:
        for other in [] if name in known else _find_alike(name, known):
            meant_text = text.replace(name, other, 1)
            found[meant_text] = Example(meant_text, "a field that these requests have")
    return list(found.values())[:MAX_SUGGESTIONS]


def suggest_in_bins(bins: Sequence[Bin], text: str) -> list[Example]:
    """Queries that may have been meant, by any of the newest bins, the shortest first."""
    asked = bins[:MAX_BINS_ASKED] if text else ()
    meant = dict.fromkeys(example for each in asked for example in suggest(each, text))
    return sorted(meant, key=lambda example: len(example.text))[:MAX_SUGGESTIONS]


def _find_alike(name: str, known: list[str]) -> list[str]:
    """Names that end in this one, or begin with it, or look like it."""
    wanted = name.lower()
    ending = [each for each in known if each.lower().endswith(f".{wanted}")]
    return ending or get_close_matches(name, known, n=MAX_SUGGESTIONS, cutoff=0.75)


def list_examples(bin_: Bin) -> list[Example]:
    """One query of each kind, made of what the bin's newest requests hold.

    Kept until it has others: every list shows them.
    """
    kept: dict[tuple[int, int, int], list[Example]] = current_services().examples
    key = (bin_.id, bin_.last_number, bin_.request_count)
    if key not in kept:
        while len(kept) >= MAX_KEPT_EXAMPLES:
            kept.pop(next(iter(kept)), None)
        kept[key] = _make_examples(bin_)
    return kept[key]


def _make_examples(bin_: Bin) -> list[Example]:
    sample = _find_sample(bin_)
    if sample is None:
        return list(_USUAL)
    made = {
        0: _word_example(sample),
        1: _value_example(sample),
        2: _words_example(sample),
        3: _has_example(sample),
        4: _header_example(sample),
    }
    return [
        Example(made[index], usual.meaning)
        if made.get(index) and finds(sample, made[index])
        else usual
        for index, usual in enumerate(_USUAL)
    ]


_USUAL = (
    Example("hierarchy", "words, or their beginnings: in names, values, headers, the path"),
    Example("ticket.agent.id=3", "a field's value; also !=, > and <"),
    Example("ticket.subject:problem", "words in a field"),
    Example("has:custom_data", "the field was sent, empty or not"),
    Example("header:X-Deskpro-TicketId=5", "a header"),
    Example("method:PUT or path:/hook", "the method, or a piece of the path"),
    Example("/vip (support|desk)/", "a regular expression; ticket.subject:/^vip/ for one field"),
    Example("is:pinned", "what was pinned; also is:noted, and note:later for words of a note"),
    Example(
        "-is:ticket",
        "not a ticket; also is:empty, form, json, multipart, binary, chunked, truncated, refused",
    ),
    Example("sender:github event:issues", "a known sender, words of its event; also delivery:"),
    Example("is:retry", "a delivery that was sent again"),
    Example("after:1h", "received in the last hour; also before:, dates, and 13:30 for today"),
)


def _word_example(sample: CapturedRequest) -> str:
    texts = [find_text(sample, _SUBJECT) or "", *(text for _, _, text in iterate_fields(sample))]
    words = (word for text in texts for word in split_words(text[:200]))
    return next((word for word in words if 4 <= len(word) <= 20 and word.isalpha()), "")


def _value_example(sample: CapturedRequest) -> str:
    name, text = _find_field(sample, _TELLING, lambda text: text != "")
    return "" if name is None else write_comparison(name, "=", text)


def _words_example(sample: CapturedRequest) -> str:
    name, text = _find_field(sample, (_SUBJECT,), lambda text: any(map(str.isalpha, text)))
    words = split_words(text)
    return "" if name is None or not words else write_comparison(name, ":", words[0])


def _has_example(sample: CapturedRequest) -> str:
    name, _ = _find_field(sample, (_CUSTOM_DATA,), lambda _: True)
    return "" if name is None else write_has(name)


def _header_example(sample: CapturedRequest) -> str:
    fields = [
        (Name(place, path), text)
        for place, path, text in iterate_fields(sample)
        if place == HEADER and len(text) <= MAX_EXAMPLE_CHARS
    ]
    own = [each for each in fields if each[0].path[0].startswith("x-")]
    found = own or fields
    return write_comparison(found[0][0], "=", found[0][1]) if found else ""


def _find_field(
    sample: CapturedRequest, wished: tuple[Name, ...], fits: Callable[[str], bool]
) -> tuple[Name | None, str]:
    """The first of the wished fields, else of the body's, that has a short fitting value."""
    for name in wished:
        text = find_text(sample, name)
        if text is not None and len(text) <= MAX_EXAMPLE_CHARS and fits(text):
            return name, text
    for place, path, text in iterate_fields(sample):
        if place == BODY and path and len(text) <= MAX_EXAMPLE_CHARS and fits(text):
            return Name(place, path), text
    return None, ""


def _find_sample(bin_: Bin) -> CapturedRequest | None:
    """The newest ticket, else the newest request with fields, among the newest few."""
    newest = _list_newest(bin_)
    tickets = (each for each in newest if each.summary.ticket_id or each.summary.subject)
    return next(tickets, None) or next(filter(_has_fields, newest), None)


def _has_fields(request: CapturedRequest) -> bool:
    return request.is_form or request.json is not None


def _list_newest(bin_: Bin) -> list[CapturedRequest]:
    return current_services().requests.page(bin_, limit=_LOOKED_AT, whole_bodies=False).requests
