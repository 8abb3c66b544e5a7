"""The bot, running: the helpdesk talks to ``bot``, which talks to the test's ``webhook_bin``."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from support_bot import Settings, create_app
from werkzeug.serving import make_server

from inspector.testing import WebhookBin

TOKEN = "a-token-of-the-tests"


@pytest.fixture
def bot(webhook_bin: WebhookBin) -> Iterator[str]:
    """The URL for the helpdesk's webhooks."""
    settings = Settings(webhook_bin.url, TOKEN, timeout=2, pause=0.01)
    server = make_server("127.0.0.1", 0, create_app(settings), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.port}/deskpro"
    server.shutdown()
    thread.join()
    server.server_close()
