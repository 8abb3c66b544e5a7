"""The response that a sender got, as the API's JSON."""

from __future__ import annotations

from typing import Annotated, TypedDict

from inspector.domain.answers.answer import GivenAnswer
from inspector.web.api.pairs import SENT_PAIRS
from inspector.web.api.schema import About


class GivenAnswerJson(TypedDict):
    """The response that the sender of a request got."""

    outcome: Annotated[
        str,
        About(
            "sent, dropped (the connection was closed without a response), cut (in the body), "
            "relayed (a receiver's own), refused (by this server), or unknown."
        ),
    ]
    status: Annotated[int | None, About("Null when nothing went out, or nobody can tell.")]
    headers: Annotated[list[list[str]], About("In the order sent.", schema=SENT_PAIRS)]
    body: Annotated[str | None, About("As text; null when it is none.")]
    body_size: Annotated[int, About("Bytes of body that went out.")]
    rule: Annotated[int | None, About("The place of the rule that chose it, from 1.")]
    rule_name: str
    turn: Annotated[int | None, About("The turn of the rule's answers, from 1.")]


def answer_to_json(given: GivenAnswer) -> GivenAnswerJson:
    """The answer with its body as text."""
    try:
        body: str | None = given.body.decode()
    except UnicodeDecodeError:
        body = None
    return {
        "outcome": given.outcome,
        "status": given.status,
        "headers": [list(pair) for pair in given.headers],
        "body": body,
        "body_size": len(given.body),
        "rule": given.rule,
        "rule_name": given.rule_name,
        "turn": given.turn,
    }
