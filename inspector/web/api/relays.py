"""The API's calls about passing a bin's requests on to a program."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any, TypedDict

from flask import jsonify
from flask.typing import ResponseReturnValue

from inspector.answers.relays import load_relay
from inspector.domain import Bin
from inspector.domain.relays.jobs import DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S
from inspector.emitter.relaying import read_relay
from inspector.web.api.calls import Api, CallResponse
from inspector.web.api.replays import MATCH_SCHEMA, ReplaysJson, run_to_json
from inspector.web.api.schema import About
from inspector.web.current import current_services, find_bin, find_position
from inspector.web.headers import JSON
from inspector.web.missed import find_relay, send_missed

api = Api()


class RelayJson(TypedDict):
    """A bin's relay."""

    url: Annotated[str, About("Without its user and password.")]
    wait: Annotated[bool, About("True when the sender gets the program's own answer.")]
    timeout: Annotated[float, About("Seconds for the program to answer.")]
    match: Annotated[
        dict[str, Any], About("The conditions on requests that are passed on; all must hold.")
    ]
    resign: Annotated[bool, About("True when each is signed anew with the bin's secret.")]
    insist: Annotated[bool, About("True when headers that act beyond the answer go back, too.")]
    missed: Annotated[
        int,
        About("The number of requests that the program has not answered; they can be sent again."),
    ]


@dataclass(frozen=True)
class RelaySettings:
    """The relay of a bin: a URL, and the requests that are passed on to it."""

    url: Annotated[
        str,
        About(
            "The URL to send to; the path behind the bin's name, and the query, are appended to it."
        ),
    ]
    wait: Annotated[
        bool,
        About(
            "The sender gets the program's own answer: 502 when it cannot be reached, 504 after "
            "timeout. Otherwise the bin answers by its rules and passes on behind."
        ),
    ] = True
    timeout: Annotated[
        float, About("Seconds for the program to answer.", least=0.1, most=int(MAX_TIMEOUT_S))
    ] = DEFAULT_TIMEOUT_S
    match: Annotated[
        Any, About("The conditions on requests. All requests without it.", schema=MATCH_SCHEMA)
    ] = None
    resign: Annotated[bool, About("Sign anew, with the bin's secret and the present time.")] = False
    insist: Annotated[
        bool,
        About(
            "Let the program's Set-Cookie and other headers that act on all pages of this server "
            "go back to the sender, too."
        ),
    ] = False


@dataclass(frozen=True)
class Missed:
    """The requests to send again, of those that the program has not answered."""

    since: Annotated[
        str | None,
        About(
            "The id of a request: also send those from it on that were never passed on; 0 for "
            "all. Without it only those that were passed on while the program was away."
        ),
    ] = None


@api.call("GET", "/bins/<name>/relay", CallResponse(RelayJson, meaning="The relay."),
          errors=("relay_not_found",))  # fmt: skip
def get_relay(name: str) -> ResponseReturnValue:
    """Get the relay of a bin."""
    return _show(find_bin(name))


@api.call(
    "PUT",
    "/bins/<name>/relay",
    CallResponse(RelayJson, meaning="The relay as it is now."),
    body=RelaySettings,
    body_types=(JSON,),
    errors=(
        "invalid_relay",
        "invalid_url",
        "unsupported_scheme",
        "invalid_match",
        "destination_refused",
        "relay_loops",
    ),
)
def set_relay(name: str, body: RelaySettings) -> ResponseReturnValue:
    """Pass a bin's requests on to a program, from the next one on: stored first, then forwarded.

    Only the host, the body's length, and headers about the connection itself are not taken over;
    Via is added.
    """
    bin_, services = find_bin(name), current_services()
    relay = read_relay(
        asdict(body),
        None if bin_.relay is None else load_relay(bin_.relay),
        policy=services.emit_policy(),
        own_urls=services.list_own_urls(),
        bin_name=bin_.name,
    )
    return _show(services.bins.relay_to(bin_.name, relay))


@api.call(
    "DELETE", "/bins/<name>/relay", CallResponse(status=204, meaning="The bin passes nothing on.")
)
def delete_relay(name: str) -> ResponseReturnValue:
    """End a bin's relay; what is under way is finished."""
    current_services().bins.relay_to(find_bin(name).name, None)
    return "", 204


@api.call(
    "POST",
    "/bins/<name>/relay/send",
    CallResponse(ReplaysJson, status=202, meaning="It has begun; its progress is that of replays."),
    body=Missed,
    body_types=(JSON,),
    errors=("relay_not_found", "request_not_found", "too_many_replays", "cannot_sign"),
)
def send_missed_requests(name: str, body: Missed) -> ResponseReturnValue:
    """Send the requests that the program has not answered, one by one, the oldest first."""
    bin_ = find_bin(name)
    run = send_missed(bin_, find_position(bin_, body.since))
    return jsonify(run_to_json(run)), 202


def _show(bin_: Bin) -> ResponseReturnValue:
    relay = find_relay(bin_)
    missed = current_services().relay_records.count_missed(bin_)
    return jsonify({**relay.to_json(), "missed": missed})
