"""waitress's connection, seen from its output: sent at once where the socket takes it.

Nothing here waits for a reader. It leans on these seams of waitress 3.0: the main loop
writes under ``outbuf_lock`` only; ``total_outbufs_len`` counts what is buffered.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from typing import Any

from waitress.channel import ClientDisconnected, HTTPChannel

from inspector.clock import time
from inspector.server.spool import SpoolBuffer

# A paused response goes on when no more than this is unread.
LOW_WATER_BYTES = 250_000
# After a refusal the sender may still be sending: reading on for a moment lets it see the
# answer, where closing at once would reset the connection under it.
LINGER_S = 2.0
LINGER_BYTES = 64_000_000


class BufferedChannel(HTTPChannel):  # type: ignore[misc]
    """Output of a connection, and its end."""

    connected: bool
    current_outbuf_count: int
    total_outbufs_len: int
    _fileno: int | None
    _when_drained: Callable[[], None] | None = None
    _lingering_until = 0.0
    _lingered_bytes = 0
    _says_end = True

    def flush_now(self) -> None:
        """Send what is buffered from this thread, as far as the socket takes it."""
        with self.outbuf_lock:
            if self.connected and self.total_outbufs_len:
                self._flush_exception(self._flush_some, do_close=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.outbufs = [SpoolBuffer(self.adj.outbuf_overflow)]

    def write_soon(self, data: bytes) -> int:
        """Called by tasks: send what the socket takes and buffer the rest.

        Never waits for the reader, as waitress's does. Raises ``ClientDisconnected``.
        """
        with self.outbuf_lock:
            if not self.connected:
                raise ClientDisconnected
            if self.current_outbuf_count >= self.adj.outbuf_high_watermark:
                self.outbufs.append(SpoolBuffer(self.adj.outbuf_overflow))
                self.current_outbuf_count = 0
            self.outbufs[-1].append(data)
            self.current_outbuf_count += len(data)
            self.total_outbufs_len += len(data)
            if self.total_outbufs_len >= self.adj.send_bytes:
                self._flush_exception(self._flush_some, do_close=False)
                if self.total_outbufs_len:
                    self.mark()
                    self.server.pull_trigger()
        return len(data)

    def add_channel(self, map: dict[int, Any] | None = None) -> None:  # noqa: A002 - waitress's
        """Called by waitress when the connection is there."""
        super().add_channel(map)
        self.mark()

    def del_channel(self, map: dict[int, Any] | None = None) -> None:  # noqa: A002 - waitress's
        """Called by waitress when it is over, or parked."""
        if self._fileno is not None:
            self.server.loop.forget(self._fileno)
        super().del_channel(map)

    def mark(self) -> None:
        """Have the main loop ask what this connection wants now."""
        descriptor = self._fileno
        if descriptor is not None:
            self.server.loop.mark(descriptor)

    def _send_now(self, payload: bytes) -> None:
        with self.outbuf_lock:
            if not self.connected:  # the client disconnected meanwhile
                return
            sent = 0
            self.last_activity = time.time()
            if not self.total_outbufs_len:
                try:
                    sent = self.socket.send(payload)
                except BlockingIOError:
                    pass
                except OSError:
                    self.will_close = True
                    return
            if sent < len(payload):
                self.outbufs[-1].append(payload[sent:])
                self.total_outbufs_len += len(payload) - sent

    def _run_when_drained(self, action: Callable[[], None]) -> None:
        """Let the main loop call it when the reader has taken most of the buffered bytes.

        At once when the reader is gone. Not to be called while a lock is held.
        """
        with self.outbuf_lock:
            is_connected = self.connected
            if is_connected:
                self._when_drained = action
        if is_connected:
            self.mark()
            self.server.pull_trigger()
        else:
            action()

    def _act_when_drained(self) -> None:
        action, self._when_drained = self._when_drained, None
        if action is not None:
            action()

    def close_when_stalled(self, cutoff: float) -> None:
        """End a connection whose reader has taken nothing since; main loop only."""
        if self.total_outbufs_len and self.last_activity < cutoff:
            self.handle_close()

    def _linger(self, *, say_end: bool = True) -> None:
        """Read on for a moment and drop it, so that the sender sees the answer, then close."""
        self._lingering_until = time.monotonic() + LINGER_S
        self._says_end = say_end
        self._end_when_flushed()

    def _end_when_flushed(self) -> None:
        """Close our side once the answer is out: the sender sees its end and may go."""
        is_due = self._says_end and self.connected and not self.total_outbufs_len
        if self._lingering_until and is_due:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)

    def handle_read(self) -> None:
        """Read requests; after a refusal, read and drop."""
        if not self._lingering_until:
            super().handle_read()
            return
        try:
            data = self.recv(self.adj.recv_bytes)
        except OSError:
            self.handle_close()
            return
        self._lingered_bytes += len(data)
        if self._lingered_bytes > LINGER_BYTES:
            self.will_close = True
