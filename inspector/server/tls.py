"""TLS in front of the server: asyncio decrypts, and hands the very bytes on.

waitress speaks plain HTTP. A connection is decrypted on a thread of its own and goes on
through a pair of sockets within the process, so what is captured is what was sent, and
the peer is the real one. Sources: RFC 8446; the documentation of Python's ``ssl``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from inspector.errors import InspectorError

Peer = tuple[str, int]

HANDSHAKE_TIMEOUT_S = 10.0
SHUTDOWN_TIMEOUT_S = 2.0
READ_BYTES = 65_536

log = logging.getLogger("inspector.server")


def load_certificate(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """A server's context for a certificate and its key, PEM files; the key may be in the first.

    Raises ``InspectorError`` ``invalid_certificate``.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # Without a password callback OpenSSL would ask on the terminal.
        context.load_cert_chain(certificate, key, password=_refuse_password)
    except OSError as error:  # ssl.SSLError is one
        what = f"{certificate} with {key}" if key else f"{certificate}"
        reason = error.strerror if not isinstance(error, ssl.SSLError) else _explain(error)
        raise InspectorError(
            "invalid_certificate", f"{what} cannot be used for TLS: {reason}."
        ) from error
    return context


def _refuse_password() -> str:
    return ""


def _explain(error: ssl.SSLError) -> str:
    reason = (error.reason or "").replace("_", " ").lower()
    return f"it is no certificate with its key in PEM ({reason or error})"


class TlsFront:
    """Takes accepted connections, and gives each on as a socket that carries plain bytes.

    ``give_on(connection, peer)`` is called on the front's own thread. At most
    ``max_connections`` are open at once; one more is closed.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        give_on: Callable[[socket.socket, Peer], None],
        max_connections: int,
    ) -> None:
        self._context = context
        self._give_on = give_on
        self._free = max_connections
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="inspector-tls", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()

    def take(self, connection: socket.socket, peer: Peer) -> None:
        """Take an accepted connection over; from any thread."""
        self._loop.call_soon_threadsafe(self._start, connection, peer)

    def _start(self, connection: socket.socket, peer: Peer) -> None:
        if self._free <= 0:
            connection.close()
            return
        self._free -= 1
        task = self._loop.create_task(self._carry(connection, peer))
        self._open.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._open.discard(task)
        self._free += 1

    async def _carry(self, connection: socket.socket, peer: Peer) -> None:
        connection.setblocking(False)
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            transport, _ = await self._loop.connect_accepted_socket(
                lambda: protocol,
                connection,
                ssl=self._context,
                ssl_handshake_timeout=HANDSHAKE_TIMEOUT_S,
                ssl_shutdown_timeout=SHUTDOWN_TIMEOUT_S,
            )
        except OSError as error:  # a handshake that fails, or takes too long
            log.info("%s: no TLS connection came about: %s.", peer[0], error)
            connection.close()
            return
        outside = asyncio.StreamWriter(transport, protocol, reader, self._loop)
        plain, ours = socket.socketpair()
        try:
            ours.setblocking(False)
            from_server, to_server = await asyncio.open_connection(sock=ours)
            plain.setblocking(False)
            self._give_on(plain, peer)
            incoming = self._loop.create_task(_copy(reader, to_server))
            try:
                await _copy(from_server, outside)
            finally:
                incoming.cancel()
                to_server.close()
        finally:
            outside.close()
            with contextlib.suppress(OSError):
                await outside.wait_closed()

    def stop(self, timeout_s: float) -> None:
        """End the thread; bytes that the server has written may still go out for so long."""
        done: Future[None] = asyncio.run_coroutine_threadsafe(self._finish(timeout_s), self._loop)
        with contextlib.suppress(TimeoutError):
            done.result(timeout_s + 2 * SHUTDOWN_TIMEOUT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SHUTDOWN_TIMEOUT_S)

    async def _finish(self, timeout_s: float) -> None:
        if self._open:
            await asyncio.wait(self._open, timeout=timeout_s)
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Carry bytes until the source ends; then the target's other side sees that end."""
    with contextlib.suppress(OSError):
        while data := await source.read(READ_BYTES):
            target.write(data)
            await target.drain()
        if target.can_write_eof():
            target.write_eof()
