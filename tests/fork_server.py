"""A process that has imported the command ``inspector`` and forks for each one that is asked for.

A program; tests.programs.py starts it and speaks to it. A request, over the socket that is its
standard input: the length in four bytes, with three streams and a pipe for the status beside
it, then JSON with arguments, environment and current directory. It is answered by the pid.
"""

import atexit
import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from tests.compiling import compile_once

STREAMS = (0, 1, 2)


def import_all() -> None:
    """Import what a server imports while it starts and answers."""
    import inspector

    for module in pkgutil.walk_packages(inspector.__path__, "inspector."):
        # Not what is for pytest, nor what the machine has no driver for.
        if module.name not in {"inspector.__main__", "inspector.pytest_plugin"}:
            with contextlib.suppress(ImportError):
                importlib.import_module(module.name)
    for name in ("psycopg", "sqlalchemy.dialects.postgresql.psycopg", "PIL.Image"):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def compile_all() -> None:
    """Compile what an application does when it is made, and the templates of all pages."""
    from inspector.app import create_app
    from inspector.settings import Settings

    compile_once()
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(data_dir=Path(folder)))
        for name in app.jinja_env.list_templates(["html"]):
            app.jinja_env.get_template(name)
        app.extensions["inspector"].close()


def receive(connection: socket.socket) -> tuple[Any, list[int]] | None:
    """The next request and its file descriptors; None at the end."""
    head, descriptors, _, _ = socket.recv_fds(connection, 4, len(STREAMS) + 1)
    if not head:
        return None
    text = b""
    while len(text) < int.from_bytes(head, "big"):
        text += connection.recv(int.from_bytes(head, "big") - len(text))
    return json.loads(text), descriptors


def become(request: Any, descriptors: list[int]) -> None:
    """Make this process what a new one would be when it begins to run the command."""
    arguments, environment, folder = request
    for number, descriptor in zip(STREAMS, descriptors, strict=True):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv = ["inspector", *arguments]
    # As Python itself makes it for a file, a pipe or a terminal, and for an impatient reader.
    output = io.FileIO(1, "w", closefd=False)
    is_unbuffered = bool(environment.get("PYTHONUNBUFFERED"))
    sys.stdout = io.TextIOWrapper(
        output if is_unbuffered else io.BufferedWriter(output),
        line_buffering=output.isatty(),
        write_through=is_unbuffered,
    )


def tell_who_ended(running: dict[int, int]) -> None:
    """Write the status of each that has ended into its pipe."""
    for pid, told in list(running.items()):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            with contextlib.suppress(BrokenPipeError):  # nobody waits for it
                os.write(told, str(status).encode())
            os.close(told)
            del running[pid]


def fork_on_request(connection: socket.socket) -> None:
    """Fork until the other side is closed; returns in the forks only."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    of_old = {
        signal.SIGCHLD: signal.signal(signal.SIGCHLD, lambda *_: None),
        signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN),  # for those who forked
    }
    running: dict[int, int] = {}  # The pipe for the status of each.
    while True:
        ready, _, _ = select.select([connection.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            tell_who_ended(running)
        if connection.fileno() not in ready:
            continue
        received = receive(connection)
        if received is None:
            sys.exit()
        request, (*streams, told) = received
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            for number, handler in of_old.items():
                signal.signal(number, handler)
            for each in (woken, wake, told, *running.values()):
                os.close(each)
            connection.close()
            become(request, streams)
            return
        running[pid] = told
        for each in streams:
            os.close(each)
        connection.sendall(pid.to_bytes(8, "big"))


def run_to_the_end(main: Callable[[], None]) -> NoReturn:
    """Run the command and leave as Python does, but do not free one by one all that it imported."""
    status: object = 0
    try:
        main()
    except SystemExit as end:
        status = end.code or 0
        if not isinstance(status, int):
            print(status, file=sys.stderr)
            status = 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for each in (sys.stdout, sys.stderr):
        each.flush()
    os._exit(int(str(status)))


if __name__ == "__main__":
    import_all()
    compile_all()
    sys.path.pop(0)  # the tests' folder, which no command has
    assert threading.active_count() == 1, "What forks has no thread but this"
    gc.freeze()  # A fork looks at its own objects only, and ends in a moment.
    from inspector.cli import main

    # The socket is standard input only until the first fork.
    with socket.socket(fileno=os.dup(0)) as requests:
        fork_on_request(requests)
    run_to_the_end(main)
