"""The request at hand: the services, the bin and the ids that its view asks for."""

from __future__ import annotations

from flask import current_app

from inspector.domain import Bin
from inspector.emitter.replay_runs import ReplayRun
from inspector.errors import InspectorError, RequestNotFoundError
from inspector.storage.records import find_number
from inspector.web.services import Services


def current_services() -> Services:
    """The services of the application that serves this request."""
    services: Services = current_app.extensions["inspector"]
    return services


def find_bin(name: str) -> Bin:
    """The bin a view is about, open to the caller.

    Raises ``BinNotFoundError``, or ``UnauthorizedError`` when its secret is wanted first.
    """
    services = current_services()
    return services.access.check_bin(services.bins.get(name))


def find_replays(name: str, run_id: str) -> ReplayRun:
    """Replays of many requests of a bin that is open to the caller.

    Raises ``InspectorError`` ``replays_not_found``, or as ``find_bin`` does.
    """
    bin_, runs = find_bin(name), current_services().replays
    run = runs.get(run_id)
    return run if run.plan.bin_name == bin_.name else runs.get("")  # The error for an unknown run.


def list_open_bins() -> list[Bin]:
    """The bins that the caller may know of, the newest first."""
    services = current_services()
    return [each for each in services.bins.list() if services.access.lists(each)]


def parse_id(text: str, noun: str = "delivery") -> int:
    """The id of a delivery, an action or a series as a number.

    Raises ``InspectorError`` ``<noun>_not_found`` for a text that can be no id.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InspectorError(f"{noun}_not_found", f"There is no {noun} {text[:40]}.")
    return int(text)


def find_position(bin_: Bin, request_id: str | None) -> int | None:
    """The number that ``before`` or ``after`` stands for, 0 for the beginning.

    The request itself need not be there any more. Raises ``RequestNotFoundError``.
    """
    if request_id is None:
        return None
    number = 0 if request_id == "0" else find_number(bin_, request_id)
    if number is None:
        raise RequestNotFoundError(request_id)
    return number
