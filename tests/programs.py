"""The command ``inspector`` as a process, forked from one that has imported everything already.

Starting Python and importing the command takes longer than most of what tests ask of it.
"""

import atexit
import os
import select
import socket
import subprocess
import sys
import threading
from functools import cache
from json import dumps
from pathlib import Path
from typing import Any, AnyStr

INSPECTOR = str(Path(sys.executable).with_name("inspector"))
FORK_SERVER = [sys.executable, "-m", "tests.fork_server"]
ROOT = Path(__file__).parent.parent
# Elsewhere a fork is not all that a process must be, or there is none.
CAN_FORK = sys.platform == "linux"
# Of what is for Python itself a fork can have these too: the second is for its output.
UNDERSTOOD = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
FORKS_HAVE = {"stdin", "stdout", "stderr", "text", "env", "cwd"}
_one_at_a_time = threading.Lock()


class Program(subprocess.Popen[AnyStr]):
    """``subprocess.Popen``, which forks where ``INSPECTOR`` is called.

    Whatever else is called is executed. So is the command where its environment has something
    for Python itself, where more is wanted of ``Popen`` than a fork does, and where a test is
    about how a process begins: ``own_python=True``.
    """

    def __init__(self, args: Any, own_python: bool = False, **how: Any) -> None:
        environment = how.get("env") or os.environ
        for_python = {name for name in environment if name.startswith("PYTHON")} - set(UNDERSTOOD)
        self._forks = (
            CAN_FORK
            and not own_python
            and not set(how) - FORKS_HAVE
            and isinstance(args, list)
            and args[0] == INSPECTOR
            and all(environment[name] == os.environ.get(name) for name in for_python)
        )
        super().__init__(args, **how)

    def _execute_child(self, args: Any, *how: Any) -> None:
        if not self._forks:
            super()._execute_child(args, *how)  # type: ignore[misc]
            return
        folder, environment, *_ = how[4:]
        pipes = how[9:15]  # Of input, output and errors the end to read and the end to write.
        ends = zip((pipes[0], pipes[3], pipes[5]), (0, 1, 2), strict=True)
        streams: list[int] = [own if end == -1 else end for end, own in ends]
        folder = str(Path(folder or "").absolute())
        text = dumps([args[1:], dict(environment or os.environ), folder]).encode()
        told, tell = os.pipe()  # For the status.
        self._told: int = told
        with _one_at_a_time:
            connection = _start_fork_server()
            socket.send_fds(connection, [len(text).to_bytes(4, "big")], [*streams, tell])
            connection.sendall(text)
            self.pid = int.from_bytes(connection.recv(8, socket.MSG_WAITALL), "big")
        os.close(tell)
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]

    def _try_wait(self, flags: int) -> tuple[int, int]:
        """What ``os.waitpid`` gives to the parent, which the fork server is."""
        if not self._forks:
            found: tuple[int, int] = super()._try_wait(flags)  # type: ignore[misc]
            return found
        waiting = select.poll()
        waiting.register(self._told, select.POLLIN)
        if not waiting.poll(0 if flags else None):
            return 0, 0
        said = os.read(self._told, 16)
        os.close(self._told)
        assert said, "The fork server has gone"
        return self.pid, int(said)

    def _internal_poll(self, *how: Any, **named: Any) -> int | None:
        if not self._forks:
            ended: int | None = super()._internal_poll(*how, **named)  # type: ignore[misc]
            return ended
        lock = self._waitpid_lock  # type: ignore[attr-defined]
        if not lock.acquire(False):
            return None  # Another thread waits for it.
        try:
            if self.returncode is None:
                pid, status = self._try_wait(os.WNOHANG)
                if pid:
                    self._handle_exitstatus(status)  # type: ignore[attr-defined]
            return self.returncode
        finally:
            lock.release()


def run_program(
    args: Any,
    *,
    input: str | bytes | None = None,  # noqa: A002 - as subprocess.run has it
    timeout: float | None = None,
    **how: Any,
) -> "subprocess.CompletedProcess[Any]":
    """``subprocess.run`` by way of ``Program``."""
    if input is not None:
        how["stdin"] = subprocess.PIPE
    if how.pop("capture_output", False):
        how["stdout"] = how["stderr"] = subprocess.PIPE
    check = how.pop("check", False)
    with Program[Any](args, **how) as process:
        try:
            out, err = process.communicate(input, timeout=timeout)
        except BaseException:
            process.kill()
            raise
    done = subprocess.CompletedProcess(args, process.returncode, out, err)
    if check:
        done.check_returncode()
    return done


@cache
def _start_fork_server() -> socket.socket:
    """Start it, once; it ends with the socket, whose other end is this process's."""
    ours, theirs = socket.socketpair()
    environment = {**os.environ, **dict.fromkeys(UNDERSTOOD, "")}
    with theirs:
        server = subprocess.Popen(
            FORK_SERVER,
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            env=environment,
            cwd=ROOT,
        )

    def end() -> None:
        ours.close()
        server.wait()

    atexit.register(end)
    return ours
