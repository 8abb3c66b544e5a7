"""The only place that wires: settings in, a Flask application out."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import cache, partial
from hashlib import sha256

from flask import Flask

from inspector.assets import find_folder
from inspector.domain.proxies import TrustedProxies
from inspector.domain.rate_limits import SenderLimit
from inspector.domain.removals import Removal
from inspector.installation import make_key
from inspector.live.news import News
from inspector.live.waiters import Waiters
from inspector.settings import Settings, make_sender_limit
from inspector.storage.actions import ActionStore
from inspector.storage.answers import AnswerFinder
from inspector.storage.attempts import AttemptFinder
from inspector.storage.audit import AuditLog
from inspector.storage.bins import BinStore
from inspector.storage.database.engine import (
    DatabaseEngine,
    EngineConnections,
    attach_database,
)
from inspector.storage.database.queries import EngineQueries
from inspector.storage.database.told_runs import RunTable
from inspector.storage.deliveries import DeliveryStore
from inspector.storage.installation import ensure_value
from inspector.storage.logins import LoginStore
from inspector.storage.records import ReadSettings
from inspector.storage.relays.outcomes import RelayFinder
from inspector.storage.relays.store import RelayStore
from inspector.storage.removing import Remover
from inspector.storage.requests import RequestStore
from inspector.storage.search.search import RequestSearch
from inspector.storage.signatures import SignatureChecker
from inspector.storage.writer import Writer
from inspector.web import prefix
from inspector.web.access.tokens import Access
from inspector.web.routes import register
from inspector.web.run_board import RunBoard
from inspector.web.services import Services


def create_app(
    settings: Settings | None = None,
    *,
    writer: Writer | None = None,
    news: News | None = None,
    senders: SenderLimit | None = None,
) -> Flask:
    """The application, for any WSGI server; its database is opened and up to date.

    Under ``inspector serve`` captures take a lane of their own and are kept byte for byte.
    Under another server they come through WSGI: stored just as safely, but as that server
    rebuilt them, and every record says so. A ``writer`` that is given publishes to ``news``;
    ``senders`` are limited together with those of the caller.
    """
    settings = settings or Settings()
    app = Flask("inspector", template_folder=str(find_folder("templates")), static_folder=None)
    engine = attach_database(app, settings.database_url)
    news = news or News()
    services = _make_services(app, settings, engine, writer, news)
    services.senders = senders or make_sender_limit(settings)
    app.extensions["inspector"] = services
    services.waiters = Waiters(services.load_after, services.in_context(services.load_latest))
    news.listen(services.waiters.hear)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # key order is part of what PHP made
    register(app)
    prefix.register(app, settings.addresses, services.proxies)
    with app.app_context():
        for name in settings.bins:
            services.bins.ensure(name, capacity=settings.capacity)
    return app


def _make_services(
    app: Flask, settings: Settings, engine: DatabaseEngine, writer: Writer | None, news: News
) -> Services:
    proxies = TrustedProxies.parse(settings.trusted_proxies)
    instance = secrets.token_hex(8)
    writer = writer or _make_writer(settings, engine, news, instance)
    remover = Remover(
        partial(_publish_removal, writer, news), news.publish_change, instance=instance
    )
    queries = EngineQueries(engine)
    check = SignatureChecker(queries)
    relays = RelayFinder(queries)
    attempts = AttemptFinder(queries.fetch_all, ReadSettings(settings.body_limits))
    bins = BinStore(max_bins=settings.max_bins, remover=remover, on_secrets=check.forget)
    find = AnswerFinder(queries, settings.max_template_work)
    read = ReadSettings(settings.body_limits, proxies, find, check, attempts, relays)
    requests = RequestStore(read, remover)
    return Services(
        app=app,
        settings=settings,
        engine=engine,
        bins=bins,
        access=Access(settings, bins, proxies, _make_key_loader(settings, engine), LoginStore()),
        requests=requests,
        search=RequestSearch(requests, settings.search_time_s),
        attempts=attempts,
        actions=ActionStore(),
        deliveries=DeliveryStore(),
        audit=AuditLog(),
        relay_records=RelayStore(relays.forget),
        writer=writer,
        news=news,
        proxies=proxies,
        instance=instance,
        board=_make_board(engine),
    )


def _make_board(engine: DatabaseEngine) -> RunBoard | None:
    """The board of runs that instances share; None on SQLite, which has one instance."""
    return RunBoard(RunTable(engine)) if engine.dialect.name == "postgresql" else None


def _make_writer(settings: Settings, engine: DatabaseEngine, news: News, instance: str) -> Writer:
    return Writer(
        EngineConnections(engine),
        on_stored=news.publish,
        on_removed=news.publish_removal,
        on_changed=news.publish_change,
        instance=instance,
        max_total_bytes=settings.max_total_bytes,
    )


def _make_key_loader(settings: Settings, engine: DatabaseEngine) -> Callable[[], bytes]:
    """Loads the key of cookies, which all instances share, when it is needed first."""

    @cache
    def load() -> bytes:
        if settings.secret_key is not None:
            return sha256(settings.secret_key.encode()).digest()
        make = partial(make_key, settings.data_dir)
        return bytes.fromhex(ensure_value(engine, "cookie key", make))

    return load


def _publish_removal(writer: Writer, news: News, removal: Removal) -> None:
    """Publish a removal of requests, and queue the deletion of their rows."""
    news.publish_removal(removal)
    if removal.kind != "deleted":
        writer.clean(removal.bin_id)
