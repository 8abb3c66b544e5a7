"""The pytest plugin: fixtures, and a report section with what came to a failed test's bins.

pytest imports this module in every project of the environment, so everything
else is imported by the fixtures.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from inspector.testing import InspectorServer, WebhookBin


@pytest.fixture(scope="session")
def inspector() -> Iterator[InspectorServer]:
    """The Inspector server of this session: ``inspector.url``, ``inspector.create_bin()``."""
    from inspector.testing import InspectorServer

    with InspectorServer() as server:
        yield server


@pytest.fixture
def webhook_bin(inspector: InspectorServer, request: pytest.FixtureRequest) -> WebhookBin:
    """A fresh bin: send to ``webhook_bin.url``, then ``webhook_bin.wait()``."""
    return inspector.create_bin(label=request.node.name)
