"""The backend of captures alone, without pages: writer, notifications, reading back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from inspector.domain import CapturedRequest
from inspector.live.news import News
from inspector.settings import Settings
from inspector.storage.embedded import EmbeddedStore
from inspector.storage.records import ReadSettings
from inspector.storage.writer import Writer

Load: TypeAlias = Callable[[int, int, int], Sequence[CapturedRequest]]


class CaptureBackend(NamedTuple):
    """``load_after(bin_id, number, limit)`` gives a bin's requests above a number, oldest first.

    ``limit(peer, forwarded_for)`` raises for one who sends too often; ``close`` stores
    what is queued and lets go of the database.
    """

    writer: Writer
    news: News
    load_after: Load
    close: Callable[[], None]
    limit: Callable[[str, str], None] | None = None


def open_store(settings: Settings) -> EmbeddedStore:
    """The SQLite file in the data directory, by the standard library alone."""
    return EmbeddedStore(
        settings.embedded_path, ReadSettings(settings.body_limits), settings.max_template_work
    )


def make_backend(store: EmbeddedStore) -> CaptureBackend:
    """Captures into that file, without Flask and SQLAlchemy."""
    news = News()
    writer = Writer(store.connections, on_stored=news.publish, on_removed=news.publish_removal)

    def close() -> None:
        writer.close()
        store.close()

    return CaptureBackend(writer, news, store.load_after, close)
