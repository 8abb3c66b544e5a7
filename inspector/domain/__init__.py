"""Bins, messages, requests and deliveries, whoever stores or shows them."""

from inspector.domain.bins import Bin, check_name, generate_name
from inspector.domain.messages import BodyLimits, Event, Message
from inspector.domain.requests import AnsweredBy, CapturedRequest
from inspector.domain.summaries import RequestSummary

__all__ = [
    "AnsweredBy",
    "Bin",
    "BodyLimits",
    "CapturedRequest",
    "Event",
    "Message",
    "RequestSummary",
    "check_name",
    "generate_name",
]
