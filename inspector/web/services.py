"""The services of an application, made once by ``app``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate, takewhile
from threading import BoundedSemaphore
from typing import Any, ParamSpec, TypeVar, cast
from urllib.parse import unquote, urlsplit

from flask import Flask, request

from inspector.answers.matches import Match
from inspector.domain import Bin, CapturedRequest
from inspector.domain.bins import MAX_AGE_S
from inspector.domain.counters import ServerCounts
from inspector.domain.credentials import restore_url
from inspector.domain.deliveries import Delivery
from inspector.domain.proxies import TrustedProxies
from inspector.domain.rate_limits import SenderLimit
from inspector.emitter import (
    ANYWHERE,
    Composition,
    DestinationPolicy,
    PreparedRequest,
    SeriesPlan,
    restrict_to,
)
from inspector.emitter.elsewhere import DELIVERY, DeliveryElsewhere
from inspector.emitter.outbox import (
    DeliveryJob,
    DeliveryOrder,
    Keep,
    Outbox,
    make_order,
    make_replay,
)
from inspector.emitter.replay_runs import Fits, ReplayPlan, ReplayRun, ReplayRuns, Requests
from inspector.emitter.replaying import UNCHANGED, ReplayChanges
from inspector.emitter.runs import Board
from inspector.emitter.series_runs import SeriesRun, SeriesRuns
from inspector.live.deferred import DeferredAnswer
from inspector.live.events import ChangeRenderer, RemovalRenderer, Renderer
from inspector.live.news import News
from inspector.live.relays import Courier, Relays
from inspector.live.waiters import Waiters
from inspector.reading.overview.activity import Activities
from inspector.reading.overview.big_bins import Aggregates
from inspector.reading.overview.catalogue import Catalogue
from inspector.reading.overview.series import Series
from inspector.reading.overview.values import KeptValues
from inspector.reading.query import Query
from inspector.reading.schema import BodyShapes
from inspector.settings import Settings, put_prefix
from inspector.storage.actions import ActionStore
from inspector.storage.annotations import Annotator
from inspector.storage.attempts import AttemptFinder
from inspector.storage.audit import AuditLog
from inspector.storage.bins import BinStore
from inspector.storage.database.engine import DatabaseEngine
from inspector.storage.database.urls import describe_url
from inspector.storage.deliveries import DeliveryStore
from inspector.storage.relays.store import RelayStore
from inspector.storage.requests import RequestStore
from inspector.storage.search.search import RequestSearch
from inspector.storage.writer import Writer
from inspector.web.access.tokens import Access
from inspector.web.deletions import Deletions, iterate_found
from inspector.web.run_board import RunBoard

# The latest requests that a timed-out wait reports with their differences.
MAX_LATEST = 30
MAX_LATEST_BYTES = 20_000_000
# Catalogues and series of fields that are kept for the next look, and exports at once.
MAX_CATALOGUES = 8
MAX_SERIES = 16
MAX_EXPORTS = 2

Given = ParamSpec("Given")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class OwnServer:
    """Our own server around the application, which parks responses and holds no thread for them.

    ``is_full`` says that no more can be parked, ``wake`` asks a parked response at once,
    ``count`` gives the counts of this moment, ``tunnel_url`` the address by which a tunnel
    brings requests to bins, None while there is none.
    """

    port: int
    is_full: Callable[[], bool]
    wake: Callable[[DeferredAnswer], None]
    count: Callable[[], ServerCounts]
    tunnel_url: Callable[[], str | None] = lambda: None


@dataclass
class Services:
    """The application's parts, wired; ``app.extensions["inspector"]``.

    ``senders`` is None where nobody is limited, ``own_server`` while no server of ours is around
    the application; ``instance`` is its name among others on one database. ``renderers`` are
    those of open event streams, ``catalogues`` and ``series_of_fields`` what was read of bins
    already, ``values`` what suggestions are made of, ``exports`` bounds those under way.
    """

    app: Flask
    settings: Settings
    engine: DatabaseEngine
    bins: BinStore
    access: Access
    requests: RequestStore
    search: RequestSearch
    attempts: AttemptFinder
    actions: ActionStore
    deliveries: DeliveryStore
    audit: AuditLog
    relay_records: RelayStore
    writer: Writer
    news: News
    proxies: TrustedProxies
    instance: str
    senders: SenderLimit | None = None
    outbox: Outbox = field(default_factory=Outbox)
    series: SeriesRuns = field(default_factory=SeriesRuns)
    replays: ReplayRuns = field(default_factory=ReplayRuns)
    board: RunBoard | None = None
    relays: Relays = field(init=False)
    own_server: OwnServer | None = None
    renderers: dict[str, Renderer] = field(default_factory=dict)
    change_renderers: dict[str, ChangeRenderer] = field(default_factory=dict)
    removal_renderers: dict[tuple[int, str], RemovalRenderer] = field(default_factory=dict)
    catalogues: Aggregates[Catalogue] = field(default_factory=lambda: Aggregates(MAX_CATALOGUES))
    series_of_fields: Aggregates[Series] = field(default_factory=lambda: Aggregates(MAX_SERIES))
    values: KeptValues = field(default_factory=KeptValues)
    shapes: Aggregates[BodyShapes] = field(default_factory=lambda: Aggregates(MAX_CATALOGUES))
    examples: dict[tuple[int, int, int], Any] = field(default_factory=dict)
    exports: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(MAX_EXPORTS))
    waiters: Waiters = field(init=False)
    activities: Activities = field(init=False)
    annotator: Annotator = field(init=False)
    deletions: Deletions = field(init=False)

    def __post_init__(self) -> None:
        self.activities = Activities(self.requests)
        self.series.board = cast(Board[SeriesRun] | None, self.board)
        self.replays.board = cast(Board[ReplayRun] | None, self.board)
        self.relays = Relays(self.make_courier)
        self.annotator = Annotator(self.requests.remover)
        self.deletions = Deletions(self.in_context(self.requests.remover.delete_all))

    def make_courier(self) -> Courier:
        """A loop that passes requests on to where deliveries may go."""
        from inspector.emitter.relay_loop import RelayLoop  # asyncio, for those who relay

        return RelayLoop(cache(self.emit_policy), self.writer.record_relayed)

    def limit_sender(self, peer: str, forwarded_for: str) -> None:
        """Count a request; ``TooManyRequestsError`` for a peer elsewhere that sends too many."""
        if self.senders is not None:
            self.senders.check(peer, forwarded_for)

    def base_url(self) -> str:
        """The beginning of our URLs: ``--public-url``, else the address the reader used.

        Of several names it is the one that the reader used.
        """
        settings = self.settings
        host = (urlsplit(request.host_url).hostname or "").lower()
        if settings.public_url and not settings.goes_by(host):
            return put_prefix(settings.public_url, settings.path_prefix or request.script_root)
        root, name = request.url_root.rstrip("/"), settings.addresses.find_bin(request.host)
        return root if name is None else root.replace(f"//{name}.", "//", 1)

    def bin_url(self, name: str) -> str:
        """The URL for webhooks to this bin: a tunnel's where there is one."""
        tunnel = self.tunnel_url()
        return f"{tunnel}/{name}" if tunnel else self.near_bin_url(name)

    def near_bin_url(self, name: str) -> str:
        """The URL of this bin below the address that pages have, too."""
        return self.settings.bin_url(self.base_url(), name)

    def tunnel_url(self) -> str:
        """The address by which a tunnel brings requests to bins; empty while there is none."""
        return (self.own_server and self.own_server.tunnel_url()) or ""

    @property
    def port(self) -> int:
        """The port that our own server has bound; 0 when another server owns the socket."""
        return 0 if self.own_server is None else self.own_server.port

    def own_url(self) -> str:
        """Our address on this machine, whatever others call us or a Host header says.

        Empty when another server owns the socket.
        """
        if not self.port:
            return ""
        return replace(self.settings, port=self.port, public_url=None, path_prefix="").base_url

    def emit_policy(self) -> DestinationPolicy:
        """The allowed destinations of deliveries: all when only this machine can ask for them."""
        if not self.settings.is_exposed:
            return ANYWHERE
        return restrict_to(
            self.settings.emit_allow,
            own_urls=self.list_own_urls(),
            is_bin=self.in_context(self.bins.exists),
        )

    def list_own_urls(self) -> list[str]:
        """The addresses that lead to this server, as far as it knows them."""
        own = [url for url in (self.own_url(), self.settings.public_url, self.tunnel_url()) if url]
        if self.port:
            own.append(f"http://localhost:{self.port}")
        return own

    def prepare(self, composition: Composition, number: int = 1) -> PreparedRequest:
        """The request of this number, within the server's bounds. Raises ``InspectorError``."""
        return self._bound(composition).prepare(number)

    def send(self, composition: Composition, number: int = 1) -> DeliveryJob:
        """Start its delivery. Raises ``InspectorError`` as ``prepare`` and ``dispatch`` do."""
        return self.dispatch(make_order(self._bound(composition), number))

    def keep_sent(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Deliveries that were made elsewhere, in the log; not those to a private bin.

        The log is everyone's who may use the server; a private bin is not.
        """
        shared = [each for each in deliveries if not self._is_for_private_bin(each.line.url)]
        kept = dict(zip(map(id, shared), self.deliveries.add_all(shared), strict=True))
        return [kept.get(id(each), each) for each in deliveries]

    def _is_for_private_bin(self, url: str) -> bool:
        parts = urlsplit(url)
        path = unquote(parts.path.removeprefix(self.settings.path_prefix)).strip("/")
        by_host = self.settings.addresses.find_bin(parts.netloc)
        return self.bins.is_private(by_host or path.partition("/")[0])

    def _bound(self, composition: Composition) -> Composition:
        """The composition with the settings' bound on template work."""
        max_work = self.settings.max_template_work
        return (
            composition
            if composition.max_work == max_work
            else replace(composition, max_work=max_work)
        )

    def dispatch(self, order: DeliveryOrder) -> DeliveryJob:
        """Start a delivery, which is kept when it is done. Raises ``too_many_deliveries``."""
        keep = self.in_context(self.deliveries.add)
        return self.outbox.start(order, self.emit_policy(), keep)

    def tell_of_delivery(self, job: DeliveryJob) -> None:
        """Report a slow delivery to other instances."""
        if self.board is not None:
            self.board.post_delivery(job)

    def find_delivery(self, token: str) -> DeliveryJob | DeliveryElsewhere:
        """A delivery under way here or at another instance. Raises ``delivery_not_found``."""
        elsewhere = None
        if self.board is not None and not self.outbox.knows(token):
            elsewhere = cast("DeliveryElsewhere | None", self.board.find(DELIVERY, token))
        return elsewhere or self.outbox.get(token)

    def start_series(self, composition: Composition, plan: SeriesPlan) -> SeriesRun:
        """Start a series, of which some deliveries are kept when it is done."""
        keep = self.in_context(self.deliveries.add_all)
        return self.series.start(self._bound(composition), plan, self.emit_policy(), keep)

    def replay(
        self,
        bin_: Bin,
        captured: CapturedRequest,
        url: str,
        changes: ReplayChanges = UNCHANGED,
        *,
        resign: bool = False,
    ) -> DeliveryJob:
        """Start sending a bin's request again, to a URL as it was given or as it is shown.

        The bin remembers the URL. Raises ``InspectorError`` before anything is sent.
        """
        url = restore_url(url.strip(), bin_.replay_urls)
        secrets = self.bins.load_secrets(bin_.name)
        order = make_replay(captured, url, changes, secrets, resign=resign)
        self._remember_url(bin_, url)
        return self.dispatch(order)

    def start_replays(
        self, bin_: Bin, plan: ReplayPlan, match: Match, *, refused_too: bool
    ) -> ReplayRun:
        """Send all of a bin's requests again that match, up to the newest of now.

        Those that the server has refused only when ``refused_too``. Raises ``too_many_replays``.
        """
        run = ReplayRun(plan, bin_.request_count)

        def fits(captured: CapturedRequest) -> bool:
            return (refused_too or captured.refusal is None) and match.fits(captured)

        def iterate() -> Iterator[CapturedRequest]:
            found = self.requests.iterate(bin_)
            return takewhile(lambda each: each.number <= bin_.last_number, found)

        self._remember_url(bin_, plan.url)
        self.start_run(run, iterate, fits, self.deliveries.add)
        return run

    def start_run(self, run: ReplayRun, requests: Requests, fits: Fits, keep: Keep) -> None:
        """Send those of the requests that fit, in a thread. Raises ``too_many_replays``."""
        see_through, policy = self.in_context(run.see_through), self.emit_policy()
        self.replays.admit(run, lambda: see_through(requests, fits, policy, keep))

    def _remember_url(self, bin_: Bin, url: str) -> None:
        if bin_.replay_urls[:1] != (url,):
            self.bins.remember_replay_url(bin_.name, url)

    def delete_found(self, bin_: Bin, query: Query) -> int:
        """Delete all requests of a bin that a search finds; answers how many went."""
        found = iterate_found(self.search, bin_, query)
        return sum(self.requests.remover.delete(bin_.id, each.number) for each in found)

    def in_context(self, work: Callable[Given, Result]) -> Callable[Given, Result]:
        """The function, to be called from any thread: in an application context of its own."""

        def run(*args: Given.args, **kwargs: Given.kwargs) -> Result:
            with self.app.app_context():
                return work(*args, **kwargs)

        return run

    def load_after(self, bin_id: int, after: int, limit: int) -> Sequence[CapturedRequest]:
        """A step of a bin's requests numbered above ``after``, oldest first, from any thread.

        None only when there are none; see ``RequestStore.load_step``.
        """
        with self.app.app_context():
            bin_ = self.bins.find_by_id(bin_id)
            return [] if bin_ is None else self.requests.load_step(bin_, after, limit=limit)

    def load_latest(self, bin_id: int) -> tuple[int, Sequence[CapturedRequest]]:
        """A bin's last number and its latest requests, bounded in number and in bytes."""
        bin_ = self.bins.find_by_id(bin_id)
        if bin_ is None:
            return 0, []
        keys = self.requests.list_keys(bin_, limit=MAX_LATEST)
        sizes = accumulate(key.body_size for key in keys)
        light = [key for key, size in zip(keys, sizes, strict=True) if size < MAX_LATEST_BYTES]
        return bin_.last_number, list(self.requests.iterate_keys(bin_, light))

    @property
    def database_name(self) -> str:
        """The database for people to read: its file in full, or its URL without a password."""
        return describe_url(self.engine.url)

    def prune(self) -> int:
        """Delete what is older than its bin or the settings say; answers how many went."""
        now = datetime.now(UTC)
        gone = 0
        with self.app.app_context():
            for bin_ in self.bins.list():
                ttl_s = self.settings.ttl_s if bin_.ttl_s is None else bin_.ttl_s
                if ttl_s is not None and bin_.request_count:
                    oldest = now - timedelta(seconds=min(ttl_s, MAX_AGE_S))
                    gone += self.requests.prune(bin_, int(oldest.timestamp() * 1_000_000))
        return gone

    def close(self) -> None:
        """Store what is queued and let go of the database."""
        self.deletions.close()
        self.series.close()
        self.replays.close()
        if self.board is not None:
            self.board.close()
        self.relays.close()
        self.outbox.close()
        self.waiters.close()
        self.writer.close()
        self.engine.dispose()
