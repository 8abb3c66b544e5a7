"""waitress's listening socket: the routing of finished requests, and limits on slow connections.

A quiet connection costs next to nothing, but their number is limited. A request that takes too
long is refused; when all connections are taken, the one that has been idle longest is closed.
"""

from __future__ import annotations

import heapq
import logging
import socket
import sys
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import waitress.channel
import waitress.server
from waitress.server import TcpWSGIServer
from waitress.trigger import trigger as WaitressTrigger  # noqa: N812 - it is a class

from inspector.clock import time
from inspector.domain.counters import ServerCounts
from inspector.domain.pace import Pace
from inspector.domain.proxies import NO_ADDRESSES, TrustedProxies
from inspector.errors import InspectorError
from inspector.server.channel import Channel
from inspector.server.lane import Lane
from inspector.server.loop import make_loop
from inspector.server.parked import ParkedResponses
from inspector.server.parser import ExactAdjustments
from inspector.server.probe_lane import ProbeLane
from inspector.server.sockets import name_peer
from inspector.server.spool import NEVER
from inspector.settings import Settings

if TYPE_CHECKING:
    from inspector.server.tls import TlsFront

log = logging.getLogger("inspector.server")

Peer = tuple[str, int]
# waitress measures idle connections by our clock, which a test's frozen time does not stop.
waitress.channel.time = waitress.server.time = time

WORKER_THREADS = 4
# Sockets of the main loop that are no connections: the listening socket and the trigger.
OWN_SOCKETS = 2
SPOOL_BYTES = 256 * 1024
OUTPUT_SPOOL_BYTES = 1_048_576
# Beside a connection's own file: one for its large body, some for the database and the log.
FILES_PER_CONNECTION = 2
OTHER_FILES = 128
MADE_ROOM = 64
# Open files below which the server does not start, and connections below which it warns.
LEAST_FILES = 64
FEW_CONNECTIONS = 100
# Python's select() on Windows, where nothing else watches sockets, takes no more.
WINDOWS_SOCKETS = 500
# What macOS allows at most where it claims to allow anything.
MACOS_FILES = 10_240


# Long responses work a seventh of the time while captures come; captures count as coming until this
# many seconds after the last batch.
REST_FACTOR = 6.0
CALM_S = 0.02
MAX_REST_S = 0.15


class Trigger(WaitressTrigger):  # type: ignore[misc]
    """Waitress's trigger, which runs its calls without holding its lock.

    A call that schedules another would deadlock the main loop otherwise.
    """

    thunks: list[Callable[[], None]]

    def handle_read(self) -> None:
        """Run what other threads, or earlier calls, have left for the main loop."""
        try:
            self.recv(8192)
        except OSError:
            return
        with self.lock:
            calls, self.thunks = self.thunks, []
        for call in calls:
            try:
                call()
            except Exception:
                log.exception("The main loop met something unexpected; it goes on.")


class CaptureServer(TcpWSGIServer):  # type: ignore[misc]
    """waitress's server; a finished request goes to the lane or to a worker thread."""

    adj: ExactAdjustments
    active_channels: dict[int, Channel]
    lane: Lane
    parked: ParkedResponses
    trigger: Trigger
    probes: ProbeLane
    tls: TlsFront | None = None
    # True while the server drains: each connection ends with its next answer.
    is_draining = False

    def __init__(self, *args: Any, **options: Any) -> None:
        self.loop = make_loop(options["map"])
        self.pace = Pace(REST_FACTOR, calm_s=CALM_S, max_rest_s=MAX_REST_S)
        self.page_pace = Pace(REST_FACTOR, calm_s=CALM_S, max_rest_s=MAX_REST_S)
        super().__init__(*args, **options)
        self.trigger.close()
        self.trigger = Trigger(self._map)
        self.loop.always = (self.socket.fileno(),)

    def note_capture(self) -> None:
        """Captures came just now, which pages and exports give way to; from any thread."""
        self.pace.note_capture()
        self.page_pace.note_capture()

    def set_reuse_addr(self) -> None:
        """Called by waitress; the socket is bound already."""

    def getsockname(self) -> tuple[str, int]:
        """Called by waitress: host and port; a path has port 0."""
        name = self.socket.getsockname()
        return (name[0], name[1]) if isinstance(name, tuple) else (str(name), 0)

    def set_socket_options(self, connection: socket.socket) -> None:
        """Called by waitress with each new connection."""
        if self.socket.family in (socket.AF_INET, socket.AF_INET6):
            super().set_socket_options(connection)

    def fix_addr(self, address: object) -> tuple[str, int]:
        """Called by waitress with the other end's address."""
        return name_peer(self.socket.family, address)

    def channel_class(
        self, _server: object, connection: socket.socket, peer: Peer, *_: Any, **__: Any
    ) -> None:
        """Called by waitress with each connection that it has accepted."""
        if self.tls is None:
            self.adopt(connection, peer)
        else:
            self.tls.take(connection, peer)

    def accept_waiting(self) -> None:
        """Accept all waiting connections, which closing the socket would cut off."""
        while self.readable() and (accepted := self.accept()) is not None:
            connection, address = accepted
            self.set_socket_options(connection)
            self.channel_class(self, connection, self.fix_addr(address))

    def adopt(self, connection: socket.socket, peer: Peer) -> None:
        """Serve a connection that carries plain bytes; main loop only."""
        Channel(self, connection, peer, self.adj, map=self._map)

    def add_task(self, task: Channel) -> None:
        """Called by waitress with a connection whose first request is complete."""
        request = task.requests[0]
        if self.is_draining:
            request.connection_close = True
        if not self.lane.take(task):
            if request.error is None or request.is_too_large:
                if not (task.refuse() or self.probes.take(task)):
                    super().add_task(task)
            else:
                # Later, on the main loop: the caller still holds the channel's lock.
                self.trigger.pull_trigger(lambda: task.answer_error(request))

    def count(self) -> ServerCounts:
        """Count what there is at this moment, from any thread."""
        return ServerCounts(
            captures=self.lane.counts,
            connections=len(self.active_channels),
            parked=len(self.parked),
            kinds=self.parked.count_kinds(),
            waiting_pages=len(self.task_dispatcher.queue),
            relays=0 if self.lane.relays is None else self.lane.relays.under_way,
        )

    def readable(self) -> bool:
        """True when a connection may be accepted; called before each poll."""
        if len(self._map) >= self.adj.connection_limit:  # this socket and the trigger included
            _make_room(self.active_channels.values(), MADE_ROOM)
        return bool(super().readable())

    def maintenance(self, now: float) -> None:
        """Called by waitress now and then: end slow, stalled and surplus connections."""
        channels = list(self.active_channels.values())
        for channel in channels:
            channel.refuse_when_slow(self.adj.receive_timeout_s)
            channel.close_when_stalled(now - self.adj.channel_timeout)
        super().maintenance(now)
        unfinished = sum(channel.unfinished_bytes for channel in channels)
        if unfinished > self.adj.max_unfinished_bytes:
            _make_room([each for each in channels if each.unfinished_bytes], MADE_ROOM)


