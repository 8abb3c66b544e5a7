"""Series, replays and deliveries that another instance runs, as JSON in the database and back.

``describe_origin`` says what does not change while one runs, ``describe_state`` what does.
Nobody is told a password that way who does not read the log of deliveries in the same database.
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

SERIES, DELIVERY = "series", "delivery"
_COUNTS = ("looked_at", "sent", "delivered", "skipped", "problem", "stopped")

AnyRun = SeriesRun | ReplayRun
Json = dict[str, Any]


@dataclass
class SeriesElsewhere(SeriesRun):
    """A series of another instance's, as it was told last."""

    shown: SeriesProgress = field(kw_only=True)
    ask_to_stop: Callable[[], None] = field(kw_only=True)

    def __post_init__(self) -> None:
        """It sends nothing here."""

    @property
    def is_running(self) -> bool:
        return not self.shown.finished

    def progress(self) -> SeriesProgress:
        """As it was told last."""
        return self.shown

    def stop(self) -> None:
        """Ask its instance to begin no further delivery."""
        self.ask_to_stop()

    def abort(self) -> None:
        """Ask its instance to stop it."""
        self.ask_to_stop()


@dataclass(frozen=True)
class DeliveryElsewhere:
    """A delivery that another instance sends, as it was told last.

    ``delivery_id`` is there when it is done and was kept, ``error`` when it could not be sent.
    """

    token: str
    method: str
    url: str
    is_done: bool
    delivery_id: int | None
    error: InspectorError | None
    stop: Callable[[], None]


class ToldDelivery:
    """A delivery of this instance's as something that others are told of."""

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
        """What is sent, without a password."""
        request = self._job.order.request
        return {"method": request.method, "url": hide_in_url(str(request.url))}

    def describe_state(self) -> Json:
        """What came of it."""
        delivery, error = self._job.delivery, self._job.error
        return {
            "done": self._job.is_done,
            "id": delivery.id if delivery is not None and delivery.is_kept else None,
            "error": None if error is None else [error.code, error.message],
        }


def make_delivery_elsewhere(
    id_: str, origin: Json, state: Json, *, is_lost: bool, ask_to_stop: Callable[[], None]
) -> DeliveryElsewhere:
    """A delivery from both; one of an instance that is gone is done, and nobody knows how."""
    error = None if state["error"] is None else InspectorError(*state["error"])
    done = state["done"] or is_lost
    return DeliveryElsewhere(
        id_, origin["method"], origin["url"], done, state["id"], error, ask_to_stop
    )


@dataclass(frozen=True)
class _ShownPlan(ReplayPlan):
    def __post_init__(self) -> None:
        """It was checked where it runs; secrets stay there."""


@dataclass
class ReplayElsewhere(ReplayRun):
    """Replays of another instance's, as they were told last."""

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


def describe_origin(run: AnyRun | ToldDelivery) -> Json:
    """What it was made from."""
    if isinstance(run, ToldDelivery):
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


def describe_state(run: AnyRun | ToldDelivery) -> Json:
    """How far it is."""
    if isinstance(run, ToldDelivery):
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


def make_elsewhere(
    kind: str,
    id_: str,
    origin: Json,
    state: Json,
    *,
    is_lost: bool,
    ask_to_stop: Callable[[], None],
) -> AnyRun:
    """A run from both; ``is_lost`` when its instance has told nothing for long."""
    make = _make_series if kind == SERIES else _make_replays
    return make(id_, origin, state, is_lost, ask_to_stop)


def _make_series(
    id_: str, origin: Json, state: Json, is_lost: bool, ask_to_stop: Callable[[], None]
) -> SeriesElsewhere:
    told = state["progress"]
    shown = SeriesProgress(
        **told
        | {
            "statuses": dict(map(tuple, told["statuses"])),
            "percentiles": dict(map(tuple, told["percentiles"])),
            "histogram": [(bound, count) for bound, count in told["histogram"]],
        }
    )
    if is_lost and not shown.finished:
        shown = replace(shown, finished=True, stopped=True)
    run = SeriesElsewhere(
        composition_from_json(origin["definition"], origin["ticket"]),
        SeriesPlan(**origin["plan"]),
        policy=None,  # type: ignore[arg-type]  # it sends nothing here
        shown=shown,
        ask_to_stop=ask_to_stop,
        id=id_,
        started_at=datetime.fromisoformat(origin["started_at"]),
    )
    run.kept, run.failed, run.lost = state["kept"], state["failed"], state["lost"]
    return run


def _make_replays(
    id_: str, origin: Json, state: Json, is_lost: bool, ask_to_stop: Callable[[], None]
) -> ReplayElsewhere:
    plan = _ShownPlan(
        origin["bin"], origin["url"], origin["rate"], origin["match"], resign=origin["resign"]
    )
    runs = state["running"] and not is_lost
    run = ReplayElsewhere(
        plan,
        origin["total"],
        _refuse if origin["missed"] else None,
        ask_to_stop=ask_to_stop,
        runs=runs,
        took_s=state["elapsed_s"],
        id=id_,
        started_at=datetime.fromisoformat(origin["started_at"]),
    )
    for name in _COUNTS:
        setattr(run, name, state[name])
    run.stopped = run.stopped or (state["running"] and is_lost)
    run.statuses = Counter(dict(map(tuple, state["statuses"])))
    run.failures, run.verdicts = Counter(state["failures"]), Counter(state["verdicts"])
    return run


def _refuse(_captured: CapturedRequest) -> DeliveryOrder:
    raise NotImplementedError("Another instance sends it.")
