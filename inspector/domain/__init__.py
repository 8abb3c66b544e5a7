"""What a bin and a captured request are, whoever stores or shows them."""

from inspector.domain.bins import Bin, check_name, generate_name
from inspector.domain.requests import CapturedRequest, Event, FormLimits, RequestSummary

__all__ = [
    "Bin",
    "CapturedRequest",
    "Event",
    "FormLimits",
    "RequestSummary",
    "check_name",
    "generate_name",
]
