"""The index that searches of a database use, where there can be one."""

from __future__ import annotations

import logging

from sqlalchemy import Engine

from inspector.storage.bins import BinStore
from inspector.storage.database.engine import find_path
from inspector.storage.requests import RequestStore
from inspector.storage.search.file_index import FileIndex
from inspector.storage.search.search_index import SearchIndex
from inspector.storage.search.table_index import TableIndex
from inspector.storage.search.word_index import IndexUnusableError, is_available

log = logging.getLogger("inspector.storage")


def open_index(engine: Engine, requests: RequestStore, bins: BinStore) -> SearchIndex | None:
    """PostgreSQL's own tables, or a file beside a SQLite database; None where neither can be."""
    if engine.dialect.name == "postgresql":
        return TableIndex(requests, bins, engine)
    path = find_path(engine)
    if path is None or not is_available():
        return None
    try:
        return FileIndex(f"{path}-words", requests, engine)
    except IndexUnusableError as error:
        log.warning("Searches go without an index: %s.", error)
        return None
