"""What a page must not do fails the test that opened it."""

import pytest
from playwright.sync_api import Browser, Page
from pytest_httpserver import HTTPServer

from tests.e2e.conftest import Watch

STRICT = {"Content-Security-Policy": "default-src 'self'"}


@pytest.fixture
def watch(httpserver: HTTPServer) -> Watch:
    return Watch(httpserver.url_for("/"))


def open_page(browser: Browser, watch: Watch, server: HTTPServer, html: str) -> Page:
    server.expect_request("/").respond_with_data(html, headers=STRICT, content_type="text/html")
    server.expect_request("/favicon.ico").respond_with_data(b"")
    context = browser.new_context()
    watch.follow(context)
    page = context.new_page()
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
