"""A bin as the API's JSON; the types are what the description publishes."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict, cast

from inspector.domain import Bin
from inspector.settings import format_duration
from inspector.web.api.pairs import MOMENT, SENT_PAIRS
from inspector.web.api.schema import About
from inspector.web.current import current_services

_BYTE = {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 255}}


ShownReceiver = Literal["php", "rack", "express", "qs", "flat", "sent"]
SHOWN_RECEIVER = About(
    "The receiver whose reading of a form the bin's pages show: see as of a request; sent is "
    "the pairs in the order in which they were sent."
)


class BinJson(TypedDict):
    """A bin."""

    name: Annotated[str, About("The last part of its URL.")]
    color: Annotated[list[int], About("Red, green and blue.", schema=_BYTE)]
    private: bool
    request_count: Annotated[int, About("The number of requests it holds.")]
    url: Annotated[str, About("The URL for webhooks.")]
    inspect_url: Annotated[str, About("The bin's page, by RequestBin's habit.")]
    created_at: Annotated[str, About("ISO 8601, UTC.", schema=MOMENT)]
    capacity: Annotated[int, About("The number of requests it keeps; older ones go.")]
    ttl: Annotated[
        str | None, About("The age to which it keeps a request; null for the server's own limit.")
    ]
    last_number: Annotated[int, About("The highest number given so far; 0 for none.")]
    let_go_count: Annotated[
        int, About("The number of older requests that went, by capacity or age.")
    ]
    deleted_count: Annotated[int, About("The number of requests deleted by hand.")]
    pinned_count: Annotated[
        int, About("The number of pinned requests; those stay beyond the capacity.")
    ]
    receiver: Annotated[ShownReceiver, SHOWN_RECEIVER]
    columns: Annotated[list[str], About("The fields that its list shows, by their names.")]
    answer: Annotated[BinAnswerJson, About("The answer that its senders get.")]
    secret: NotRequired[
        Annotated[str, About("The secret that opens a private bin; shown only once.")]
    ]


class BinAnswerJson(TypedDict):
    """The answer that a bin gives its senders."""

    status: int
    headers: Annotated[list[list[str]], About("Names and values, in order.", schema=SENT_PAIRS)]
    body: str
    delay_s: Annotated[float, About("Seconds before the answer.")]
    insist: Annotated[bool, About("True when headers that act beyond the answer go out too.")]


def bin_to_json(bin_: Bin) -> BinJson:
    """RequestBin's fields and ours."""
    services = current_services()
    return {
        "name": bin_.name,
        "color": list(bin_.color),
        "private": bin_.private,
        "request_count": bin_.request_count,
        "url": services.bin_url(bin_.name),
        "inspect_url": f"{services.near_bin_url(bin_.name)}?inspect",
        "created_at": bin_.created_at.isoformat(),
        "capacity": bin_.capacity,
        "ttl": None if bin_.ttl_s is None else format_duration(bin_.ttl_s),
        "last_number": bin_.last_number,
        "let_go_count": bin_.let_go,
        "deleted_count": bin_.deleted_count,
        "pinned_count": bin_.pinned,
        "receiver": cast("ShownReceiver", bin_.receiver),
        "columns": list(bin_.columns),
        "answer": {
            "status": bin_.answer.status,
            "headers": [list(pair) for pair in bin_.answer.headers],
            "body": bin_.answer.body.decode("utf-8", "replace"),
            "delay_s": bin_.answer.delay_s,
            "insist": bin_.answer.insisted,
        },
    }
