"""An application without a socket for what a header decides, a real server for the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from inspector.app import create_app
from inspector.settings import Settings
from tests.clients import ReadingClient
from tests.server.conftest import server, start_process

__all__ = ["server", "start_process"]

ADDRESS = "http://127.0.0.1:8787"
MakeApp = Callable[..., Flask]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker("attack")


@pytest.fixture
def make_app(tmp_path: Path) -> Iterator[MakeApp]:
    """``make_app(token="...")``: an application with the bin ``b1`` and a database of its own."""
    with ExitStack() as stack:

        def make(**chosen: Any) -> Flask:
            app = create_app(Settings(data_dir=tmp_path, **{"bins": ("b1",), **chosen}))
            app.test_client_class = Program
            stack.callback(app.extensions["inspector"].close)
            return app

        yield make


class Program(ReadingClient):
    """Asks as a program on this machine does: no headers but Host."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        kwargs.setdefault("base_url", ADDRESS)
        return super().open(*args, **kwargs)


@pytest.fixture
def client(make_app: MakeApp) -> FlaskClient:
    return make_app().test_client()
