"""The pytest plugin: fixtures, and a report section with what came to a failed test's bins.

pytest imports this module in every project of the environment, so everything
else is imported by the fixtures.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from inspector.testing import Deskpro, InspectorServer, WebhookBin
    from inspector.testing.reporting import TestWatch

_WATCH: pytest.StashKey[TestWatch] = pytest.StashKey()
# Arguments of `inspector serve` that open the kept databases, of every worker.
_KEPT = pytest.StashKey[list[str]]()
_WORKER_OUTPUT = "inspector_kept"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Part of pytest's protocol."""
    parser.getgroup("inspector", "webhook bins").addoption(
        "--inspector-keep",
        action="store_true",
        help="keep the database of the webhook bins, and say how to open it in a browser",
    )


@pytest.fixture(scope="session")
def inspector(request_inspector_server: InspectorServer) -> InspectorServer:
    """The Inspector server of this session: ``inspector.url``, ``inspector.create_bin()``.

    A project may have a fixture of its own by this name; ``webhook_bin`` does without.
    """
    return request_inspector_server


@pytest.fixture(scope="session")
def request_inspector_server(pytestconfig: pytest.Config) -> Iterator[InspectorServer]:
    """The server of this session, under a name that clashes with no project's fixture."""
    from inspector.testing import InspectorServer
    from inspector.testing.reporting import TestWatch

    keep = bool(pytestconfig.getoption("inspector_keep"))
    folder = Path(tempfile.mkdtemp(prefix="inspector-kept-")) if keep else None
    with InspectorServer(data_dir=folder) as server:
        pytestconfig.stash[_WATCH] = watch = TestWatch(server, kept=keep)
        if keep:
            _note_kept(pytestconfig, [server.database_url])
        yield server
        watch.begin()  # begins a test; later requests belong to none
        del pytestconfig.stash[_WATCH]


@pytest.fixture
def webhook_bin(
    request_inspector_server: InspectorServer, request: pytest.FixtureRequest
) -> Iterator[WebhookBin]:
    """A fresh bin: send to ``webhook_bin.url``, then ``webhook_bin.wait()``."""
    made = request_inspector_server.create_bin(label=request.node.name)
    yield made
    request.config.stash[_WATCH].retire(made)


@pytest.fixture
def deskpro() -> Deskpro:
    """The helpdesk: ``deskpro.send(url, source="trigger")``, ``deskpro.ticket(id=5)``."""
    from inspector.testing import Deskpro

    return Deskpro()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Remember where the bins stand; before the fixtures, which may send already."""
    watch = item.config.stash.get(_WATCH, None)
    if watch is not None:
        watch.begin()
    yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Let the test fail when a function that answered for it has raised."""
    yield
    watch = item.config.stash.get(_WATCH, None)
    if watch is not None:
        watch.server.raise_handler_errors()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what came to the bins of a test that failed."""
    report = yield
    watch = item.config.stash.get(_WATCH, None)
    if watch is not None and report.failed:
        report.sections += watch.describe()
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Collect the kept databases of a pytest-xdist worker."""
    _note_kept(node.config, getattr(node, "workeroutput", {}).get(_WORKER_OUTPUT, []))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the command that opens each kept database."""
    kept = config.stash.get(_KEPT, [])
    if not kept:
        return
    from inspector.testing.reporting import serve_command

    terminalreporter.section("webhook bins kept")
    for database_url in kept:
        terminalreporter.line(serve_command(database_url))


def _note_kept(config: pytest.Config, database_urls: list[str]) -> None:
    config.stash.setdefault(_KEPT, []).extend(database_urls)
    worker_output = getattr(config, "workeroutput", None)
    if worker_output is not None:
        worker_output[_WORKER_OUTPUT] = config.stash[_KEPT]
