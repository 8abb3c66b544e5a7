"""The backend of captures alone, without pages: writer, notifications, reading back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

from inspector.domain import CapturedRequest
from inspector.domain.rate_limits import SenderLimit
from inspector.live.news import News
from inspector.live.relays import Courier, Relays
from inspector.settings import Settings, make_sender_limit
from inspector.storage.embedded import BinLine, EmbeddedStore
from inspector.storage.records import ReadSettings
from inspector.storage.writer import Writer

Load: TypeAlias = Callable[[int, int, int], Sequence[CapturedRequest]]


class CaptureBackend(NamedTuple):
    """``load_after(bin_id, number, limit)`` gives a bin's requests above a number, oldest first.

    ``list_bins`` are those there are, the newest first, and ``create_bin`` makes one of a
    generated name; ``database_name`` is for people. ``senders`` limits them, None for nobody.
    ``close`` stores what is queued and lets go of the database. ``relays`` pass captures on.
    """

    writer: Writer
    news: News
    load_after: Load
    list_bins: Callable[[], Sequence[BinLine]]
    create_bin: Callable[[], str]
    database_name: str
    close: Callable[[], None]
    senders: SenderLimit | None = None
    relays: Relays | None = None


def open_store(settings: Settings) -> EmbeddedStore:
    """The SQLite file in the data directory, by the standard library alone, with its bins."""
    store = EmbeddedStore(
        settings.embedded_path, ReadSettings(settings.body_limits), settings.max_template_work
    )
    for name in settings.bins:
        store.ensure_bin(name, capacity=settings.capacity)
    return store


def make_backend(
    store: EmbeddedStore,
    settings: Settings,
    *,
    load_after: Load | None = None,
    make_courier: Callable[[], Courier] | None = None,
) -> CaptureBackend:
    """Captures into that file, without Flask and SQLAlchemy.

    ``load_after`` and ``make_courier`` are the application's where there will be one.
    """
    news = News()
    writer = Writer(
        store.connections,
        on_stored=news.publish,
        on_removed=news.publish_removal,
        on_changed=news.publish_change,
        max_total_bytes=settings.max_total_bytes,
    )

    def create_bin() -> str:
        return store.create_bin(capacity=settings.capacity)[1]

    def close() -> None:
        relays.close()
        writer.close()
        store.close()

    relays = Relays(make_courier or partial(_make_courier, writer))
    return CaptureBackend(
        writer,
        news,
        load_after or store.load_after,
        store.list_bins,
        create_bin,
        str(settings.embedded_path),
        close,
        make_sender_limit(settings),
        relays,
    )


def _make_courier(writer: Writer) -> Courier:
    """A courier without limits on destinations: relays of a test's server are the test's own."""
    from inspector.emitter import ANYWHERE  # most tests relay nothing
    from inspector.emitter.relay_loop import RelayLoop

    return RelayLoop(lambda: ANYWHERE, writer.record_relayed)
