"""What other systems want otherwise, as far as it can be told without them."""

from __future__ import annotations

import socket
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from inspector.server import listener, sockets
from inspector.server.listener import share_files
from inspector.settings import Settings
from inspector.testing.reporting import serve_command


class FakeLimits:
    """The limits on open files of a system that allows ``most`` though it says otherwise."""

    RLIM_INFINITY = 2**63 - 1
    RLIMIT_NOFILE = 7

    def __init__(self, most: int, soft: int = 256) -> None:
        self.most = most
        self.soft = soft

    def getrlimit(self, _: int) -> tuple[int, int]:
        return self.soft, self.RLIM_INFINITY

    def setrlimit(self, _: int, limits: tuple[int, int]) -> None:
        if limits[0] > self.most:
            raise ValueError("current limit exceeds maximum limit")
        self.soft = limits[0]


@pytest.mark.parametrize(
    ("most", "expected_soft", "connections"),
    [(1_000_000, 12_128, 5000), (10_240, 10_240, 4056), (256, 256, 32)],
)
def test_as_many_files_are_allowed_as_can_be_had(
    monkeypatch: pytest.MonkeyPatch, most: int, expected_soft: int, connections: int
) -> None:
    limits = FakeLimits(most)
    monkeypatch.setitem(sys.modules, "resource", limits)
    shared, streams = share_files(Settings())
    assert (limits.soft, shared) == (expected_soft, connections)
    assert 0 < streams <= 2000


def test_windows_watches_no_more_sockets_than_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "sys", SimpleNamespace(platform="win32"))
    assert share_files(Settings()) == (500, 500)
    assert share_files(Settings(max_connections=300, max_streams=100)) == (300, 100)


@pytest.mark.parametrize(("platform", "shares"), [("linux", True), ("win32", False)])
def test_a_port_is_never_shared_with_another_program(
    monkeypatch: pytest.MonkeyPatch, platform: str, shares: bool
) -> None:
    monkeypatch.setattr(sockets, "sys", SimpleNamespace(platform=platform))
    monkeypatch.setattr(socket, "SO_EXCLUSIVEADDRUSE", -5, raising=False)
    told: list[int] = []
    fake: Any = SimpleNamespace(setsockopt=lambda _level, name, _value: told.append(name))
    sockets.share_port(fake)
    assert told == ([socket.SO_REUSEADDR] if shares else [-5])


@pytest.mark.parametrize(
    ("platform", "folder", "expected"),
    [
        ("linux", "/tmp/a b", "'sqlite:////tmp/a b/i.sqlite3'"),
        ("darwin", "/tmp/a", "sqlite:////tmp/a/i.sqlite3"),
        ("win32", r"C:\Users\Ann", r"sqlite:///C:\Users\Ann/i.sqlite3"),
        ("win32", r"C:\Ann Lee", r'"sqlite:///C:\Ann Lee/i.sqlite3"'),
    ],
)
def test_the_command_that_opens_a_kept_database_can_be_pasted(
    monkeypatch: pytest.MonkeyPatch, platform: str, folder: str, expected: str
) -> None:
    monkeypatch.setattr("inspector.testing.reporting.sys", SimpleNamespace(platform=platform))
    command = serve_command(f"sqlite:///{folder}/i.sqlite3")
    assert command == f"inspector serve --database {expected}"
