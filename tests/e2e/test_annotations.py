"""Pins and notes by keys, and what a full bin leaves of them in an open page."""

import requests
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import NewPage
from tests.e2e.senders import send_many
from tests.e2e.test_live import ROW, open_bin
from tests.servers import LiveServer


def test_a_request_is_pinned_by_p_noted_by_n_and_stays(page: Page, live_server: LiveServer) -> None:
    url = open_bin(page, live_server, "pinned", 3)
    row = page.locator(f"{ROW}[data-number='1']")
    row.locator(".row-link").click()
    expect(page.locator("#request")).to_have_attribute("data-number", "1")
    page.keyboard.press("p")
    expect(page.locator("#pin-button")).to_have_attribute("aria-pressed", "true")
    expect(row.get_by_text("pinned")).to_be_attached()
    page.keyboard.press("n")
    note = page.locator("#ask").get_by_role("textbox")
    expect(note).to_be_focused()
    note.fill("the odd one")
    page.locator("#ask").get_by_role("button", name="Save").click()
    expect(page.locator("#ask")).to_be_hidden()
    expect(page.locator("#noted")).to_contain_text("the odd one")
    expect(row).to_contain_text("the odd one")
    at = f"{live_server.url}/api/v1/bins/pinned"
    requests.patch(at, json={"capacity": 3}, timeout=10)
    send_many(url, 2)
    expect(page.locator(f"{ROW}[data-number='5']")).to_be_visible()
    expect(page.locator(f"{ROW}[data-number='2']")).to_have_count(0)
    expect(page.locator("#list [data-count]")).to_have_text("4")
    expect(row).to_be_visible()
    page.locator("#pin-button").click()
    expect(page).to_have_url(f"{live_server.url}/bins/pinned")
    expect(row).to_have_count(0)


def test_a_request_is_pinned_whose_row_is_gone(page: Page, live_server: LiveServer) -> None:
    """Nor does its pin reach a request that was closed meanwhile: nothing is complained of."""
    open_bin(page, live_server, "pinned-alone", 2)
    page.goto("/bins/pinned-alone/requests/1")
    expect(page.locator(".live")).to_have_text("live")
    changed = page.locator("#r1").evaluate("row => row.outerHTML")
    page.evaluate("document.getElementById('r1').remove()")
    page.keyboard.press("p")
    expect(page.locator("#pin-button")).to_have_attribute("aria-pressed", "true")
    with page.expect_response(lambda response: response.url.endswith("/pin")) as told:
        page.evaluate(
            """changed => {
                document.dispatchEvent(new CustomEvent("sse:changed", {detail: {data: changed}}));
                document.getElementById("request").remove();
            }""",
            changed,
        )
    told.value.finished()
    expect(page.locator("#pin-button")).to_have_count(0)


def test_other_readers_see_pins_and_notes_at_once(
    page: Page, new_page: NewPage, live_server: LiveServer
) -> None:
    open_bin(page, live_server, "shared-notes", 2)
    page.goto("/bins/shared-notes/requests/1")
    other = new_page()
    other.goto("/bins/shared-notes/requests/1")
    expect(other.locator(".live")).to_have_attribute("data-state", "live")
    other.keyboard.press("n")
    draft = other.locator("#ask").get_by_role("textbox")
    draft.fill("mine")
    page.locator("#pin-button").click()
    expect(page.locator("#pin-button")).to_have_attribute("aria-pressed", "true")
    row = other.locator(f"{ROW}[data-number='1']")
    expect(row.get_by_text("pinned")).to_be_attached()
    expect(other.locator("#pin-button")).to_have_attribute("aria-pressed", "true")
    expect(draft).to_have_value("mine")
    at = f"{live_server.url}/api/v1/bins/shared-notes/requests/1"
    requests.patch(at, json={"note": "seen by all"}, timeout=10).raise_for_status()
    expect(row).to_contain_text("seen by all")
    expect(other.locator("#noted")).to_contain_text("seen by all")
    expect(page.locator("#noted")).to_contain_text("seen by all")
    expect(draft).to_have_value("mine")


def test_news_of_a_pin_may_overtake_the_answer_to_the_form_that_set_it(
    page: Page, live_server: LiveServer
) -> None:
    """The form that asked is replaced before its answer comes: nothing is complained of."""
    open_bin(page, live_server, "pinned-late", 2)
    page.goto("/bins/pinned-late/requests/1")
    expect(page.locator("#list .live")).to_have_attribute("data-state", "live")
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "POST":
            held.append(route)
        else:
            route.fallback()

    page.route("**/pin", hold)
    page.locator("#pin-button").click()
    at = f"{live_server.url}/api/v1/bins/pinned-late/requests/1"
    requests.patch(at, json={"note": "from elsewhere"}, timeout=10).raise_for_status()
    expect(page.locator("#noted")).to_contain_text("from elsewhere")
    expect(page.locator("#pin-button")).to_have_attribute("aria-pressed", "false")
    [route] = held
    # A server that has no stream tells the page by this answer alone.
    page.locator("#stream").evaluate("stream => stream.remove()")
    route.continue_()
    expect(page.locator("#pin-button")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#r1").get_by_text("pinned")).to_be_attached()


def test_a_request_is_noted_that_was_closed_meanwhile(page: Page, live_server: LiveServer) -> None:
    open_bin(page, live_server, "noted-late", 2)
    page.goto("/bins/noted-late/requests/1")
    page.keyboard.press("n")
    page.locator("#ask").get_by_role("textbox").fill("kept")
    page.evaluate("document.getElementById('request').remove()")
    page.locator("#ask").get_by_role("button", name="Save").click()
    expect(page.locator("#ask")).to_be_hidden()
    expect(page.locator("#r1")).to_contain_text("kept")
