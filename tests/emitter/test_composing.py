"""An action with its ticket: where the data comes from, what is changed, and as JSON and back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inspector.emitter import (
    Change,
    Composition,
    TicketChoice,
    WebhookAction,
    apply_changes,
    composition_from_json,
    get_variation,
    make_change,
    render,
)
from inspector.errors import InspectorError

ACTION = WebhookAction(url="http://127.0.0.1/b", source="sla", headers=(("X", "{{ ticket.id }}"),))


def test_without_a_choice_the_ticket_is_the_usual_one_of_the_source() -> None:
    assert Composition(ACTION).make_context() == get_variation("sla").make_context()


@pytest.mark.parametrize(
    "text", ['{"ticket": {"id": 7}}', '{"id": 7}', "ticket[id]: 7", "ticket%5Bid%5D=7", "id=7"]
)
def test_ones_own_ticket_is_all_that_is_sent(text: str) -> None:
    composition = Composition(ACTION, TicketChoice(text=text))
    assert composition.prepare().body == b"ticket%5Bid%5D=7&custom_data="


def test_what_ones_own_ticket_lacks_comes_from_a_sample_that_is_asked_for() -> None:
    choice = TicketChoice("macro", '{"ticket": {"id": 7}}')
    context = Composition(ACTION, choice).make_context()
    assert context["ticket"] == {"id": "7"}
    assert context["event_type"] == get_variation("macro").make_context()["event_type"]


def test_changes_are_made_in_order_and_numbered() -> None:
    changes = (Change("ticket.id", "{n}"), Change("ticket.subject", None), Change("ticket.x", "y"))
    composition = Composition(ACTION, TicketChoice(changes=changes))
    first, ninth = composition.prepare(), composition.prepare(9)
    assert ("X", "1") in first.headers
    assert ("X", "9") in ninth.headers
    assert b"ticket%5Bid%5D=9&" in ninth.body
    assert b"ticket%5Bsubject%5D" not in first.body
    assert b"ticket%5Bx%5D=y" in first.body


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("number", [1, 7, 10**18])
def test_each_of_a_series_is_what_it_would_be_alone(method: str, number: int) -> None:
    action = WebhookAction(
        url="http://127.0.0.1/{{ ticket.id }}",
        method=method,
        headers=(("X", "{{ ticket.id|upper }}"),),
        custom_data=(("{{ ticket.id }}", "{{ ticket.labels|join }}"),),
    )
    changes = (
        Change("ticket.id", "{n} & {n}"),
        make_change("ticket.labels", ["{n}", {"{n}": "a{n}b"}]),
        Change("ticket.date_created_ts", None),
        Change("person_context", "{n"),
    )
    composition = Composition(action, TicketChoice(changes=changes))
    composition.prepare(3)
    alone = render(
        action, apply_changes(get_variation("trigger").make_context(), changes, number=number)
    )
    assert composition.prepare(number) == alone


def test_it_is_the_same_after_json() -> None:
    changes = (make_change("ticket.labels", ["a", True]), make_change("ticket.id", None))
    before = Composition(ACTION, TicketChoice("sla-failure", "ticket[id]: 5", changes))
    action, ticket = json.loads(json.dumps(before.to_json()))
    after = composition_from_json(action, ticket)
    assert after == before
    assert changes[0].value == ["a", "1"]


@pytest.mark.parametrize(
    ("ticket", "code"),
    [
        ("text", "invalid_ticket"),
        ({"more": 1}, "invalid_ticket"),
        ({"text": 5}, "invalid_ticket"),
        ({"changes": "x"}, "invalid_ticket"),
        ({"changes": [["ticket.id"]]}, "invalid_path"),
        ({"changes": [[5, "x"]]}, "invalid_path"),
        ({"changes": [["", "x"]]}, "invalid_path"),
        ({"changes": [["ticket.id", "x"]] * 1001}, "too_many_changes"),
    ],
)
def test_a_choice_that_is_none_is_refused(ticket: Any, code: str) -> None:
    with pytest.raises(InspectorError) as caught:
        composition_from_json({"url": "http://127.0.0.1"}, ticket)
    assert caught.value.code == code


def test_nothing_is_looked_up_before_it_is_needed() -> None:
    composition = Composition(ACTION, TicketChoice("nonsense"))
    with pytest.raises(InspectorError) as caught:
        composition.prepare()
    assert caught.value.code == "variation_not_found"
