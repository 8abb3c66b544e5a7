"""Series, replays and deliveries of other instances: their JSON in the shared database, and back.

``describe_origin`` has what does not change while one runs, ``describe_state`` what does, and
``make_elsewhere`` reads both. Neither has passwords, except those of actions, which the log of
deliveries in the same database has as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from inspector.domain import CapturedRequest
from inspector.domain.credentials import hide_in_url
from inspector.emitter.composing import composition_from_json
from inspector.emitter.outbox import DeliveryJob, DeliveryOrder
from inspector.emitter.replay_runs import ReplayPlan, ReplayRun
from inspector.emitter.runs import is_running
from inspector.emitter.series import SeriesPlan, SeriesProgress
from inspector.emitter.series_runs import SeriesRun
from inspector.errors import InspectorError

SERIES, REPLAYS, DELIVERY = "series", "replays", "delivery"
_COUNTS = ("looked_at", "sent", "delivered", "skipped", "problem", "stopped")

AnyRun = SeriesRun | ReplayRun
Json = dict[str, Any]


@dataclass(frozen=True)
class RunReport:
    """Another instance's last report of a run; ``is_lost`` when it has reported nothing for long.

    ``ask_to_stop`` leaves a request in the database that the run should end.
    """

    id: str
    origin: Json
    state: Json
    is_lost: bool
    ask_to_stop: Callable[[], None]


@dataclass
class SeriesElsewhere(SeriesRun):
    """A series of another instance, as of its last report."""

    shown: SeriesProgress = field(kw_only=True)
    ask_to_stop: Callable[[], None] = field(kw_only=True)

    def __post_init__(self) -> None:
        """Nothing to prepare: another instance sends it."""

    @property
    def is_running(self) -> bool:
        return not self.shown.finished

    def progress(self) -> SeriesProgress:
        """The progress as of the last report."""
        return self.shown

    def stop(self) -> None:
        """Ask its instance to begin no further delivery."""
        self.ask_to_stop()

    def abort(self) -> None:
        """Ask its instance to stop it."""
        self.ask_to_stop()


@dataclass(frozen=True)
class DeliveryElsewhere:
    """A delivery of another instance, as of its last report.

    ``delivery_id`` is there when it is done and was kept, ``error`` when it could not be sent.
    """

    token: str
    method: str
    url: str
    is_done: bool
    delivery_id: int | None
    error: InspectorError | None
    stop: Callable[[], None]


class ReportedDelivery:
    """A delivery of this instance, which reports on it to the others."""

    def __init__(self, job: DeliveryJob) -> None:
        self.id = job.token
        self._job = job

    @property
    def is_running(self) -> bool:
        """True until it is done."""
        return not self._job.is_done

    def stop(self) -> None:
        """Make no further attempt."""
        self._job.stop()

    def describe_origin(self) -> Json:
        """Method and URL, without a password."""
        request = self._job.order.request
        return {"method": request.method, "url": hide_in_url(str(request.url))}

    def describe_state(self) -> Json:
        """The outcome, as far as there is one."""
        delivery, error = self._job.delivery, self._job.error
        return {
            "done": self._job.is_done,
            "id": delivery.id if delivery is not None and delivery.is_kept else None,
            "error": None if error is None else [error.code, error.message],
        }


@dataclass(frozen=True)
class _ShownPlan(ReplayPlan):
    def __post_init__(self) -> None:
        """Nothing to check: it was checked where it runs, and secrets stay there."""


@dataclass
class ReplayElsewhere(ReplayRun):
    """Replays of another instance, as of its last report."""

    runs: bool = field(default=False, kw_only=True)
    took_s: float = field(default=0.0, kw_only=True)
    ask_to_stop: Callable[[], None] = field(kw_only=True)

    @property
    def is_running(self) -> bool:
        return self.runs

    @property
    def elapsed_s(self) -> float:
        return self.took_s

    def abort(self) -> None:
        """Ask its instance to stop it."""
        self.ask_to_stop()


def describe_origin(run: AnyRun | ReportedDelivery) -> Json:
    """The definition and plan of a run, and when it began."""
    if isinstance(run, ReportedDelivery):
        return run.describe_origin()
    begun = {"started_at": run.started_at.isoformat()}
    if isinstance(run, SeriesRun):
        definition, ticket = run.composition.to_json()
        return {"definition": definition, "ticket": ticket, "plan": asdict(run.plan), **begun}
    plan = run.plan
    return {
        "bin": plan.bin_name,
        "url": plan.shown_url,
        "rate": plan.rate_per_s,
        "match": plan.match,
        "resign": plan.resign,
        "missed": run.make is not None,
        "total": run.total,
        **begun,
    }


def describe_state(run: AnyRun | ReportedDelivery) -> Json:
    """The progress of a run."""
    if isinstance(run, ReportedDelivery):
        return run.describe_state()
    running = {"running": is_running(run)}
    if isinstance(run, SeriesRun):
        progress = asdict(run.progress())
        for name in ("statuses", "percentiles"):  # keys of JSON are texts
            progress[name] = list(progress[name].items())
        return {"progress": progress, "kept": run.kept, "failed": run.failed, "lost": run.lost,
                **running}  # fmt: skip
    return {
        **{name: getattr(run, name) for name in _COUNTS},
        "elapsed_s": run.elapsed_s,
        "statuses": list(run.statuses.items()),
        "failures": dict(run.failures),
        "verdicts": dict(run.verdicts),
        **running,
    }


def make_elsewhere(kind: str, report: RunReport) -> AnyRun | DeliveryElsewhere:
    """A run of ``kind`` from its report; ``DELIVERY`` gives a ``DeliveryElsewhere``."""
    return _MAKERS[kind](report)


def _make_delivery(report: RunReport) -> DeliveryElsewhere:
    """A delivery of an instance that is gone counts as done, without a result."""
    origin, state = report.origin, report.state
    return DeliveryElsewhere(
        report.id,
        origin["method"],
        origin["url"],
        is_done=state["done"] or report.is_lost,
        delivery_id=state["id"],
        error=None if state["error"] is None else InspectorError(*state["error"]),
        stop=report.ask_to_stop,
    )


def _make_series(report: RunReport) -> SeriesElsewhere:
    origin, state = report.origin, report.state
    progress = state["progress"]
    shown = SeriesProgress(
        **progress
        | {
            "statuses": dict(map(tuple, progress["statuses"])),
            "percentiles": dict(map(tuple, progress["percentiles"])),
            "histogram": [(bound, count) for bound, count in progress["histogram"]],
        }
    )
    if report.is_lost and not shown.finished:
        shown = replace(shown, finished=True, stopped=True)
    run = SeriesElsewhere(
        composition_from_json(origin["definition"], origin["ticket"]),
        SeriesPlan(**origin["plan"]),
        policy=None,  # type: ignore[arg-type]  # it sends nothing here
        shown=shown,
        ask_to_stop=report.ask_to_stop,
        id=report.id,
        started_at=datetime.fromisoformat(origin["started_at"]),
    )
    run.kept, run.failed, run.lost = state["kept"], state["failed"], state["lost"]
    return run


def _make_replays(report: RunReport) -> ReplayElsewhere:
    origin, state = report.origin, report.state
    plan = _ShownPlan(
        origin["bin"], origin["url"], origin["rate"], origin["match"], resign=origin["resign"]
    )
    run = ReplayElsewhere(
        plan,
        origin["total"],
        _refuse if origin["missed"] else None,
        ask_to_stop=report.ask_to_stop,
        runs=state["running"] and not report.is_lost,
        took_s=state["elapsed_s"],
        id=report.id,
        started_at=datetime.fromisoformat(origin["started_at"]),
    )
    for name in _COUNTS:
        setattr(run, name, state[name])
    run.stopped = run.stopped or (state["running"] and report.is_lost)
    run.statuses = Counter(dict(map(tuple, state["statuses"])))
    run.failures, run.verdicts = Counter(state["failures"]), Counter(state["verdicts"])
    return run


def _refuse(_captured: CapturedRequest) -> DeliveryOrder:
    raise NotImplementedError("Another instance sends it.")


_MAKERS: dict[str, Callable[[RunReport], AnyRun | DeliveryElsewhere]] = {
    SERIES: _make_series,
    REPLAYS: _make_replays,
    DELIVERY: _make_delivery,
}
