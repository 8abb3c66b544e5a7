"""The list of a bin: what arrives while someone looks."""

import re
import time
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Page, Route, expect

from tests.conftest import StartServer
from tests.e2e.conftest import NewPage, Watch
from tests.e2e.senders import FORM, TICKET, send_many, send_ticket
from tests.servers import LiveServer

ROW = "#rows > .row"


def open_bin(page: Page, server: LiveServer, name: str, count: int = 0) -> str:
    """A new bin with ``count`` requests, open in the page and live; gives its URL."""
    url = server.create_bin(name)
    send_many(url, count)
    page.goto(f"/bins/{name}")
    expect(page.locator(".live")).to_have_text("live")
    return url


def test_first_light(page: Page, live_server: LiveServer) -> None:
    """The main job, as a new user would do it."""
    page.goto("/")
    page.get_by_label("Name of the new bin").fill("first-light")
    page.get_by_role("button", name="Create bin").click()
    url = page.locator("#bin code").inner_text()
    line = page.locator(".line code").inner_text()
    assert line.startswith(f"curl {url} ")
    expect(page.locator(".live")).to_have_text("live")
    page.evaluate("window.loadedOnce = true")

    send_ticket(url)
    row = page.locator(ROW).first
    expect(row).to_contain_text("Hierarchy problem")
    expect(row).to_contain_text("update")
    expect(page.locator("#list [data-count]")).to_have_text("1")

    request = page.locator("#request")
    expect(request).to_contain_text("custom_data: sent, empty")
    branch = request
    for key in ("participants", "0", "person", "primary_email"):
        branch = branch.locator(f"details:has(> summary > b:text-is('{key}'))").first
        branch.locator("> summary").click()
    expect(branch.get_by_text("boss@alllc.example.com", exact=True).last).to_be_visible()
    assert page.evaluate("window.loadedOnce") is True


def test_the_first_request_opens_itself(page: Page, live_server: LiveServer) -> None:
    url = open_bin(page, live_server, "invited")
    expect(page.get_by_role("heading", name="Send the first request")).to_be_visible()
    expect(page.get_by_role("button", name="Send a test webhook")).to_have_count(1)
    expect(page.locator("#activity")).to_be_hidden()
    send_ticket(url)
    expect(page.locator("#request-title")).to_contain_text("/invited")
    expect(page.locator("#activity")).to_be_visible()
    expect(page.get_by_role("button", name="Send a test webhook")).to_have_count(1)


def test_a_capture_is_on_the_page_within_a_second(page: Page, live_server: LiveServer) -> None:
    url = open_bin(page, live_server, "soon")
    took_s = []
    for number in range(1, 6):
        began = time.monotonic()
        send_ticket(url)
        expect(page.locator(ROW)).to_have_count(number)
        took_s.append(time.monotonic() - began)
    assert min(took_s) < 1, "asking would take two seconds"


