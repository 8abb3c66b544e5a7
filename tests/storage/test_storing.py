"""Storing in one trip to PostgreSQL comes to the same as storing in several steps."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from psycopg.pq import ConnStatus

from inspector.app import create_app
from inspector.capture import Capture, Refusal, WireDetails
from inspector.domain.removals import Removal
from inspector.settings import Settings
from inspector.storage.announcements import parse_announcement
from inspector.storage.capture_store import CaptureStore
from inspector.storage.database import storing
from inspector.storage.database.engine import EngineConnections
from inspector.storage.database.faults import concerns_all
from inspector.storage.outcomes import Stored
from inspector.web.services import Services
from tests.storage.test_writer import make_capture

HOSTILE: tuple[dict[str, Any], ...] = (
    {},
    {"body_size": 0, "read_body": lambda: b""},
    {"raw_head": b'\xff\x00 {},"NULL" \\ HTTP/1.1\r\n', "peer": '{NULL,"a\\b"}\'%s:x'},
    {"body_size": 5, "read_body": lambda: b"\x00\xff\\,{"},
    {"received_us": 2**62, "refusal": Refusal(413, "NULL")},
    {"received_us": -1, "chunked": True, "truncated": True, "fidelity": "rebuilt"},
    {"wire": WireDetails(trailer=b"a: {}\r\n"), "body_size": 2**20},
)
_ROWS = (
    "SELECT to_jsonb(requests) - 'id' - 'bin_id' FROM requests JOIN bins ON bins.id = bin_id"
    " WHERE name = %s ORDER BY number"
)
_WAITING = (
    "SELECT number FROM requests_to_index JOIN bins ON bins.id = bin_id WHERE name = %s ORDER BY 1"
)
_BIN = "SELECT last_number, held, let_go, kept_from, stored_bytes FROM bins WHERE name = %s"

# Bytes are counted when rows are deleted, which is behind.
_COUNTS = "SELECT last_number, held, let_go, kept_from FROM bins WHERE name = %s"


@contextmanager
def services_on(url: str, data_dir: Path) -> Iterator[Services]:
    app = create_app(Settings(database=url, data_dir=data_dir, bins=("at-once", "steps")))
    services: Services = app.extensions["inspector"]
    with app.app_context():
        yield services
    services.close()


def make_store(services: Services) -> CaptureStore:
    return CaptureStore(EngineConnections(services.engine), 'an "instance"')


def make_captures(bin_name: str, fields: tuple[dict[str, Any], ...]) -> list[Capture]:
    return [make_capture(bin_name, **each) for each in fields]


def store_in_steps(store: CaptureStore, captures: list[Capture]) -> Any:
    one_trip, store._one_trip = store._one_trip, None
    try:
        return store.store(captures)
    finally:
        store._one_trip = one_trip


def ask(services: Services, statement: str, name: str) -> list[Any]:
    with services.engine.connect() as connection:
        return list(map(tuple, connection.exec_driver_sql(statement, (name,)).all()))


def test_rows_are_the_same_whatever_is_in_them(postgresql_database: str, tmp_path: Path) -> None:
    with services_on(postgresql_database, tmp_path) as services:
        store = make_store(services)
        for fields in (HOSTILE, *((each,) for each in HOSTILE), HOSTILE[::-1]):
            outcomes, _ = store.store(make_captures("at-once", fields))
            expected, _ = store_in_steps(store, make_captures("steps", fields))
            stored = [each for each in (*outcomes, *expected) if isinstance(each, Stored)]
            mirrored = [each._replace(bin_id=0) for each in stored]
            assert len(mirrored) == 2 * len(fields)
            assert mirrored[: len(fields)] == mirrored[len(fields) :]
        assert store._in_steps == {}
        for statement in (_ROWS, _WAITING, _BIN):
            found = ask(services, statement, "at-once")
            assert found
            assert found == ask(services, statement, "steps")
        store.disconnect()


def test_bins_count_the_same_whatever_was_deleted(postgresql_database: str, tmp_path: Path) -> None:
    chance = random.Random(7)
    with services_on(postgresql_database, tmp_path) as services:
        store = make_store(services)
        gone: dict[str, int] = {}
        at_once = 0
        for _ in range(60):
            count = chance.choice((1, 1, 2, 3, 9))
            capacity, deleted = chance.choice((None, None, 4, 6)), chance.random() < 0.2
            for name in ("at-once", "steps"):
                bin_ = services.bins.get(name)
                if capacity is not None:
                    bin_ = services.bins.update(name, capacity=capacity)
                if deleted and bin_.last_number >= bin_.kept_from:
                    services.requests.delete(bin_, f"{bin_.id}-{bin_.last_number}")
                captures = make_captures(name, ({},) * count)
                done = (
                    store.store(captures) if name == "at-once" else store_in_steps(store, captures)
                )
                at_once += name == "at-once" and name not in store._in_steps
                store._in_steps.clear()
                assert len(done[1].stored) == 1
                for removal in done[1].removed:
                    gone[name] = max(gone.get(name, 0), removal.number)
            assert ask(services, _COUNTS, "at-once") == ask(services, _COUNTS, "steps")
            assert gone.get("at-once") == gone.get("steps")
        assert 20 < at_once < 60
        store.disconnect()


def test_others_hear_the_same(postgresql_database: str, tmp_path: Path) -> None:
    with services_on(postgresql_database, tmp_path) as services:
        bin_ = services.bins.update("at-once", capacity=2)
        store = make_store(services)
        address = postgresql_database.replace("+psycopg", "")
        with psycopg.connect(address, autocommit=True) as listening:
            listening.execute("LISTEN inspector")
            store.store(make_captures("at-once", ({},)))
            store.store(make_captures("at-once", ({}, {}, {})))
            heard = [
                parse_announcement(each.payload)
                for each in listening.notifies(timeout=5, stop_after=2)
            ]
        assert [each.instance for each in heard] == ['an "instance"'] * 2
        assert [each.stored for each in heard] == [{bin_.id: 1}, {bin_.id: 4}]
        assert [each.removed for each in heard] == [[], [Removal(bin_.id, "let_go", 2)]]
        store.disconnect()


def test_without_the_procedure_captures_are_stored_all_the_same(
    postgresql_database: str, tmp_path: Path
) -> None:
    """As where tables alone were restored from a backup."""
    with services_on(postgresql_database, tmp_path) as services:
        with services.engine.begin() as connection:
            connection.exec_driver_sql(f"DROP PROCEDURE {storing.NAME}")
        outcomes = [services.writer.store(make_capture("at-once")) for _ in range(3)]
        assert [each.number for each in outcomes if isinstance(each, Stored)] == [1, 2, 3]
        assert not services.writer.is_failing


def test_what_a_bin_asks_more_of_is_not_stored_at_once(
    postgresql_database: str, tmp_path: Path
) -> None:
    with services_on(postgresql_database, tmp_path) as services:
        store = make_store(services)
        outcomes, news = store.store([*make_captures("at-once", ({},)), make_capture("steps")])
        assert [each.number for each in outcomes if isinstance(each, Stored)] == [1, 1]
        assert len(news.stored) == 2
        assert store._in_steps == {}
        big = make_capture("at-once", body_size=storing.MAX_BYTES)
        assert [type(each) for each in store.store([big])[0]] == [Stored]
        assert list(store._in_steps) == ["at-once"]
        with services.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT number FROM requests ORDER BY bin_id, number")
            assert list(rows.scalars()) == [1, 2, 1]
        store.disconnect()


@pytest.mark.parametrize("column", ["peer", "fidelity"])
def test_one_that_no_text_can_hold_is_refused_alone(
    postgresql_database: str, tmp_path: Path, column: str
) -> None:
    with services_on(postgresql_database, tmp_path) as services:
        store = make_store(services)
        for odd in ("a\0b", "\ud800"):
            with pytest.raises(Exception, match=r"0x00|surrogates") as met:
                store.store(make_captures("at-once", ({}, {column: odd}, {})))
            assert not concerns_all(met.value)
        outcomes, _ = store.store(make_captures("at-once", ({},)))
        assert [each.number for each in outcomes if isinstance(each, Stored)] == [1]
        assert store._in_steps == {}
        store.disconnect()


def test_a_connection_that_breaks_on_the_way_concerns_all(
    postgresql_database: str, tmp_path: Path
) -> None:
    with services_on(postgresql_database, tmp_path) as services:
        store = make_store(services)
        address = postgresql_database.replace("+psycopg", "")
        store.store(make_captures("at-once", ({},)))
        with psycopg.connect(address) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        with pytest.raises(psycopg.OperationalError) as met:
            store.store(make_captures("at-once", ({}, {})))
        assert concerns_all(met.value)
        store.disconnect()
        outcomes, _ = store.store(make_captures("at-once", ({}, {})))
        assert [each.number for each in outcomes if isinstance(each, Stored)] == [2, 3]
        store.disconnect()


def test_an_error_without_a_code_is_a_lost_connection() -> None:
    """As in a failover: the connection's status may say so only a moment later."""
    lost = SimpleNamespace(
        error_field=lambda _field: None,
        get_error_message=lambda: "server closed the connection unexpectedly",
    )
    met = storing._make_error(SimpleNamespace(status=ConnStatus.OK), lost)
    assert concerns_all(met)
    assert "closed the connection" in str(met)


def test_settings_of_a_batch_end_with_it(postgresql_database: str, tmp_path: Path) -> None:
    """Else the next commit of this connection would not be synced."""
    with services_on(postgresql_database, tmp_path) as services:
        store = make_store(services)
        store.store(make_captures("at-once", ({},)))
        found = store._connection.cursor().execute(
            "SELECT current_setting('synchronous_commit'), current_setting('plan_cache_mode')"
        )
        assert found.fetchone() == ("on", "auto")
        store.disconnect()


def test_where_it_may_not_commit_captures_are_stored_all_the_same(
    postgresql_database: str, tmp_path: Path
) -> None:
    """As behind a pooler that holds a transaction open."""
    with services_on(postgresql_database, tmp_path) as services:
        store = make_store(services)
        store._connect()
        store._connection.cursor().execute("SELECT 1")  # which begins one
        outcomes, _ = store.store(make_captures("at-once", ({},)))
        assert [each.number for each in outcomes if isinstance(each, Stored)] == [1]
        assert len(ask(services, _WAITING, "at-once")) == 1
        store.disconnect()
