"""What is deleted, emptied or let go of elsewhere leaves the open page; what is marked is shown."""

from urllib.parse import urlsplit

import requests
from playwright.sync_api import Page, expect

from tests.conftest import StartServer
from tests.e2e.conftest import NewPage, Watch
from tests.e2e.senders import send_many
from tests.e2e.test_live import ROW, open_bin
from tests.servers import LiveServer

COUNT = "#list [data-count]"


def delete(server: LiveServer, path: str) -> None:
    assert requests.delete(f"{server.url}/api/v1/bins/{path}", timeout=10).status_code == 204


def open_settled_bin(page: Page, server: LiveServer, name: str, count: int) -> str:
    """A bin whose page has asked what came before its stream: that answer corrects its count."""
    page.add_init_script(
        """const fetched = window.fetch;
        window.fetch = async (...asked) => {
            const answer = await fetched(...asked);
            if (String(asked[0]).includes("?after="))
                setTimeout(() => (document.documentElement.dataset.settled = "yes"), 100);
            return answer;
        };"""
    )
    url = open_bin(page, server, name, count)
    expect(page.locator("html")).to_have_attribute("data-settled", "yes")
    return url


def test_a_request_deleted_elsewhere_leaves_the_list_and_the_count(
    page: Page, live_server: LiveServer
) -> None:
    open_bin(page, live_server, "gone-one", 3)
    page.locator(".row[data-number='2'] .row-link").click()
    expect(page.locator("#request")).to_have_attribute("data-number", "2")
    delete(live_server, "gone-one/requests/2")
    expect(page.locator(ROW)).to_have_count(2)
    expect(page.locator(COUNT)).to_have_text("2")
    expect(page.locator(".row[data-number='2']")).to_have_count(0)
    expect(page.get_by_role("status")).to_contain_text("#2 was deleted")


def test_a_bin_emptied_and_deleted_elsewhere_says_so(page: Page, live_server: LiveServer) -> None:
    url = open_bin(page, live_server, "gone-all", 4)
    delete(live_server, "gone-all/requests")
    expect(page.locator(ROW)).to_have_count(0)
    expect(page.locator(COUNT)).to_have_text("0")
    expect(page.get_by_text("Waiting for the first request")).to_be_visible()
    send_many(url, 1)
    expect(page.locator(ROW)).to_have_count(1)
    expect(page.locator(COUNT)).to_have_text("1")
    delete(live_server, "gone-all")
    expect(page.get_by_role("status")).to_contain_text("This bin was deleted")
    expect(page.locator(ROW)).to_have_count(0)


def test_what_a_full_bin_lets_go_of_leaves_the_list(page: Page, live_server: LiveServer) -> None:
    url = open_bin(page, live_server, "gone-old", 3)
    at = f"{live_server.url}/api/v1/bins/gone-old"
    requests.patch(at, json={"capacity": 3}, timeout=10)
    send_many(url, 2)
    expect(page.locator(f"{ROW}[data-number='5']")).to_be_visible()
    expect(page.locator(f"{ROW}[data-number='1']")).to_have_count(0)
    expect(page.locator(COUNT)).to_have_text("3")


def test_news_that_overtake_each_other_leave_the_count_right(
    page: Page, live_server: LiveServer
) -> None:
    url = open_settled_bin(page, live_server, "gone-early", 3)
    tell = """told => document.dispatchEvent(
        new CustomEvent("sse:removed", {detail: {data: JSON.stringify(told)}}))"""
    gone = {"kind": "let_go", "number": 1, "request_count": 4, "last_number": 5}
    page.evaluate(tell, gone)  # knows of two captures whose rows are still to come
    expect(page.locator(COUNT)).to_have_text("4")
    send_many(url, 2)
    expect(page.locator(f"{ROW}[data-number='5']")).to_be_visible()
    expect(page.locator(COUNT)).to_have_text("4")
    page.evaluate(tell, {**gone, "request_count": 2, "last_number": 3})  # older than the rows
    expect(page.locator(COUNT)).to_have_text("4")


