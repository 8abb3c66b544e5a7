"""The API's calls about what a bin answers its senders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from flask import jsonify
from flask.typing import ResponseReturnValue

from inspector.domain.answers import DEFAULT, MAX_DELAY_S
from inspector.domain.bin_answers import make_bin_answer
from inspector.web.api.bin_json import BinJson, bin_to_json
from inspector.web.api.calls import Answer, Api
from inspector.web.api.pairs import PAIRS_SCHEMA, read_pairs
from inspector.web.api.schema import About
from inspector.web.current import current_services, find_bin
from inspector.web.headers import JSON

api = Api()


@dataclass(frozen=True)
class BinAnswer:
    """What a bin is to answer from now on."""

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


@api.call(
    "PUT",
    "/bins/<name>/answer",
    Answer(BinJson, meaning="The bin as it is now."),
    body=BinAnswer,
    body_types=(JSON,),
    errors=("header_reaches_further",),
)
def set_answer(name: str, body: BinAnswer) -> ResponseReturnValue:
    """Choose what a bin answers.

    Requests are kept as before; only what their senders get is another.
    """
    bin_ = find_bin(name)
    answer = make_bin_answer(
        status=body.status,
        headers=read_pairs(body.headers, "headers"),
        body=body.body,
        delay_s=body.delay_s,
        insisted=body.insist,
    )
    return jsonify(bin_to_json(current_services().bins.answer_with(bin_.name, answer)))


@api.call("DELETE", "/bins/<name>/answer", Answer(status=204, meaning="It answers 200 and ok."))
def reset_answer(name: str) -> ResponseReturnValue:
    """Let a bin answer as every bin does by itself."""
    current_services().bins.answer_with(find_bin(name).name, DEFAULT)
    return "", 204
