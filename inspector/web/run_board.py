"""The board of runs: instances on one database list and stop each other's runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

from inspector.emitter.elsewhere import (
    DELIVERY,
    AnyRun,
    DeliveryElsewhere,
    ReportedDelivery,
    RunReport,
    describe_origin,
    describe_state,
    make_elsewhere,
)
from inspector.emitter.outbox import DeliveryJob
from inspector.storage.database.faults import log_failed
from inspector.storage.database.told_runs import RunTable, ToldRun

log = logging.getLogger("inspector.web")

TELL_EVERY_S = 1.0


class RunBoard:
    """Reports the runs of this instance each second while they run, on a thread of its own."""

    def __init__(self, table: RunTable) -> None:
        self._table = table
        self._lock = threading.Lock()
        self._told: dict[str, tuple[str, AnyRun | ReportedDelivery]] = {}
        self._thread: threading.Thread | None = None
        self._close = threading.Event()

    def post(self, kind: str, run: Any) -> None:
        """Report a run that has begun, and its progress until it has ended.

        Sending does not depend on the report: it is tried again when the database is away.
        """
        try:
            self._table.add(kind, run.id, describe_origin(run), describe_state(run))
        except Exception as error:
            log_failed(log, "Other instances hear nothing of a run", error)
            return
        with self._lock:
            self._told[run.id] = (kind, run)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._tell_on, name="inspector-runs", daemon=True
                )
                self._thread.start()

    def post_delivery(self, job: DeliveryJob) -> None:
        """Report a delivery that takes longer than others."""
        if job.token not in self._told:
            self.post(DELIVERY, ReportedDelivery(job))

    def _tell_on(self) -> None:
        while not self._close.wait(TELL_EVERY_S):
            self._tell()
            with self._lock:
                if not self._told:
                    self._thread = None
                    return

    def _tell(self) -> None:
        for id_, (kind, run) in list(self._told.items()):
            ended = not run.is_running  # read before its state, which then is final
            try:
                if self._table.renew(kind, id_, describe_state(run)):
                    run.stop()
            except Exception as error:
                log.warning("A run could not be told of: %s", type(error).__name__)
                continue
            if ended:
                with self._lock:
                    del self._told[id_]

    def close(self) -> None:
        """Report a last time, and end the thread."""
        self._close.set()
        if (thread := self._thread) is not None:
            thread.join()
        self._tell()

    def find(self, kind: str, id_: str) -> AnyRun | DeliveryElsewhere | None:
        """A run, or a delivery under way, of another instance."""
        told = self._table.find(kind, id_)
        return None if told is None else self._make(told)

    def list(self, kind: str) -> Iterator[AnyRun | DeliveryElsewhere]:
        """The runs of all instances, this one included."""
        yield from map(self._make, self._table.list(kind))

    def _make(self, told: ToldRun) -> AnyRun | DeliveryElsewhere:
        ask_to_stop = partial(self._table.stop, told.id)
        report = RunReport(told.id, told.origin, told.state, told.is_lost, ask_to_stop)
        return make_elsewhere(told.kind, report)
