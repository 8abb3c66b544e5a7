"""Requests as the rules meet them."""

from collections.abc import Callable
from typing import TypeAlias

import pytest

from inspector.capture import Capture
from inspector.domain import CapturedRequest
from inspector.storage.records import read_capture

Ask: TypeAlias = Callable[..., CapturedRequest]


@pytest.fixture
def ask() -> Ask:
    """A request to the bin ``b1``: ``ask("POST", "/hook?a=1", b"...", X_Name="value")``."""

    def make(method: str, target: str, body: bytes = b"", **headers: str) -> CapturedRequest:
        lines = [f"{method} /b1{target} HTTP/1.1"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        head = "".join(f"{line}\r\n" for line in lines).encode()
        return read_capture(Capture("b1", 0, head, lambda: body, len(body)), 1, 1)

    return make