def _make_room(channels: Iterable[Channel], count: int) -> None:
    """Close the connections that have been idle longest; those being served are left alone."""
    waiting = [each for each in channels if not each.requests and not each.will_close]
    for channel in heapq.nsmallest(count, waiting, key=attrgetter("waits_since")):
        channel.will_close = True
        channel.mark()


def make_adjustments(
    settings: Settings, connections: int, *, has_files: bool = True
) -> ExactAdjustments:
    """Waitress's settings for ours; ``has_files`` where temporary ones can be written."""
    adjustments = ExactAdjustments(
        threads=WORKER_THREADS,
        connection_limit=connections + OWN_SOCKETS,
        channel_timeout=settings.idle_timeout_s,
        cleanup_interval=1,
        max_request_header_size=settings.max_head_bytes,
        max_request_body_size=2**62,
        inbuf_overflow=SPOOL_BYTES if has_files else NEVER,
        outbuf_overflow=OUTPUT_SPOOL_BYTES if has_files else NEVER,
        recv_bytes=65_536,
        backlog=1024,
        asyncore_use_poll=True,
        asyncore_loop_timeout=1,
        clear_untrusted_proxy_headers=False,
        expose_tracebacks=False,
        ident=None,
    )
    adjustments.max_body_bytes = settings.max_body_bytes
    adjustments.max_call_bytes = settings.max_call_bytes
    adjustments.max_import_bytes = settings.max_import_bytes
    adjustments.max_header_lines = settings.max_header_lines
    adjustments.max_target_bytes = settings.max_target_bytes
    adjustments.max_unfinished_bytes = settings.max_unfinished_bytes
    adjustments.receive_timeout_s = settings.receive_timeout_s
    adjustments.proxy_protocol = settings.proxy_protocol
    if settings.addresses != NO_ADDRESSES:
        adjustments.addresses = settings.addresses
    adjustments.trusted_proxies = TrustedProxies.parse(settings.trusted_proxies)
    return adjustments


def share_files(settings: Settings, *, with_tls: bool = False) -> tuple[int, int]:
    """The numbers of connections and of streams that the limit on open files allows.

    A connection ``with_tls`` has a pair of sockets more.
    Raises ``InspectorError`` ``too_few_files`` where a server cannot do with so few.
    """
    each = FILES_PER_CONNECTION + (2 if with_tls else 0)
    wanted = settings.max_connections * each + settings.max_streams + OTHER_FILES
    if sys.platform == "win32":
        most = WINDOWS_SOCKETS
        return min(settings.max_connections, most), min(settings.max_streams, most)
    allowed = _allow_files(wanted)
    if allowed < LEAST_FILES:
        raise InspectorError(
            "too_few_files",
            f"This process may open {allowed} files at once, and the server needs "
            f"{LEAST_FILES}. Raise the limit, for example by: ulimit -n 4096",
        )
    own = min(OTHER_FILES, allowed // 2)
    streams = min(settings.max_streams, (allowed - own) // 2)
    connections = (allowed - own - streams) // each
    if connections < min(settings.max_connections, FEW_CONNECTIONS):
        log.warning(
            "This process may open %d files at once: it serves %d connections and %d streams.",
            allowed,
            connections,
            streams,
        )
    return min(settings.max_connections, connections), streams


def _allow_files(wanted: int) -> int:
    """Raise this process's limit on open files towards ``wanted``; answers what it is."""
    if sys.platform == "win32":  # for type checkers
        return wanted
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    better = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    for files in (better, min(better, MACOS_FILES)):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
        except (ValueError, OSError):
            continue
        return files
    return soft
