"""What tests need of the machine besides Python, and what becomes of them without it."""

import ctypes
import os
import sys
from typing import NoReturn

import pytest


def skip_without(what: str, packages: str) -> NoReturn:
    """Skip the running test for want of ``what``; with CI set, fail it instead.

    ``packages`` are Debian's. On a machine that must have everything a skipped
    test would be a test that nobody runs.
    """
    sentence = f"{what} is missing here. On Debian: sudo apt-get install {packages}"
    if os.environ.get("CI"):
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def can_run_driver() -> bool:
    """Whether the one library is there that Playwright's driver needs and does not bring."""
    if sys.platform != "linux":
        return True
    try:
        ctypes.CDLL("libatomic.so.1")
    except OSError:
        return False
    return True
