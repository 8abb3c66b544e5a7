"""Where things stand: nothing is cut that has room, and what belongs together stands in line."""

from __future__ import annotations

import socket
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import NewPage
from tests.e2e.senders import FORM, TICKET, send_ticket
from tests.servers import LiveServer

PHONE, LAPTOP = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
TITLE = "Cannot log in since the update of Tuesday"
LEFT_OF_TEXT = """element => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const boxes = [...range.getClientRects()].filter((each) => each.width);
    return Math.min(...boxes.map((each) => each.left));
}"""


class Box(NamedTuple):
    """Where a part stands, in pixels."""

    left: float
    top: float
    right: float
    bottom: float


def find_box(part: Locator) -> Box:
    box = part.bounding_box()
    assert box is not None
    left, top = box["x"], box["y"]
    return Box(left, top, left + box["width"], top + box["height"])


def find_lefts(parts: Locator) -> set[int]:
    """Where the texts of these begin, in whole pixels."""
    return {int(each.evaluate(LEFT_OF_TEXT)) for each in parts.all()}


def is_cut(part: Locator) -> bool:
    return bool(part.evaluate("each => each.scrollWidth > each.clientWidth"))


@pytest.mark.parametrize("window", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_a_row_has_its_title_over_its_whole_width(
    new_page: NewPage, live_server: LiveServer, window: dict[str, int]
) -> None:
    url = live_server.create_bin(f"titles-{window['width']}")
    requests.post(url, json={"ticket": {"id": 5, "subject": TITLE}}, timeout=10)
    page = new_page(viewport=window)
    page.goto(f"/bins/titles-{window['width']}")
    title, time = (find_box(page.locator(f".row {each}")) for each in (".row-title", "time"))
    assert title.right == pytest.approx(time.right, abs=2)
    assert title.bottom <= time.top + 1
    expect(page.locator(".row-facts")).to_contain_text("B")


def test_what_follows_the_bins_name_is_shown_of_a_path(
    new_page: NewPage, live_server: LiveServer
) -> None:
    url = live_server.create_bin("a-bin-with-a-long-name")
    requests.post(f"{url}/github", json={"a": 1}, timeout=10)
    page = new_page(viewport=LAPTOP)
    page.goto("/bins/a-bin-with-a-long-name")
    page.locator(".row-link").click()
    path = page.locator(".request-path")
    expect(path).to_have_text("/a-bin-with-a-long-name/github")
    assert is_cut(path.locator(".request-bin"))
    assert not is_cut(path)
    page.set_viewport_size({"width": 1920, "height": 1080})
    assert not is_cut(path)


def test_a_request_has_one_left_edge_on_a_phone(new_page: NewPage, live_server: LiveServer) -> None:
    url = live_server.create_bin("edges")
    address = urlsplit(url)
    assert address.hostname
    assert address.port
    with socket.create_connection((address.hostname, address.port), 10) as sock:
        head = (
            "POST /edges HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc"
        )
        sock.sendall(head.encode())
        sock.recv(1000)
    page = new_page(viewport=PHONE)
    page.goto("/bins/edges")
    page.locator(".row-link").click()
    expect(page.locator(".banner", has_text="Cut off.")).to_have_text(
        "Cut off. Only 3 bytes came before it was refused."
    )
    assert find_lefts(
        page.locator(".request-more, .sections, .request-line, #body .body-bar [data-label]")
    ) == {round(find_box(page.locator(".request > .banner").first).left)}


@pytest.mark.parametrize("width", [700, 1000, 1440])
def test_the_filter_stops_right_below_the_head(
    new_page: NewPage, live_server: LiveServer, width: int
) -> None:
    """However many lines the head takes; also of a request that a click has brought."""
    url = live_server.create_bin(f"stuck-{width}")
    requests.post(url, data="a=1", timeout=10)
    send_ticket(url)
    page = new_page(viewport={"width": width, "height": 500})
    page.goto(f"/bins/stuck-{width}")
    page.locator(".row-link").first.click()
    page.get_by_role("link", name="Expand all").click()
    page.locator(".tree-list li").nth(120).scroll_into_view_if_needed()
    page.mouse.wheel(0, 600)
    page.wait_for_function("scrollY > 600")
    page.wait_for_function(
        """() => {
            const [head, bar] = [".request-head", ".tree-bar"]
                .map((each) => document.querySelector(each).getBoundingClientRect());
            return head.top === 0 && Math.abs(bar.top - head.bottom) <= 1;
        }"""
    )


def test_presets_stand_in_columns(new_page: NewPage, live_server: LiveServer) -> None:
    live_server.create_bin("preset-columns")
    for window in (LAPTOP, PHONE):
        page = new_page(viewport=window)
        page.goto("/bins/preset-columns/answers")
        assert len(find_lefts(page.locator(".preset-lines .hint"))) == 1
        inputs = page.locator(".preset-lines input").all()
        assert inputs
        edge = find_box(page.locator(".preset-lines")).right
        assert all(find_box(each).right <= edge for each in inputs)


def test_tools_of_the_list_stay_in_one_line(new_page: NewPage, live_server: LiveServer) -> None:
    url = live_server.create_bin("one-line-of-tools")
    for number in range(51):
        requests.post(url, json={"order": {"id": number}}, timeout=10)
    columns = {"columns": ["order.id", "header:Content-Type", "header:User-Agent"]}
    requests.patch(url.replace("/one-", "/api/v1/bins/one-"), json=columns, timeout=10)
    page = new_page(viewport=LAPTOP)
    page.goto("/bins/one-line-of-tools")
    tools = page.locator(".list-tools :is(input, .button):visible").all()
    assert len(tools) == 4
    boxes = [find_box(each) for each in tools]
    assert max(each.top for each in boxes) < min(each.bottom for each in boxes)
    link = page.locator(".columns-link")
    assert find_lefts(link) == {int(find_box(link).left)}, "it is cut at its end alone"


def test_nothing_is_offered_for_what_was_not_found(page: Page, live_server: LiveServer) -> None:
    send_ticket(live_server.create_bin("not-found-tools"))
    page.goto("/bins/not-found-tools?q=nonsuch")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    expect(page.get_by_text("All found:")).to_be_hidden()
    page.goto("/bins/not-found-tools?q=hierarchy")
    expect(page.get_by_text("All found:")).to_be_visible()


def test_a_delivery_begins_with_its_facts(new_page: NewPage, live_server: LiveServer) -> None:
    live_server.create_bin("facts-first")
    page = new_page(viewport=PHONE)
    page.goto("/bins/facts-first")
    page.get_by_role("button", name="Send a test webhook").click()
    expect(page.locator(".row")).to_have_count(1)
    page.goto("/emitter/deliveries")
    page.locator(".delivery-line a").first.click()
    facts, answer = page.locator(".delivery .request-facts"), page.locator("#answer-title")
    assert find_box(facts).bottom <= find_box(answer).top


def test_a_note_is_as_wide_as_its_form(new_page: NewPage, live_server: LiveServer) -> None:
    send_ticket(live_server.create_bin("wide-note"))
    page = new_page(viewport=LAPTOP)
    page.goto("/bins/wide-note")
    page.locator(".row-link").click()
    page.locator(".request-actions summary", has_text="More").click()
    page.locator("[data-key=n]").click()
    text, form = find_box(page.locator("#note-form textarea")), find_box(page.locator("#note-form"))
    assert text.left == pytest.approx(form.left, abs=2)
    assert text.right == pytest.approx(form.right, abs=2)


def test_a_compact_row_is_mostly_title(new_page: NewPage, live_server: LiveServer) -> None:
    url = live_server.create_bin("compact-titles")
    requests.post(url, json={"ticket": {"id": 5, "subject": TITLE}}, timeout=10)
    page = new_page(viewport=LAPTOP)
    page.goto("/bins/compact-titles")
    page.get_by_role("button", name="Compact").click()
    title, row = find_box(page.locator(".row-title")), find_box(page.locator(".row-link"))
    assert title.right - title.left > (row.right - row.left) / 3


def test_what_is_said_of_a_deletion_keeps_to_one_line_on_a_phone(
    new_page: NewPage, live_server: LiveServer
) -> None:
    send_ticket(live_server.create_bin("one-line-said"))
    page = new_page(viewport=PHONE)
    page.goto("/bins/one-line-said")
    page.locator(".row-link").click()
    page.locator(".request-actions summary", has_text="More").click()
    page.locator("#request").get_by_role("button", name="Delete").click()
    undo = page.locator("#undo")
    expect(undo).to_be_visible()
    assert find_box(undo).bottom - find_box(undo).top < 60


def test_tables_of_names_fit_a_phone(new_page: NewPage, live_server: LiveServer) -> None:
    """The API's parameters, and a field's name in other places: each below its label."""
    send_ticket(live_server.create_bin("names-on-a-phone"))
    page = new_page(viewport=PHONE)
    page.goto("/api")
    assert not any(is_cut(each) for each in page.locator(".api-call .scroll").all())
    page.goto("/bins/names-on-a-phone")
    page.locator(".row-link").click()
    page.locator(".tree-list li:not([class]) > a", has_text="subject").first.click()
    name = page.locator(".field-menu tr", has_text="PHP")
    expect(name).to_be_visible()
    label, text = find_box(name.locator("th")), find_box(name.locator("code"))
    assert label.bottom <= text.top
    assert text.bottom - text.top < 25, "in one line"


def test_a_delivery_has_its_look_on_a_requests_page(page: Page, live_server: LiveServer) -> None:
    """Its style comes with it: the page itself does without."""
    send_ticket(live_server.create_bin("styled-later"))
    page.goto("/bins/styled-later")
    page.locator(".row-link").click()
    page.get_by_role("button", name="Send again").click()
    status = page.locator("#replayed .status")
    expect(status).to_have_css("font-weight", "700")
    expect(page.locator("#replayed .delivery-sides")).to_have_css("display", "grid")


JSON = {"Content-Type": "application/json"}
# The ways of the first request of a bin, each with what curl, a program or a helpdesk sends.
FIRST: dict[str, tuple[bytes, dict[str, str]]] = {
    "the curl line": (b"ticket[id]=5&ticket[subject]=Printer on fire&custom_data=", FORM),
    "a ticket": (TICKET + b"&custom_data=" + b"a long text of its own " * 20, FORM),
    "JSON": (b'{"a": 1, "b": {"c": [1, 2]}}', JSON),
    "JSON that is sent as a form": (b'{"a": 1}', FORM),
    "JSON that is signed": (b'{"a": 1}', JSON | {"X-Hub-Signature-256": f"sha256={'0' * 64}"}),
    "XML": (b"<a><b>1</b></a>", {"Content-Type": "application/xml"}),
    "a form that PHP reads otherwise": (b"a[=1&b.c=2", FORM),
}


def assert_first_field_is_high(page: Page) -> None:
    """In the upper third of the window."""
    field = page.locator("#request .tree-list li:not([class])").first
    expect(field).to_be_visible()
    expect(page.locator(".tree-bar")).to_be_visible()
    assert find_box(field).top <= LAPTOP["height"] / 3


@pytest.mark.parametrize("way", FIRST)
def test_the_first_field_stands_in_the_upper_third(
    new_page: NewPage, live_server: LiveServer, way: str
) -> None:
    """On the page where the first request has opened itself, and when that is loaded anew."""
    name = f"first-field-{list(FIRST).index(way)}"
    url = live_server.create_bin(name)
    page = new_page(viewport=LAPTOP)
    page.goto(f"/bins/{name}")
    expect(page.locator(".live")).to_have_text("live")
    body, headers = FIRST[way]
    requests.post(url, data=body, headers=headers, timeout=10)
    assert_first_field_is_high(page)
    page.goto(f"/bins/{name}/requests/1")
    assert_first_field_is_high(page)


def test_the_first_field_of_a_test_webhook_stands_in_the_upper_third(
    new_page: NewPage, live_server: LiveServer
) -> None:
    live_server.create_bin("first-field-test")
    page = new_page(viewport=LAPTOP)
    page.goto("/bins/first-field-test")
    page.get_by_role("button", name="Send a test webhook").click()
    assert_first_field_is_high(page)
