"""Two requests side by side, reached by a key and stepped through."""

from __future__ import annotations

import re

import requests
from playwright.sync_api import Page, expect

from tests.e2e.conftest import NewPage
from tests.e2e.senders import FORM, send_ticket
from tests.servers import LiveServer


def send(url: str, *bodies: str) -> None:
    for body in bodies:
        requests.post(url, data=body, headers=FORM, timeout=10).raise_for_status()


def open_newest(page: Page, server: LiveServer, name: str) -> None:
    newest = server.get_json(f"/api/v1/bins/{name}/requests?limit=1")[0]["id"]
    page.goto(f"/bins/{name}/requests/{newest}")


def test_one_key_says_what_changed_since_the_last_firing(
    page: Page, live_server: LiveServer
) -> None:
    url = live_server.create_bin("compare-key")
    send_ticket(url, more=b"&ticket[agent][id]=3&custom_data=")
    send_ticket(url, more=b"&ticket[agent][id]=7&custom_data=x&ticket[urgency]=5")
    open_newest(page, live_server, "compare-key")
    page.keyboard.press("d")
    expect(page.get_by_role("heading", level=1)).to_have_text("What changed")
    counts = page.locator(".compare-counts span")
    # The body's three, and Content-Length.
    expect(counts).to_have_text(["3 changed", "1 added", "0 removed", re.compile("the same")])
    agent = page.get_by_role("row", name="ticket.agent.id")
    expect(agent.locator("del")).to_have_text("3")
    expect(agent.locator("ins")).to_have_text("7")
    expect(page.get_by_role("row", name="added: ticket.urgency")).to_contain_text("not sent")
    expect(page.get_by_role("row", name="custom_data")).to_contain_text("empty")
    same = page.locator(".compare-same").first
    expect(same.get_by_text("ticket.subject")).to_be_hidden()
    same.locator("summary").click()
    expect(same.get_by_text("ticket.subject")).to_be_visible()


def test_pairs_are_stepped_through_and_chosen(new_page: NewPage, live_server: LiveServer) -> None:
    page = new_page(java_script_enabled=False)
    url = live_server.create_bin("compare-pairs")
    send(url, *(f"ticket[id]={number % 2}&n={number}" for number in range(1, 5)))
    open_newest(page, live_server, "compare-pairs")
    page.get_by_role("link", name="Compare", exact=True).click()
    changed = page.get_by_role("row", name=re.compile("changed: n"))
    expect(changed).to_contain_text("3")
    page.get_by_role("link", name="Older pair").click()
    expect(changed.locator("del")).to_have_text("2")
    page.get_by_role("link", name="Newer pair").click()
    page.get_by_role("link", name="Previous of ticket 0").click()
    expect(changed.locator("del")).to_have_text("2")
    page.get_by_label("From").fill("1")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(changed.locator("del")).to_have_text("1")
    expect(changed.locator("ins")).to_have_text("4")


def test_a_phone_shows_a_comparison_without_scrolling_sideways(
    new_page: NewPage, live_server: LiveServer
) -> None:
    page = new_page(viewport={"width": 360, "height": 640})
    url = live_server.create_bin("compare-phone")
    send(url, "a=" + "x" * 900, "a=" + "y" * 900)
    page.goto("/bins/compare-phone/compare?a=2")
    expect(page.locator("ins").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
