"""Receivers of forms: what each makes of a form otherwise than PHP, and names for its program."""

from inspector.reading.receivers.differences import MAX_LOST_SHOWN, Differences, find_differences
from inspector.reading.receivers.names import (
    FLAT,
    PHP,
    SENT,
    TITLES,
    choose_receiver,
    list_receiver_names,
)

__all__ = [
    "FLAT",
    "MAX_LOST_SHOWN",
    "PHP",
    "SENT",
    "TITLES",
    "Differences",
    "choose_receiver",
    "find_differences",
    "list_receiver_names",
]