def test_a_list_that_is_older_than_the_news_is_fetched_again(
    page: Page, live_server: LiveServer
) -> None:
    url = open_settled_bin(page, live_server, "older-list", 3)
    gone = {"kind": "let_go", "number": 0, "request_count": 4, "last_number": 5}
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.evaluate(
        """gone => {
            document.dispatchEvent(
                new CustomEvent("sse:removed", {detail: {data: JSON.stringify(gone)}}));
            document.dispatchEvent(new CustomEvent("sse:reload"));
        }""",
        gone,
    )
    expect(page.locator(COUNT)).to_have_text("3")
    with page.expect_response(lambda response: response.url.endswith("/bins/older-list")):
        pass  # fetched again: the first was older than what the page had heard of
    send_many(url, 2)
    expect(page.locator(COUNT)).to_have_text("5")
    assert sum(each.endswith("/bins/older-list") for each in fetched) == 2


def test_a_deletion_lowers_the_count_of_a_search_by_what_it_had_found(
    page: Page, live_server: LiveServer
) -> None:
    url = live_server.create_bin("gone-found")
    send_many(url, 3)
    requests.put(url, data="x", timeout=10)
    page.goto("/bins/gone-found?q=method:GET")
    expect(page.locator(".live")).to_have_text("live")
    expect(page.locator(COUNT)).to_have_text("3")
    delete(live_server, "gone-found/requests/2")
    expect(page.locator(ROW)).to_have_count(2)
    expect(page.locator(COUNT)).to_have_text("2")
    delete(live_server, "gone-found/requests/4")
    delete(live_server, "gone-found/requests/1")
    expect(page.locator(COUNT)).to_have_text("1")


def test_a_reconnect_takes_away_what_was_deleted_meanwhile(
    new_page: NewPage, start_server: StartServer, watch: Watch
) -> None:
    watch.forgive("stream|object Event|ERR_CONNECTION_REFUSED")
    first = start_server()
    watch.origins.add(urlsplit(first.url).netloc)
    page = new_page(base_url=first.url)
    open_bin(page, first, "gone-away", 3)
    first.stop()
    expect(page.locator(".live")).to_have_text("offline")
    # Before the page's stream finds it again: by a server on another port.
    other = start_server()
    delete(other, "gone-away/requests/3")
    other.stop()
    start_server("--port", str(urlsplit(first.url).port))
    expect(page.locator(ROW)).to_have_count(2, timeout=15_000)
    expect(page.locator(COUNT)).to_have_text("2")
    page.close()


def test_a_click_while_the_server_is_away_marks_nothing_that_is_not_shown(
    new_page: NewPage, start_server: StartServer, watch: Watch
) -> None:
    watch.forgive("stream|object Event|ERR_CONNECTION_REFUSED|htmx:(sendError|afterRequest)")
    server = start_server()
    watch.origins.add(urlsplit(server.url).netloc)
    page = new_page(base_url=server.url)
    open_bin(page, server, "marked", 2)
    page.locator(".row[data-number='1'] .row-link").click()
    expect(page.locator("#request")).to_have_attribute("data-number", "1")
    server.stop()
    expect(page.locator(".live")).to_have_text("offline")
    page.locator(".row[data-number='2'] .row-link").click()
    expect(page.get_by_role("status")).to_contain_text("cannot be reached")
    expect(page.locator("#request")).to_have_attribute("data-number", "1")
    marked = page.locator(".row:has([aria-current='true'])")
    expect(marked).to_have_attribute("data-number", "1")
    page.close()


def test_what_was_let_go_of_is_said_in_line_with_the_list(
    page: Page, live_server: LiveServer
) -> None:
    url = live_server.create_bin("small", capacity=2)
    send_many(url, 4)
    page.goto("/bins/small")
    said = page.locator("#let-go")
    expect(said).to_contain_text("2 older requests were deleted")
    starts = """each => {
        const text = document.createRange();
        text.selectNodeContents(each);
        return text.getBoundingClientRect().left;
    }"""
    title = page.locator("#list-title")
    assert abs(said.evaluate(starts) - title.evaluate(starts)) < 2
