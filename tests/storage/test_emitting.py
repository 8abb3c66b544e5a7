"""Saved actions and deliveries: what is kept comes back as it was, and not more than may be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask

from inspector.domain.deliveries import AnswerRecord, Delivery, DeliveryLine, ExchangeRecord
from inspector.errors import InspectorError
from inspector.storage import actions as actions_module
from inspector.storage.actions import ActionStore
from inspector.storage.deliveries import DeliveryStore

pytestmark = pytest.mark.usefixtures("app")

STARTED = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
# What neither database takes as text: NUL, half a character.
ODD = "naïve \0 \udce4 ✓"
LINE = DeliveryLine(0, STARTED, ODD, "sla", "PUT", "http://127.0.0.1/b", 503, None, None, 12.5)
DELIVERY = Delivery(
    line=LINE,
    raw_head=b"PUT /b HTTP/1.1\r\nX: \xe4\r\n\r\n",
    body=b"a=1\0&b=2",
    left_out=(("X-Escalated", f"not sent, {ODD}"),),
    exchanges=(
        ExchangeRecord(
            1, STARTED, "PUT", "http://127.0.0.1/b", None, "timed_out", "No answer.", None,
            None, None, 9.0, 0.0,
        ),
        ExchangeRecord(
            2, STARTED, "PUT", "http://127.0.0.1/b", 503, None, None, "127.0.0.1",
            0.5, 1.5, 2.5, 1.0,
        ),
    ),
    answer=AnswerRecord("1.1", 503, ODD, (("A", "1"), ("a", ODD)), b"\0\xff", True),
    redirect_to=None,
    definition={"name": ODD, "url": "http://127.0.0.1/b"},
    ticket={"variation": "sla-warning"},
)  # fmt: skip


def test_a_delivery_comes_back_as_it_was_kept() -> None:
    store = DeliveryStore()
    kept = store.add(DELIVERY)
    assert kept.id > 0
    assert store.get(kept.id) == kept
    assert replace(kept, line=replace(kept.line, id=0)) == DELIVERY
    assert kept.attempts == 2
    assert not kept.line.delivered


def test_a_list_has_the_newest_first_and_goes_on_by_id() -> None:
    store = DeliveryStore()
    ids = [kept.id for kept in store.add_all([DELIVERY] * 5)]
    assert ids == sorted(set(ids))
    newest = store.list(limit=2)
    assert [line.id for line in newest] == [ids[4], ids[3]]
    assert [line.id for line in store.list(limit=9, before=ids[3])] == [ids[2], ids[1], ids[0]]
    assert newest[0] == replace(LINE, id=ids[4])
    assert store.list(limit=1, before=10**30)[0].id == ids[4]


def test_no_more_than_so_many_deliveries_are_kept() -> None:
    store = DeliveryStore(max_count=3)
    ids = [store.add(DELIVERY).id for _ in range(5)]
    assert [line.id for line in store.list(limit=10)] == ids[:1:-1]
    with pytest.raises(InspectorError) as caught:
        store.get(ids[0])
    assert caught.value.code == "delivery_not_found"


def test_no_more_than_so_many_bytes_are_kept_but_always_the_newest() -> None:
    store = DeliveryStore(max_bytes=20_000)
    large = replace(DELIVERY, body=b"x" * 8_000)
    ids = [store.add(large).id for _ in range(3)]
    assert [line.id for line in store.list(limit=10)] == ids[:0:-1]
    huge = store.add(replace(DELIVERY, body=b"x" * 50_000))
    assert [line.id for line in store.list(limit=10)] == [huge.id]


def test_ids_are_not_used_again_after_all_are_forgotten() -> None:
    store = DeliveryStore()
    first = store.add(DELIVERY)
    store.clear()
    assert store.list(limit=10) == []
    assert store.add(DELIVERY).id > first.id


@pytest.mark.parametrize("delivery_id", [0, -1, 77, 2**63, 10**40])
def test_a_delivery_that_is_not_there_is_not_found(delivery_id: int) -> None:
    with pytest.raises(InspectorError) as caught:
        DeliveryStore().get(delivery_id)
    assert caught.value.code == "delivery_not_found"


def test_an_action_is_saved_changed_listed_and_deleted() -> None:
    store = ActionStore()
    zebra = store.save({"name": "zebra", "url": ODD}, {"variation": "macro"})
    apple = store.save({"name": "Apple"}, {})
    assert [action.name for action in store.list()] == ["Apple", "zebra"]
    assert store.get(zebra.id) == zebra
    assert zebra.definition["url"] == ODD
    changed = store.save({"name": "ant"}, {}, action_id=zebra.id)
    assert (changed.id, store.get(zebra.id).name) == (zebra.id, "ant")
    store.delete(apple.id)
    assert [action.name for action in store.list()] == ["ant"]


@pytest.mark.parametrize("action_id", [0, 77, 2**63])
def test_an_action_that_is_not_there_is_not_found(action_id: int) -> None:
    store = ActionStore()
    for attempt in (store.get, store.delete, lambda id_: store.save({}, {}, action_id=id_)):
        with pytest.raises(InspectorError) as caught:
            attempt(action_id)
        assert caught.value.code == "action_not_found"


def test_actions_are_bounded_in_number_and_size(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions_module, "MAX_ACTIONS", 1)
    store = ActionStore()
    with pytest.raises(InspectorError) as caught:
        store.save({"name": "x" * 1_000_000}, {})
    assert caught.value.code == "action_too_large"
    store.save({"name": "one"}, {})
    with pytest.raises(InspectorError) as caught:
        store.save({"name": "two"}, {})
    assert caught.value.code == "too_many_actions"
