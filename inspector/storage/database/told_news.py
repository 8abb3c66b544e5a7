"""News in a table, for instances that cannot be notified, or missed it while they were cut off.

A capture is told by its bin's highest number. What else happens to requests (one is deleted, a
bin is emptied, a note is written) leaves no such trace, and is written here beside its NOTIFY.
"""

from __future__ import annotations

from collections import deque

from sqlalchemy import Engine, text

from inspector.clock import time
from inspector.storage.database.postgresql import CHANNEL

TELL = (
    "WITH told AS (INSERT INTO told_news (payload) VALUES (:payload))"  # noqa: S608 - a constant
    f" SELECT pg_notify('{CHANNEL}', :payload)"
)
# A row is written just before its transaction ends, so one with a lower number comes soon after.
LATE_S = 10.0
FORGET_EVERY_S = 60.0
MOST = 10_000
_LAST = text("SELECT coalesce(max(id), 0) FROM told_news")
_READ = text("SELECT id, payload FROM told_news WHERE id > :after ORDER BY id LIMIT :most")
_FORGET = text("""
    DELETE FROM told_news WHERE id IN (
        SELECT id FROM told_news WHERE told_at < clock_timestamp() - interval '10 minutes'
        FOR UPDATE SKIP LOCKED
    )
""")


class ToldNews:
    """Reads the payloads that were not read or heard before; one thread's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._after: int | None = None
        self._read_at: dict[int, float] = {}
        self._heard: deque[str] = deque(maxlen=MOST)
        self._forget_at = 0.0

    def note_heard(self, payload: str) -> None:
        """Note a payload that came by NOTIFY."""
        self._heard.append(payload)

    def read(self) -> list[str]:
        """The new payloads, oldest first; none the first time."""
        now = time.monotonic()
        with self._engine.begin() as connection:
            if now > self._forget_at:
                connection.execute(_FORGET)
                self._forget_at = now + FORGET_EVERY_S
            if self._after is None:
                self._after = int(connection.execute(_LAST).scalar_one())
                return []
            rows = connection.execute(_READ, {"after": self._after, "most": MOST}).all()
        heard = set(self._heard)
        fresh = [row for row in rows if row.id not in self._read_at]
        self._read_at.update((row.id, now) for row in fresh)
        done = [id_ for id_, at in self._read_at.items() if at < now - LATE_S]
        self._after = max(done, default=self._after)
        for id_ in done:
            del self._read_at[id_]
        return [row.payload for row in fresh if row.payload not in heard]
