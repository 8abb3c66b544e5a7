"""Finding requests in the page of a bin."""

import re

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.e2e.conftest import NewPage
from tests.e2e.senders import FORM, TICKET, send_many, send_ticket
from tests.servers import LiveServer

ROW = "#rows > .row"


@pytest.fixture(scope="module")
def bin_url(live_server: LiveServer) -> str:
    """A bin with three tickets among sixty small requests; the second has another agent."""
    url = live_server.create_bin("searched")
    send_ticket(url)
    send_many(url, 30)
    changed = TICKET.replace(b"Annie+Edison", b"Troy+Barnes")
    requests.post(url, data=changed, headers=FORM, timeout=10).raise_for_status()
    send_many(url, 30)
    send_ticket(url)
    return url


def search(page: Page, query: str) -> None:
    page.keyboard.press("s")
    page.keyboard.type(query)
    page.keyboard.press("Enter")


def test_a_search_leaves_what_matches_and_the_address_has_it(page: Page, bin_url: str) -> None:
    page.goto("/bins/searched")
    search(page, "is:ticket")
    expect(page.locator(ROW)).to_have_count(3)
    expect(page.get_by_role("heading", name="Found 3")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?q=is%3Aticket$"))
    page.reload()
    expect(page.locator(ROW)).to_have_count(3)
    expect(page.get_by_role("searchbox", name="Search the requests")).to_have_value("is:ticket")


def test_found_requests_are_stepped_through_and_the_search_stays(page: Page, bin_url: str) -> None:
    page.goto("/bins/searched?q=is:ticket")
    for number in ("#63", "#32", "#1"):
        page.keyboard.press("j")
        expect(page.locator(".request-facts strong")).to_have_text(number)
    expect(page).to_have_url(re.compile(r"\?q=is%3Aticket$"))
    page.reload()
    expect(page.locator(ROW)).to_have_count(3)


def test_the_ticket_whose_agent_changed_is_found(page: Page, bin_url: str) -> None:
    page.goto("/bins/searched")
    search(page, '"troy barnes"')
    expect(page.locator(ROW)).to_have_count(1)
    page.keyboard.press("Tab")
    page.locator(ROW).get_by_role("link").click()
    expect(page.locator("#tree")).to_contain_text("Troy Barnes")


def test_show_all_leaves_the_search_and_is_live_again(page: Page, bin_url: str) -> None:
    page.goto("/bins/searched?q=is:ticket")
    expect(page.locator(".live")).to_have_count(0)
    page.get_by_role("link", name="Show all").click()
    expect(page.locator(ROW)).to_have_count(50)
    expect(page.locator(".live")).to_have_text("live")
    count = page.locator("#list [data-count]").inner_text()
    requests.get(f"{bin_url}/late", timeout=10)
    expect(page.locator("#list [data-count]")).to_have_text(str(int(count) + 1))


def test_back_leaves_the_search(page: Page, bin_url: str) -> None:
    page.goto("/bins/searched")
    search(page, "is:ticket")
    expect(page.locator(ROW)).to_have_count(3)
    page.go_back()
    expect(page.locator(ROW)).to_have_count(50)
    expect(page.locator(".live")).to_have_text("live")


def test_what_is_wrong_with_a_query_is_explained(page: Page, bin_url: str) -> None:
    page.goto("/bins/searched")
    search(page, 'subject "open')
    field = page.get_by_role("searchbox", name="Search the requests")
    expect(page.locator("#search-problem")).to_contain_text("double quote is not closed")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value('subject "open')


def test_nothing_found_is_said(page: Page, bin_url: str) -> None:
    page.goto("/bins/searched?q=zebra")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    expect(page.get_by_text("Waiting for the first request")).to_have_count(0)


def test_what_arrives_meanwhile_does_not_mix_with_what_was_found(
    page: Page, new_page: NewPage, bin_url: str
) -> None:
    page.goto("/bins/searched")
    search(page, "is:ticket")
    expect(page.locator(ROW)).to_have_count(3)
    witness = new_page()
    witness.goto("/bins/searched")
    expect(witness.locator(".live")).to_have_text("live")
    requests.get(f"{bin_url}/meanwhile", timeout=10)
    expect(witness.locator(ROW).first).to_contain_text("/meanwhile")
    expect(page.locator(ROW)).to_have_count(3)


def test_without_scripts_a_search_is_a_form(new_page: NewPage, bin_url: str) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/bins/searched")
    field = page.get_by_role("searchbox", name="Search the requests")
    field.fill("path:/3")
    field.press("Enter")
    expect(page.locator(ROW)).to_have_count(4)
    page.locator(ROW).first.get_by_role("link").click()
    expect(page.locator(ROW)).to_have_count(4)
    expect(page.locator("#request-title")).to_contain_text("/searched/3")


def test_a_request_is_copied_in_other_forms(page: Page, bin_url: str) -> None:
    page.goto("/bins/searched?q=is:ticket")
    page.keyboard.press("j")
    group = page.get_by_role("group", name="Copy this request as")
    group.get_by_role("link", name="curl", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("curl ")
    assert bin_url in copied
