"""The tunnel's own port: it takes captures and nothing else.

A tunnel leads strangers to a port, and some tunnels pass any ``Host`` that the stranger
chooses. So access depends on the port: here requests to bins are captured, and pages, calls and
probes are refused whatever the request says.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from waitress import wasyncore

from inspector.domain.answers.answer import Answer, render_answer
from inspector.domain.proxies import NO_PROXIES, TrustedProxies
from inspector.domain.rate_limits import SenderLimit
from inspector.server.channel import Channel, RateCheck
from inspector.server.parser import ExactParser
from inspector.server.sockets import name_peer

if TYPE_CHECKING:
    from inspector.server.listener import CaptureServer

HOST = "127.0.0.1"
BACKLOG = 1024
_REFUSED = Answer(
    403,
    (("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")),
    b"Only webhooks come in by this address: a path that begins with a bin's name. "
    b"The pages are on the machine that Inspector runs on.\n",
)


class TunnelChannel(Channel):
    """A connection that a tunnel brings; ``door`` is where it came in."""

    door: TunnelDoor
    # The PROXY protocol belongs to the main port: no proxy stands before this one.
    _opening = None

    def find_sender(self, request: ExactParser) -> str:
        """The address that the tunnel's program called from, or says it was called from."""
        forwarded = request.headers.get("X_FORWARDED_FOR", "")
        return self.door.proxies.find_client(str(self.addr[0]), forwarded)

    def check_rate(self, request: ExactParser, _limit: RateCheck | None) -> None:
        """Count the request by the door's own limit."""
        self.door.limit.check(self.find_sender(request), "")

    def refuse(self) -> bool:
        """Answer the first request when it is no capture; True, for it is taken."""
        request = self.requests[0]
        payload = render_answer(
            _REFUSED, head_only=False, http_1_0=request.version == "1.0", close=True
        )
        # Later, on the main loop: the caller still holds the channel's lock.
        self.server.trigger.pull_trigger(lambda: self.answer(payload, close=True))
        return True


class TunnelDoor(wasyncore.dispatcher):  # type: ignore[misc]
    """A second listening socket of a server, on a free port of this machine.

    ``names_sender`` says that the tunnel's program ends ``X-Forwarded-For`` with its caller's
    address. ``max_per_s`` bounds each sender, this machine included, since every request here
    comes from elsewhere.
    """

    def __init__(self, server: CaptureServer, *, names_sender: bool, max_per_s: float) -> None:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.bind((HOST, 0))
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            raise
        super().__init__(listener, map=server._map)
        self.accepting = True
        self.port = int(listener.getsockname()[1])
        self.proxies = TrustedProxies.parse([HOST]) if names_sender else NO_PROXIES
        self.limit = SenderLimit(max_per_s, NO_PROXIES, spares_this_machine=False)
        self._server = server

    def readable(self) -> bool:
        """True when a connection may be accepted; called before each poll."""
        return bool(self._server.accepting and self._server.readable())

    def handle_accept(self) -> None:
        """Serve a connection that waits; called by the main loop."""
        try:
            accepted = self.accept()
            if accepted is None:
                return
            connection, address = accepted
            self._server.set_socket_options(connection)
        except OSError:  # The client has disconnected already.
            return
        self.adopt(connection, name_peer(socket.AF_INET, address))

    def adopt(self, connection: socket.socket, peer: tuple[str, int]) -> None:
        """Serve a connection."""
        server = self._server
        TunnelChannel(server, connection, peer, server.adj, map=server._map).door = self

    def leave(self) -> None:
        """Accept nobody any more."""
        self._server.loop.forget(self.socket.fileno())
        self.close()
