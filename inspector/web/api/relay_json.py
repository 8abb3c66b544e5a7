"""The outcome of forwarding a request, as the API's JSON."""

from __future__ import annotations

from typing import Annotated, TypedDict

from inspector.domain.relays.outcomes import RelayOutcome
from inspector.web.api.schema import About


class RelayErrorJson(TypedDict):
    """The reason for which a program's answer is missing."""

    code: str
    message: Annotated[str, About("A sentence.")]


class RelayOutcomeJson(TypedDict):
    """The outcome of relaying a request; under way when it has neither status nor error."""

    url: Annotated[str, About("The URL that it went to, or was to go to.")]
    status: Annotated[int | None, About("The program's.")]
    duration_ms: Annotated[
        float | None, About("The time that the program took, connecting included.")
    ]
    delivery: Annotated[str | None, About("The id of the delivery that has all that was sent.")]
    error: RelayErrorJson | None
    withheld: Annotated[
        list[str],
        About(
            "Headers of the program that its sender did not get: they act beyond one answer. "
            "A relay may insist on them."
        ),
    ]


def outcome_to_json(relay: RelayOutcome | None) -> RelayOutcomeJson | None:
    """The outcome of relaying a request; null for one that was not relayed."""
    if relay is None:
        return None
    error: RelayErrorJson | None = None
    if relay.error_code is not None:
        error = {"code": relay.error_code, "message": relay.error or ""}
    return {
        "url": relay.url,
        "status": relay.status,
        "duration_ms": relay.duration_ms,
        "delivery": None if relay.delivery is None else str(relay.delivery),
        "error": error,
        "withheld": list(relay.withheld),
    }
