"""The backend of captures alone, without pages: writer, notifications, reading back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from inspector.domain import CapturedRequest
from inspector.live.news import News
from inspector.live.relays import Courier, Relays
from inspector.settings import Settings
from inspector.storage.embedded import EmbeddedStore
from inspector.storage.records import ReadSettings
from inspector.storage.writer import Writer

Load: TypeAlias = Callable[[int, int, int], Sequence[CapturedRequest]]


class CaptureBackend(NamedTuple):
    """``load_after(bin_id, number, limit)`` gives a bin's requests above a number, oldest first.

    ``limit(peer, forwarded_for)`` raises for one who sends too often; ``close`` stores
    what is queued and lets go of the database. ``relays`` pass captures on.
    """

    writer: Writer
    news: News
    load_after: Load
    close: Callable[[], None]
    limit: Callable[[str, str], None] | None = None
    relays: Relays | None = None


def open_store(settings: Settings) -> EmbeddedStore:
    """The SQLite file in the data directory, by the standard library alone."""
    return EmbeddedStore(
        settings.embedded_path, ReadSettings(settings.body_limits), settings.max_template_work
    )


def make_backend(store: EmbeddedStore) -> CaptureBackend:
    """Captures into that file, without Flask and SQLAlchemy."""
    news = News()
    writer = Writer(
        store.connections,
        on_stored=news.publish,
        on_removed=news.publish_removal,
        on_changed=news.publish_change,
    )

    def close() -> None:
        relays.close()
        writer.close()
        store.close()

    def make_courier() -> Courier:
        from inspector.emitter import ANYWHERE  # most tests relay nothing
        from inspector.emitter.relay_loop import RelayLoop

        # Whoever makes a relay here is the test itself.
        return RelayLoop(lambda: ANYWHERE, writer.record_relayed)

    relays = Relays(make_courier)
    return CaptureBackend(writer, news, store.load_after, close, relays=relays)
