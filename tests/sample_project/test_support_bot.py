"""What the bot tells the chat, and what it does when the chat will not listen."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from inspector.testing import Deskpro, ReceivedRequest, WebhookBin

HEADERS = {"X-Bot-Token": "a-token-of-the-tests", "X-Deskpro-TicketId": "{{ ticket.id }}"}


def send(deskpro: Deskpro, bot: str, **what: Any) -> int | None:
    what = {"headers": HEADERS, "set": {"ticket.id": 5}, "timeout": 10, **what}
    return deskpro.send(bot, **what).status


def test_an_update_is_told(webhook_bin: WebhookBin, deskpro: Deskpro, bot: str) -> None:
    changes = {"ticket.id": 5, "ticket.subject": "Printer on fire"}
    assert send(deskpro, bot, set=changes, data="from {{ event_performer }}") == 202
    message = webhook_bin.wait(method="POST", path="/support")
    assert message.json == {
        "ticket": "5",
        "text": "Printer on fire [update]",
        "agent": deskpro.ticket()["agent"]["display_name_real"],
        "note": "from agent",
    }


@pytest.mark.parametrize("source", ["sla", "escalation"])
def test_what_is_urgent_goes_to_a_channel_of_its_own(
    webhook_bin: WebhookBin, deskpro: Deskpro, bot: str, source: str
) -> None:
    assert send(deskpro, bot, source=source, method="PUT") == 202
    assert webhook_bin.wait().sub_path == "/urgent"


def test_empty_custom_data_is_an_empty_note(
    webhook_bin: WebhookBin, deskpro: Deskpro, bot: str
) -> None:
    send(deskpro, bot)
    webhook_bin.wait(where={"note": "", "ticket": "5"})


def test_messages_are_signed(webhook_bin: WebhookBin, deskpro: Deskpro, bot: str) -> None:
    def is_signed(request: ReceivedRequest) -> bool:
        expected = hmac.new(b"chat-secret", request.body, hashlib.sha256).hexdigest()
        return request.headers["X-Signature"] == f"sha256={expected}"

    send(deskpro, bot)
    webhook_bin.wait_for(is_signed)


def test_a_chat_that_is_down_is_asked_again(
    webhook_bin: WebhookBin, deskpro: Deskpro, bot: str
) -> None:
    webhook_bin.respond_with([503, 503, 200])
    assert send(deskpro, bot) == 202
    first, *others = webhook_bin.assert_count(3)
    assert all(other.body == first.body for other in others)


def test_a_chat_that_stays_down_is_given_up(
    webhook_bin: WebhookBin, deskpro: Deskpro, bot: str
) -> None:
    webhook_bin.respond_with(status=503)
    assert send(deskpro, bot) == 502
    webhook_bin.assert_count(3)


def test_a_chat_that_says_no_is_not_asked_again(
    webhook_bin: WebhookBin, deskpro: Deskpro, bot: str
) -> None:
    webhook_bin.respond_with(status=404, path="/support")
    assert send(deskpro, bot) == 502
    webhook_bin.assert_count(1)


@pytest.mark.parametrize(
    "trouble",
    [{"delay": 5}, {"drop": True}, {"body": "x" * 1000, "cut_after": 10}],
    ids=["late", "dropped", "cut"],
)
def test_a_chat_in_trouble_is_asked_again(
    webhook_bin: WebhookBin, deskpro: Deskpro, bot: str, trouble: dict[str, Any]
) -> None:
    webhook_bin.respond_with([trouble, 200])
    assert send(deskpro, bot) == 202
    webhook_bin.assert_count(2)


def test_a_webhook_that_comes_twice_is_told_once(
    webhook_bin: WebhookBin, deskpro: Deskpro, bot: str
) -> None:
    assert [send(deskpro, bot), send(deskpro, bot)] == [202, 200]
    assert send(deskpro, bot, set={"ticket.id": 6}) == 202
    webhook_bin.wait_in_order({"where": {"ticket": "5"}}, {"where": {"ticket": "6"}})
    webhook_bin.assert_count(2)


def test_a_ticket_without_an_id_is_refused(
    webhook_bin: WebhookBin, deskpro: Deskpro, bot: str
) -> None:
    assert send(deskpro, bot, set={}, unset=["ticket.id"]) == 400
    webhook_bin.assert_none()


def test_a_macros_get_has_nothing_to_tell(
    webhook_bin: WebhookBin, deskpro: Deskpro, bot: str
) -> None:
    assert send(deskpro, bot, source="macro", method="GET") == 200
    webhook_bin.assert_none()


def test_strangers_are_not_believed(webhook_bin: WebhookBin, deskpro: Deskpro, bot: str) -> None:
    assert send(deskpro, bot, headers={"X-Bot-Token": "guessed"}) == 403
    webhook_bin.assert_none()
