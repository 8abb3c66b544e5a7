"""A request that is no text leaves the page as a line that API clients import, and as a file."""

import re

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.e2e.conftest import NewPage
from tests.servers import LiveServer

BINARY = {"Content-Type": "application/octet-stream"}


def test_a_body_that_is_no_text_is_copied_as_a_line_and_a_file(
    page: Page, live_server: LiveServer
) -> None:
    bin_url = live_server.create_bin("copied-as")
    body = bytes(range(256))
    requests.post(bin_url, data=body, headers=BINARY, timeout=10)
    requests.post(bin_url, data="a=1", timeout=10)
    requests.post(bin_url, data={"a": "x y"}, timeout=10)
    page.goto("/bins/copied-as/requests/1")
    menu = page.locator(".request-actions .menu").filter(has_text="Copy as")
    menu.locator("summary").click()
    expect(menu.get_by_role("link").first).to_have_text("curl, body from copied-as-1.bin")
    menu.get_by_role("link").first.click()
    expect(page.get_by_role("status")).to_have_text("Copied.")
    assert "--data-binary '@copied-as-1.bin'" in page.evaluate("navigator.clipboard.readText()")
    menu.locator("summary").click()
    with page.expect_download() as download:
        menu.get_by_role("link", name="Download copied-as-1.bin").click()
    assert download.value.suggested_filename == "copied-as-1.bin"
    assert download.value.path().read_bytes() == body
    page.goto("/bins/copied-as/requests/2")
    menu.locator("summary").click()
    expect(menu.get_by_role("link").first).to_have_text("curl")
    expect(menu.get_by_text("copied-as-2.bin")).to_have_count(0)
    expect(menu.get_by_text("Insomnia")).to_have_count(0)
    page.goto("/bins/copied-as/requests/3")
    menu.locator("summary").click()
    menu.get_by_role("link", name="curl for Insomnia").click()
    expect(page.get_by_role("status")).to_have_text("Copied.")
    assert "--data-raw 'a=x%20y'" in page.evaluate("navigator.clipboard.readText()")


@pytest.mark.parametrize("width", [390, 1280])
def test_the_file_to_hand_over_fits_any_window(
    new_page: NewPage, live_server: LiveServer, width: int
) -> None:
    name = f"handed-{width}"
    bin_url = live_server.create_bin(name)
    body = b"b=" + b"W" * 3000 + b"&" + b"k" * 400 + b"=1&bad=%ff&<script>=%3Cscript%3E"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    requests.post(bin_url, data=body, headers=form, timeout=10)
    address = f"{live_server.url}/api/v1/bins/{name}/requests/1?format=html"
    page = new_page(viewport={"width": width, "height": 800})
    page.goto("about:blank")  # with nothing of what the page before was allowed
    page.set_content(requests.get(address, timeout=10).text)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    value = page.locator("li > div").first
    box = value.bounding_box()
    assert box is not None
    assert box["height"] <= 200
    assert box["width"] > width / 2
    expect(page.locator("li", has_text=re.compile("^bad")).locator("code")).to_have_text(r"\xff")
    expect(page.locator("script")).to_have_count(0)
