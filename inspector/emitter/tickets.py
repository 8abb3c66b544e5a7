"""Ticket data for webhooks: the sample, its variations, and one's own.

The data is a context: the top-level fields of a webhook's form, without ``custom_data``, which
belongs to the action.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, NoReturn
from urllib.parse import quote_plus

from inspector.domain import CapturedRequest
from inspector.domain.json_bodies import write_json
from inspector.emitter.trees import MAX_DEPTH, MAX_LEAVES, Context, order_lists, tree_of
from inspector.errors import InspectorError
from inspector.forms import Form, parse, visible

# The fields that the helpdesk sends, in its order; custom_data follows.
FIELDS = ("ticket", "person_context", "event_type", "event_method", "event_performer")
CUSTOM_DATA = "custom_data"

# Empty custom data, about which there is no note.
_NO_DATA = (CUSTOM_DATA, "")

MAX_TICKET_BYTES = 5_000_000

JSON = "json"
LINES = "lines"
FORM = "form"

# A name with brackets, then a colon or a tab: what a listing has before each value.
_LINE = re.compile(
    r"([^\s:\[\]=&][^:\t\[\]=&]*(?:\[[^\]\t]*\])*)[ ]{0,8}(?::|\t)[ ]?(.*)\Z", re.DOTALL
)


_FORM_LINE = re.compile(r"\s*([^\s=&:][^=&:\t]*)=(.*)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class LoadedTicket:
    """One's own data: the ``context``, the ``format`` it was read as, and ``notes``.

    A note is a sentence about something that is not in the context as it was given.
    """

    context: Context
    format: str
    notes: tuple[str, ...] = ()


def sample_context() -> Context:
    """The ticket that the helpdesk's article prints: 196 values.

    A fresh top level; what is below is shared and must not be changed in place.
    """
    return dict(load_data("ticket_sample.json"))


@cache
def load_data(name: str) -> Any:
    """The JSON of a file in the package's ``data`` folder, read once."""
    text = resources.files("inspector.emitter").joinpath("data", name).read_text("utf-8")
    return json.loads(text)


def order_fields(context: Context) -> Context:
    """The fields in the helpdesk's order, then others as they come, without ``custom_data``."""
    ordered = {name: context[name] for name in FIELDS if name in context}
    others = {name: value for name, value in context.items() if name not in ordered}
    others.pop(CUSTOM_DATA, None)
    return {**ordered, **others}


def context_of(data: Any) -> Context:
    """The context in nested data, a captured request's form, say.

    Data without any of the helpdesk's fields is taken for the ticket itself; ``custom_data`` is
    left out.

    Raises ``InspectorError`` ``invalid_ticket``.
    """
    if not isinstance(data, Mapping):
        _refuse("A ticket is an object: names and their values.")
    tree = tree_of(data)
    assert isinstance(tree, dict)  # noqa: S101 - a mapping becomes a dict
    tree.pop(CUSTOM_DATA, None)
    if tree and not tree.keys() & set(FIELDS):
        tree = {"ticket": tree}
    return order_fields(tree)


def parse_ticket(data: bytes) -> LoadedTicket:
    """Read one's own ticket, in one of three formats, which its beginning decides.

    JSON; lines of ``name: value`` as a listing prints them (``ticket[subject]: ...``,
    also with a tab) or of ``name=value``, values as they are, lists in any order; or an
    urlencoded form as it is sent.

    Raises ``InspectorError`` ``invalid_ticket`` with a sentence that says where.
    """
    if len(data) > MAX_TICKET_BYTES:
        _refuse(f"The ticket is larger than {MAX_TICKET_BYTES:,} bytes.")
    text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape").lstrip()
    first_line = text.partition("\n")[0].rstrip("\r")
    if not first_line:
        _refuse("The ticket is empty.")
    is_json = text[0] in "[{"
    if not is_json and (lines := _split_form_lines(text)):
        _check_utf_8(data)
        return _parse_pairs(lines)
    if is_json or _LINE.match(first_line):
        _check_utf_8(data)
        return _parse_json(text) if is_json else _parse_lines(text)
    if "=" not in first_line:
        _refuse(
            "This is no ticket: it is neither JSON nor lines of `name: value` nor a form's body; "
            f"it begins with {visible(first_line[:40])!r}."
        )
    return _parse_form(text)


