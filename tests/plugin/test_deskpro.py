"""The helpdesk's part in a test: what is sent is what the article says."""

from typing import Any

import pytest

from inspector.errors import InspectorError
from inspector.testing import Deskpro, WebhookBin


def test_a_trigger_sends_the_sample(webhook_bin: WebhookBin, deskpro: Deskpro) -> None:
    result = deskpro.send(
        webhook_bin.url,
        source="trigger",
        headers={"X-Subject": "{{ ticket.subject }}", "X-None": "{{ ticket.nothing }}"},
    )
    request = webhook_bin.wait()
    assert (result.status, request.method) == (200, "POST")
    assert request.headers["X-Subject"] == request.at("ticket.subject")
    assert "X-None" not in request.headers
    assert request.custom_data == ""
    assert len(request.form_data) > 190
    assert request.body == result.last.request.body


def test_values_are_set_by_path(webhook_bin: WebhookBin, deskpro: Deskpro) -> None:
    deskpro.send(
        webhook_bin.url,
        set={"ticket.id": 5, "ticket.participants[0].person.name": "Ann"},
        unset=["ticket.agent"],
        data={"ref": "T-{{ ticket.id }}"},
    )
    request = webhook_bin.wait(where={"ticket.id": "5", "ticket.agent": None})
    assert request.at("ticket.participants[0].person.name") == "Ann"
    assert request.custom_data == {"ref": "T-5"}


def test_a_ticket_of_ones_own_keeps_the_samples_event(
    webhook_bin: WebhookBin, deskpro: Deskpro
) -> None:
    ticket = deskpro.ticket(id=7, set={"agent.name": "Bo"}, unset=["agent_team"])
    ticket["subject"] = "Changed"
    deskpro.send(webhook_bin.url, ticket=ticket)
    request = webhook_bin.wait()
    assert request.ticket == ticket
    assert request.event is not None
    assert request.event["type"] is not None
    assert deskpro.ticket()["subject"] != "Changed", "each gets a ticket of its own"


def test_a_captured_webhook_is_sent_again_as_it_was(
    webhook_bin: WebhookBin, deskpro: Deskpro
) -> None:
    deskpro.send(webhook_bin.url, "sla", method="PUT", set={"ticket.id": 8})
    first = webhook_bin.wait()
    deskpro.send(webhook_bin.url, ticket=first.form)
    second = webhook_bin.wait(after=first)
    assert second.form == first.form
    fewer = {"ticket": {"id": "9"}, "event_type": "created"}
    deskpro.send(webhook_bin.url, ticket=fewer)
    assert webhook_bin.wait(after=second).form == {**fewer, "custom_data": ""}


@pytest.mark.parametrize(
    ("source", "method"),
    [("trigger", "POST"), ("sla", "PUT"), ("macro", "GET"), ("escalation", "DELETE")],
)
def test_each_source_by_each_method(
    webhook_bin: WebhookBin, deskpro: Deskpro, source: str, method: str
) -> None:
    deskpro.send(webhook_bin.url, source, method=method)
    request = webhook_bin.wait(method=method)
    assert (request.ticket is None) == (method == "GET")


def test_a_request_is_prepared_for_another_client(deskpro: Deskpro) -> None:
    request = deskpro.prepare("http://receiver.example/hook", method="PUT", data="x")
    assert (request.method, request.url.target) == ("PUT", "/hook")
    assert request.body.endswith(b"&custom_data=x")
    assert dict(request.headers)["Content-Length"] == str(len(request.body))


def test_no_answer_is_a_result(webhook_bin: WebhookBin, deskpro: Deskpro) -> None:
    webhook_bin.respond_with(drop=True)
    result = deskpro.send(webhook_bin.url)
    assert result.status is None
    assert result.failure is not None
    assert result.failure.code == "connection_lost"
    assert webhook_bin.wait().ticket is not None


def test_what_the_helpdesk_could_not_send_is_refused(deskpro: Deskpro) -> None:
    with pytest.raises(InspectorError, match="newsletter"):
        deskpro.send("http://127.0.0.1:1/", source="newsletter")
    with pytest.raises(InspectorError, match="method"):
        deskpro.send("http://127.0.0.1:1/", method="PATCH")
    with pytest.raises(InspectorError, match="nothing to take away"):
        deskpro.ticket(unset=["nothing.here"])


@pytest.mark.parametrize("custom", ["{{ ticket.id }}", {"a": ["x", "{{ y }}"], "b": ""}, ""])
def test_custom_data_of_a_form_that_is_sent_on_goes_along(
    webhook_bin: WebhookBin, deskpro: Deskpro, custom: Any
) -> None:
    form = {"ticket": {"id": "5"}, "custom_data": custom}
    deskpro.send(webhook_bin.url, ticket=form)
    first = webhook_bin.wait()
    assert first.form == form
    deskpro.send(webhook_bin.url, ticket=form, data="ours")
    assert webhook_bin.wait(after=first).custom_data == "ours"


def test_two_values_of_one_name_are_refused_and_none_is_lost(deskpro: Deskpro) -> None:
    with pytest.raises(InspectorError, match="two values named same"):
        deskpro.prepare("http://h/", data=[("same", "1"), ("same", "2")])
    with pytest.raises(InspectorError, match="two values named 2"):
        deskpro.prepare("http://h/", data=[("{{ 1 + 1 }}", "1"), ("2", "2")])


def test_any_body_is_sent(webhook_bin: WebhookBin, deskpro: Deskpro) -> None:
    deskpro.send(webhook_bin.url, body="{{ 1 + 1 }}", method="PATCH")
    deskpro.send(webhook_bin.url, json={"a": None})
    deskpro.send(webhook_bin.url, form=[("a", 1), ("a", "2")], sign="github:hush")
    deskpro.send(webhook_bin.url, body=b"\0{{ 1 }}", headers={"Content-Type": "image/png"})
    requests = webhook_bin.wait_all(4)
    assert [each.body for each in requests] == [b"2", b'{"a": null}', b"a=1&a=2", b"\0{{ 1 }}"]
    assert [each.method for each in requests] == ["PATCH", "POST", "POST", "POST"]
    assert requests[3].content_type == "image/png"
    with pytest.raises(TypeError, match="given once"):
        deskpro.send(webhook_bin.url, body="", json=1)
    with pytest.raises(TypeError, match="body="):
        deskpro.send(webhook_bin.url, body=1)  # type: ignore[arg-type]
