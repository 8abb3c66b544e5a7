"""A receiver on a free port of 127.0.0.1 that answers with exactly the bytes it is told."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import TypeAlias

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"

Reply: TypeAlias = bytes | Callable[[socket.socket], None]


class Receiver:
    """Answers each request with the next of ``replies``, then with ``otherwise``.

    A reply may be a callable that gets the socket. ``requests`` are the raw bytes of
    each request, ``connections`` how many came.
    """

    def __init__(
        self,
        *replies: Reply,
        otherwise: Reply = OK,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._replies = deque(replies)
        self._otherwise = otherwise
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Receiver:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            open_sockets = list(self._sockets)
        for sock in open_sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.connections += 1
                with self._lock:
                    self._sockets.append(sock)
                self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError, ssl.SSLError):
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
            buffer = b""
            while True:
                request, buffer = _read_request(sock, buffer)
                if request is None:
                    break
                with self._lock:
                    self.requests.append(request)
                    reply = self._replies.popleft() if self._replies else self._otherwise
                if isinstance(reply, bytes):
                    sock.sendall(reply)
                else:
                    reply(sock)
        sock.close()


def _read_request(sock: socket.socket, buffer: bytes) -> tuple[bytes | None, bytes]:
    while b"\r\n\r\n" not in buffer:
        more = sock.recv(65_536)
        if not more:
            return None, b""
        buffer += more
    head = buffer.partition(b"\r\n\r\n")[0]
    length = re.search(rb"(?im)^content-length: (\d+)", head)
    size = len(head) + 4 + int(length[1] if length else 0)
    while len(buffer) < size:
        buffer += sock.recv(65_536)
    return buffer[:size], buffer[size:]


def answer(status: int, *headers: str, body: bytes = b"", reason: str = "X") -> bytes:
    """An answer with a Content-Length."""
    lines = [f"HTTP/1.1 {status} {reason}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body
