"""Fixtures every test may ask for, and the order in which tests run."""

import gc
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.compiling import compile_once
from tests.machine import skip_without
from tests.postgresql import find_programs, make_database, run_cluster
from tests.servers import LiveServer

# A project of its own, which a test runs as such.
collect_ignore = ["sample_project"]

StartServer = Callable[..., LiveServer]

# A busy machine is slow, which is no failure; how fast things are is measured by `make bench`.
# A change is refused for what it breaks: the inputs are the same in each run. `make fuzz` is
# where new ones are looked for.
settings.register_profile(
    "default", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "fuzz", settings.get_profile("default"), derandomize=False, max_examples=50_000
)
settings.load_profile("default")

for _name in [name for name in os.environ if name.startswith("INSPECTOR_")]:
    del os.environ[_name]  # A developer's own settings are no test's business.

# Compiled once and not by each worker and each program, whatever the shell says.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

MARKS = {
    "browser": "browser",
    "browser_with_windows": "browser",
    "postgresql_url": "postgres",
    "live_server": "process",
    "start_server": "process",
}

LONG = ("browser", "process", "slow")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import, for the few tests that run alone, no file that marks none so."""
    if config.getoption("markexpr") != "alone" or collection_path.suffix != ".py":
        return None
    return None if says_alone(collection_path) else True


def says_alone(path: Path) -> bool:
    return b"mark.alone" in path.read_bytes()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they ask for, and run first the files with most that takes long.

    Workers take whole files in this order, so the short ones at the end keep all busy.
    """
    for item in items:
        for fixture, mark in MARKS.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)
        if "postgresql" in item.nodeid.partition("[")[2]:
            item.add_marker("postgres")
        if item.get_closest_marker("alone") and not says_alone(item.path):
            raise pytest.UsageError(f"{item.nodeid} runs alone: its own file has to mark it so")
    long = Counter(item.path for item in items if any(map(item.get_closest_marker, LONG)))
    items.sort(key=lambda item: -long[item.path])


def pytest_collection_finish() -> None:
    """Keep the garbage collector from walking thousands of tests again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Three workers for two processors: the tests of servers and pages wait much of the time."""
    processors = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    )
    return max(1, (processors or 1) * 3 // 2)


@pytest.fixture(autouse=True, scope="session")
def templates_and_routes_are_compiled_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        compile_once(patch.setattr)
        yield


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The URL of a PostgreSQL cluster's database ``postgres``, started for this session."""
    programs = find_programs()
    if programs is None:
        skip_without("PostgreSQL's server", "postgresql")
    with run_cluster(programs) as url:
        yield url


@pytest.fixture
def postgresql_database(postgresql_url: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database of this test's own."""
    with make_database(postgresql_url) as url:
        yield url


@pytest.fixture(scope="session")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A real server, shared by the session's tests: use bins of your own."""
    with LiveServer(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Starts real servers of this test's own: ``start_server("--ttl", "1d")``.

    All of one test share a data directory, so that the second finds what the first
    has stored; each is stopped when the test ends.
    """
    with ExitStack() as stack:

        def start(*arguments: str, **environment: str) -> LiveServer:
            return stack.enter_context(LiveServer(tmp_path / "server", arguments, environment))

        yield start
