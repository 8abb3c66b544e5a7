"""The same storage tests on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import make_url

from inspector.app import create_app
from inspector.settings import Settings
from inspector.web.services import Services
from tests.postgresql import make_database


@pytest.fixture(scope="session")
def postgresql_template(
    postgresql_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The name of a database with all tables and nothing in them."""
    with make_database(postgresql_url) as url:
        app = create_app(Settings(database=url, data_dir=tmp_path_factory.mktemp("template")))
        app.extensions["inspector"].close()
        yield make_url(url).database or ""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """For tests of how tables are made."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.sqlite3'}"
    url: str = request.getfixturevalue("postgresql_database")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.sqlite3'}"
        return
    cluster, template = map(request.getfixturevalue, ("postgresql_url", "postgresql_template"))
    with make_database(cluster, template) as url:
        yield url


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
