"""The API's calls that send many captured requests again, and say how far that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, TypedDict

from flask import jsonify
from flask.typing import ResponseReturnValue

from inspector.answers.matches import NAMES, read_match
from inspector.domain.credentials import restore_url
from inspector.emitter.replay_runs import MAX_RATE_PER_S, MIN_RATE_PER_S, ReplayPlan, ReplayRun
from inspector.web.api.calls import Api, CallResponse
from inspector.web.api.deliveries import REPLAY_ERRORS, ReplayTarget, read_replay_changes
from inspector.web.api.pairs import MOMENT
from inspector.web.api.schema import About
from inspector.web.current import current_services, find_bin, find_replays
from inspector.web.headers import JSON

api = Api()


MATCH_SCHEMA = {
    "type": ["object", "null"],
    "properties": {name: {} for name in NAMES},
    "additionalProperties": False,
}


class ReplaysJson(TypedDict):
    """Replays of a bin's requests, under way or done."""

    id: Annotated[str, About("The id, which `run` of the deliveries takes.")]
    url: str
    started_at: Annotated[str, About("ISO 8601, UTC.", schema=MOMENT)]
    running: bool
    stopped: Annotated[bool, About("True when it was stopped before its end.")]
    elapsed_s: float
    total: Annotated[int, About("The number of requests to look at.")]
    looked_at: Annotated[int, About("The number looked at so far.")]
    sent: Annotated[int, About("The number sent.")]
    sent_per_s: Annotated[float, About("The number sent per second so far.")]
    delivered: Annotated[
        int, About("The number of sent requests that were answered with 200 to 299.")
    ]
    failed: Annotated[int, About("The number of sent requests that were not.")]
    skipped: Annotated[int, About("The number that could not be sent.")]
    problem: Annotated[
        str | None, About("The reason for the last of those, or for the end of the run.")
    ]
    statuses: Annotated[dict[str, int], About("The number of answers by status.")]
    failures: Annotated[
        dict[str, int], About("The number of requests without an answer, by the failure's code.")
    ]
    verdicts: Annotated[
        dict[str, int], About("The number of deliveries by verdict: first, same, fixed and so on.")
    ]


RUN = CallResponse(ReplaysJson, meaning="The progress.")


@dataclass(frozen=True)
class Replays(ReplayTarget):
    """A replay of many requests: the search, the URL, and the changes."""

    match: Annotated[
        Any,
        About(
            "The conditions on requests, as a wait has them. All requests without it.",
            schema=MATCH_SCHEMA,
        ),
    ] = None
    rate: Annotated[
        float | None,
        About("The number of requests a second.", least=MIN_RATE_PER_S, most=MAX_RATE_PER_S),
    ] = None
    refused: Annotated[bool, About("Include requests that the server has refused.")] = False


@api.call(
    "POST",
    "/bins/<name>/replay",
    CallResponse(ReplaysJson, status=202, meaning="It has begun."),
    body=Replays,
    body_types=(JSON,),
    errors=("invalid_url", "invalid_match", "too_many_replays", *REPLAY_ERRORS),
)
def start_replays(name: str, body: Replays) -> ResponseReturnValue:
    """Send all requests again that match, the oldest first, one after the other.

    Requests that come meanwhile are not among them.
    """
    bin_, services = find_bin(name), current_services()
    match = read_match(body.match)
    plan = ReplayPlan(
        bin_.name,
        restore_url(body.url.strip(), bin_.replay_urls),
        body.rate,
        str(match.to_json().get("q", "")),
        read_replay_changes(body),
        services.bins.load_secrets(name),
        body.resign,
    )
    run = services.start_replays(bin_, plan, match, refused_too=body.refused)
    return jsonify(run_to_json(run)), 202


@api.call(
    "GET",
    "/bins/<name>/replay",
    CallResponse(list[ReplaysJson], meaning="The replays, newest first."),
)
def list_replays(name: str) -> ResponseReturnValue:
    """List the replays of many requests that this server remembers."""
    runs = current_services().replays.list_of(find_bin(name).name)
    return jsonify([run_to_json(run) for run in runs])


@api.call("GET", "/bins/<name>/replay/<run_id>", RUN)
def get_replays(name: str, run_id: str) -> ResponseReturnValue:
    """Get the progress of replays."""
    return jsonify(run_to_json(find_replays(name, run_id)))


@api.call("POST", "/bins/<name>/replay/<run_id>/stop", RUN)
def stop_replays(name: str, run_id: str) -> ResponseReturnValue:
    """Stop replays; the delivery under way is the last one."""
    run = find_replays(name, run_id)
    run.abort()
    return jsonify(run_to_json(run))


def run_to_json(run: ReplayRun) -> ReplaysJson:
    """Replays as they are at this moment."""
    return {
        "id": run.id,
        "url": run.plan.shown_url,
        "started_at": run.started_at.isoformat(timespec="microseconds"),
        "running": run.is_running,
        "stopped": run.stopped,
        "elapsed_s": run.elapsed_s,
        "total": run.total,
        "looked_at": run.looked_at,
        "sent": run.sent,
        "sent_per_s": run.sent_per_s,
        "delivered": run.delivered,
        "failed": run.failed,
        "skipped": run.skipped,
        "problem": run.problem,
        "statuses": {str(status): count for status, count in run.statuses.items()},
        "failures": dict(run.failures),
        "verdicts": dict(run.verdicts),
    }
