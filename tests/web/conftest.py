"""An application of the test's own and Flask's client for it: no socket, no lane."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from inspector.app import create_app
from inspector.settings import Settings
from inspector.storage.database.connections import create_sqlite, exclusive, set_up_sqlite
from tests.clients import ReadingClient


@pytest.fixture(autouse=True, scope="session")
def the_disk_is_not_waited_for() -> Iterator[None]:
    """Views are tested here; that a commit is on disk is for tests/storage and tests/server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inspector.storage.database.connections.SYNCHRONOUS", "OFF")
        yield


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with our tables and nothing in them: a copy takes a tenth of making them."""
    path = tmp_path_factory.mktemp("empty") / "inspector.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        set_up_sqlite(connection)
        with exclusive(connection):
            create_sqlite(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def settings(tmp_path: Path, empty_database: Path) -> Settings:
    settings = Settings(data_dir=tmp_path, bins=("orders",))
    shutil.copyfile(empty_database, settings.embedded_path)
    return settings


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    app.test_client_class = ReadingClient
    yield app
    app.extensions["inspector"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
