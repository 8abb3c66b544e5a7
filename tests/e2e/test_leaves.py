"""A request's head and its fields: what is in sight, what a click copies, where values stand."""

from __future__ import annotations

import re

import requests
from playwright.sync_api import Page, expect

from tests.e2e.conftest import NewPage
from tests.e2e.senders import send_ticket
from tests.servers import LiveServer

LEAF = ".tree-list li:not([class])"
COPIED = "navigator.clipboard.readText()"
DEEP = {"a": {"b": {"c": {"d": {"e": {"f": "deep"}}}}}}
VALUES = {"text": "1", "number": 1.50, "no": False, "none": None, "link": "https://example.com/x"}


def open_newest(page: Page, server: LiveServer, name: str) -> None:
    newest = server.get_json(f"/api/v1/bins/{name}/requests?limit=1")[0]["id"]
    page.goto(f"/bins/{name}/requests/{newest}")


def test_the_head_stays_and_the_first_field_is_in_the_upper_third(
    new_page: NewPage, live_server: LiveServer
) -> None:
    send_ticket(live_server.create_bin("upper-third"))
    page = new_page(viewport={"width": 1440, "height": 900})
    open_newest(page, live_server, "upper-third")
    first = page.locator(LEAF).first.bounding_box()
    assert first is not None
    assert first["y"] <= 300
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    head = page.locator(".request-head")
    for part in (head, *head.locator(".button:visible").all(), page.locator("#request-title")):
        expect(part).to_be_in_viewport()
    expect(head).to_contain_text(re.compile(r"POST /upper-third.*#1.*answered 200", re.DOTALL))
    head.locator("summary", has_text="More").click()
    expect(head.get_by_role("button", name="Delete")).to_be_visible()
    page.keyboard.press("Escape")
    expect(head.get_by_role("button", name="Delete")).to_be_hidden()
    page.set_viewport_size({"width": 1920, "height": 1080})
    read, raw = (page.locator(each).bounding_box() for each in ("#fields", ".request-raw"))
    assert read is not None
    assert raw is not None
    assert raw["x"] >= read["x"] + read["width"]
    columns = page.evaluate(
        """() => [...document.querySelectorAll(".tree-facts > div:not([data-wide])")]
            .map((fact) => Math.round(fact.getBoundingClientRect().left))"""
    )
    assert len(set(columns)) == 2


def test_values_are_copied_by_a_click_and_by_their_buttons(
    page: Page, live_server: LiveServer
) -> None:
    url = live_server.create_bin("leaves")
    long = "line\n" * 600
    sent = {**VALUES, "odd": "x\u202ey", "long": long, **DEEP}
    requests.post(url, json=sent, timeout=10).raise_for_status()
    open_newest(page, live_server, "leaves")

    def leaf(key: str) -> str:
        return f"{LEAF}:has(> a:text-is('{key}'))"

    for key, copied in (("link", VALUES["link"]), ("odd", "x\u202ey"), ("long", long)):
        page.locator(f"{leaf(key)} > div > span").click(position={"x": 3, "y": 3})
        page.wait_for_function(f"async text => await {COPIED} === text", arg=copied)
    assert len(page.context.pages) == 1

    page.locator(leaf("number")).hover()
    page.locator(leaf("number")).get_by_role("button", name="Copy value").click()
    page.wait_for_function(f"async () => await {COPIED} === '1.5'")
    page.mouse.move(0, 0)  # Whoever uses the keyboard has no pointer over another field.
    page.locator(f"{leaf('text')} > a").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="More about this field")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Field")).to_contain_text("text")
    page.keyboard.press("Escape")

    lefts = page.evaluate(
        f"""() => [...document.querySelectorAll("{LEAF} > div")]
            .map((value) => Math.round(value.getBoundingClientRect().left))"""
    )
    assert len(lefts) == 8
    assert max(lefts) - min(lefts) <= 1

    kinds = page.locator(f"{LEAF} > div > span")
    assert kinds.evaluate_all("spans => spans.map((span) => span.dataset.kind ?? 'text')") == [
        "text", "number", "boolean", "null", "text", "text", "text", "text",
    ]  # fmt: skip
    text = page.locator(f"{leaf('text')} > div > span")
    assert text.evaluate("span => getComputedStyle(span, '::before').content") == '"\\""'
    expect(page.locator(LEAF).nth(3)).to_have_text(re.compile(r"^none\s*null\s*$"))

    folded = page.locator(leaf("long")).bounding_box()
    page.locator(leaf("long")).get_by_role("link", name="more", exact=True).click()
    whole = page.locator(leaf("long")).bounding_box()
    assert folded is not None
    assert whole is not None
    assert folded["height"] < 140 < whole["height"]


def test_the_card_of_a_field_has_its_time_in_the_readers_zone(
    new_page: NewPage, live_server: LiveServer
) -> None:
    send_ticket(live_server.create_bin("leaf-zone"))
    page = new_page(timezone_id="America/New_York", locale="en-US")
    open_newest(page, live_server, "leaf-zone")
    page.get_by_role("searchbox", name="Filter fields").fill("ticket.date_created_ts")
    page.locator(f"{LEAF}:visible > a").first.click()
    card = page.get_by_role("dialog", name="Field")
    expect(card).to_contain_text("1400681937")
    expect(card.locator("time")).to_have_text(re.compile(r"10:18:57\sAM EDT"))
    expect(card.locator("time")).to_have_attribute("title", "2014-05-21 14:18:57 UTC")
