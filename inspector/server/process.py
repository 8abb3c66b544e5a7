"""Start and stop: waitress, the writer, parked responses and the application, wired and run."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from waitress.task import ThreadedTaskDispatcher

from inspector.clock import time
from inspector.domain.answers.answer import AnswerScript
from inspector.server.backend import CaptureBackend, make_backend, open_store
from inspector.server.lane import Lane
from inspector.server.listener import WORKER_THREADS, CaptureServer, make_adjustments, share_files
from inspector.server.parked import ParkedResponses
from inspector.server.probe_lane import ProbeLane
from inspector.server.sockets import open_listener, remove_path
from inspector.server.spool import find_spool_folder
from inspector.settings import Settings
from inspector.storage.embedded import BinLine

if TYPE_CHECKING:
    import ssl

    from flask import Flask

    from inspector.server.tunnel_door import TunnelDoor
    from inspector.storage.database.listener import InstanceListener
    from inspector.storage.search.search_index import IndexFiller
    from inspector.web.services import Services

log = logging.getLogger("inspector.server")

FINISH_S = 10.0
# Extra seconds for answers to requests that were being relayed until then.
BREAK_OFF_S = 2.0
# After draining, a connection counts as quiet when nothing came or went for so long.
QUIET_S = 0.5


class ServerProcess:
    """One running server: ``start`` binds, ``run`` serves until ``stop`` is called.

    ``stop`` may be called from any thread or a signal handler. What was accepted
    before is finished: stored and answered; ``finish_s`` is how long that may take.
    ``tls`` makes it speak HTTPS. With a ``backend`` of the same database, captures go
    through that and the application is made when a page or an API call first asks for it.
    Without one it is made first, or behind the first captures where they go into the file in
    the data directory.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        backend: CaptureBackend | None = None,
        finish_s: float = FINISH_S,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.settings = settings
        self._tls = tls
        self._finish_s = finish_s
        self._app: Flask | None = None
        self._app_lock = threading.Lock()
        self._is_whole = backend is None
        self._own_backend = backend
        if backend is None and settings.database is None:
            self._own_backend = self._open_embedded()
        self._preparation: threading.Thread | None = None
        self.backend = self._own_backend or self._make_backend()
        self._map: dict[int, Any] = {}
        self._stopping = False
        self._is_hurried = False
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._server: CaptureServer | None = None
        self._filler: IndexFiller | None = None
        self._listener: InstanceListener | None = None
        self.port = settings.port
        # The address by which a tunnel brings requests, once it is known.
        self.tunnel_url: str | None = None
        self._door: TunnelDoor | None = None

    @property
    def app(self) -> Flask:
        """The application, made at the first use."""
        with self._app_lock:
            if self._app is None:
                self._app = self._make_app()
            return self._app

    @property
    def services(self) -> Services:
        """The application's."""
        services: Services = self.app.extensions["inspector"]
        return services

    def _make_app(self) -> Flask:
        from inspector.app import create_app  # Flask and SQLAlchemy, slow to import

        own = self._own_backend
        if own is None:
            return create_app(self.settings)
        app = create_app(self.settings, writer=own.writer, news=own.news, senders=own.senders)
        if self._server is not None:
            self._complete(app, self._server)
        return app

    def _open_embedded(self) -> CaptureBackend:
        """Captures into the file in the data directory, before the application is loaded."""
        store = open_store(self.settings)
        store.interrupt_relays()
        return make_backend(
            store,
            self.settings,
            load_after=lambda *which: self.services.load_after(*which),
            make_courier=lambda: self.services.make_courier(),
        )

    def _make_backend(self) -> CaptureBackend:
        services = self.services
        settings, in_context = self.settings, services.in_context
        return CaptureBackend(
            services.writer,
            services.news,
            services.load_after,
            in_context(lambda: [BinLine.of(each) for each in services.bins.list()]),
            in_context(lambda: services.bins.create(capacity=settings.capacity)[0].name),
            services.database_name,
            services.close,
            services.senders,
            services.relays,
        )

    def _complete(self, app: Flask, server: CaptureServer) -> None:
        """Bring the application and the server around it together."""
        self._introduce(app, server)
        if self._is_whole:
            self._start_listener(app.extensions["inspector"])
            self._start_index(app.extensions["inspector"])

    def _introduce(self, app: Flask, server: CaptureServer) -> None:
        """Give the application's services the server around them."""
        from inspector.web.services import OwnServer  # Flask, slow to import

        services: Services = app.extensions["inspector"]
        parked = server.parked
        services.own_server = OwnServer(
            self.port,
            lambda: parked.is_full,
            parked.wake,
            server.count,
            lambda: self.tunnel_url,
        )

    def _serve_page(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return self.app.wsgi_app(environ, start_response)

    def start(self) -> None:
        """Bind the port. Raises ``InspectorError`` ``port_unusable`` when it is not to be had."""
        dispatcher = ThreadedTaskDispatcher()
        connections, streams = share_files(self.settings, with_tls=self._tls is not None)
        has_files = find_spool_folder(self.settings.data_dir)
        listener = open_listener(self.settings)
        server = CaptureServer(
            self._serve_page,
            map=self._map,
            adj=make_adjustments(self.settings, connections, has_files=has_files),
            dispatcher=dispatcher,
            bind_socket=False,
            _sock=listener,
            _start=False,
        )
        server.probes = ProbeLane()
        backend = self.backend
        limit = None if backend.senders is None else backend.senders.check
        server.lane = Lane(backend.writer, limit, self.settings.max_template_work, backend.relays)
        if backend.relays is not None:
            backend.relays.max_under_way = min(backend.relays.max_under_way, streams)
        server.parked = ParkedResponses(backend.load_after, max_parked=streams)
        backend.news.listen(server.parked.note_news)
        backend.news.listen(lambda _: server.note_capture())
        backend.news.listen_to_removals(server.parked.note_removal)
        backend.news.listen_to_changes(server.parked.note_change)
        backend.writer.on_batch_told = lambda: server.trigger.pull_trigger(server.lane.deliver)
        self.port = int(server.effective_port)
        if self._tls is not None:
            self._start_tls(server, self._tls, connections)
        dispatcher.set_thread_count(WORKER_THREADS)
        server.accept_connections()
        server.parked.start()
        self._server = server
        if self._app is not None:
            self._complete(self._app, server)
        if self._is_whole:
            backend.writer.clean()  # deletions that the last server has left undone

    @staticmethod
    def _start_tls(server: CaptureServer, context: ssl.SSLContext, connections: int) -> None:
        """Have accepted connections decrypted first."""
        from inspector.server.tls import TlsFront  # asyncio, slow to import

        def give_on(connection: socket.socket, peer: tuple[str, int]) -> None:
            server.trigger.pull_trigger(lambda: server.adopt(connection, peer))

        server.adj.url_scheme = "https"
        server.tls = TlsFront(context, give_on, connections)

    def open_tunnel_door(self, *, names_sender: bool) -> int:
        """Open a second port for the tunnel's captures; between ``start`` and ``run``."""
        from inspector.server.tunnel_door import TunnelDoor  # seldom needed

        server = self._running()
        self._door = TunnelDoor(
            server, names_sender=names_sender, max_per_s=self.settings.max_requests_per_s
        )
        return self._door.port

    def prepare_pages(self) -> None:
        """Make the application on a thread of its own, where that was not done yet."""
        if self._app is None:
            self._preparation = threading.Thread(
                target=self._prepare, name="inspector-pages", daemon=True
            )
            self._preparation.start()

    def _prepare(self) -> None:
        try:
            _ = self.app
        except Exception:
            log.exception("Pages cannot be served yet; each request of one tries again.")

    def _start_listener(self, services: Services) -> None:
        """Start the listener for news of other instances, where the database can be shared."""
        if services.engine.dialect.name != "postgresql":
            if self._own_backend is None:
                # Relays that the last server left under way; on a shared database another instance
                # may be at them.
                services.in_context(services.relay_records.interrupt_all)()
            return
        from inspector.storage.database.listener import InstanceListener

        news = services.news
        self._listener = InstanceListener(
            services.engine,
            services.instance,
            news.publish,
            news.publish_removal,
            news.publish_change,
        )
        self._listener.start()

    def _start_index(self, services: Services) -> None:
        """Keep an index of words beside the database, where one is wanted and can be had."""
        if not self.settings.index_words:
            return
        from inspector.storage.search.indexes import open_index
        from inspector.storage.search.search_index import IndexFiller

        index = open_index(services.engine, services.requests, services.bins)
        if index is None:
            return
        self._filler = IndexFiller(services.in_context(index.fill))
        services.search.index = services.attempts.index = index
        services.news.listen(self._filler.hear)
        self._filler.start()

    def run(self) -> None:
        """Serve on this thread until ``stop``, then finish what was accepted and clean up."""
        server = self._running()
        try:
            while not self._stopping:
                server.loop.turn(1)
            self._drain(server)
            self._finish(server)
        finally:
            self._clean_up(server)
            self._stopped.set()

    def run_in_thread(self) -> None:
        """Serve on a thread of its own; ``stop`` then waits for its end."""
        self._thread = threading.Thread(target=self.run, name="inspector-server", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask the server to finish; waits when it runs in a thread of its own.

        Asked a second time, it drains no longer.
        """
        self._is_hurried = self._stopping
        self._stopping = True
        if self._server is not None and not self._stopped.is_set():
            with contextlib.suppress(OSError):
                self._server.pull_trigger()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(self.settings.drain_s + self._finish_s + 5)

    def answer_by(self, bin_id: int, script: AnswerScript | None) -> None:
        """Let ``script`` decide what a bin answers; None gives it back its stored answers."""
        scripts = self._running().lane.scripts
        if script is None:
            scripts.pop(bin_id, None)
        else:
            scripts[bin_id] = script

    def call_soon(self, call: Callable[[], None]) -> None:
        """Run ``call`` on the main loop, behind the answers known so far; from any thread."""
        self._running().trigger.pull_trigger(call)

    def _running(self) -> CaptureServer:
        if self._server is None:
            raise RuntimeError("call start() before run()")
        return self._server

    def _drain(self, server: CaptureServer) -> None:
        """Go on serving while load balancers learn from ``/readyz`` that we stop."""
        server.is_draining = True
        deadline = time.monotonic() + self.settings.drain_s
        while time.monotonic() < deadline and not self._is_hurried:
            server.loop.turn(0.2)

    def _finish(self, server: CaptureServer) -> None:
        """Stop accepting connections; requests under way get their answers."""
        with contextlib.suppress(OSError):
            server.accept_waiting()
        server.accepting = False
        for descriptor in server.loop.always:
            server.loop.forget(descriptor)
        server.loop.always = ()
        if self._door is not None:
            self._door.leave()
        server.del_channel()
        server.socket.close()
        remove_path(self.settings)
        self._turn_while_busy(server, self._finish_s)
        relays = self.backend.relays
        if relays is not None and relays.under_way:
            relays.close()
            self._turn_while_busy(server, BREAK_OFF_S)

    def _turn_while_busy(self, server: CaptureServer, at_most_s: float) -> None:
        deadline = time.monotonic() + at_most_s
        while time.monotonic() < deadline and self._busy(server):
            server.loop.turn(0.05)

    def _busy(self, server: CaptureServer) -> bool:
        if self.backend.relays is not None and self.backend.relays.under_way:
            return True
        # A new connection may carry a request that a proxy would not send twice.
        quiet_s = min(self.settings.drain_s, QUIET_S)
        return any(
            channel.requests
            or channel.total_outbufs_len
            or channel.request is not None
            or time.time() - channel.last_activity < quiet_s
            for channel in list(server.active_channels.values())
            if channel.connected
        )

    def _clean_up(self, server: CaptureServer) -> None:
        if self._preparation is not None:
            self._preparation.join()
        server.parked.stop()
        server.lane.rules.close()
        if self._listener is not None:
            self._listener.stop()
        if self._filler is not None:
            self._filler.stop()
            index = self.services.search.index
            if index is not None:
                self.services.in_context(index.close)()
        server.task_dispatcher.shutdown(timeout=5)
        server.probes.stop()
        if self._app is not None:
            self.services.close()
        if self._own_backend is not None:
            self._own_backend.close()
        for channel in list(server.active_channels.values()):
            with contextlib.suppress(OSError):
                channel.socket.shutdown(socket.SHUT_RDWR)
            channel.drop()
        if server.tls is not None:
            server.tls.stop(timeout_s=1)
        server.trigger.close()
        server.loop.close()
