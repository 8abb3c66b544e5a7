"""The API's calls about bins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from flask import jsonify
from flask.typing import ResponseReturnValue

from inspector.domain.bins import MAX_CAPACITY
from inspector.reading.columns import check_columns
from inspector.settings import parse_duration
from inspector.web.api.bin_json import SHOWN_RECEIVER, BinJson, ShownReceiver, bin_to_json
from inspector.web.api.calls import Api, CallResponse
from inspector.web.api.schema import About
from inspector.web.current import current_services, find_bin, list_open_bins

api = Api()

_CAPACITY = About(
    "The number of requests that the bin keeps; older ones go.", least=1, most=MAX_CAPACITY
)
_TTL = About(
    "The age to which the bin keeps a request, like 30d, 12h or 90s; none for the server's "
    "own limit.",
    pattern=r"none|\d{1,9}(\.\d{1,3})? ?[smhdwSMHDW]",
    form="is like 30d, 12h, 15m or 90s, or none",
)
_NAME = About(
    "The last part of the bin's URL; generated when it is not given.",
    pattern=r"|[a-z0-9][a-z0-9-]{1,62}",
    form="has 2 to 63 characters: lower-case letters, digits and hyphens, "
    "and does not begin with a hyphen",
)


@dataclass(frozen=True)
class NewBin:
    """A bin to be made."""

    name: Annotated[str | None, _NAME] = None
    private: Annotated[bool, About("True for a bin that only its secret opens.")] = False
    capacity: Annotated[int | None, _CAPACITY] = None
    ttl: Annotated[str | None, _TTL] = None


@dataclass(frozen=True)
class BinChange:
    """Changes to a bin; what is not given stays."""

    capacity: Annotated[int | None, _CAPACITY] = None
    ttl: Annotated[str | None, _TTL] = None
    receiver: Annotated[ShownReceiver | None, SHOWN_RECEIVER] = None
    columns: Annotated[
        list[str] | None,
        About("The fields that its list shows, like ticket.status; 6 at most.", max_length=200),
    ] = None


@api.call("GET", "/bins", CallResponse(list[BinJson], meaning="All bins but private ones."))
def list_bins() -> ResponseReturnValue:
    """List the bins, newest first."""
    return jsonify([bin_to_json(each) for each in list_open_bins()])


@api.call(
    "POST",
    "/bins",
    CallResponse(BinJson, status=201, meaning="The bin; a private one's secret is told only here."),
    body=NewBin,
    errors=("name_taken", "name_reserved", "too_many_bins"),
)
def create_bin(body: NewBin) -> ResponseReturnValue:
    """Create a bin."""
    services = current_services()
    made, secret = services.bins.create(
        body.name or None,
        private=body.private,
        capacity=services.settings.capacity if body.capacity is None else body.capacity,
        ttl_s=_read_ttl(body.ttl),
    )
    answer = bin_to_json(made)
    if secret is not None:
        answer["secret"] = secret
    return jsonify(answer), 201


@api.call("GET", "/bins/<name>", CallResponse(BinJson, meaning="The bin."))
def get_bin(name: str) -> ResponseReturnValue:
    """Get one bin."""
    return jsonify(bin_to_json(find_bin(name)))


@api.call(
    "PATCH",
    "/bins/<name>",
    CallResponse(BinJson, meaning="The bin as it is now."),
    body=BinChange,
    errors=("invalid_columns",),
)
def change_bin(name: str, body: BinChange) -> ResponseReturnValue:
    """Change how many requests a bin keeps, and what its pages show.

    With a smaller capacity the oldest requests go at once.
    """
    bin_ = find_bin(name)
    columns = None if body.columns is None else check_columns(body.columns)
    if body.capacity is not None:
        bin_ = current_services().bins.update(name, capacity=body.capacity)
    if body.ttl is not None:
        bin_ = current_services().bins.keep_for(name, _read_ttl(body.ttl))
    if body.receiver is not None:
        bin_ = current_services().bins.remember_receiver(name, body.receiver)
    if columns is not None:
        bin_ = current_services().bins.show_columns(name, columns)
    return jsonify(bin_to_json(bin_))


def _read_ttl(text: str | None) -> float | None:
    return None if text in (None, "none") else parse_duration(text or "")


@api.call("DELETE", "/bins/<name>", CallResponse(status=204, meaning="It is gone."))
def delete_bin(name: str) -> ResponseReturnValue:
    """Delete a bin with all it holds."""
    current_services().bins.delete(find_bin(name).name)
    return "", 204
