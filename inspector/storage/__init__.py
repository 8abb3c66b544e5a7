"""The only place that speaks SQL.

Gives and takes domain objects, never rows. Bins and readings go through
Flask-SQLAlchemy's session; captures through ``Writer``, which commits many at once.
"""

from inspector.storage.actions import ActionStore
from inspector.storage.bins import BinStore
from inspector.storage.deliveries import DeliveryStore
from inspector.storage.engine import DatabaseError, answers, find_trouble, open_database
from inspector.storage.models import db
from inspector.storage.requests import Page, RequestStore
from inspector.storage.search import Found, RequestSearch
from inspector.storage.word_index import IndexFiller, IndexUnusableError, WordIndex
from inspector.storage.writer import NoSuchBin, Outcome, Stored, Unstored, Writer

__all__ = [
    "ActionStore",
    "BinStore",
    "DatabaseError",
    "DeliveryStore",
    "Found",
    "IndexFiller",
    "IndexUnusableError",
    "NoSuchBin",
    "Outcome",
    "Page",
    "RequestSearch",
    "RequestStore",
    "Stored",
    "Unstored",
    "WordIndex",
    "Writer",
    "answers",
    "db",
    "find_trouble",
    "open_database",
]
