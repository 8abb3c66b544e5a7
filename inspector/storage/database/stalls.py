"""Ending conversations with a PostgreSQL server that has stopped answering.

The server's own timeouts do not help when the server is stopped, or the network drops packets:
the driver, and a thread, would wait for ever. Then the connection is cut from here, and the
waiting thread gets an error.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from contextlib import suppress
from typing import Any

from inspector.clock import time

log = logging.getLogger("inspector.storage")

STALL_S = 8.0
# The answer to `SELECT 1`: one that is late costs a new connection.
PING_S = 2.0
LOOK_EVERY_S = 0.5


class StallGuard:
    """Cuts a connection whose statement takes longer than ``stall_s`` seconds.

    ``enter`` and ``leave`` stand around each statement, on any thread.
    """

    def __init__(self, stall_s: float = STALL_S) -> None:
        self._stall_s = stall_s
        self._due: dict[int, tuple[float, Any]] = {}
        self._work = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def enter(self, connection: Any, stall_s: float | None = None) -> None:
        """A statement begins on this driver's connection."""
        due_at = time.monotonic() + (stall_s or self._stall_s)
        self._due[id(connection)] = (due_at, connection)
        if self._thread is None:
            self._start()
        if not self._work.is_set():
            self._work.set()

    def leave(self, connection: Any) -> None:
        """End of a watched statement."""
        self._due.pop(id(connection), None)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="inspector-stalls", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        while True:
            if not self._due:
                self._work.clear()
                if not self._due:
                    self._work.wait()
            time.sleep(LOOK_EVERY_S)
            now = time.monotonic()
            for key, (due_at, connection) in list(self._due.items()):
                if now > due_at:
                    self._due.pop(key, None)
                    log.error("The database server does not answer: a connection to it is cut.")
                    cut(connection)


def cut(connection: Any) -> None:
    """Shut the socket of a psycopg connection; a thread that waits for it gets an error."""
    with suppress(Exception):
        handle = os.dup(connection.pgconn.socket)
        with socket.socket(fileno=handle) as shared:
            shared.shutdown(socket.SHUT_RDWR)


# One thread looks after all connections of a process.
GUARD = StallGuard()
