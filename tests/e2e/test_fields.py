"""All fields of a bin, and one field through all of its requests."""

from __future__ import annotations

import re
import time

import requests
from playwright.sync_api import Page, expect

from tests.e2e.conftest import NewPage
from tests.e2e.senders import FORM, TICKET
from tests.servers import LiveServer


def send_tickets(server: LiveServer, name: str, count: int, *, changed_at: int) -> None:
    """``count`` webhooks about 60 tickets in turn; at one of them its ticket gets another agent."""
    url = server.create_bin(name)
    agents = dict.fromkeys(range(60), "3")
    with requests.Session() as session:
        for number in range(1, count + 1):
            ticket = number % 60
            if number == changed_at:
                agents[ticket] = "7"
            more = f"&ticket[id]={ticket}&ticket[agent][id]={agents[ticket]}&custom_data="
            body = TICKET.strip() + more.encode()
            body = body.replace(b"Hierarchy+problem", b"Ticket+%d" % ticket)
            session.post(url, data=body, headers=FORM, timeout=10).raise_for_status()


def test_the_ticket_whose_agent_changed_is_found_among_two_hundred(
    page: Page, live_server: LiveServer
) -> None:
    send_tickets(live_server, "fields-200", 200, changed_at=137)
    page.goto("/bins/fields-200")
    page.locator("#rows .row-link").first.click()
    page.get_by_role("searchbox", name="Filter fields").fill("agent.id")
    page.locator(".tree-list").get_by_role("link", name="id", exact=True).click()
    page.get_by_role("link", name="History of this field").click()
    change = page.get_by_role("region", name="Changed within one ticket").locator("tbody tr")
    expect(change).to_have_count(1)
    expect(change.locator("td").nth(0)).to_have_text("17")
    expect(change.locator("td").nth(1)).to_have_text("#137")
    change.get_by_role("link", name="What else changed").click()
    expect(page.get_by_role("row", name="changed: ticket.agent.id")).to_be_visible()
    # The same ticket's requests are compared, so nothing else differs.
    expect(page.locator(".compare-counts span").first).to_have_text("1 changed")

    # The shortest way, and the one from the agent at the top of any ticket.
    page.goto("/bins/fields-200")
    page.get_by_role("link", name="All fields").click()
    row = page.get_by_role("row").filter(has=page.get_by_text("ticket.agent.id", exact=True))
    row.get_by_role("link", name="#137").click()
    expect(page.get_by_role("row", name="changed: ticket.agent.id")).to_be_visible()
    page.goto("/bins/fields-200")
    page.locator("#rows .row-link").first.click()
    page.locator(".tree-facts").get_by_role("link", name="Annie Edison").click()
    page.get_by_role("link", name="History of this field").click()
    expect(change.locator("td").nth(1)).to_have_text("#137")


