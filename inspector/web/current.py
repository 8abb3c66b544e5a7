"""The request at hand: the services, the bin and the ids that its view asks for."""

from __future__ import annotations

from flask import current_app

from inspector.domain import Bin
from inspector.errors import InspectorError
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


def list_open_bins() -> list[Bin]:
    """The bins that the caller may know of, the newest first."""
    services = current_services()
    return [each for each in services.bins.list() if services.access.lists(each)]


def parse_id(text: str) -> int:
    """A delivery's id as a number. Raises ``delivery_not_found`` for what can be none."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InspectorError("delivery_not_found", f"There is no delivery {text[:40]}.")
    return int(text)
