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
    page.keyboard.press("/")
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
    expect(page.get_by_role("combobox", name="Search the requests")).to_have_value("is:ticket")


def test_found_requests_are_stepped_through_and_the_search_stays(page: Page, bin_url: str) -> None:
    page.goto("/bins/searched?q=is:ticket")
    for number in ("#63", "#32", "#1"):
        page.keyboard.press("j")
        expect(page.locator(".request-facts strong").first).to_have_text(number)
    expect(page).to_have_url(re.compile(r"\?q=is%3Aticket$"))
    page.reload()
    expect(page.locator(ROW)).to_have_count(3)


def test_the_ticket_whose_agent_changed_is_found(page: Page, bin_url: str) -> None:
    page.goto("/bins/searched")
    search(page, '"troy barnes"')
    expect(page.locator(ROW)).to_have_count(1)
    expect(page.locator(f"{ROW} mark")).to_have_text("Troy Barnes")
    expect(page.locator(f"{ROW} a")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#tree")).to_contain_text("Troy Barnes")


def test_clearing_leaves_the_search_and_the_list_is_live_again(page: Page, bin_url: str) -> None:
    page.goto("/bins/searched?q=is:ticket")
    page.get_by_role("link", name="Clear").click()
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
    field = page.get_by_role("combobox", name="Search the requests")
    expect(page.locator("#search-problem")).to_contain_text("double quote is not closed")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value('subject "open')
    expect(field).to_be_focused()
    expect(page.locator(ROW)).to_have_count(50)
    page.keyboard.press("Escape")
    expect(page.locator("#search-problem")).to_be_hidden()


def test_nothing_found_is_said(page: Page, bin_url: str) -> None:
    page.goto("/bins/searched?q=zebra")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    expect(page.get_by_text("Waiting for the first request")).to_have_count(0)


def test_of_what_arrives_meanwhile_only_matches_appear(page: Page, live_server: LiveServer) -> None:
    url = live_server.create_bin("sifted")
    send_ticket(url)
    send_many(url, 3)
    page.goto("/bins/sifted?q=is:ticket")
    expect(page.locator(".live")).to_have_text("live")
    expect(page.locator(ROW)).to_have_count(1)
    requests.get(f"{url}/meanwhile", timeout=10)
    send_ticket(url)
    expect(page.locator(ROW)).to_have_count(2)
    expect(page.locator("#list [data-count]")).to_have_text("2")
    expect(page.locator(ROW).first).to_have_attribute("data-number", "6")
    expect(page.locator(f"{ROW} .row-link").first).to_have_attribute(
        "href", re.compile(r"\?q=is%3Aticket$")
    )


def test_escape_leaves_the_search_and_keys_work_again(page: Page, bin_url: str) -> None:
    page.goto("/bins/searched?q=is:ticket")
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    expect(page.locator(ROW)).to_have_count(50)
    expect(page).to_have_url(re.compile(r"/bins/searched$"))
    page.keyboard.press("j")
    expect(page.locator("#request-title")).to_be_visible()


def test_keys_go_to_the_next_match_from_a_request_that_is_none(page: Page, bin_url: str) -> None:
    page.goto("/bins/searched")
    page.locator("#r40 .row-link").click()
    expect(page.locator(".request-facts strong").first).to_have_text("#40")
    search(page, "is:ticket")
    expect(page.locator(ROW)).to_have_count(3)
    page.keyboard.press("j")
    expect(page.locator(".request-facts strong").first).to_have_text("#32")


def test_a_field_leads_to_the_requests_with_its_value(page: Page, bin_url: str) -> None:
    page.goto("/bins/searched?q=is:ticket")
    page.keyboard.press("j")
    expect(page.locator("#tree")).to_be_visible()
    page.keyboard.press("f")
    page.keyboard.type("edison")
    page.locator("#tree .tree-list").get_by_role("link", name="display_name_real").click()
    page.get_by_role("link", name="Requests with this value").click()
    expect(page.locator(ROW)).to_have_count(2)
    expect(page.locator(f"{ROW} mark").first).to_have_text("Annie Edison")


def test_the_help_has_examples_that_find_something(page: Page, bin_url: str) -> None:
    page.goto("/bins/searched")
    page.locator(".search-help summary").click()
    page.get_by_role("link", name="ticket.subject:hierarchy").click()
    expect(page.locator(ROW)).to_have_count(3)
    field = page.get_by_role("combobox", name="Search the requests")
    expect(field).to_have_value("ticket.subject:hierarchy")


def test_the_helps_button_stays_where_it_is_when_it_opens(page: Page, bin_url: str) -> None:
    page.goto("/bins/searched?q=is:ticket")
    button = page.locator(".search-help summary")
    before = button.bounding_box()
    button.click()
    expect(page.locator(".search-help dl")).to_be_visible()
    assert button.bounding_box() == before


def test_a_wrong_name_is_put_right_in_one_click(page: Page, bin_url: str) -> None:
    page.goto("/bins/searched?q=agent.display_name_real:troy")
    page.get_by_role("link", name="ticket.agent.display_name_real:troy").click()
    expect(page.locator(ROW)).to_have_count(1)


def test_without_scripts_a_search_is_a_form(new_page: NewPage, bin_url: str) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/bins/searched")
    field = page.get_by_role("searchbox", name="Search the requests")
    field.fill("path:/3")
    field.press("Enter")
    expect(page.locator(ROW)).to_have_count(4)
    page.locator(f"{ROW} .row-link").first.click()
    expect(page.locator(ROW)).to_have_count(4)
    expect(page.locator("#request-title")).to_contain_text("/searched/3")


def test_a_request_is_copied_in_other_forms(page: Page, bin_url: str) -> None:
    page.goto("/bins/searched?q=is:ticket")
    page.keyboard.press("j")
    page.locator(".request-actions summary", has_text="Copy as").click()
    page.locator(".request-actions").get_by_role("link", name="curl", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("curl ")
    assert bin_url in copied


def test_the_requests_of_an_agent_are_found_by_typing_and_a_suggestion(
    page: Page, bin_url: str
) -> None:
    page.goto("/bins/searched")
    page.keyboard.press("/")
    field = page.get_by_role("combobox", name="Search the requests")
    options = page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    expect(options.first).to_contain_text("method:")
    page.keyboard.type("barnes")
    expect(options.first).to_contain_text('="Troy Barnes" 1 ')
    expect(page.locator(ROW)).to_have_count(1)  # found while typing, without Enter
    expect(field).to_be_focused()
    expect(field).to_have_value("barnes")
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", "suggestion-1")
    page.keyboard.type(" agent.display:barnes")
    expect(options.first).to_have_text(re.compile(r'ticket\.agent\.\w+="Troy Barnes" 1 '))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(page).to_have_url(re.compile(r"\?q=barnes%20ticket\.agent\.\w+%3D%22Troy%20Barnes%22$"))
    expect(page.get_by_role("heading", name="Found 1 of")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(f"{ROW} a").first).to_be_focused()
    page.go_back()
    expect(page.locator(ROW)).to_have_count(50)
    expect(page).to_have_url(re.compile(r"/bins/searched$"))


def test_a_time_typed_in_a_search_is_in_the_zone_of_the_page(
    new_page: NewPage, bin_url: str
) -> None:
    page = new_page(timezone_id="America/New_York")
    page.goto("/bins/searched")
    when = page.evaluate(
        "new Date(Date.now() - 3600e3).toLocaleString('sv').replace(' ', 'T').slice(0, 16)"
    )
    search(page, f"after:{when} is:ticket")
    expect(page.locator(ROW)).to_have_count(3)
    search(page, f"before:{when} is:ticket")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    page.locator(".search-help summary").click()
    expect(page.locator(".search-help")).to_contain_text("America/New_York")
