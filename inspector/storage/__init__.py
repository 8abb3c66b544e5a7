"""The only place that speaks SQL.

Gives and takes domain objects, never rows. Bins and readings go through
Flask-SQLAlchemy's session; captures through ``Writer``, which commits many at once.
"""

from inspector.storage.bins import BinStore
from inspector.storage.engine import answers, open_database
from inspector.storage.models import db
from inspector.storage.requests import Page, RequestStore
from inspector.storage.writer import NoSuchBin, Outcome, Stored, Unstored, Writer

__all__ = [
    "BinStore",
    "NoSuchBin",
    "Outcome",
    "Page",
    "RequestStore",
    "Stored",
    "Unstored",
    "Writer",
    "answers",
    "db",
    "open_database",
]