def test_the_catalogue_leads_to_what_changed(new_page: NewPage, live_server: LiveServer) -> None:
    page = new_page(java_script_enabled=False)
    send_tickets(live_server, "fields-all", 130, changed_at=125)
    page.goto("/bins/fields-all")
    page.locator("#rows .row-link").first.click()
    page.get_by_role("link", name="All fields").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("All fields")
    page.get_by_role("link", name="Changes").click()
    first = page.locator(".catalogue tbody tr").first
    deadline = time.monotonic() + 60
    while "ticket.agent.id" not in first.inner_text():  # each look reads on for a while
        assert time.monotonic() < deadline
        page.reload()
    expect(first.locator("td").nth(3)).to_contain_text("1 #125")
    page.get_by_label("Filter").fill("participants boss")
    page.get_by_role("button", name="Filter").click()
    rows = page.locator(".catalogue tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("ticket.participants[].person.primary_email.email")
    page.get_by_role("link", name="Clear").click()
    page.get_by_role("link", name="ticket.agent.id", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("ticket.agent.id")


def test_a_new_field_stands_out(page: Page, live_server: LiveServer) -> None:
    send_tickets(live_server, "fields-new", 20, changed_at=0)
    requests.post(
        live_server.create_bin("fields-other"), data="x=1", headers=FORM, timeout=10
    ).raise_for_status()
    body = TICKET.strip() + b"&ticket[urgency]=5"
    url = f"{live_server.url}/fields-new"
    requests.post(url, data=body, headers=FORM, timeout=10).raise_for_status()
    page.goto("/bins/fields-new/fields")
    new = page.locator(".catalogue tr:has(.tag)")
    expect(new).to_have_count(1)
    expect(new).to_contain_text("ticket.urgency")
    page.get_by_role("link", name="1 new lately").click()
    expect(page.locator(".catalogue tbody tr").first).to_contain_text("ticket.urgency")


def test_the_timeline_has_a_name_and_a_legend(page: Page, live_server: LiveServer) -> None:
    send_tickets(live_server, "fields-timeline", 5, changed_at=0)
    requests.get(f"{live_server.url}/fields-timeline", timeout=10).raise_for_status()
    page.goto("/bins/fields-timeline/fields")
    picture = page.get_by_role("img", name="Captures over time by event")
    expect(picture).to_be_visible()
    expect(page.locator(".timeline figcaption")).to_contain_text("update 5")
    page.get_by_role("link", name="by method").click()
    expect(page.locator(".timeline figcaption")).to_contain_text(re.compile(r"POST 5\s+GET 1"))


def test_a_phone_shows_these_pages_without_scrolling_sideways(
    new_page: NewPage, live_server: LiveServer
) -> None:
    page = new_page(viewport={"width": 360, "height": 640})
    send_tickets(live_server, "fields-phone", 3, changed_at=2)
    for query in ("", "?path=ticket.participants.0.person.gravatar_url"):
        page.goto(f"/bins/fields-phone/fields{query}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_phone_shows_all_of_a_field_and_sorts_by_it(
    new_page: NewPage, live_server: LiveServer
) -> None:
    page = new_page(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    send_tickets(live_server, "fields-narrow", 3, changed_at=0)
    page.goto("/bins/fields-narrow/fields")
    page.get_by_role("link", name="With different values").click()
    page.get_by_role("link", name="Values", exact=True).click()
    row = page.locator(".catalogue tbody tr").first
    expect(row).to_contain_text("ticket.id")
    for cell in row.locator("th, td:not([data-none])").all():
        box = cell.bounding_box()
        assert box is not None
        assert box["width"] > 20
        assert box["x"] + box["width"] <= 390


def test_a_big_bin_is_shown_at_once_and_read_on_while_one_types(
    page: Page, live_server: LiveServer
) -> None:
    url = live_server.create_bin("fields-big")
    wide = {f"name-{index}": index for index in range(4_000)}
    with requests.Session() as session:
        for number in range(60):
            session.post(url, json={**wide, "n": number}, timeout=10).raise_for_status()
    first = page.goto("/bins/fields-big/fields")
    assert first is not None
    assert "requests are read so far" in first.text()
    field = page.get_by_role("searchbox", name="Filter")
    field.press_sequentially("name-7")
    expect(page.locator("#reading progress")).to_have_count(0, timeout=60_000)
    expect(page.locator("#findings")).to_contain_text("in 60 requests, #1 to #60")
    expect(field).to_have_value("name-7")
    expect(field).to_be_focused()
    field.press("Enter")
    expect(page.locator(".catalogue tbody tr").first).to_contain_text("name-7")


def test_the_filter_works_while_one_types_and_lacks_are_two_clicks_away(
    page: Page, live_server: LiveServer
) -> None:
    url = live_server.create_bin("fields-lacking")
    for number in range(6):
        headers = {"X-Deskpro-TicketId": "5"} if number % 2 else {}
        requests.post(url, json={"kept": 1}, headers=headers, timeout=10)
    page.goto("/bins/fields-lacking/fields")
    field = page.get_by_role("searchbox", name="Filter")
    field.press_sequentially("ticketid")
    expect(page.locator(".catalogue tbody tr")).to_have_count(1)
    expect(field).to_be_focused()
    expect(field).to_have_value("ticketid")
    page.goto("/bins/fields-lacking")
    page.get_by_role("link", name="All fields").first.click()  # the first click
    page.get_by_role("link", name="50 %, the 3 requests without it").click()  # the second
    expect(page.locator("#rows > .row")).to_have_count(3)
    page.locator("#r5 .row-link").click()
    expect(page.locator(".lacks")).to_contain_text("no X-Deskpro-TicketId; 3 of 6 had it")
