"""Webhook bins in tests, with pytest or without.

Light to import: the server's libraries are loaded when one starts.
"""

from inspector.testing.answering import AnswerLike
from inspector.testing.bins import MatchFields, WebhookBin
from inspector.testing.deskpro import Deskpro
from inspector.testing.received import FieldNotFoundError, Headers, ReceivedRequest
from inspector.testing.server import InspectorServer

__all__ = [
    "AnswerLike",
    "Deskpro",
    "FieldNotFoundError",
    "Headers",
    "InspectorServer",
    "MatchFields",
    "ReceivedRequest",
    "WebhookBin",
]
