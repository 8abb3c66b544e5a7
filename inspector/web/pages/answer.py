"""The page for a bin's single answer."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, redirect, request

from inspector.answers.presets import MEANINGS
from inspector.answers.rules import answer_always, load_rules
from inspector.domain import Bin
from inspector.domain.answers.answer import DEFAULT, MAX_DELAY_S, Answer
from inspector.domain.answers.documents import make_answer, parse_header_lines
from inspector.errors import InspectorError
from inspector.web.current import current_services, find_bin
from inspector.web.htmx import render_resource, set_refresh, wants_fragment
from inspector.web.statuses import status_of

blueprint = Blueprint("answer", __name__)

# The presets that stand in the dialog; the page of rules has them all.
QUICK = ("unavailable-then-ok", "rate-limited", "slow", "cors", "echo")


@blueprint.get("/bins/<name>/answer")
def show_answer(name: str) -> Any:
    """The answer, to be changed: a page, or the inside of a dialog."""
    bin_ = find_bin(name)
    return render_resource(
        "bins/answer.html", "bins/_answer.html", **_context(bin_, _write(bin_.answer))
    )


@blueprint.post("/bins/<name>/answer")
def choose_answer(name: str) -> Any:
    """Save the answer, and return to the bin; an invalid one comes back as typed, with the reason.

    From the dialog it comes back into the dialog, which shows what is no error to htmx.
    """
    bin_ = find_bin(name)
    try:
        answer = DEFAULT if "reset" in request.form else _read()
    except InspectorError as problem:
        context = _context(bin_, _typed(), problem)
        response = render_resource("bins/answer.html", "bins/_answer.html", **context)
        response.status_code = 200 if wants_fragment() else status_of(problem.code)
        return response
    current_services().bins.answer_by(bin_.name, answer_always(answer))
    if wants_fragment():
        return set_refresh(make_response(""))
    return redirect(f"/bins/{name}", 303)


def _context(
    bin_: Bin, given: dict[str, str], problem: InspectorError | None = None
) -> dict[str, Any]:
    rules = load_rules(bin_.answers)
    return {
        "bin": bin_,
        "given": given,
        "problem": problem.message if problem else "",
        "wrong": problem.details.get("field", "") if problem else "",
        "is_default": bin_.answers is None,
        "rules_count": len(rules.rules),
        "is_single": rules == answer_always(rules.usual),
        "presets": [(name, MEANINGS[name]) for name in QUICK],
        "max_delay_s": int(MAX_DELAY_S),
    }


def _typed() -> dict[str, str]:
    names = ("status", "headers", "body", "delay_s", "insist")
    return {name: request.form.get(name, "") for name in names}


def _write(answer: Answer) -> dict[str, str]:
    """The answer as the form's texts."""
    return {
        "status": str(answer.status),
        "headers": "".join(f"{name}: {value}\n" for name, value in answer.headers),
        # An empty body is the usual one of its status.
        "body": "" if answer == DEFAULT else answer.body.decode("utf-8", "replace"),
        "delay_s": f"{answer.delay_s:g}",
        "insist": "1" if answer.insisted else "",
    }


def _read() -> Answer:
    form = request.form
    return make_answer(
        status=_read_number("status", int),
        headers=parse_header_lines(form.get("headers", "")),
        # A browser sends every line end as CR LF, whatever was typed.
        body=form.get("body", "").replace("\r\n", "\n") or None,
        delay_s=_read_number("delay_s", float),
        insisted="insist" in form,
    )


def _read_number(name: str, kind: Any) -> Any:
    text = request.form.get(name, "").strip()
    try:
        return kind(text)
    except ValueError as error:
        raise InspectorError(
            f"invalid_{name}", f"{text[:40]!r} is not a number.", field=name
        ) from error
