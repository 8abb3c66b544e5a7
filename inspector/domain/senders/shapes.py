"""The marks by which a sender is known, and what was found of it in a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class FoundSender(NamedTuple):
    """The service that sent a request, its event, and the id of the delivery.

    ``event`` and ``delivery`` are None where the service has none or did not send it. A
    service sends one delivery again under the same id.
    """

    name: str
    event: str | None = None
    delivery: str | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """A service and the places of its webhooks' facts.

    ``source`` names the vendor's page that documents them, many with its address. A request
    is from it when it has one of the ``headers``, or when its body fulfils one of ``bodies``:
    blank-separated conditions that all hold, ``path`` for a field that is there,
    ``path=value`` for one of that value.

    ``event``, ``delivery`` and ``title`` are places, the first that is there counts: a
    path into the body with dots, or ``header:Name``; ``+`` joins an event of two, of
    which the second may be absent.
    """

    name: str
    source: str
    headers: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    event: tuple[str, ...] = ()
    delivery: tuple[str, ...] = ()
    title: tuple[str, ...] = ()
