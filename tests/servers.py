"""A real server in a process of its own, as a user would start it."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.request import urlopen
from uuid import uuid4

import requests

from tests.programs import INSPECTOR, Program

START_DEADLINE_S = 30
STOP_DEADLINE_S = 15
ADDRESS = re.compile(r"https?://127\.0\.0\.1:\d+")


class LiveServer:
    """``inspector serve`` on a free port, with its data in ``folder``.

    A context manager. ``arguments`` and ``environment`` go to the command; what it
    prints is in ``output``. Leaving stops it as a user would, and fails when it does
    not stop well or had printed a traceback. ``own_python`` is for what is about its start.
    """

    def __init__(
        self,
        folder: Path,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        own_python: bool = False,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.log = folder / f"serve-{uuid4().hex}.log"
        data = ("--data-dir", str(folder / "data"))
        self.command = [INSPECTOR, "serve", "--port", "0", *data, *arguments]
        self.environment = {**os.environ, **(environment or {})}
        self.own_python = own_python
        self.url = ""

    def __enter__(self) -> Self:
        with self.log.open("ab") as log:
            self.process = Program[bytes](
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
                own_python=self.own_python,
            )
        try:
            self.url = self.wait_for_address()
            self._wait_for_pages()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            status = self.stop()
            assert status == 0, f"The server ended with {status}:\n{self.output}"
        assert "Traceback" not in self.output, self.output

    @property
    def output(self) -> str:
        """Everything the server has printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_for_address(self) -> str:
        """The address that the server prints when it is ready to be used."""
        deadline = time.monotonic() + START_DEADLINE_S
        while not (found := ADDRESS.search(self.output)):
            ended = self.process.poll()
            assert ended is None, f"The server ended with {ended}:\n{self.output}"
            assert time.monotonic() < deadline, f"No address was printed:\n{self.output}"
            time.sleep(0.01)
        return found[0]

    def _wait_for_pages(self) -> None:
        """Wait until pages are loaded, so that a test's own deadlines are for what it asks."""
        with suppress(OSError):  # not ready for a reason, or known by an address of others
            urlopen(f"{self.url}/readyz", timeout=START_DEADLINE_S).close()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask the server to end, as ``kill`` or Ctrl-C would; gives its exit status."""
        self.process.send_signal(number)
        try:
            return self.process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"The server did not stop:\n{self.output}") from None

    def kill(self) -> None:
        """End the server at once, with no chance to finish anything."""
        self.process.kill()
        self.process.wait()

    def create_bin(self, name: str | None = None, **fields: Any) -> str:
        """Create a bin; gives its URL."""
        answer = requests.post(
            f"{self.url}/api/v1/bins",
            json={key: value for key, value in {"name": name, **fields}.items() if value},
            timeout=10,
        )
        assert answer.status_code == 201, answer.text
        url = answer.json()["url"]
        assert isinstance(url, str)
        return url

    def get_json(self, path: str) -> Any:
        """What an API call answers."""
        answer = requests.get(self.url + path, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()
