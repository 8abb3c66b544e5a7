"""Pages below a path of another server: nothing that a browser asks for is outside of it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import requests
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import ACTION_DEADLINE_MS, Watch
from tests.servers import LiveServer

PREFIX = "/in/deep"


def test_a_browser_stays_below_the_prefix(browser: Browser, tmp_path: Path) -> None:
    token = "t" * 16
    arguments = ["--path-prefix", PREFIX, "--bin", "desk", "--token", token]
    with LiveServer(tmp_path, arguments) as server:
        root = f"{urlsplit(server.url).scheme}://{urlsplit(server.url).netloc}"
        watch = Watch(root)
        watch.forgive("401|sendAbort|afterRequest")  # the token is asked for; pages are left
        outside: list[str] = []
        context = browser.new_context(base_url=f"{root}{PREFIX}/")
        context.set_default_timeout(ACTION_DEADLINE_MS)
        watch.follow(context)
        context.on(
            "request",
            lambda request: (
                None
                if urlsplit(request.url).path.startswith(f"{PREFIX}/")
                or urlsplit(request.url).scheme != "http"
                else outside.append(request.url)
            ),
        )
        page = context.new_page()
        page.goto("bins/desk")
        page.locator("input[type=password]").fill(token)
        page.keyboard.press("Enter")
        expect(page.locator(".live")).to_have_attribute("data-state", "live")
        body = {"a": {"b": [1, "/x"]}}
        requests.post(f"{root}{PREFIX}/desk/hook?a=1", json=body, timeout=10)
        page.locator("#rows .row-link").first.click()
        expect(page.locator("#request")).to_contain_text("/hook")
        page.get_by_role("button", name="Send a test webhook").click()
        expect(page.locator("#rows .row-link")).to_have_count(2)
        page.locator("#search").fill("hook")
        page.keyboard.press("Enter")
        expect(page.locator("#rows .row-link")).to_have_count(1)
        page.goto("emitter")
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page.locator("#result #delivery")).to_contain_text("200")
        page.get_by_role("link", name="Bins", exact=True).click()
        expect(page).to_have_url(f"{root}{PREFIX}/")
        cookies = {cookie["name"]: cookie["path"] for cookie in context.cookies()}
        assert set(cookies.values()) == {PREFIX}, cookies
        context.close()
        assert outside == []
        assert watch.list_problems() == []
