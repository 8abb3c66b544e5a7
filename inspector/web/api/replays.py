"""The API's calls that send many captured requests again, and say how far that is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, TypedDict

from flask import jsonify
from flask.typing import ResponseReturnValue

from inspector.answers.matches import NAMES, Match, read_match
from inspector.domain import Bin, CapturedRequest
from inspector.domain.credentials import hide_in_url
from inspector.emitter.http_client.urls import parse_url
from inspector.emitter.replay_runs import MAX_RATE_PER_S, MIN_RATE_PER_S, ReplayRun
from inspector.web.api.calls import Answer, Api
from inspector.web.api.pairs import MOMENT
from inspector.web.api.schema import About
from inspector.web.current import current_services, find_bin
from inspector.web.headers import JSON

api = Api()


_MATCH = {
    "type": ["object", "null"],
    "properties": {name: {} for name in NAMES},
    "additionalProperties": False,
}


class ReplaysJson(TypedDict):
    """Replays of a bin's requests, under way or done."""

    id: str
    url: str
    started_at: Annotated[str, About("ISO 8601, UTC.", schema=MOMENT)]
    running: bool
    sent: Annotated[int, About("How many were sent.")]
    delivered: Annotated[int, About("How many of them were answered with 200 to 299.")]
    skipped: Annotated[int, About("How many could not be sent.")]
    problem: Annotated[str | None, About("Why the last of those could not, or why it ended.")]
    verdicts: Annotated[dict[str, int], About("How many were first, same, fixed and so on.")]


RUN = Answer(ReplaysJson, meaning="How far it is.")


@dataclass(frozen=True)
class Replays:
    """Which requests, and where to."""

    url: Annotated[
        str, About("What follows the bin's name in the path, and the query, are put behind it.")
    ]
    match: Annotated[Any, About("Which: as a wait asks. All without it.", schema=_MATCH)] = None
    rate: Annotated[
        float | None, About("How many a second.", least=MIN_RATE_PER_S, most=MAX_RATE_PER_S)
    ] = None
    refused: Annotated[bool, About("Those too that the server has refused.")] = False


@api.call(
    "POST",
    "/bins/<name>/replay",
    Answer(ReplaysJson, status=202, meaning="It has begun."),
    body=Replays,
    body_types=(JSON,),
    errors=("invalid_url", "unsupported_scheme", "invalid_match", "too_many_replays"),
)
def start_replays(name: str, body: Replays) -> ResponseReturnValue:
    """Send all requests again that match, the oldest first, one after the other.

    Those that come meanwhile are not among them.
    """
    bin_ = find_bin(name)
    parse_url(body.url)
    match = read_match(body.match)
    services = current_services()
    run = ReplayRun(bin_.name, body.url, body.rate, services.bins.load_secrets(name))
    services.start_replays(run, lambda: _iterate(bin_, match, refused_too=body.refused))
    return jsonify(_to_json(run)), 202


@api.call("GET", "/bins/<name>/replay/<run_id>", RUN)
def get_replays(name: str, run_id: str) -> ResponseReturnValue:
    """Ask how far replays are."""
    return jsonify(_to_json(_find(name, run_id)))


@api.call("POST", "/bins/<name>/replay/<run_id>/stop", RUN)
def stop_replays(name: str, run_id: str) -> ResponseReturnValue:
    """Stop replays: what is under way is the last."""
    run = _find(name, run_id)
    run.abort()
    return jsonify(_to_json(run))


def _find(name: str, run_id: str) -> ReplayRun:
    bin_ = find_bin(name)
    runs = current_services().replays
    run = runs.get(run_id)
    return run if run.bin_name == bin_.name else runs.get("")  # As one that is not there.


def _iterate(bin_: Bin, match: Match, *, refused_too: bool) -> Iterator[CapturedRequest]:
    """The requests that match, the oldest first, up to the newest of now."""
    last = bin_.last_number
    for captured in current_services().requests.iterate(bin_):
        if captured.number > last:
            return
        if (refused_too or captured.refusal is None) and match.fits(captured):
            yield captured


def _to_json(run: ReplayRun) -> ReplaysJson:
    return {
        "id": run.id,
        "url": hide_in_url(run.url),
        "started_at": run.started_at.isoformat(timespec="microseconds"),
        "running": run.is_running,
        "sent": run.sent,
        "delivered": run.delivered,
        "skipped": run.skipped,
        "problem": run.problem,
        "verdicts": dict(run.verdicts),
    }
