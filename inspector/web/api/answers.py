"""The API's calls about the answers that a bin gives its senders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypedDict

from flask import jsonify
from flask.typing import ResponseReturnValue

from inspector.answers.rules import NO_RULES, answer_always, load_rules, read_rules
from inspector.domain.answers.answer import MAX_DELAY_S
from inspector.domain.answers.documents import make_answer
from inspector.web.api.bin_json import BinJson, bin_to_json
from inspector.web.api.calls import Api, CallResponse
from inspector.web.api.pairs import PAIRS_SCHEMA, read_pairs
from inspector.web.api.schema import About
from inspector.web.current import current_services, find_bin
from inspector.web.headers import JSON

api = Api()


@dataclass(frozen=True)
class BinAnswer:
    """The answer of a bin from now on."""

    status: Annotated[int, About("The status.", least=200, most=599)] = 200
    headers: Annotated[Any, About("Names and values.", schema=PAIRS_SCHEMA)] = None
    body: Annotated[str | None, About("Sent as UTF-8; ok for 200 when not given.")] = None
    delay_s: Annotated[
        float, About("Seconds to wait before it.", least=0, most=int(MAX_DELAY_S))
    ] = 0.0
    insist: Annotated[
        bool,
        About(
            "Let headers that act beyond the answer go out too: Set-Cookie, Clear-Site-Data, "
            "Service-Worker-Allowed and their like, on this server's own pages."
        ),
    ] = False


class RuleJson(TypedDict, total=False):
    """A rule: which requests it answers, and how."""

    name: str
    match: Annotated[
        dict[str, Any],
        About("method, path (exact, or with *), query, headers, where and q; all must hold."),
    ]
    answers: Annotated[
        list[dict[str, Any]],
        About(
            "In turn. Each has status, headers, body or body_base64 or json, delay, drip, "
            "cut_after, drop, template, insisted, early_hints; or preset, with secret where it "
            "needs one."
        ),
    ]
    then: Annotated[
        Literal["last", "repeat", "default"],
        About("The answer after the last one: the last again, the first, or the bin's default."),
    ]


class AnswersJson(TypedDict):
    """A bin's rules in their order: the first that matches answers."""

    rules: list[RuleJson]


@dataclass(frozen=True)
class Answers:
    """The rules that a bin is to answer by from now on."""

    rules: Annotated[
        list[Any] | None, About("Each has answers, and match, then and name if you like.")
    ] = None


RULE_ERRORS = ("invalid_rules", "invalid_match", "template_error", "header_reaches_further")


@api.call("GET", "/bins/<name>/answers", CallResponse(AnswersJson, meaning="The rules."))
def get_answers(name: str) -> ResponseReturnValue:
    """Get the rules by which a bin answers; secrets come as `***`."""
    return jsonify(load_rules(find_bin(name).answers).to_json())


@api.call(
    "PUT",
    "/bins/<name>/answers",
    CallResponse(AnswersJson, meaning="The rules as they are now."),
    body=Answers,
    body_types=(JSON,),
    errors=RULE_ERRORS,
)
def set_answers(name: str, body: Answers) -> ResponseReturnValue:
    """Let a bin answer by rules, all from their first turn; a secret given as `***` stays."""
    bin_ = find_bin(name)
    rules = read_rules({"rules": body.rules}, earlier=load_rules(bin_.answers))
    changed = current_services().bins.answer_by(bin_.name, rules)
    return jsonify(load_rules(changed.answers).to_json())


@api.call(
    "DELETE", "/bins/<name>/answers", CallResponse(status=204, meaning="It answers 200 and ok.")
)
def delete_answers(name: str) -> ResponseReturnValue:
    """Reset a bin's answer to the default."""
    current_services().bins.answer_by(find_bin(name).name, NO_RULES)
    return "", 204


@api.call(
    "POST",
    "/bins/<name>/answers/reset",
    CallResponse(status=204, meaning="The next answer of each rule is its first one."),
)
def reset_answers(name: str) -> ResponseReturnValue:
    """Let the answers of a bin's rules begin anew."""
    current_services().bins.reset_turns(find_bin(name).name)
    return "", 204


@api.call(
    "PUT",
    "/bins/<name>/answer",
    CallResponse(BinJson, meaning="The bin as it is now."),
    body=BinAnswer,
    body_types=(JSON,),
    errors=("header_reaches_further",),
)
def set_answer(name: str, body: BinAnswer) -> ResponseReturnValue:
    """Choose one answer for all of a bin's requests.

    Requests are kept as before; only the response to their senders changes.
    """
    bin_ = find_bin(name)
    answer = make_answer(
        status=body.status,
        headers=read_pairs(body.headers, "headers"),
        body=body.body,
        delay_s=body.delay_s,
        insisted=body.insist,
    )
    changed = current_services().bins.answer_by(bin_.name, answer_always(answer))
    return jsonify(bin_to_json(changed))


@api.call(
    "DELETE", "/bins/<name>/answer", CallResponse(status=204, meaning="It answers 200 and ok.")
)
def reset_answer(name: str) -> ResponseReturnValue:
    """Reset a bin's answer to the default."""
    return delete_answers(name)
