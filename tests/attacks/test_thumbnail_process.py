"""The process that decodes a picture is held to little memory and time, whatever runs in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from inspector.reading.files import thumbnail_process

pytest.importorskip("resource", reason="limits on a process are POSIX's")

WORKER = thumbnail_process.__file__


BREAKS = {
    "memory": "bytearray(2_000_000_000)",
    "a file": "open('made', 'wb').write(bytes(99_999))",
    "many files": "[open('/dev/null') for _ in range(100)]",
}


@pytest.mark.parametrize("attempt", BREAKS.values(), ids=BREAKS)
def test_the_process_that_decodes_is_held_to_limits(attempt: str, tmp_path: Path) -> None:
    """A decoder that is taken over gets no further than the limits let it."""
    script = f"""
import importlib.util, os, signal
spec = importlib.util.spec_from_file_location("worker", {str(WORKER)!r})
worker = importlib.util.module_from_spec(spec)
spec.loader.exec_module(worker)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
worker.limit()
try:
    {attempt}
except (MemoryError, OSError):
    os._exit(7)
os._exit(0)
"""
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], timeout=60, check=False, cwd=tmp_path
    )
    assert done.returncode == 7


def test_the_process_that_decodes_has_little_time() -> None:
    import resource

    script = f"""
import importlib.util, resource
spec = importlib.util.spec_from_file_location("worker", {str(WORKER)!r})
worker = importlib.util.module_from_spec(spec)
spec.loader.exec_module(worker)
worker.limit()
print(*resource.getrlimit(resource.RLIMIT_CPU))
"""
    said = subprocess.check_output([sys.executable, "-I", "-c", script], text=True, timeout=60)
    soft, hard = map(int, said.split())
    assert 0 < soft == hard <= 10
    assert resource.getrlimit(resource.RLIMIT_CPU)[0] != soft, "it is the process's own limit"
