"""A browser that fails a test when a page misbehaves in a way no assertion looks at."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Request,
    WebError,
    expect,
    sync_playwright,
)

from tests.e2e.kept_pages import KeptPages
from tests.machine import can_run_driver, skip_without
from tests.servers import LiveServer

# Chromium without windows opens a page for a quarter of the processor's time.
WITHOUT_WINDOWS = "chromium-headless-shell"
WITH_WINDOWS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",  # Root has none; the pages are ours.
    # Nothing but this machine can be reached, whatever a page asks for.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
ACTION_DEADLINE_MS = 20_000  # for a busy machine; what is there is seen at once
expect.set_options(timeout=ACTION_DEADLINE_MS)

NewPage = Callable[..., Page]
SaveScreenshot = Callable[[Page, str], None]


class Watch:
    """What pages did besides what a test looks at: errors, violations, foreign requests.

    ``forgive`` takes a pattern for a console error that a test provokes.
    """

    def __init__(self, *origins: str) -> None:
        self.origins = {urlsplit(origin).netloc for origin in origins}
        self.problems: list[str] = []
        # What a page asks for behind itself is given up when its reader goes elsewhere.
        self.forgiven: list[str] = ["htmx:(sendAbort|afterRequest)"]

    def forgive(self, pattern: str) -> None:
        self.forgiven.append(pattern)

    def follow(self, context: BrowserContext) -> None:
        """Look at everything the pages of ``context`` do."""
        context.on("console", self.see_console)
        context.on("weberror", self.see_error)
        context.on("request", self.see_request)

    def leave(self, context: BrowserContext) -> None:
        """Look no more at what the pages of ``context`` do."""
        context.remove_listener("console", self.see_console)
        context.remove_listener("weberror", self.see_error)
        context.remove_listener("request", self.see_request)

    def see_error(self, error: WebError) -> None:
        self.problems.append(f"uncaught: {error.error}")

    def see_console(self, message: ConsoleMessage) -> None:
        # Chromium reports what the Content-Security-Policy refuses as a console error too.
        if message.type == "error":
            where = message.location
            self.problems.append(f"console: {message.text} ({where['url']}:{where['lineNumber']})")

    def see_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob", "about"} and parts.netloc not in self.origins:
            self.problems.append(f"request elsewhere: {request.url}")

    def list_problems(self) -> list[str]:
        """Every problem that no pattern forgives."""
        return [
            problem
            for problem in self.problems
            if not any(re.search(pattern, problem) for pattern in self.forgiven)
        ]


@pytest.fixture(scope="session")
def driver() -> Iterator[Playwright]:
    """What tells browsers what to do."""
    if not can_run_driver():
        skip_without("What Chromium's driver needs", "libatomic1")
    with sync_playwright() as playwright:
        yield playwright


@contextmanager
def run_chromium(driver: Playwright, *names: str) -> Iterator[Browser]:
    """Chromium by the first of these names that the machine has."""
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        skip_without("Chromium", "chromium")
    browser = driver.chromium.launch(executable_path=program, args=list(ARGUMENTS))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def browser(driver: Playwright) -> Iterator[Browser]:
    """Chromium, started once."""
    with run_chromium(driver, WITHOUT_WINDOWS, *WITH_WINDOWS) as browser:
        yield browser


@pytest.fixture
def browser_with_windows(driver: Playwright) -> Iterator[Browser]:
    """Chromium as a whole, with its own tools."""
    with run_chromium(driver, *WITH_WINDOWS) as browser:
        yield browser


@pytest.fixture
def watch(live_server: LiveServer) -> Iterator[Watch]:
    """Fails the test when one of its pages did what no page of ours may do."""
    watch = Watch(live_server.url)
    yield watch
    problems = watch.list_problems()
    assert not problems, "The browser complained:\n" + "\n".join(problems)


@pytest.fixture(scope="session")
def kept_pages(browser: Browser, live_server: LiveServer) -> Iterator[KeptPages]:
    """Pages of ``live_server`` that tests get one after the other."""
    kept = KeptPages(
        browser,
        {
            "base_url": live_server.url,
            "viewport": {"width": 1280, "height": 800},
            "permissions": ["clipboard-read", "clipboard-write"],
        },
    )
    with pytest.MonkeyPatch.context() as patch:
        kept.note_changes(patch.setattr)
        yield kept
    kept.close()


@pytest.fixture
def new_page(
    kept_pages: KeptPages, watch: Watch, request: pytest.FixtureRequest
) -> Iterator[NewPage]:
    """Makes pages: ``new_page(java_script_enabled=False, color_scheme="dark", ...)``.

    Takes what Playwright's ``new_context`` takes; each page has cookies and storage
    of its own. Relative URLs are those of ``live_server``.
    """
    pages: list[Page] = []
    failed_before = request.session.testsfailed

    def make(**options: Any) -> Page:
        page = kept_pages.take(options)
        page.context.set_default_timeout(ACTION_DEADLINE_MS)
        watch.follow(page.context)
        pages.append(page)
        return page

    kept_pages.changed = False
    yield make
    is_trusted = request.session.testsfailed == failed_before
    for page in pages:
        watch.leave(page.context)
        kept_pages.give_back(page, is_trusted=is_trusted)


@pytest.fixture
def page(
    new_page: NewPage, save_screenshot: SaveScreenshot, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A page of this test's own; what it showed at the end is kept when the test failed."""
    page = new_page()
    failed_before = request.session.testsfailed
    yield page
    if request.session.testsfailed > failed_before:
        save_screenshot(page, re.sub(r"\W+", "-", request.node.name))


@pytest.fixture(scope="session")
def save_screenshot() -> SaveScreenshot:
    """Keeps a picture of a page as ``NAME.png``, in the folder that SCREENSHOTS names, if any."""
    folder = os.environ.get("SCREENSHOTS")

    def save(page: Page, name: str) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(folder) / f"{name}.png")

    return save
