"""What the pages look like: kept as pictures in the folder that SCREENSHOTS names.

``SCREENSHOTS=docs pytest tests/e2e/test_pictures.py -k readme`` makes those of the README.
"""

from __future__ import annotations

import json
import time
from typing import Any, Literal

import pytest
import requests
from playwright.sync_api import Page, expect

from inspector.forms import build, parse
from tests.e2e.conftest import NewPage, SaveScreenshot
from tests.e2e.senders import FORM, TICKET
from tests.servers import LiveServer

SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
STORY = (
    ("trigger", {"id": "4711", "subject": "Cannot log in since the update"}, "newticket", None),
    ("trigger", {"id": "4711", "subject": "Cannot log in since the update"}, "update", "urgent"),
    ("sla", {"id": "4698", "subject": "Invoice shows the wrong VAT"}, "update", ""),
    ("escalation", {"id": "4702", "subject": "Printer on fire, 3rd floor"}, "time", ""),
    ("trigger", {"id": "4715", "subject": "Where is my order?"}, "newticket", None),
    ("macro", {"id": "4715", "subject": "Where is my order?", "status": "resolved"}, "update", ""),
    ("trigger", {"id": "4720", "subject": "Hierarchy problem"}, "update", "vip"),
)


def import_morning(server: LiveServer) -> None:
    """What a quiet morning left: a picture of one second says nothing."""
    now, lines = time.time(), []
    for minute in range(170, 5, -1):
        for _ in range((minute * minute + 3 * minute) % 11 // 4):
            line = f"{'GET' if minute % 9 == 0 else 'POST'} /support/trigger HTTP/1.1"
            lines.append(json.dumps({"request_line": line, "time": now - minute * 60}))
    answer = requests.post(
        f"{server.url}/api/v1/bins/support/import", data="\n".join(lines), timeout=10
    )
    answer.raise_for_status()


def send_story(url: str) -> None:
    """An afternoon at the helpdesk, with a health check and an API call in between."""
    for source, changes, event, custom_data in STORY:
        value: dict[str, Any] = parse(TICKET.strip()).value
        value["ticket"] = {"id": changes["id"], **value["ticket"], **changes}
        value["event_type"] = event
        if custom_data is not None:
            value["custom_data"] = custom_data
        headers = {**FORM, "X-Deskpro-TicketId": changes["id"], "User-Agent": "Deskpro"}
        requests.post(f"{url}/{source}", data=build(value), headers=headers, timeout=10)
        if source == "sla":
            requests.get(f"{url}/health?probe=1", timeout=10)
    requests.put(f"{url}/api/orders/17", json={"id": 17, "paid": True}, timeout=10)
    requests.delete(f"{url}/api/orders/16", timeout=10)


@pytest.fixture(scope="module")
def bin_url(live_server: LiveServer) -> str:
    url = live_server.create_bin("support")
    import_morning(live_server)
    send_story(url)
    return url


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_readme(
    new_page: NewPage, save_screenshot: SaveScreenshot, bin_url: str, scheme: str
) -> None:
    page = new_page(color_scheme=scheme, viewport={"width": 1200, "height": 800}, locale="en-GB")
    page.goto("/bins/support")
    expect(page.locator(".live")).to_have_text("live")
    page.locator("#rows .row-link").nth(2).click()
    expect(page.locator("#tree")).to_contain_text("Hierarchy problem")
    page.mouse.move(0, 0)
    save_screenshot(page, f"request-{scheme}")


# Of a request, its place in the list.
PAGES: dict[str, str | int] = {
    "bins": "/",
    "bins-support": "/bins/support",
    "bins-support-search-vat": "/bins/support?q=vat",
    "bins-support-fields": "/bins/support/fields",
    "request-8": 2,
    "request-9": 1,
    "request-4": 6,
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_at_every_width(
    page: Page, save_screenshot: SaveScreenshot, live_server: LiveServer, bin_url: str, name: str
) -> None:
    path = PAGES[name]
    if isinstance(path, int):
        listed = live_server.get_json("/api/v1/bins/support/requests?limit=10")
        path = f"/bins/support/requests/{listed[path]['id']}"
    for width in (360, 768, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(path)
        if name.startswith("request"):
            expect(page.locator("#request[data-id]")).to_be_visible()
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            save_screenshot(page, f"{name}-{width}-{scheme}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
