"""A running tunnel: start of its program, reading of its address, end of all its processes."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from inspector.cli.tunnel.programs import TunnelProgram, clean
from inspector.errors import InspectorError
from inspector.settings import environment_for_others

KEEPER = Path(__file__).with_name("keeper.py")
# The time for a program to print its address, and to end before it is killed.
URL_S = 30.0
END_S = 6.0
MAX_LINE_CHARS = 4096
KEPT_LINES = 3
MAX_SHOWN_CHARS = 300

log = logging.getLogger("inspector")


def check_installed(program: TunnelProgram) -> None:
    """Raise ``InspectorError`` ``tunnel_missing`` where its program is not to be found."""
    if shutil.which(program.command[0]) is None:
        hint = f" How to get it: {program.install}" if program.install else ""
        raise InspectorError(
            "tunnel_missing",
            f"--tunnel needs {program.command[0]}, which is not installed or not on the PATH."
            f"{hint}",
        )


class Tunnel:
    """One program that brings requests to ``port``.

    ``on_url`` is called with the address; ``on_end`` with the error when the program ends, or
    prints no address within ``url_s``, unless ``stop`` was called. Both on a thread of the
    tunnel.
    """

    def __init__(
        self,
        program: TunnelProgram,
        port: int,
        on_url: Callable[[str], None],
        on_end: Callable[[InspectorError], None],
        *,
        url_s: float = URL_S,
    ) -> None:
        self._program = program
        self._on_url, self._on_end = on_url, on_end
        self._url_s = url_s
        self._lock = threading.Lock()
        self._url: str | None = None
        self._is_told = False
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._keeper = subprocess.Popen(  # noqa: S603 - our user named it
            [sys.executable, "-I", "-S", str(KEEPER), *program.argv(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment_for_others(),
            start_new_session=True,
        )
        self._timer = threading.Timer(url_s, self._give_up)
        self._timer.daemon = True
        self._thread = threading.Thread(target=self._read, name="inspector-tunnel", daemon=True)
        self._thread.start()  # which may cancel the timer at once
        self._timer.start()

    def stop(self) -> None:
        """End the program, and whatever it has started; returns when it is gone."""
        with self._lock:
            self._is_told = True
        self._timer.cancel()
        self._end()
        self._thread.join(1)

    def _end(self) -> None:
        keeper = self._keeper
        with contextlib.suppress(OSError):
            if keeper.stdin is not None:
                keeper.stdin.close()
        try:
            keeper.wait(END_S)
        except subprocess.TimeoutExpired:
            keeper.kill()
            keeper.wait()

    def _read(self) -> None:
        """Read the program's output to its end, so that the pipe never fills up."""
        assert self._keeper.stdout is not None  # noqa: S101 - it is a pipe
        with self._keeper.stdout as output:
            for line in _split_lines(output):
                log.debug("%s: %r", self._program.name, line)
                if line.strip():
                    self._lines.append(line)
                if self._url is None:
                    self._take(self._program.find_url(line))
        status = self._keeper.wait()
        self._timer.cancel()
        before = "" if self._url else " before it said an address"
        self._fail("tunnel_ended", f"ended with status {status}{before}")

    def _take(self, url: str | None) -> None:
        if url is None:
            return
        with self._lock:
            if self._is_told:
                return
            self._url = url
        self._timer.cancel()
        self._on_url(url)

    def _give_up(self) -> None:
        with self._lock:
            is_late = self._url is None
        if is_late and self._fail("tunnel_silent", f"said no address within {self._url_s:g} s"):
            self._end()

    def _fail(self, code: str, what: str) -> bool:
        with self._lock:
            is_news, self._is_told = not self._is_told, True
        if is_news:
            self._on_end(
                InspectorError(code, f"The tunnel's {self._program.name} {what}.{self._quote()}")
            )
        return is_news

    def _quote(self) -> str:
        """The program's last output in one line, without control characters."""
        said = " / ".join(clean(each).strip() for each in list(self._lines))
        shown = "".join(sign if sign.isprintable() else "?" for sign in said)
        return f" Its last words: {shown[-MAX_SHOWN_CHARS:]}" if shown else ""


def _split_lines(output: IO[bytes]) -> Iterator[str]:
    """The lines of an output, each cut to its first part, so that an endless line costs no more."""
    rest = ""
    while data := os.read(output.fileno(), 65_536):
        *whole, rest = (rest + data.decode("utf-8", "replace")).replace("\r", "\n").split("\n")
        yield from (line[:MAX_LINE_CHARS] for line in whole)
        if len(rest) > MAX_LINE_CHARS:
            rest = rest[:MAX_LINE_CHARS]
    if rest:
        yield rest
