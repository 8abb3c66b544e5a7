"""Webhook bins in tests, with pytest or without.

Light to import: the server's libraries are loaded when one starts.
"""

from typing import TYPE_CHECKING, Any

from inspector.domain.headers import Headers
from inspector.testing.answering import AnswerLike
from inspector.testing.bins import WebhookBin
from inspector.testing.deskpro import Deskpro
from inspector.testing.expectations import MatchFields
from inspector.testing.parts import ReceivedPart
from inspector.testing.received import FieldNotFoundError, ReceivedRequest
from inspector.testing.replaying import ReplayOptions
from inspector.testing.server import InspectorServer

if TYPE_CHECKING:
    from inspector.emitter import DeliveryResult, PreparedRequest

__all__ = [
    "AnswerLike",
    "DeliveryResult",
    "Deskpro",
    "FieldNotFoundError",
    "Headers",
    "InspectorServer",
    "MatchFields",
    "PreparedRequest",
    "ReceivedPart",
    "ReceivedRequest",
    "ReplayOptions",
    "WebhookBin",
]


def __getattr__(name: str) -> Any:
    """The emitter's types, which are slow to import, when they are asked for."""
    if name in ("DeliveryResult", "PreparedRequest"):
        import inspector.emitter

        return getattr(inspector.emitter, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
