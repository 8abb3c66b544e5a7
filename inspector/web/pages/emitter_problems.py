"""Problems of the emitter's form, each at the field that it is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from inspector.errors import InspectorError
from inspector.web.pages.emitter_form import OPTION_FIELDS, SET, TEXT, UNSET, Draft

Checked = TypeVar("Checked")

OTHER = "form"
# Each costs a look at the whole form, as does every pause in typing.
MAX_PROBLEMS = 10


@dataclass(frozen=True, slots=True)
class _Place:
    """``part`` of the form, and there the ``input`` that is wrong; ``row`` where it is in rows.

    ``label`` stands before a message that does not say what it is about.
    """

    part: str
    input: str
    row: str = ""
    label: str = ""


# What a problem says its field is; all others stand at the preview.
_PLACES = {
    "url": _Place("url", "url"),
    "name": _Place("url", "name"),
    "source": _Place("url", "source"),
    "method": _Place("url", "method"),
    "headers": _Place("headers", "header_name", "header_value", "Header {}"),
    "custom_data": _Place("data", "data_text", "data_value", "Value {}"),
    "body": _Place("body", "body_text"),
    "form": _Place("body", "body_name", "body_value", "Field {}"),
    "body_base64": _Place("body", "body_file"),
    "body_file": _Place("body", "body_file"),
    "content_type": _Place("body", "body_kind"),
    "ticket": _Place("ticket", "ticket_text"),
    "variation": _Place("ticket", "variation"),
    "changes": _Place("changes", "change_path", "change_path"),
    "count": _Place("plan", "count", label="Deliveries"),
    "first": _Place("plan", "first", label="First {n}"),
    "rate": _Place("plan", "rate", label="A second"),
    "concurrency": _Place("plan", "concurrency", label="At once"),
    "timeout_s": _Place("options", "timeout_s", label="Timeout"),
    "connect_timeout_s": _Place("options", "connect_timeout_s", label="Timeout to connect"),
    "first_byte_timeout_s": _Place(
        "options", "first_byte_timeout_s", label="Timeout to the first byte"
    ),
    "retries": _Place("options", "retries", label="Extra attempts"),
    "basic_auth": _Place("options", "user", label="User name"),
    "sign": _Place("options", "sign", label="Sign with"),
    "tamper": _Place("options", "tamper", label="An invalid signature"),
}
# What a problem is about that names no field.
_FIELDS = {
    "invalid_path": "changes",
    "path_not_found": "changes",
    "too_many_changes": "changes",
    "invalid_ticket": "ticket",
    "variation_not_found": "variation",
    "invalid_signatures": "sign",
    "invalid_header": "headers",
    "header_reserved": "headers",
}
PLACES = (*dict.fromkeys(each.part for each in _PLACES.values()), OTHER)


def _find_field(problem: InspectorError) -> tuple[str, str]:
    """The field, and its row from 0, ``""`` for none."""
    name, _, rest = str(problem.details.get("field") or "").partition(".")
    if name not in _PLACES:
        return _FIELDS.get(problem.code, ""), ""
    row = rest.partition(".")[0]
    return name, row if row.isdecimal() else ""


def place_of(problem: InspectorError) -> str:
    """The part of the form that a problem is about."""
    found = _PLACES.get(_find_field(problem)[0])
    return found.part if found else OTHER


def input_of(problem: InspectorError) -> str:
    """The name of the input that is wrong; ``""`` when it is none."""
    name, row = _find_field(problem)
    found = _PLACES.get(name)
    if found is None:
        return ""
    if name == "headers" and problem.details.get("part") == "name":
        return found.input
    return found.row if row and found.row else found.input


def row_of(problem: InspectorError) -> int | str:
    """The number of the row of that part, from 1; ``""`` when it has none."""
    row = _find_field(problem)[1]
    return int(row) + 1 if row else ""


def say_problem(problem: InspectorError) -> str:
    """The message, after the label of the field where it does not name it as the page does."""
    name, row = _find_field(problem)
    found = _PLACES.get(name)
    if found is None or not found.label or (found.row and not row):
        return problem.message
    label = found.label.format(int(row) + 1) if row else found.label
    return f"{label}: {problem.message.removeprefix(f'{name} ')}"


def find_problems(
    draft: Draft, check: Callable[[Draft], Checked]
) -> tuple[Checked | None, list[InspectorError]]:
    """The checked form, or None and all its problems: at most ``MAX_PROBLEMS``, one for a field.

    ``check`` raises the first one. Then its field is left out, and the rest is checked again.
    """
    problems: list[InspectorError] = []
    while len(problems) < MAX_PROBLEMS:
        try:
            checked = check(draft)
        except InspectorError as found:
            problem = _find_change(draft, found)
            problems.append(problem)
            rest = _leave_out(draft, problem)
            if rest == draft:
                break
            draft = rest
        else:
            return (None if problems else checked), problems
    return None, problems


def _find_change(draft: Draft, problem: InspectorError) -> InspectorError:
    """The problem, with the row of the change whose path was not found."""
    meant = (UNSET, problem.details.get("path"))
    for row, change in enumerate(draft.changes):
        if problem.code == "path_not_found" and change[:2] == meant:
            details = {**problem.details, "field": f"changes.{row}"}
            return InspectorError(problem.code, problem.message, **details)
    return problem


def _leave_out(draft: Draft, problem: InspectorError) -> Draft:
    """The form without the field of a problem; as it was when that cannot be left out.

    Rows stay where they are, since problems name them by their numbers.
    """
    name, row = _find_field(problem)
    found = _PLACES.get(name)
    if found is None:
        return draft
    if found.part in ("headers", "data", "body", "changes"):
        return _leave_out_row(draft, found.part, int(row) if row else None)
    if found.part == "ticket":
        return replace(draft, ticket_text="", variation="", changes=())
    if found.part == "plan":
        return replace(draft, plan={**draft.plan, name: ""})
    if found.part == "options":
        names = ("user", "password") if name == "basic_auth" else (name,)
        # An invalid signature needs what to sign with.
        names = OPTION_FIELDS[-2:] if name in OPTION_FIELDS[-2:] else names
        return replace(draft, options={**draft.options, **dict.fromkeys(names, "")})
    usual = getattr(Draft(url="http://localhost/"), name)
    return replace(draft, **{name: usual})


def _leave_out_row(draft: Draft, part: str, row: int | None) -> Draft:
    """The form without a row of a part, or without that part."""
    if part == "data" and (row is None or draft.data_kind == TEXT):
        return replace(draft, data=(), data_text="")
    if part == "body" and row is None:
        return replace(draft, body_kind="", body_text="", body_base64="", content_type="")
    name = "body_form" if part == "body" else part
    rows: tuple[tuple[str, ...], ...] = getattr(draft, name)
    left: dict[str, Any] = {name: ()}
    if row is not None and row < len(rows):
        harmless = (SET, "ticket.id", "") if part == "changes" else (f"left-out-{row}", "")
        left = {name: (*rows[:row], harmless, *rows[row + 1 :])}
    return replace(draft, **left)


def describe_problems() -> dict[str, Any]:
    """The names that the templates of problems use."""
    return {
        "problem_places": PLACES,
        "place_of": place_of,
        "row_of": row_of,
        "input_of": input_of,
        "say_problem": say_problem,
    }
