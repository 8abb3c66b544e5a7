"""What a page must not do fails the test that opened it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page
from pytest_httpserver import HTTPServer

from tests.e2e.conftest import Watch
from tests.e2e.kept_pages import KeptPages

STRICT = {"Content-Security-Policy": "default-src 'self'"}


@pytest.fixture
def watch(httpserver: HTTPServer) -> Watch:
    return Watch(httpserver.url_for("/"))


def open_page(browser: Browser, watch: Watch, server: HTTPServer, html: str) -> Page:
    server.expect_request("/").respond_with_data(html, headers=STRICT, content_type="text/html")
    server.expect_request("/favicon.ico").respond_with_data(b"")
    page = browser.new_page()
    watch.follow(page.context)
    page.goto(server.url_for("/"))
    return page


def test_a_quiet_page_is_no_problem(browser: Browser, watch: Watch, httpserver: HTTPServer) -> None:
    page = open_page(browser, watch, httpserver, "<h1>Quiet</h1>")
    assert page.inner_text("h1") == "Quiet"
    assert watch.list_problems() == []


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ("<script>document.title = 'run'</script>", "Content Security Policy"),
        ("<p style='color: red'>red</p>", "Content Security Policy"),
        ("<a href='http://example.org/' id=away>away</a>", "request elsewhere"),
        ("<script src='/gone.js'></script>", "status of 500"),
        ("<script src='/broken.js'></script>", "uncaught"),
    ],
    ids=["inline script", "inline style", "another host", "a failed load", "an exception"],
)
def test_a_misbehaving_page_is_a_problem(
    browser: Browser, watch: Watch, httpserver: HTTPServer, html: str, problem: str
) -> None:
    httpserver.expect_request("/gone.js").respond_with_data(b"", status=500)
    httpserver.expect_request("/broken.js").respond_with_data(
        "throw new Error('no')", content_type="text/javascript"
    )
    page = open_page(browser, watch, httpserver, html)
    if page.query_selector("#away"):
        with page.expect_event("requestfailed"):
            page.click("#away", no_wait_after=True)
    assert problem in "\n".join(watch.list_problems())
    watch.forgive(problem)
    assert watch.list_problems() == []


@pytest.mark.parametrize("scripted", [True, False])
def test_a_page_given_back_is_as_good_as_new(kept_pages: KeptPages, scripted: bool) -> None:
    options = {"java_script_enabled": scripted}
    kept_pages.changed = False
    page = kept_pages.take({**options, "viewport": {"width": 360, "height": 640}})
    page.goto("/")
    page.evaluate("localStorage.a = sessionStorage.b = '1', document.cookie = 'c=1'")
    page.emulate_media(media="print", color_scheme="dark")
    kept_pages.give_back(page, is_trusted=True)
    again = kept_pages.take(options)
    assert again is page
    again.goto("/")
    assert again.evaluate("[localStorage.a, sessionStorage.b]") == [None, None]
    assert "c" not in {cookie["name"] for cookie in again.context.cookies()}
    assert again.evaluate("innerWidth") == 1280
    assert again.evaluate("matchMedia('screen and (prefers-color-scheme: light)').matches")
    kept_pages.give_back(again, is_trusted=True)


@pytest.mark.parametrize(
    "change",
    [
        lambda page: page.route("**/*", lambda route: route.abort()),
        lambda page: page.add_init_script("window.added = 1"),
        lambda page: page.clock.install(),
        lambda page: page.on("request", lambda request: None),
        lambda page: page.context.set_offline(True),
        lambda page: page.context.new_page(),
        lambda page: page.close(),
    ],
    ids=["route", "script", "clock", "listener", "offline", "another page", "closed"],
)
def test_a_page_with_what_stays_is_given_to_nobody(
    kept_pages: KeptPages, change: Callable[[Page], object]
) -> None:
    kept_pages.changed = False
    page = kept_pages.take({})
    page.goto("/")
    change(page)
    kept_pages.give_back(page, is_trusted=True)
    assert page.is_closed()
