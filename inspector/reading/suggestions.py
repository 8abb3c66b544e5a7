"""Suggestions for a query that is being typed: of the language, and of what a bin has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from inspector.domain.signatures import RESULTS
from inspector.errors import InspectorError
from inspector.reading.marks import ANNOTATED_FLAGS, FLAGS, RETRY
from inspector.reading.overview.values import FieldValues
from inspector.reading.query import parse_query

MAX_SUGGESTIONS = 8
# The most suggestions of one field, and of one kind when there are others.
MAX_VALUES = 3
MAX_NAMES = 40
_LAST = re.compile(r"(?:\A|(?<=\s))([-(]*)((?:\"[^\"]*\"?|[^\s\"])*)\Z")
# A field's name and a value of it, as one says it: "agent 3".
_SAID = re.compile(
    r"(?:\A|(?<=\s))([-(]*)(?!(?:or|and|not)\s)([^\s\"=:!<>()/-][^\s\"=:!<>()/]*)\s+"
    r"(\"[^\"]*\"?|[^\s\"=:!<>()/-][^\s\"]*)\Z"
)
_COMPARED = re.compile(r"([^\s=!<>]+?)(!=|=|:)(.*)\Z", re.DOTALL)

GRAMMAR = {
    "method:": "the method",
    "has:": "a field was sent",
    "header:": "a header",
    "path:": "a piece of the path",
    "is:": "a kind of request",
    "after:": "received later",
    "before:": "received earlier",
    "sender:": "a known sender",
    "event:": "an event",
    "note:": "words of a note",
    "number:": "a request’s number, or 5-9",
    "signature:": "the result of a signature",
    "delivery:": "a delivery’s id",
    "query:": "a field of the query string",
}
_TIMES = {"10m": "ten minutes", "1h": "an hour", "1d": "a day", "7d": "a week"}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A query with its last term completed: ``term`` is that, ``meaning`` what it is or finds.

    ``is_open`` when more is to be typed behind it.
    """

    query: str
    term: str
    meaning: str
    is_open: bool = False


Term = tuple[str, str, bool]


def suggest(known: FieldValues, text: str) -> list[Suggestion]:
    """At most ``MAX_SUGGESTIONS`` for the end of a text, the likeliest first."""
    last = _LAST.search(text)
    if last is None or "/" in last[2][:1]:
        return []
    sign, typed = last[1], last[2]
    head = text[: last.start()] + sign
    found: dict[str, Suggestion] = {}
    if said := _SAID.search(text):
        before = text[: said.start()] + said[1]
        for term, meaning in _list_said(known, said[2], said[3].replace('"', "")):
            if _is_query(before + term):
                found[term] = Suggestion(before + term, term, meaning)
    for term, meaning, is_open in _list_terms(known, typed):
        if term not in (typed, f"{typed}:") or is_open:
            query = head + term
            if is_open or _is_query(query):
                found.setdefault(term, Suggestion(query, term, meaning, is_open))
        if len(found) == MAX_SUGGESTIONS:
            break
    return list(found.values())


def _is_query(query: str) -> bool:
    try:
        query.encode()
        return bool(parse_query(query, is_typed=True))
    except (InspectorError, UnicodeEncodeError):
        return False


def _list_terms(known: FieldValues, typed: str) -> Iterator[Term]:
    plain = typed.replace('"', "")
    name, colon, value = plain.partition(":")
    if colon and f"{name}:" in GRAMMAR:
        yield from _complete_filter(known, name, value)
        if name != "header":
            return
    grammar = ((each, meaning, True) for each, meaning in GRAMMAR.items() if each.startswith(plain))
    if not plain:
        yield from islice(grammar, MAX_SUGGESTIONS)
        return
    compared = _COMPARED.match(plain)
    if compared:
        operator = "!=" if compared[2] == "!=" else "="
        yield from _complete_field(known, compared[1], operator, compared[3])
    else:
        yield from grammar
        yield from _complete_field(known, plain, "=", "")
        yield from _complete_value(known, plain)


