"""The command forked for tests behaves as a process that was executed."""

import subprocess
import threading

import pytest

from tests.programs import INSPECTOR, Program

pytestmark = pytest.mark.process


def test_many_threads_may_ask_whether_it_has_ended() -> None:
    with Program[bytes]([INSPECTOR, "no-such-command"], stderr=subprocess.DEVNULL) as program:
        told: list[int] = []

        def ask() -> None:
            while (status := program.poll()) is None:
                pass
            told.append(status)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert told == [2] * 8
