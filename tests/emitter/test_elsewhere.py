"""What an instance reads of another's runs is what that one reported, as JSON in between."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inspector.domain import CapturedRequest
from inspector.emitter import Composition, SeriesPlan, TicketChoice, WebhookAction
from inspector.emitter.elsewhere import (
    DELIVERY,
    REPLAYS,
    SERIES,
    DeliveryElsewhere,
    ReplayElsewhere,
    ReportedDelivery,
    RunReport,
    SeriesElsewhere,
    describe_origin,
    describe_state,
    make_elsewhere,
)
from inspector.emitter.http_client.destinations import ANYWHERE
from inspector.emitter.outbox import DeliveryJob, make_order
from inspector.emitter.replay_runs import ReplayPlan, ReplayRun
from inspector.emitter.series_runs import SeriesRun
from inspector.errors import InspectorError

URL = "http://user:hush@hooks.test/desk"
COMPOSITION = Composition(WebhookAction("http://hooks.test/desk"), TicketChoice())


def pass_on(kind: str, run: Any, *, is_lost: bool = False) -> tuple[Any, list[str]]:
    """The run as another instance has it, and the ids that it asked to stop."""
    asked: list[str] = []
    origin, state = (
        json.loads(json.dumps(each(run))) for each in (describe_origin, describe_state)
    )
    report = RunReport(run.id, origin, state, is_lost, lambda: asked.append(run.id))
    return make_elsewhere(kind, report), asked


def make_job() -> DeliveryJob:
    action = WebhookAction(URL)
    return DeliveryJob(make_order(Composition(action, TicketChoice())))


def test_a_delivery_is_passed_on_without_its_password() -> None:
    job = make_job()
    shown, asked = pass_on(DELIVERY, ReportedDelivery(job))
    assert isinstance(shown, DeliveryElsewhere)
    assert (shown.token, shown.method, shown.is_done) == (job.token, "POST", False)
    assert "hush" not in shown.url
    assert "hooks.test/desk" in shown.url
    shown.stop()
    assert asked == [job.token]


def test_a_delivery_that_could_not_be_sent_says_why() -> None:
    job = make_job()
    job.error = InspectorError("destination_refused", "Not there.")
    job._done.set()
    shown, _ = pass_on(DELIVERY, ReportedDelivery(job))
    assert shown.is_done
    assert (shown.error.code, shown.error.message) == ("destination_refused", "Not there.")


def test_a_delivery_of_an_instance_that_is_gone_is_done() -> None:
    shown, _ = pass_on(DELIVERY, ReportedDelivery(make_job()), is_lost=True)
    assert (shown.is_done, shown.delivery_id, shown.error) == (True, None, None)


def test_replays_are_passed_on_with_their_counts() -> None:
    run = ReplayRun(ReplayPlan("desk", URL, 5.0, "method:POST"), 7)
    run.sent, run.delivered, run.skipped, run.problem = 3, 2, 1, "One was cut off."
    run.statuses.update({200: 2, 500: 1})
    run.failures["timed_out"] = 1
    shown, asked = pass_on(REPLAYS, run)
    assert isinstance(shown, ReplayElsewhere)
    assert (shown.plan.bin_name, shown.plan.match, shown.total) == ("desk", "method:POST", 7)
    assert (shown.sent, shown.delivered, shown.skipped) == (3, 2, 1)
    assert (shown.statuses, shown.failures) == ({200: 2, 500: 1}, {"timed_out": 1})
    assert (shown.problem, shown.started_at) == ("One was cut off.", run.started_at)
    assert "hush" not in shown.plan.url
    shown.abort()
    assert asked == [run.id]


def test_replays_of_missed_requests_stay_such() -> None:
    def refuse(_captured: CapturedRequest) -> Any:
        raise AssertionError

    shown, _ = pass_on(REPLAYS, ReplayRun(ReplayPlan("desk", URL), 1, refuse))
    assert shown.make is not None
    with pytest.raises(NotImplementedError):
        shown.make(None)


def test_a_series_is_passed_on_with_its_plan() -> None:
    run = SeriesRun(COMPOSITION, SeriesPlan(count=9, first=4), ANYWHERE)
    run.kept, run.failed, run.lost = 3, 2, 1
    shown, asked = pass_on(SERIES, run)
    assert isinstance(shown, SeriesElsewhere)
    assert (shown.plan, shown.composition) == (run.plan, COMPOSITION)
    assert shown.progress() == run.progress()
    assert (shown.kept, shown.failed, shown.lost) == (3, 2, 1)
    shown.stop()
    assert asked == [run.id]


def test_a_series_of_an_instance_that_is_gone_has_stopped() -> None:
    run = SeriesRun(COMPOSITION, SeriesPlan(count=9), ANYWHERE)
    assert pass_on(SERIES, run)[0].is_running
    shown, _ = pass_on(SERIES, run, is_lost=True)
    assert (shown.is_running, shown.progress().stopped) == (False, True)