def _complete_filter(known: FieldValues, name: str, value: str) -> Iterator[Term]:
    counted = {"method": known.methods, "sender": known.senders, "event": known.events}
    begun = value.lower()
    if name in counted:
        for each, count in counted[name].most_common():
            if begun in each.lower() and each.isprintable() and '"' not in each:
                shown = f'"{each}"' if " " in each else each
                yield f"{name}:{shown}", _say(known, count), False
    elif name == "has":
        for each in _find_names(known, value):
            yield f"has:{each}", _say(known, known.fields[each]), False
    elif name in ("header", "query"):
        wanted = f"{name}:{begun}"
        for each, _ in known.fields.most_common():
            if each.lower().startswith(wanted):
                yield from _list_values(known, each, "=", "")
    elif name in ("is", "signature"):
        words = (*FLAGS, *ANNOTATED_FLAGS, RETRY) if name == "is" else RESULTS
        yield from ((f"{name}:{each}", "", False) for each in words if each.startswith(begun))
    elif name in ("after", "before") and not value:
        said = "in the last" if name == "after" else "longer ago than"
        yield from ((f"{name}:{each}", f"{said} {span}", False) for each, span in _TIMES.items())


def _complete_field(known: FieldValues, name: str, operator: str, value: str) -> Iterator[Term]:
    """Values of fields whose name is this, ends in it, or has it in it."""
    for each in _find_names(known, name):
        yield from _list_values(known, each, operator, value)


def _list_said(known: FieldValues, name: str, value: str) -> Iterator[tuple[str, str]]:
    """Values of the fields that are called so; the value itself, if there is one, alone."""
    wanted = name.lower()
    ends = (f".{wanted}", f".{wanted}.id", f".{wanted}.name")
    named = [
        each
        for each in _find_names(known, name)
        if f".{each.lower()}".replace("[]", "").endswith(ends)
    ]
    for each in named[:MAX_VALUES]:
        terms = list(_list_values(known, each, "=", value))
        exact = [term for term in terms if term[0] == _write(each, "=", value)]
        yield from ((term, meaning) for term, meaning, is_open in exact or terms if not is_open)


def _find_names(known: FieldValues, text: str) -> list[str]:
    """The field itself, then those with this last key, its id and name, and all its containers.

    Of equals those that tell requests apart come first.
    """
    wanted = text.lower().replace("[", ".").replace("]", "")
    ranked = []
    for place, name in enumerate(known.fields):
        path = f".{name.lower()}".replace("[]", "")
        ends = (f".{wanted}", f".{wanted}.id", f".{wanted}.name")
        ranks = [rank for rank, end in enumerate(ends) if path.endswith(end)]
        ranks += [len(ends)] if f".{wanted}." in f"{path}." else []
        ranks += [len(ends) + 1] if wanted in path else []
        if ranks:
            is_telling = len(known.list_values(name)) > 1
            ranked.append((ranks[0], not is_telling, path.count("."), place, name))
    return [name for *_, name in sorted(ranked)[:MAX_NAMES] if _can_be_typed(name)]


def _list_values(known: FieldValues, name: str, operator: str, begun: str) -> Iterator[Term]:
    values = known.list_values(name)
    wanted = begun.lower()
    fitting = [(text, count) for text, count in values if text.lower().startswith(wanted)]
    fitting = fitting or [(text, count) for text, count in values if wanted in text.lower()]
    usual = [(text, count) for text, count in fitting if _can_be_typed(text)]
    for text, count in usual[:MAX_VALUES]:
        shown = count if operator == "=" else known.read - count
        yield _write(name, operator, text), _say(known, shown), False
    is_many = not values and len(known.values.get(name, ())) > 0
    if len(usual) > MAX_VALUES or (is_many and not begun):
        different = f"{len(values)} different values" if values else "many different values"
        yield f"{name}{operator}", different, True


def _complete_value(known: FieldValues, text: str) -> Iterator[Term]:
    """Fields with a value that begins so, or has a word that does."""
    wanted = text.lower()
    if len(wanted) < 2:
        return
    found = []
    for name, counted in known.values.items():
        for value, count in counted.items():
            at = value.lower().find(wanted)
            if (at == 0 or (at > 0 and not value[at - 1].isalnum())) and _can_be_typed(value):
                found.append((at > 0, -count, len(name), name, value))
    for _, count, _, name, value in sorted(found)[:MAX_SUGGESTIONS]:
        if _can_be_typed(name):
            yield _write(name, "=", value), _say(known, -count), False


def _write(name: str, operator: str, text: str) -> str:
    return f'{name}{operator}"{text}"' if " " in text else f"{name}{operator}{text}"


def _can_be_typed(text: str) -> bool:
    return text.isprintable() and '"' not in text


def _say(known: FieldValues, count: int) -> str:
    if known.is_whole:
        return f"{count:,} request{'' if count == 1 else 's'}"
    return f"{count:,} of the newest {known.read:,}"
