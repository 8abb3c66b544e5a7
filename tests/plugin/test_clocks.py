"""Tests that freeze or move time: the server and the waits go on."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from urllib.request import urlopen

import pytest

from inspector.testing import InspectorServer, WebhookBin

CLOCKS = ("monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "time", "time_ns")
PAST, FUTURE = 1_326_499_200, 2_903_299_200
DEADLINE_S = 20.0


@pytest.fixture(params=[PAST, FUTURE], ids=["past", "future"])
def frozen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do as freezegun does: replace each clock in ``time`` and wherever it was imported."""
    for name in CLOCKS:
        real = getattr(time, name)
        instant = request.param * (10**9 if name.endswith("_ns") else 1)
        fake = partial(int, instant)
        for module_name, module in list(sys.modules.items()):
            if module_name == "time" or module_name.startswith(("inspector", "waitress")):
                for attribute, value in list(vars(module).items()):
                    if value is real:
                        monkeypatch.setattr(module, attribute, fake)


@pytest.fixture
def running_bin() -> Iterator[WebhookBin]:
    """A bin of a server that started before time froze."""
    with InspectorServer() as server:
        yield server.create_bin()


def _in_time(act: Callable[[], object]) -> None:
    """``act`` on a thread that may hang without holding up the tests."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(DEADLINE_S)
    assert not thread.is_alive(), "it never returned"
    if errors:
        raise errors[0]


def test_waits_end_while_time_is_frozen(running_bin: WebhookBin, frozen: None) -> None:
    def act() -> None:
        with pytest.raises(AssertionError, match=r"came within 0\.1 s"):
            running_bin.wait(timeout=0.1)
        running_bin.assert_none(within=0.1)
        running_bin.assert_count(0, within=0.1)

    _in_time(act)


def test_a_delayed_answer_comes_while_time_is_frozen(running_bin: WebhookBin, frozen: None) -> None:
    running_bin.respond_with(status=202, delay=0.1)

    def act() -> None:
        with urlopen(running_bin.url, b"a=1", timeout=DEADLINE_S / 2) as answer:
            assert answer.status == 202
        assert running_bin.wait(timeout=5).form == {"a": "1"}

    _in_time(act)


def test_a_server_starts_and_stops_while_time_is_frozen(frozen: None) -> None:
    def act() -> None:
        with InspectorServer() as server:
            bin_ = server.create_bin()
            urlopen(bin_.url, b"a=1", timeout=DEADLINE_S / 2).close()
            bin_.wait(timeout=5)

    _in_time(act)
