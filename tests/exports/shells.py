"""Real shells in which nothing can run but recorders that write down what they are given."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import subprocess
import sys
import time
from base64 import b64decode
from pathlib import Path
from typing import NamedTuple

from tests.machine import skip_without

SHELLS = ("bash", "fish")
DEADLINE_S = 60

# Written in Python, started by its full path: the shell's PATH holds nothing else.
RECORDER = """\
#!{python} -I
import base64, json, os, sys
piped = b"" if os.isatty(0) else sys.stdin.buffer.read()
encode = lambda data: base64.b64encode(data).decode()
record = {{
    "name": os.path.basename(sys.argv[0]),
    "arguments": [encode(os.fsencode(each)) for each in sys.argv[1:]],
    "piped": encode(piped),
}}
with open({log!r}, "a") as log:
    log.write(json.dumps(record) + "\\n")
"""


class Run(NamedTuple):
    """One start of a recorder: its name, its arguments, and what came over its pipe."""

    name: str
    arguments: list[bytes]
    piped: bytes


class Sandbox:
    """A folder with recorders named ``programs``, and shells that know only that folder.

    ``paste`` runs a text and gives what was started by it. Every other program is
    unknown there, and a file made by a redirection is found by ``list_strays``.
    """

    def __init__(self, folder: Path, *programs: str) -> None:
        self.log = folder / "log"
        self.programs = folder / "programs"
        self.home = folder / "home"
        self.here = folder / "here"
        for each in (self.programs, self.home, self.here):
            each.mkdir(parents=True)
        for program in programs:
            recorder = self.programs / program
            recorder.write_text(RECORDER.format(python=sys.executable, log=str(self.log)))
            recorder.chmod(0o755)

    def environment(self, locale: str) -> dict[str, str]:
        return {
            "PATH": str(self.programs),
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home),
            "XDG_DATA_HOME": str(self.home),
            "LC_ALL": locale,
            "TERM": "xterm",
        }

    def paste(self, shell: str, text: str, locale: str = "C.UTF-8") -> list[Run]:
        """Run the text as a script, and give what it started. The shell must not complain."""
        script = self.home / "script"
        script.write_bytes(text.encode())
        done = subprocess.run(
            [find_shell(shell), str(script)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=self.here,
            env=self.environment(locale),
            timeout=DEADLINE_S,
            check=False,
        )
        assert (done.returncode, done.stderr, done.stdout) == (0, b"", b"")
        return self.take_runs()

    def type(self, shell: str, text: str) -> list[Run]:
        """Type the text into an interactive shell at a terminal, key by key as a paste does."""
        program = find_shell(shell)
        flags = {"bash": ["--norc", "--noprofile", "-i"], "fish": ["--no-config", "-i"]}[shell]
        process, terminal = pty.fork()
        if process == 0:  # pragma: no cover - the shell's side
            os.chdir(self.here)
            os.execve(program, [shell, *flags], self.environment("C.UTF-8"))
        try:
            write_slowly(terminal, text.encode() + b"\nexit\n")
            drain(terminal)
        finally:
            os.close(terminal)
            os.waitpid(process, 0)
        return self.take_runs()

    def take_runs(self) -> list[Run]:
        """What was started since the last time."""
        if not self.log.exists():
            return []
        lines = self.log.read_text().splitlines()
        self.log.unlink()
        records = [json.loads(line) for line in lines]
        return [
            Run(
                record["name"],
                [b64decode(each) for each in record["arguments"]],
                b64decode(record["piped"]),
            )
            for record in records
        ]

    def list_strays(self) -> list[str]:
        """Files that a paste has made, which none may."""
        return sorted(path.name for path in self.here.iterdir())


def find_shell(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        skip_without(name, name)
    return found


def write_slowly(terminal: int, data: bytes) -> None:
    """As fast as the shell reads: what it echoes must be read, or both wait for ever."""
    deadline = time.monotonic() + DEADLINE_S
    while data:
        assert time.monotonic() < deadline, "the shell does not read on"
        readable, writable, _ = select.select([terminal], [terminal], [], 1)
        if readable:
            os.read(terminal, 65_536)
        if writable:
            data = data[os.write(terminal, data[:512]) :]


def drain(terminal: int) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        try:
            if not os.read(terminal, 65_536):
                return
        except OSError:  # Linux says so when the other side has closed.
            return
    raise AssertionError("the shell did not end")
