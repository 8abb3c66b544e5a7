"""Requests ticked in a list, and jumps in it, as someone does them in a browser."""

import re

import requests
from playwright.sync_api import Page, expect

from tests.e2e.conftest import NewPage
from tests.e2e.test_live import ROW
from tests.servers import LiveServer


def test_ticked_requests_are_deleted_and_rows_are_compact(
    page: Page, new_page: NewPage, live_server: LiveServer
) -> None:
    url = live_server.create_bin("ticked")
    for number in range(60):
        requests.options(f"{url}/{number}", json={"order": number, "state": "open"}, timeout=10)
    page.goto("/bins/ticked")
    row = page.locator(f"{ROW}[data-number='59']")
    expect(row.locator(".row-facts")).to_contain_text("state open · order 58")
    method = row.locator(".method")
    assert method.evaluate("each => each.scrollWidth <= each.clientWidth")
    expect(page.locator("#selection")).to_be_hidden()
    tall = row.bounding_box()
    page.get_by_role("button", name="Compact").click()
    low = row.bounding_box()
    assert tall is not None
    assert low is not None
    assert low["height"] < tall["height"] * 0.7
    page.get_by_role("checkbox", name="Select #59").check()
    page.get_by_role("checkbox", name="Select #60").check()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(row).to_be_hidden()
    page.get_by_role("button", name="Undo").click()
    expect(row).to_be_visible()
    page.get_by_role("checkbox", name="Select #59").check()
    page.get_by_role("checkbox", name="Select #60").check()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("#undo")).to_contain_text("2 requests deleted.")
    expect(page.locator("#list [data-count]")).to_have_text("58")
    expect(row).to_have_count(0)

    plain = new_page(java_script_enabled=False)
    plain.goto("/bins/ticked")
    plain.get_by_label("Go to a number or a time").fill("#3")
    plain.keyboard.press("Enter")
    expect(plain).to_have_url(re.compile(r"/requests/\d+-3$"))
    plain.goto("/bins/ticked")
    plain.get_by_role("link", name="Oldest").click()
    expect(plain.locator(ROW).last).to_have_attribute("data-number", "1")
    plain.get_by_role("checkbox", name="Select #1", exact=True).check()
    expect(plain.locator("#selection")).to_be_visible()


def test_all_that_a_search_finds_is_deleted_and_brought_back(
    page: Page, new_page: NewPage, live_server: LiveServer
) -> None:
    """In one press each, with and without scripts; a request on its page, too."""
    url = live_server.create_bin("found-undone")
    for number in range(6):
        requests.post(url, json={"odd": number % 2}, timeout=10)
    count = page.locator("#list [data-count]")
    page.goto("/bins/found-undone?q=odd=1")
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("#undo")).to_contain_text("3 requests deleted, for good in a minute.")
    expect(page.locator(ROW)).to_have_count(3)
    expect(count).to_have_text("3")
    page.keyboard.press("z")
    expect(page.locator(ROW)).to_have_count(6)
    expect(page.locator("#undo")).to_be_hidden()

    plain = new_page(java_script_enabled=False)
    plain.goto("/bins/found-undone?q=odd=1")
    plain.get_by_role("button", name="Delete", exact=True).click()
    expect(plain.locator(ROW)).to_have_count(3)
    plain.get_by_role("button", name="Undo").click()
    expect(plain.locator(ROW)).to_have_count(6)
    plain.goto("/bins/found-undone/requests/2")
    plain.locator(".request-actions summary", has_text="More").click()
    plain.locator("#request").get_by_role("button", name="Delete").click()
    expect(plain.locator("#undo")).to_contain_text("1 request deleted, for good in a minute.")
    expect(plain.locator(f"{ROW}[data-number='2']")).to_have_count(0)
    plain.get_by_role("button", name="Undo").click()
    expect(plain.locator(f"{ROW}[data-number='2']")).to_be_visible()