def _refuse(message: str) -> NoReturn:
    raise InspectorError("invalid_ticket", message)


def _check_utf_8(data: bytes) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse(f"The ticket is not UTF-8: byte {error.start + 1} is {data[error.start]:#04x}.")


def _parse_json(text: str) -> LoadedTicket:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        _refuse(f"The JSON is wrong in line {error.lineno}, column {error.colno}: {error.msg}.")
    except ValueError:
        _refuse("The JSON has a number that is too long.")
    except RecursionError:
        _refuse(f"The data is nested deeper than {MAX_DEPTH}.")
    notes = _note_custom_data(data) if isinstance(data, dict) else ()
    return LoadedTicket(context_of(data), JSON, notes)


def _parse_lines(text: str) -> LoadedTicket:
    """Give PHP's reader the lines as pairs, then put lists in order: a listing is no wire."""
    pairs: list[tuple[str, str]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        entry = _LINE.match(line.lstrip().rstrip("\r"))
        if not entry:
            _refuse(f"Line {number} is not `name: value`: {line.strip()[:40]!r}.")
        pairs.append((entry[1].strip(), entry[2]))
    return _parse_pairs(pairs)


def _split_form_lines(text: str) -> list[tuple[str, str]]:
    """The pairs of several lines of ``name=value``; none of a form as it is sent.

    Such a form has no line ends, and encodes its names.
    """
    lines = [line.strip("\r") for line in text.split("\n") if line.strip()]
    pairs = [_FORM_LINE.match(line) for line in lines]
    found = [(pair[1].strip(), pair[2]) for pair in pairs if pair]
    is_encoded = any("%" in name for name, _ in found)
    return found if 1 < len(found) == len(lines) and not is_encoded else []


def _parse_pairs(pairs: list[tuple[str, str]]) -> LoadedTicket:
    body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
    form = parse(body.encode(), max_variables=MAX_LEAVES)
    context = context_of(order_lists(form.value))
    return LoadedTicket(context, LINES, _notes_of(form, without="order_not_list"))


def _parse_form(text: str) -> LoadedTicket:
    lines = [line.strip("\r&") for line in text.split("\n") if line.strip("\r&")]
    # The form was wrapped between its pairs; a line end anywhere else is part of a value.
    is_wrapped = all(re.match(r"[^\s=&]+=", line) for line in lines)
    joined = "&".join(lines) if is_wrapped else text.strip("\r\n")
    body = joined.encode("utf-8", "surrogateescape")
    form = parse(body, max_variables=MAX_LEAVES)
    return LoadedTicket(context_of(form.value), FORM, _notes_of(form))


def _notes_of(form: Form, without: str = "") -> tuple[str, ...]:
    notes = [note for note in form.notes if note.code != without]
    sentences = [f"{note.name}: {note.message}" if note.name else note.message for note in notes]
    return (*sentences, *_note_custom_data(form.value))


def _note_custom_data(data: Mapping[str, Any]) -> tuple[str, ...]:
    if data.get(CUSTOM_DATA, "") == "":
        return ()
    return ("custom_data: not taken over, for custom data is the action's.",)


def ticket_text(captured: CapturedRequest) -> str:
    """The fields of a captured webhook as JSON. Raises ``invalid_ticket`` when it has none."""
    data = captured.form.value if captured.form is not None else captured.json
    if not isinstance(data, dict) or not data:
        message = f"Request {captured.number} of {captured.bin_name} carries no ticket."
        raise InspectorError("invalid_ticket", message, field="ticket")
    return write_json({name: value for name, value in data.items() if (name, value) != _NO_DATA})
