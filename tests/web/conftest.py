"""An application of the test's own and Flask's client for it: no socket, no lane."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from inspector.app import create_app
from inspector.settings import Settings
from tests.clients import ReadingClient


@pytest.fixture(autouse=True, scope="session")
def the_disk_is_not_waited_for() -> Iterator[None]:
    """Views are tested here; that a commit is on disk is for tests/storage and tests/server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inspector.storage.database.connections.SYNCHRONOUS", "OFF")
        yield


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, bins=("orders",))


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    app.test_client_class = ReadingClient
    yield app
    app.extensions["inspector"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