def test_the_copied_curl_line_is_the_one_shown(page: Page, live_server: LiveServer) -> None:
    open_bin(page, live_server, "curl-line")
    page.get_by_role("button", name="Copy the curl line").click()
    expect(page.get_by_role("status")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator(".line code").inner_text()


def test_a_test_webhook_comes_in_as_any_other(page: Page, live_server: LiveServer) -> None:
    open_bin(page, live_server, "test-button")
    page.locator("#request").get_by_role("button", name="Send a test webhook").click()
    row = page.locator(ROW)
    expect(row).to_contain_text("Hierarchy problem")
    header = page.locator("#headers tr", has=page.get_by_text("X-Deskpro-TicketId", exact=True))
    expect(header.locator("td")).to_have_text("5")
    expect(page.locator("#request")).to_contain_text("custom_data: A test from the page")
    page.keyboard.press("t")
    expect(row).to_have_count(2)


def test_the_newest_is_on_top_and_nothing_comes_twice(page: Page, live_server: LiveServer) -> None:
    url = open_bin(page, live_server, "on-top", 3)
    send_many(url, 20)
    expect(page.locator(ROW)).to_have_count(23)
    numbers = page.locator(ROW).evaluate_all("rows => rows.map(row => Number(row.dataset.number))")
    assert numbers == sorted(numbers, reverse=True)
    expect(page.locator("#list [data-count]")).to_have_text("23")


def test_more_than_a_page_at_once_fetches_the_list_anew(
    page: Page, live_server: LiveServer, watch: Watch
) -> None:
    watch.forgive("stream|object Event|ERR_FAILED")
    page.route(re.compile("/stream"), lambda route: route.fulfill(status=503))
    url = live_server.create_bin("flood")
    send_many(url, 2)
    page.goto("/bins/flood")
    asking = re.compile("after=")  # which must not fall between them
    page.route(asking, lambda route: route.abort())
    send_many(url, 70)
    page.unroute(asking)
    expect(page.locator("#r72")).to_be_visible()
    expect(page.locator("#list [data-count]")).to_have_text("72")
    expect(page.locator(ROW)).to_have_count(50)


def find_top(page: Page, selector: str) -> float:
    """How far from the top of the window the element begins, in pixels."""
    top: float = page.locator(selector).evaluate("each => each.getBoundingClientRect().top")
    return top


def test_the_picture_above_the_list_follows_and_moves_nothing(
    page: Page, live_server: LiveServer
) -> None:
    url = open_bin(page, live_server, "pictured")
    bars = page.locator("#activity a")
    expect(bars).to_have_count(0)
    send_ticket(url)
    # The first request opens itself, which sets the list beside it.
    expect(page.locator("#request")).to_have_attribute("data-number", "1")
    expect(page.locator(ROW)).to_be_visible()
    top = find_top(page, ROW)
    expect(bars).to_have_count(1)
    assert find_top(page, ROW) == top
    bars.first.click()
    expect(page.get_by_role("combobox", name="Search the requests")).to_have_value(
        re.compile(r"^after:\d.* before:\d")
    )
    expect(page.locator(ROW)).to_have_count(1)


def test_reading_on_keeps_its_place(page: Page, live_server: LiveServer) -> None:
    url = open_bin(page, live_server, "in-place", 40)
    page.locator("#r15 .row-link").click()
    expect(page.locator("#request-title")).to_contain_text("/15")
    page.locator("#rows").evaluate("rows => rows.scrollTop = 900")
    looked_at = page.locator("#r15").bounding_box()
    send_many(url, 3)
    pill = page.locator("[data-pill]")
    expect(pill).to_have_text("3 new")
    assert page.locator("#r15").bounding_box() == looked_at
    expect(page.locator("#r15 .row-link")).to_have_attribute("aria-current", "true")
    expect(page.locator("#request-title")).to_contain_text("/15")
    pill.click()
    expect(page.locator("#r43")).to_be_in_viewport()
    expect(pill).to_be_hidden()


def test_a_flood_waits_until_the_reader_comes_back(page: Page, live_server: LiveServer) -> None:
    url = open_bin(page, live_server, "flooded", 40)
    page.locator("#rows").evaluate("rows => rows.scrollTop = 900")
    looked_at = page.locator("#r15").bounding_box()
    send_many(url, 300)
    pill = page.get_by_role("button", name="New requests")
    expect(pill).to_be_visible()
    assert page.locator("#r15").bounding_box() == looked_at
    pill.click()
    expect(page.locator("#r340")).to_be_in_viewport()
    expect(page.locator("#list [data-count]")).to_have_text("340")
    expect(pill).to_be_hidden()
    send_many(url, 1)
    expect(page.locator("#r341")).to_be_in_viewport()


def test_a_flood_ends_in_the_newest_on_top(page: Page, live_server: LiveServer) -> None:
    url = open_bin(page, live_server, "deluge")
    asked = 0

    def count(_: object) -> None:
        nonlocal asked
        asked += 1

    page.on("request", count)
    send_many(url, 600)
    expect(page.locator("#r600")).to_be_in_viewport()
    expect(page.locator("#list [data-count]")).to_have_text("600")
    assert page.locator(ROW).count() < 500
    assert asked < 40


def test_the_first_request_opens_itself_and_the_list_goes_on_showing_the_newest(
    page: Page, live_server: LiveServer
) -> None:
    url = open_bin(page, live_server, "first-of-many")
    held: list[Route] = []
    with page.expect_request("**/requests/*") as asked:
        page.route("**/requests/*", lambda route: held.append(route))
        send_many(url, 1)
    send_many(url, 40)
    expect(page.locator("#r41")).to_be_in_viewport()
    assert asked.value
    held[0].continue_()
    expect(page.locator("#request[data-id]")).to_be_visible()
    expect(page.locator("#r1 [aria-current]")).to_have_count(1)
    expect(page.locator("#r41")).to_be_in_viewport()
    send_many(url, 1)
    expect(page.locator("#r42")).to_be_in_viewport()


def test_the_open_request_does_not_move_when_others_arrive(
    page: Page, live_server: LiveServer
) -> None:
    url = open_bin(page, live_server, "no-jump", 2)
    page.locator("#r1 .row-link").click()
    expect(page.locator("#request[data-id]")).to_be_visible()
    page.evaluate(
        """async () => {
            const frame = () => new Promise(requestAnimationFrame);
            await frame().then(frame); // The swap itself may move things.
            window.shifts = [];
            new PerformanceObserver((list) => window.shifts.push(...list.getEntries().flatMap(
                (entry) => entry.sources.map((source) => source.node?.closest?.('.detail')))
            )).observe({ type: 'layout-shift' });
        }"""
    )
    before = page.locator("#request").bounding_box()
    send_many(url, 5)
    expect(page.locator(ROW)).to_have_count(7)
    assert page.locator("#request").bounding_box() == before
    assert page.evaluate("window.shifts.filter(Boolean).length") == 0


def test_older_requests_are_loaded_below(page: Page, live_server: LiveServer) -> None:
    open_bin(page, live_server, "older", 120)
    expect(page.locator(ROW)).to_have_count(50)
    page.get_by_role("link", name="Older requests").click()
    expect(page.locator(ROW)).to_have_count(100)
    page.get_by_role("link", name="Older requests").click()
    expect(page.locator(ROW)).to_have_count(120)
    expect(page.get_by_role("link", name="Older requests")).to_have_count(0)
    expect(page).to_have_url(f"{live_server.url}/bins/older")


def test_without_a_stream_the_page_asks(page: Page, live_server: LiveServer, watch: Watch) -> None:
    watch.forgive("stream|object Event")
    page.route(re.compile("/stream"), lambda route: route.fulfill(status=503))
    url = live_server.create_bin("polled")
    page.goto("/bins/polled")
    send_many(url, 2)
    expect(page.locator(ROW)).to_have_count(2)
    expect(page.locator(".live")).to_have_text("polling")


def test_a_server_that_was_away_is_taken_up_again_without_a_gap(
    new_page: NewPage, start_server: StartServer, watch: Watch
) -> None:
    watch.forgive("stream|object Event|ERR_CONNECTION_REFUSED")
    first = start_server()
    watch.origins.add(urlsplit(first.url).netloc)
    page = new_page(base_url=first.url)
    url = open_bin(page, first, "gap", 1)
    first.stop()
    expect(page.locator(".live")).to_have_text("offline")
    start_server("--port", str(urlsplit(first.url).port))
    send_many(url, 3)
    expect(page.locator(ROW)).to_have_count(4, timeout=15_000)
    expect(page.locator(".live")).to_have_text("live", timeout=15_000)
    send_many(url, 1)
    expect(page.locator(ROW)).to_have_count(5)
    page.close()


def test_a_hidden_page_counts_in_its_title_and_notifies_when_asked(
    new_page: NewPage, live_server: LiveServer
) -> None:
    page = new_page(permissions=["notifications"])
    page.add_init_script(
        """window.notices = [];
        const Real = Notification;
        window.Notification = class { constructor(...args) { window.notices.push(args); } };
        Notification.permission = 'granted';
        Notification.requestPermission = async () => 'granted';
        window.hide = (hidden) => {
            Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
            document.dispatchEvent(new Event('visibilitychange'));
        };"""
    )
    url = open_bin(page, live_server, "noticed")
    bell = page.get_by_role("button", name="Notify me")
    expect(bell).to_have_attribute("aria-pressed", "false")
    bell.click()
    expect(bell).to_have_attribute("aria-pressed", "true")
    page.evaluate("hide(true)")
    requests.post(url, data=TICKET, headers=FORM, timeout=10)
    # The first request opens itself, and has a title of its own.
    expect(page).to_have_title(re.compile(r"^\(1\) POST #1 · noticed"))
    title, options = page.evaluate("window.notices[0]")
    assert title == "A new request in noticed"
    assert options["body"] == "Hierarchy problem"
    page.evaluate("hide(false)")
    expect(page).to_have_title(re.compile("^POST #1 · noticed"))
    page.reload()
    expect(bell).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize(("part", "news"), [("#activity", "redraw"), ("#anew", "reload")])
def test_what_is_fetched_beside_an_open_request_leaves_its_title(
    page: Page, live_server: LiveServer, part: str, news: str
) -> None:
    open_bin(page, live_server, f"titled-{news}", 2)
    page.locator(f"{ROW}[data-number='2'] .row-link").click()
    expect(page).to_have_title(re.compile("^GET #2"))
    with page.expect_response(lambda response: response.url.endswith(f"/titled-{news}")):
        page.locator(part).evaluate(
            "(part, news) => { part.mark = 1; htmx.trigger(part, news); }", news
        )
    # What came has taken its place.
    expect(page.locator(part)).not_to_have_js_property("mark", 1)
    expect(page).to_have_title(re.compile("^GET #2"))


def test_a_page_nobody_looks_at_lets_go_of_its_stream(page: Page, live_server: LiveServer) -> None:
    page.clock.install()
    url = open_bin(page, live_server, "let-go")
    hide = "Object.defineProperty(document, 'hidden', {{ value: {}, configurable: true }});"
    change = "document.dispatchEvent(new Event('visibilitychange'));"
    page.evaluate(hide.format("true") + change)
    page.clock.run_for(61_000)
    expect(page.locator("#stream")).to_have_count(0)
    send_many(url, 2)
    page.clock.run_for(11_000)
    expect(page.locator(ROW)).to_have_count(2)
    page.evaluate(hide.format("false") + change)
    expect(page.locator(".live")).to_have_text("live")
    send_many(url, 1)
    expect(page.locator(ROW)).to_have_count(3)


def test_emptying_asks_first(page: Page, live_server: LiveServer) -> None:
    open_bin(page, live_server, "emptied", 3)
    page.locator("#bin summary", has_text="More").click()
    page.get_by_role("link", name="Delete all requests").click()
    expect(page.get_by_role("dialog")).to_contain_text("Its 3 requests are deleted for good")
    page.get_by_role("button", name="Delete all requests").click()
    expect(page.get_by_text("Waiting for the first request")).to_be_visible()


@pytest.mark.parametrize("width", [360, 1280])
def test_without_scripts_links_and_reloads_do(
    new_page: NewPage, live_server: LiveServer, width: int
) -> None:
    page = new_page(java_script_enabled=False, viewport={"width": width, "height": 800})
    url = live_server.create_bin(f"plain-{width}")
    page.goto(f"/bins/plain-{width}")
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    page.get_by_role("button", name="Send a test webhook").last.click()
    expect(page.locator("#request")).to_contain_text("Hierarchy problem")
    send_many(url, 60)
    page.goto(f"/bins/plain-{width}")
    page.get_by_role("link", name="Older requests").click()
    expect(page.locator(ROW)).to_have_count(11)
    page.locator("#r1 .row-link").click()
    expect(page.locator("#request")).to_contain_text("Hierarchy problem")
    page.get_by_role("link", name="Newer request").click()
    expect(page.locator("#request-title")).to_contain_text(f"/plain-{width}/1")
    page.locator(".request-actions summary", has_text="More").click()
    page.locator("#request").get_by_role("button", name="Delete").click()
    expect(page).to_have_url(f"{live_server.url}/bins/plain-{width}")
    expect(page.locator("#list [data-count]")).to_have_text("60")


def test_a_change_that_overtakes_its_row_is_shown(page: Page, live_server: LiveServer) -> None:
    url = open_bin(page, live_server, "overtaken", 1)
    row = '<li id="r2" class="row" data-id="x-2" data-number="2"><a class="row-link">told</a></li>'
    page.evaluate(
        """data => document.dispatchEvent(new CustomEvent("sse:changed", {detail: {data}}))""", row
    )
    send_many(url, 1)
    expect(page.locator("#r2")).to_have_text("told")


def test_rows_of_one_subject_are_told_apart_at_every_width(
    page: Page, live_server: LiveServer
) -> None:
    url = live_server.create_bin("alike")
    for number in (4711, 4712):
        send_ticket(url, more=b"&ticket[id]=%d" % number)
    for width in (390, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto("/bins/alike")
        facts = page.locator("#rows .row-facts")
        expect(facts).to_have_count(2)
        # What of a row's second line is inside the row, and not behind its dots.
        told = facts.evaluate_all(
            """each => each.map(facts => {
                const edge = facts.getBoundingClientRect().right;
                const spans = [...facts.querySelectorAll("span")];
                return spans.filter(span => span.getBoundingClientRect().right <= edge)
                    .map(span => span.textContent);
            })"""
        )
        assert [each[0] for each in told] == ["ticket 4712", "ticket 4711"]
        assert all(len(each) >= 2 for each in told), told


def test_an_empty_bin_has_no_tools_for_rows(page: Page, live_server: LiveServer) -> None:
    url = live_server.create_bin("bare")
    page.goto("/bins/bare")
    expect(page.locator(".list-empty")).to_be_visible()
    expect(page.locator(".list-tools")).to_be_hidden()
    send_ticket(url)
    expect(page.locator(".list-tools")).to_be_visible()
