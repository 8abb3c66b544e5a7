"""The sender and the delivery of a request: what an index needs of it, and every summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from inspector.domain.attempts import DeliveryKey, make_delivery_key
from inspector.domain.senders.finding import find_sender
from inspector.domain.senders.shapes import FoundSender


class Identity(NamedTuple):
    """Each is None where nothing tells."""

    sender: FoundSender | None
    delivery_key: DeliveryKey | None


def identify(headers: Mapping[str, str], content: Any, place: str, body: bytes | None) -> Identity:
    """The identity of a request; see ``make_delivery_key`` for its ``place``.

    ``body`` is None for one too big for a list: then the headers alone tell the delivery.
    """
    sender = find_sender(headers, content)
    known = find_sender(headers, None) if body is None else sender
    named, delivery = (known.name, known.delivery) if known else (None, None)
    return Identity(sender, make_delivery_key(named, delivery, headers, place, body or b""))
