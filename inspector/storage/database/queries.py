"""Rows for what is shown beside requests, asked for from any thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from inspector.clock import time
from inspector.storage.database.faults import AwayError, concerns_all

REST_S = 1.0


class EngineQueries:
    """Rows by the engine's own connections, from any thread.

    For what is shown beside each request of a list: when the database does not answer the
    first, the others of the next ``REST_S`` do not wait for it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._rests_until = float("-inf")

    def __call__(self, statement: str, parameters: Mapping[str, Any]) -> Any:
        """The first row of a statement whose parameters are written ``:name``, or None."""
        with self._connect() as connection:
            return connection.execute(text(statement), dict(parameters)).first()

    def fetch_all(self, statement: str, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """All rows of such a statement."""
        with self._connect() as connection:
            return connection.execute(text(statement), dict(parameters)).all()

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        if time.monotonic() < self._rests_until:
            raise AwayError
        try:
            with self._engine.connect() as connection:
                yield connection
        except (DBAPIError, PoolTimeout) as error:
            if concerns_all(error):
                self._rests_until = time.monotonic() + REST_S
            raise
