"""News of what other instances did on a shared PostgreSQL database.

It comes by LISTEN and NOTIFY, in the transaction of each change. To make up for lost
notifications, the numbers of all bins and a table of other news are read after each connect,
and now and then. Where LISTEN does not work, behind a pooler in transaction mode, they are
read each second.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Engine, text

from inspector.clock import time
from inspector.domain.removals import Removal
from inspector.storage.announcements import parse_announcement
from inspector.storage.cleaning import DELETED_PREFIX
from inspector.storage.database.postgresql import ANNOUNCE, CHANNEL
from inspector.storage.database.told_news import ToldNews
from inspector.storage.database.urls import engine_options

log = logging.getLogger("inspector.storage")

POLL_S = 1.0
# The interval for reading the numbers where notifications work.
LOOK_S = 30.0
PROBE_S = 2.0
RECONNECT_S = 1.0
TURN_S = 0.5
_BINS = text("SELECT id, name, last_number, kept_from FROM bins")


class InstanceListener:
    """A thread that hears other instances than ``instance``, and publishes what they did.

    ``on_stored`` gets ``{bin_id: highest number}``, ``on_removed`` what is gone, ``on_changed``
    bin and number of a request of which more is known.
    """

    def __init__(
        self,
        engine: Engine,
        instance: str,
        on_stored: Callable[[Mapping[int, int]], None],
        on_removed: Callable[[Removal], None],
        on_changed: Callable[[int, int], None],
    ) -> None:
        self._engine = engine
        self._instance = instance
        self._on_stored = on_stored
        self._on_removed = on_removed
        self._on_changed = on_changed
        self._bins: dict[int, tuple[int, int]] | None = None
        self._told = ToldNews(engine)
        self._stopping = threading.Event()
        self._has_said = False
        self.is_listening = False
        self._thread = threading.Thread(target=self._run, name="inspector-listener", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End it."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                connection = self._connect()
                try:
                    self._serve(connection)
                finally:
                    self.is_listening = False
                    connection.close()
            except Exception as error:  # whatever it is, it is tried again
                log.debug("Listening to other instances failed: %s", error)
                self._stopping.wait(RECONNECT_S)

    def _connect(self) -> Any:
        options = engine_options(self._engine.url)["connect_args"]
        given, named = self._engine.dialect.create_connect_args(self._engine.url)
        driver: Any = self._engine.dialect.loaded_dbapi
        return driver.connect(*given, **{**named, **options}, autocommit=True)

    def _serve(self, connection: Any) -> None:
        connection.execute(f"LISTEN {CHANNEL}")
        self.look()
        self.is_listening = self._hears(connection)
        if not self.is_listening and not self._has_said:
            self._has_said = True
            log.warning(
                "The database does not pass on notifications (a pooler in transaction mode?): "
                "other instances' requests are looked for each second."
            )
        looked_at = time.monotonic()
        while not self._stopping.is_set():
            if self.is_listening:
                for notification in connection.notifies(timeout=TURN_S):
                    self._hear(notification.payload)
            else:
                self._stopping.wait(POLL_S)
            if time.monotonic() - looked_at > (LOOK_S if self.is_listening else POLL_S * 0.9):
                self.look()
                looked_at = time.monotonic()

    def _hears(self, connection: Any) -> bool:
        """True when a notification that another connection sends comes through."""
        probe = f"probe {secrets.token_hex(8)}"
        with self._engine.begin() as other:
            other.execute(text(ANNOUNCE), {"payload": probe})
        deadline = time.monotonic() + PROBE_S
        while (left := deadline - time.monotonic()) > 0:
            for notification in connection.notifies(timeout=min(left, TURN_S)):
                if notification.payload == probe:
                    return True
                self._hear(notification.payload)
        return False

    def _hear(self, payload: str) -> None:
        self._told.note_heard(payload)
        self._publish(payload)

    def _publish(self, payload: str) -> None:
        try:
            said = parse_announcement(payload)
        except (ValueError, TypeError):
            return  # a probe, or another program's
        if said.instance == self._instance:
            return
        if said.is_cut:
            self.look()
            return
        if said.stored:
            self._on_stored(said.stored)
        for removal in said.removed:
            self._on_removed(removal)
        for bin_id, number in said.changed:
            self._on_changed(bin_id, number)

    def look(self) -> None:
        """Look at what was told, and the numbers of all bins; publish what is new."""
        for payload in self._told.read():
            self._publish(payload)
        with self._engine.connect() as connection:
            rows = connection.execute(_BINS).all()
        found = {
            row.id: (row.last_number, row.kept_from)
            for row in rows
            if not row.name.startswith(DELETED_PREFIX)
        }
        before, self._bins = self._bins, found
        if before is None:
            return
        stored = {
            bin_id: last
            for bin_id, (last, _) in found.items()
            if last > before.get(bin_id, (0, 1))[0]
        }
        if stored:
            self._on_stored(stored)
        for bin_id, (last, kept_from) in before.items():
            if bin_id not in found:
                self._on_removed(Removal(bin_id, "bin_deleted", last))
            elif found[bin_id][1] > kept_from:
                self._on_removed(Removal(bin_id, "let_go", found[bin_id][1] - 1))
