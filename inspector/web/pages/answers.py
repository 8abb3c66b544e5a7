"""The page of a bin's answer rules: presets by one click, and an editor.

It shows which recent requests each rule would have matched, before anything is saved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, make_response, redirect, request

from inspector.answers import presets
from inspector.answers.files import parse_answers, write_answers
from inspector.answers.rules import AnswerRule, AnswerRules, load_rules, read_rules
from inspector.domain import Bin, CapturedRequest
from inspector.domain.answers.answer import Answer
from inspector.errors import InspectorError
from inspector.web.current import current_services, find_bin
from inspector.web.htmx import render_resource, set_refresh, wants_fragment
from inspector.web.statuses import status_of

blueprint = Blueprint("answers", __name__)

# Recent requests that are held against the rules, and those of them that are named.
MAX_TRIED = 50
MAX_NAMED = 8


@dataclass(frozen=True)
class TriedRule:
    """A rule, the recent requests that it would answer, and how many those are."""

    rule: AnswerRule
    steps: Sequence[str]
    requests: Sequence[CapturedRequest]
    count: int


@blueprint.get("/bins/<name>/answers")
def show_rules(name: str) -> Response:
    """The rules of a bin, to be changed."""
    bin_ = find_bin(name)
    rules = load_rules(bin_.answers)
    return _render(bin_, rules, write_answers(rules))


@blueprint.post("/bins/<name>/answers")
def save_rules(name: str) -> Any:
    """A form with ``rules``, JSON or TOML; ``check`` tries them and saves nothing.

    Invalid rules come back as typed, with the reason. ``reset`` lets the answers of the rules
    begin anew.
    """
    bin_ = find_bin(name)
    if "reset" in request.form:
        current_services().bins.reset_turns(bin_.name)
        return redirect(f"/bins/{name}/answers", 303)
    text = request.form.get("rules", "").replace("\r\n", "\n")
    earlier = load_rules(bin_.answers)
    try:
        rules = read_rules(parse_answers(text), earlier=earlier)
    except InspectorError as problem:
        response = _render(bin_, earlier, text, problem.message)
        response.status_code = status_of(problem.code)
        return response
    if "check" in request.form:
        return _render(bin_, rules, text, is_draft=True)
    current_services().bins.answer_by(bin_.name, rules)
    return redirect(f"/bins/{name}/answers", 303)


@blueprint.post("/bins/<name>/answers/preset")
def use_preset(name: str) -> Any:
    """A form with ``preset``, and ``secret`` where it takes one: it answers every request."""
    bin_ = find_bin(name)
    preset, secret = request.form.get("preset", ""), request.form.get("secret", "").strip()
    wanted: dict[str, Any] = {"preset": preset}
    if secret and preset in presets.TAKE_SECRET:
        wanted["secret"] = secret
    try:
        rules = read_rules({"rules": [{"name": preset, "answers": [wanted]}]})
    except InspectorError as problem:
        response = _render(bin_, load_rules(bin_.answers), "", problem.message)
        response.status_code = status_of(problem.code)
        return response
    current_services().bins.answer_by(bin_.name, rules)
    if wants_fragment():
        return set_refresh(make_response(""))
    return redirect(f"/bins/{name}", 303)


def _render(
    bin_: Bin, rules: AnswerRules, text: str, problem: str = "", *, is_draft: bool = False
) -> Response:
    tried, others = _try_rules(bin_, rules)
    return render_resource(
        "bins/answers.html",
        "bins/_answers.html",
        bin=bin_,
        text=text,
        problem=problem,
        is_draft=is_draft,
        tried=tried,
        others=others,
        looked_at=sum(each.count for each in tried) + len(others),
        presets=[(name, presets.MEANINGS[name]) for name in presets.NAMES],
        take_secret=presets.TAKE_SECRET,
    )


def _try_rules(bin_: Bin, rules: AnswerRules) -> tuple[list[TriedRule], list[CapturedRequest]]:
    """Each rule with the recent requests it would answer, and those that none would."""
    recent = current_services().requests.page(bin_, limit=MAX_TRIED).requests
    found: list[list[CapturedRequest]] = [[] for _ in rules.rules]
    others: list[CapturedRequest] = []
    for each in recent:
        place = rules.find(each) if each.refusal is None else None
        (others if place is None else found[place]).append(each)
    tried = [
        TriedRule(
            rule, [_say(answer) for answer in rule.answers], fitting[:MAX_NAMED], len(fitting)
        )
        for rule, fitting in zip(rules.rules, found, strict=True)
    ]
    return tried, others


def _say(answer: Answer) -> str:
    """An answer in a word or two."""
    if answer.preset:
        return answer.preset
    said = "no response" if answer.dropped else str(answer.status)
    if answer.delay_s:
        said += f" after {answer.delay_s:g} s"
    if answer.cut_after is not None:
        said += f", cut after {answer.cut_after:,} bytes"
    return said + (", a template" if answer.is_template else "")
