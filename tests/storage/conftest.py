"""The same storage tests on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from inspector.app import create_app
from inspector.settings import Settings
from inspector.web.services import Services


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.sqlite3'}"
    url: str = request.getfixturevalue("postgresql_database")
    return url


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    app = create_app(Settings(database=database_url, data_dir=tmp_path))
    with app.app_context():
        yield app
    app.extensions["inspector"].close()


@pytest.fixture
def services(app: Flask) -> Services:
    services: Services = app.extensions["inspector"]
    return services
