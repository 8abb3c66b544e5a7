"""Small real receivers of forms, each in its framework, to hold what we say they read against."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, Self

HERE = Path(__file__).parent
FORM_TYPE = "application/x-www-form-urlencoded"
DEADLINE_S = 30.0


class Kind(NamedTuple):
    """A receiver: its program, the path that is posted to, and what Debian calls its needs."""

    program: str
    path: str
    packages: str


KINDS = {
    "php": Kind("receiver.php", "/", "php-cli"),
    "rack": Kind("receiver.rb", "/", "ruby-rack ruby-webrick"),
    "sinatra": Kind("receiver.rb", "/", "ruby-sinatra ruby-webrick"),
    "qs": Kind("receiver.js", "/qs", "nodejs npm"),
    "express": Kind("receiver.js", "/express", "nodejs npm"),
    "flask": Kind("receiver_flask.py", "/", "python3-flask"),
    "django": Kind("receiver_django.py", "/", "python3-django"),
    "go": Kind("receiver.go", "/", "golang-go"),
}


class Missing(Exception):  # noqa: N818 - no error, but a reason to skip
    """The programs that a receiver needs are not installed here."""


class Receiver:
    """One receiver in a process of its own, from ``with`` to its end.

    ``folder`` is kept between runs: what is fetched or compiled goes there. Raises
    ``Missing`` for what is not here and cannot be fetched.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.kind = KINDS[name]
        self._command = _prepare(name, folder)
        self._folder = folder

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if self.kind.program.endswith(".php") else subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        found = re.search(r"(\d+)\)? ?(started)?$", self._process.stdout.readline())
        assert found is not None, f"{self.kind.program} did not start"
        self.port = int(found[1])
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._process.kill()
        self._process.communicate()

    def ask(
        self,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        path: str | None = None,
    ) -> dict[str, Any]:
        """``value`` as JSON has it, or ``error`` and ``message`` where the form is refused."""
        head = {"Content-Type": FORM_TYPE, **(headers or {})}
        for attempt in range(2):
            try:
                self._connection.request("POST", path or self.kind.path, body, head)
                answer = self._connection.getresponse()
                text = answer.read().decode()
                break
            except (http.client.HTTPException, OSError):
                self._connection.close()  # An idle connection may have ended just now.
                if attempt:
                    raise
        if answer.getheader("Content-Type", "").startswith("application/json"):
            found: dict[str, Any] = json.loads(text)
            return found
        return {"error": str(answer.status), "message": text}


def _prepare(name: str, folder: Path) -> list[str]:
    program = str(HERE / KINDS[name].program)
    if name == "php":
        # $_POST takes one pair more than this, parse_str as many: so both take 1,000.
        options = ["-n", "-d", "display_errors=0", "-d", "max_input_vars=999"]
        return [find_program("php"), *options, "-S", f"127.0.0.1:{_free_port()}", program]
    if name in ("rack", "sinatra"):
        command = [find_program("ruby"), program, *(["sinatra"] if name == "sinatra" else [])]
        libraries = ["-rwebrick", "-rsinatra/base" if name == "sinatra" else "-rrack"]
        _run([find_program("ruby"), *libraries, "-e", ""], folder)
        return command
    if name in ("flask", "django"):
        if find_spec(name) is None:
            raise Missing(name)
        return [sys.executable, program]
    if name == "go":
        _run([find_program("go"), "build", "-o", str(folder / "receiver-go"), program], folder)
        return [str(folder / "receiver-go")]
    for file in ("receiver.js", "package.json", "package-lock.json"):
        shutil.copy(HERE / file, folder)
    if not (folder / "node_modules" / "qs").is_dir():
        _run([find_program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
    return [find_program("node"), "receiver.js"]


def find_program(program: str) -> str:
    """Where a program is, beside Python first. Raises ``Missing``."""
    beside_python = Path(sys.executable).with_name(program)
    found = str(beside_python) if beside_python.is_file() else shutil.which(program)
    if found is None:
        raise Missing(program)
    return found


def _run(command: list[str], folder: Path) -> None:
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "GO111MODULE": "off"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    if done.returncode != 0:
        raise Missing(f"{command[0]}: {done.stderr.strip()[-300:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
