"""The tasks of a first hour, walked as a user would, each in the clicks that it may take.

The webhooks are those of a helpdesk, sent from a terminal.
"""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.programs import INSPECTOR, run_program
from tests.servers import LiveServer

ROW = "#rows > .row"
TICKET_ID = "X-Deskpro-TicketId: {{ ticket.id }}"


@dataclass
class Hand:
    """A hand that clicks in a page, and counts."""

    page: Page
    clicks: int = 0

    def click(self, place: Locator) -> None:
        self.clicks += 1
        place.click()


@pytest.fixture
def hand(page: Page) -> Hand:
    return Hand(page)


def emit(url: str, *arguments: str) -> str:
    """Send a webhook from the terminal; what was said beside the answer."""
    command = [INSPECTOR, "emit", "--to", url, *arguments]
    done = run_program(command, capture_output=True, text=True, timeout=60, check=True)
    return str(done.stderr)


def test_a_field_of_the_first_webhook_is_read_in_one_click(
    hand: Hand, live_server: LiveServer
) -> None:
    page, url = hand.page, live_server.create_bin("first-field")
    page.goto("/bins/first-field")
    expect(page.get_by_role("heading", name="Send the first request")).to_be_visible()
    emit(url)
    email = page.locator("#fields").get_by_text("boss@alllc.example.com", exact=True)
    expect(page.locator("#request-title")).to_contain_text("/first-field")
    hand.click(page.get_by_role("searchbox", name="Filter fields"))
    page.keyboard.type("participants primary_email")
    expect(email.last).to_be_in_viewport()
    assert hand.clicks == 1


def test_why_a_header_was_not_sent_is_seen_at_a_look(hand: Hand, live_server: LiveServer) -> None:
    page, url = hand.page, live_server.create_bin("first-header")
    for number in range(1, 4):
        emit(url, "--header", TICKET_ID, "--set", f"ticket.id={number}")
    why = "X-Deskpro-TicketId: not sent, `ticket.id` has no value"
    assert why in emit(url, "--header", TICKET_ID, "--unset", "ticket.id")
    page.goto("/bins/first-header/requests/4")
    expect(page.locator(".lacks")).to_contain_text(
        re.compile("no X-Deskpro-TicketId; . of . had it")
    )
    expect(page.locator(".lacks")).to_be_in_viewport()
    assert hand.clicks == 0


def test_the_requests_without_a_field_are_found_in_two_clicks(
    hand: Hand, live_server: LiveServer
) -> None:
    page, url = hand.page, live_server.create_bin("first-lacking")
    for number in range(4):
        emit(url, *(("--header", TICKET_ID, "--set", "ticket.id=5") if number % 2 else ()))
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/bins/first-lacking")
    hand.click(page.get_by_role("link", name="All fields").first)
    told = page.locator("#missing")
    expect(told).to_contain_text("x-deskpro-ticketid")
    expect(told).to_be_in_viewport()
    hand.click(told.get_by_role("link", name="2 requests without").first)
    expect(page.locator(ROW)).to_have_count(2)
    expect(page.locator(ROW).first).to_contain_text("#3")
    assert hand.clicks == 2


def test_a_request_is_sent_again_in_one_click(hand: Hand, live_server: LiveServer) -> None:
    page, url = hand.page, live_server.create_bin("first-replay")
    emit(url)
    page.goto("/bins/first-replay/requests/1")
    hand.click(page.get_by_role("button", name="Send again"))
    expect(page.locator("#replayed")).to_contain_text("200")
    expect(page.locator(ROW)).to_have_count(2)
    assert hand.clicks == 1


def test_the_requests_of_an_agent_are_found_by_typing(hand: Hand, live_server: LiveServer) -> None:
    page, url = hand.page, live_server.create_bin("first-agent")
    for number in range(5):
        emit(url, "--set", f"ticket.agent.id={3 if number < 2 else number + 10}")
    page.goto("/bins/first-agent")
    page.keyboard.press("/")
    page.keyboard.type("agent:3")
    suggestion = page.get_by_role("option", name="ticket.agent.id=3")
    expect(suggestion.first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(ROW)).to_have_count(2)
    assert hand.clicks == 0
