"""What is shown beside each request of a list, while the database does not answer."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.exc import OperationalError

from inspector.storage.database import queries as queries_module
from inspector.storage.database.faults import AwayError, log_failed
from inspector.storage.database.queries import EngineQueries
from inspector.storage.relays.outcomes import RelayFinder
from tests.reading.captures import make_captured

log = logging.getLogger("inspector.storage")


class AwayDatabase:
    """A database that is away while ``is_away``; ``attempts`` counts connections."""

    def __init__(self) -> None:
        self.is_away = True
        self.attempts = 0
        self.engine = create_engine("sqlite://")
        event.listen(self.engine, "do_connect", self._connect)

    def _connect(self, _dialect: Any, _record: Any, _args: Any, _options: Any) -> None:
        self.attempts += 1
        if self.is_away:
            raise self.engine.dialect.loaded_dbapi.OperationalError("password of host h is wrong")


@pytest.fixture
def database() -> Iterator[AwayDatabase]:
    away = AwayDatabase()
    yield away
    away.engine.dispose()


def test_a_list_waits_once_and_not_for_each_of_its_requests(
    database: AwayDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    find = RelayFinder(EngineQueries(database.engine))
    assert [find(make_captured(b"GET / HTTP/1.1\r\n")) for _ in range(30)] == [None] * 30
    assert database.attempts == 1
    (said,) = [each for each in caplog.records if each.levelno > logging.DEBUG]
    assert said.getMessage() == "What came of a relay could not be read: it does not answer."
    assert said.exc_info is None


def test_it_is_asked_again_after_a_rest(
    database: AwayDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries_module, "REST_S", 0.0)
    ask = EngineQueries(database.engine)
    with pytest.raises(OperationalError):
        ask("SELECT 1", {})
    database.is_away = False
    assert ask("SELECT 1", {})[0] == 1
    with pytest.raises(OperationalError):  # a statement of ours that is wrong is no rest
        ask("SELECT nothing FROM nowhere", {})
    monkeypatch.setattr(queries_module, "REST_S", 60.0)
    assert ask.fetch_all("SELECT 2", {})[0][0] == 2


def test_a_fault_of_our_own_is_logged_at_length(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise KeyError("x")
    except KeyError as error:
        log_failed(log, "A thing could not be read", error)
    log_failed(log, "Another could not be read", AwayError())
    (said,) = [each for each in caplog.records if each.levelno > logging.DEBUG]
    assert said.getMessage() == "A thing could not be read."
    assert said.exc_info is not None
