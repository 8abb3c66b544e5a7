"""Deliveries that were made elsewhere, as JSON: what is written is read, and nothing odd is."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.emitter import Composition, TicketChoice, WebhookAction, make_delivery, send
from inspector.emitter.uploaded_deliveries import read_upload, write_upload
from inspector.errors import InspectorError
from tests.emitter.receiver import Receiver

USUAL: dict[str, Any] = {
    "name": "Webhook",
    "source": "sla",
    "method": "POST",
    "url": "http://127.0.0.1:9/orders",
    "started_at": "2026-05-01T13:30:00+00:00",
    "total_ms": 1.5,
    "exchanges": [
        {
            "attempt": 1,
            "started_at": "2026-05-01T13:30:00+00:00",
            "method": "POST",
            "url": "http://127.0.0.1:9/orders",
            "status": 200,
        }
    ],
}


def test_a_delivery_comes_back_as_it_was() -> None:
    headers = (("X-Id", "{{ ticket.id }}"), ("X-None", "{{ ticket.nothing }}"))
    with Receiver() as receiver:
        action = WebhookAction(url=receiver.url, name="Näme", headers=headers)
        composition = Composition(action, TicketChoice())
        result = send(composition.prepare(1), options=action.options)
    definition, ticket = composition.to_json()
    sent = make_delivery(
        result, name="Näme", source="sla", definition=definition, ticket=ticket, run="a" * 16
    )
    assert read_upload(write_upload(sent)) == sent


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "nonsense"},
        {"url": ["x"]},
        {"method": "PO ST"},
        {"started_at": "yesterday"},
        {"started_at": "2026-05-01T13:30:00"},
        {"started_at": "0001-01-01T00:00:00+23:00"},
        {"status": 200.5},
        {"status": True},
        {"total_ms": float("nan")},
        {"total_ms": -1},
        {"run": "../../x"},
        {"head_base64": "@@"},
        {"body_base64": 5},
        {"exchanges": []},
        {"exchanges": [5]},
        {"exchanges": {}},
        {"left_out": [["a"]]},
        {"answer": []},
        {"answer": {"headers": 5}},
        {"action": "x"},
        {"action": {"url": 5}},
        {"action": {"url": "http://x.test/"}, "ticket": 5},
        {"failure_code": "<b>"},
    ],
)
def test_what_is_no_delivery_is_refused(wrong: dict[str, Any]) -> None:
    read_upload(USUAL)
    with pytest.raises(InspectorError):
        read_upload(USUAL | wrong)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=5,
)


@pytest.mark.slow
@pytest.mark.hypothesis
@given(st.dictionaries(st.sampled_from([*USUAL, "answer", "action", "ticket", "run"]), ANYTHING))
def test_anything_is_read_or_refused(odd: dict[str, Any]) -> None:
    with suppress(InspectorError):
        assert read_upload(USUAL | odd).exchanges
