"""The time from ``inspector serve`` to the first capture answered, and to the first page.

Beside it stands the time in which an interpreter starts and ends, in turns with it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from urllib.request import urlopen

from tests.bench.load import Verdict

ROUNDS = 7
# Of the time of a bare interpreter; 0.4 s where that takes 20 ms.
TARGET = 20.0


def start_server() -> tuple[float, float]:
    """Seconds to the first capture and to the first page."""
    command = [str(Path(sys.executable).with_name("inspector")), "serve", "--port", "0"]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        began = perf_counter()
        running = subprocess.Popen(
            [*command, "--bin", "bench", "--data-dir", folder], stdout=subprocess.PIPE, text=True
        )
        assert running.stdout is not None
        url = running.stdout.readline().split()[-1]
        urlopen(f"{url}/bench", b"a=1").close()
        captured_s = perf_counter() - began
        urlopen(f"{url}/bins/bench").close()
        shown_s = perf_counter() - began
        running.terminate()
        running.communicate(timeout=20)
    return captured_s, shown_s


def start_interpreter() -> float:
    began = perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return perf_counter() - began


def main() -> None:
    verdict = Verdict()
    start_server()  # compiles what was not compiled yet
    rounds = [(start_interpreter(), *start_server()) for _ in range(ROUNDS)]
    bare_s, captured_s, shown_s = (median(each) for each in zip(*rounds, strict=True))
    print(f"       {captured_s * 1000:.0f} ms to the first capture, {shown_s * 1000:.0f} to a page")
    verdict.check("first capture / interpreter", captured_s / bare_s, TARGET, at_most=True)
    verdict.note("first page / interpreter", shown_s / bare_s)
    verdict.leave()


if __name__ == "__main__":
    main()
