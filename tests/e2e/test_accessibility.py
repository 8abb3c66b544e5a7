"""For everyone: axe, keyboard focus, zoom and width, on every kind of page."""

from __future__ import annotations

import re
from base64 import b64decode
from importlib.resources import files
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from inspector.forms import build, parse
from tests.e2e.conftest import NewPage, Watch
from tests.e2e.senders import FORM, TICKET, send_many
from tests.servers import LiveServer

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")

# A picture of one pixel.
PICTURE = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

# Relative to the bin's page; {id} is a ticket's.
PAGES = {
    "all bins": "/",
    "a bin": "/bins/{name}",
    "a ticket": "/bins/{name}/requests/{id}",
    "a ticket, all open": "/bins/{name}/requests/{id}?open=all",
    "a ticket, filtered": "/bins/{name}/requests/{id}?filter=email",
    "a field": "/bins/{name}/requests/{id}/field?path=ticket.subject",
    "two compared": "/bins/{name}/compare?a={id}",
    "all fields": "/bins/{name}/fields",
    "a field through the bin": "/bins/{name}/fields?path=ticket.status",
    "the API": "/api",
    "deliveries": "/emitter/deliveries",
    "an upload": "/bins/{name}/requests/{upload}",
    "a search": "/bins/{name}?q=is:ticket",
    "a search of all bins": "/?q=is:ticket",
    "a note": "/bins/{name}/requests/{id}/note",
    "what a request lacks": "/bins/{name}/requests/{id}/lacks",
    "the emitter": "/emitter",
    "a question": "/bins/{name}/delete",
    "a request to be sent again": "/bins/{name}/requests/{id}/replay",
    "what a bin answers": "/bins/{name}/answer",
    "the secrets of a bin": "/bins/{name}/signatures",
    "the relay of a bin": "/bins/{name}/relay",
    "an error": "/bins/no-such-bin",
    "a schema": "/bins/{name}/schema",
    "all rules of a bin": "/bins/{name}/answers",
    "what a bin keeps": "/bins/{name}/keeping",
    "the columns of a bin": "/bins/{name}/columns",
    "many to be sent again": "/bins/{name}/replay?q=is:ticket",
    "a delivery": "/emitter/deliveries/{delivery}",
    "two deliveries compared": "/emitter/compare?a={earlier}&b={delivery}",
    "a delivery's question": "/emitter/deliveries/clear",
    "a picture": "/bins/{name}/requests/{picture}",
    "a search that is none": "/bins/{name}?q=metod:x",
    "the door": "/login",
}


# What a page shows in a way of its own: nothing, a date, a time in seconds or milliseconds, a
# number, a link, an address, a text.
LOOKS = (r"^$", r"^\d{4}-", r"^\d{13}$", r"^\d{9,}$", r"^\d+$", r"^https?:", r"@", r"")


def thin_out(value: Any) -> Any:
    """A ticket with, in each map of it, the longest value of each look and the maps and lists.

    The sample has a person's two dozen fields four times, and axe's time is that of its fields.
    """
    if isinstance(value, list):
        return [thin_out(each) for each in value]
    if isinstance(value, str):
        return value
    texts = {name: each for name, each in value.items() if isinstance(each, str)}
    longest: dict[str, str] = {}
    for name in sorted(texts, key=lambda name: len(texts[name])):
        longest[next(look for look in LOOKS if re.search(look, texts[name]))] = name
    left_out = texts.keys() - longest.values()
    return {name: thin_out(each) for name, each in value.items() if name not in left_out}


@pytest.fixture(scope="module")
def places(live_server: LiveServer) -> dict[str, str]:
    """A bin with something of everything, and the ids of some of it."""
    url = live_server.create_bin("access")
    send_many(url, 60)
    whole: dict[str, Any] = parse(TICKET.strip()).value
    thin = thin_out(whole)
    thin["ticket"] |= {name: whole["ticket"][name] for name in ("subject", "status")}
    requests.post(url, data=build(thin | {"custom_data": ""}), headers=FORM, timeout=10)
    files = {
        "text": ("a.txt", b"hello", "text/plain"),
        "file": ("b.bin", bytes(99), "application/octet-stream"),
        "json": ("c.json", b'{"a": [1, "b", null]}', "application/json"),
        "xml": ("d.xml", b'<a b="c"><!-- d --></a>', "text/xml"),
    }
    requests.post(f"{url}/upload?a=1&b[]=2", files=files, cookies={"a": "b"}, timeout=10)
    thin["ticket"]["status"] = "resolved"
    changed = build(thin) + b"&custom_data=new&a=1&a=2"
    requests.post(url, data=changed, headers=FORM, timeout=10)
    requests.post(url, data=PICTURE, headers={"Content-Type": "image/png"}, timeout=10)
    requests.post(url, data=changed, headers=FORM, timeout=10)
    for _ in range(2):
        requests.post(f"{live_server.url}/bins/access/test", timeout=10)
    listed = requests.get(f"{live_server.url}/api/v1/bins/access/requests", timeout=10).json()
    sent = live_server.get_json("/api/v1/deliveries?limit=2")
    return {
        "name": "access",
        "id": listed[2]["id"],
        "picture": listed[3]["id"],
        "upload": listed[5]["id"],
        "delivery": str(sent[0]["id"]),
        "earlier": str(sent[1]["id"]),
    }


@pytest.fixture(scope="module")
def small_places(live_server: LiveServer) -> dict[str, str]:
    """As ``places``, with little on each page: for what is about other things than fields."""
    url = live_server.create_bin("access-small")
    send_many(url, 2)
    requests.post(url, data="ticket[id]=7&ticket[tags][]=a", headers=FORM, timeout=10)
    listed = requests.get(f"{live_server.url}/api/v1/bins/access-small/requests", timeout=10).json()
    return {"name": "access-small", "id": listed[0]["id"]}


@pytest.fixture(autouse=True)
def an_error_page_is_no_problem(watch: Watch) -> None:
    watch.forgive("status of 404")


# Contrast takes nearly all of axe's time, and a page has hundreds of texts that look alike:
# of each look one is examined, which this marks.
MARK_LOOKS = """() => {
    const isClear = (color) => /^rgba\\(.*, 0\\)$/.test(color);
    const describe = (element) => {
        const { color, fontSize, fontWeight } = getComputedStyle(element);
        const look = [color, fontSize, fontWeight];
        for (let each = element; each; each = each.parentElement) {
            const { opacity, backgroundColor, backgroundImage } = getComputedStyle(each);
            if (opacity !== "1") look.push(opacity);
            if (isClear(backgroundColor) && backgroundImage === "none") continue;
            look.push(backgroundColor, backgroundImage);
            if (/^rgb\\(/.test(backgroundColor)) break;
        }
        return look.join();
    };
    const says = (element) => element.matches("input, select, textarea")
        || [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const looks = new Map();
    for (const element of document.body.querySelectorAll("*")) {
        if (!says(element) || !element.checkVisibility() || element.closest(".unseen")) continue;
        const look = describe(element);
        if (!looks.has(look)) looks.set(look, element);
    }
    for (const each of document.querySelectorAll("[data-look]")) each.removeAttribute("data-look");
    for (const each of looks.values()) each.setAttribute("data-look", "");
    axe.configure({ rules: [{ id: "color-contrast", selector: "[data-look]" }] });
}"""
# Each run looks at where on the page everything is, which takes a third of its time or more.
RUN_AXE = """async (options) => {
    const { violations } = await axe.run(document, { ...options, resultTypes: ["violations"] });
    return violations.flatMap(({ impact, id, nodes }) =>
        nodes.map(({ html }) => `${impact}: ${id}: ${html.slice(0, 200)}`));
}"""


# Fifty rows are of one mould; those of all kinds are the newest.
LEAVE_FEW_ROWS = """() => {
    for (const row of document.querySelectorAll("#rows > .row:nth-child(n + 9)")) row.remove();
}"""


def find_violations(page: Page) -> list[str]:
    """What axe finds, in light and in dark."""
    page.evaluate(LEAVE_FEW_ROWS)
    page.evaluate(AXE)
    page.emulate_media(color_scheme="light")
    page.evaluate(MARK_LOOKS)
    found: list[str] = page.evaluate(RUN_AXE, {})
    page.emulate_media(color_scheme="dark")
    page.evaluate(MARK_LOOKS)
    found += page.evaluate(RUN_AXE, {"runOnly": ["color-contrast"]})
    return found


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_axe_finds_nothing(new_page: NewPage, places: dict[str, str], path: str) -> None:
    page = new_page(color_scheme="light")
    page.goto(path.format(**places))
    for section in page.locator("details.section").all():
        section.evaluate("details => details.open = true")
    assert find_violations(page) == []


# A style sheet that the Content-Security-Policy has nothing against.
ADOPT = """(style) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    document.adoptedStyleSheets = [sheet];
}"""


@pytest.mark.parametrize(
    ("style", "found"),
    [
        (".tree-facts dt { color: light-dark(#bbb, #fff) }", "serious: color-contrast: <dt"),
        (".tree-facts dt { color: light-dark(#000, #444) }", "serious: color-contrast: <dt"),
        (".row-number { opacity: .3 }", 'serious: color-contrast: <span class="row-number'),
    ],
)
def test_axe_finds_a_text_that_is_too_pale(
    new_page: NewPage, small_places: dict[str, str], style: str, found: str
) -> None:
    """For the test above, which examines only one text of each look."""
    page = new_page()
    page.goto(PAGES["a ticket"].format(**small_places))
    page.evaluate(ADOPT, style)
    assert any(each.startswith(found) for each in find_violations(page))


def test_axe_finds_nothing_in_dialogs_nor_on_a_phone(
    new_page: NewPage, places: dict[str, str], small_places: dict[str, str]
) -> None:
    page = new_page(viewport={"width": 360, "height": 740})
    page.goto(PAGES["a ticket"].format(**places))
    assert find_violations(page) == []
    page.goto(PAGES["a ticket"].format(**small_places))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert find_violations(page) == []
    page.keyboard.press("Escape")
    page.locator(".request-actions summary", has_text="More").click()
    assert find_violations(page) == []
    page.locator("#request").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert find_violations(page) == []
    page.keyboard.press("z")
    page.goto(PAGES["a bin"].format(**small_places))
    page.locator("#bin summary", has_text="More").click()
    page.get_by_role("link", name="Delete all requests").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert find_violations(page) == []


def test_axe_finds_nothing_in_what_someone_has_done(
    new_page: NewPage, live_server: LiveServer, small_places: dict[str, str]
) -> None:
    """An emitter with problems and with what it has sent; many sent again; all found deleted."""
    page = new_page()
    page.goto("/emitter?to=access-small")
    page.locator("[name=header_name]").first.fill("X A")
    page.locator("#options summary").click()
    page.locator("[name=timeout_s]").fill("soon")
    expect(page.locator("#compose [aria-invalid=true]")).to_have_count(2)
    assert find_violations(page) == []
    page.locator("[name=header_name]").first.fill("X-A")
    page.locator("[name=timeout_s]").fill("5")
    expect(page.locator("#compose [aria-invalid=true]")).to_have_count(0)
    page.locator(".compose-buttons").get_by_role("button", name="Send").click()
    expect(page.locator("#delivery")).to_be_visible()
    assert find_violations(page) == []
    page.goto("/bins/access-small/replay?q=number:1")
    page.get_by_label("URL").fill(f"{live_server.url}/access-small")
    page.get_by_role("button", name="Send all that match").click()
    expect(page.locator("#run-title")).to_have_text("Done: 1 sent, 0 failed")
    assert find_violations(page) == []
    page.goto("/bins/access-small?q=path:/1")
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert find_violations(page) == []
    page.keyboard.press("z")


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_nothing_is_wider_than_the_window(
    new_page: NewPage, places: dict[str, str], path: str
) -> None:
    """At 200 % and 400 % of a window of 1280, which is how browsers enlarge."""
    page = new_page(viewport={"width": 640, "height": 500})
    page.goto(path.format(**places))
    for width in (640, 320):
        page.set_viewport_size({"width": width, "height": 500})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_focus_is_always_seen(page: Page, places: dict[str, str]) -> None:
    page.goto(PAGES["a ticket"].format(**places))
    seen = set()
    for _ in range(120):
        page.keyboard.press("Tab")
        name, style, width, tall = page.evaluate(
            """() => {
                const element = document.activeElement;
                const { outlineStyle, outlineWidth } = getComputedStyle(element);
                return [element.outerHTML.slice(0, 120), outlineStyle, parseFloat(outlineWidth),
                        element.getBoundingClientRect().height];
            }"""
        )
        if name.startswith("<body"):
            break
        seen.add(name)
        assert style != "none", name
        assert width >= 2, name
        assert tall > 0, name
    assert len(seen) > 60


def test_the_first_key_skips_to_the_content(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_what_arrives_is_said(page: Page, live_server: LiveServer) -> None:
    url = live_server.create_bin("said")
    page.goto("/bins/said")
    expect(page.locator(".live")).to_have_text("live")
    requests.post(url, data=TICKET, headers=FORM, timeout=10)
    expect(page.locator("#news[aria-live=polite]")).to_have_text("New: Hierarchy problem")


def test_parts_have_their_roles_and_names(page: Page, places: dict[str, str]) -> None:
    page.goto(PAGES["a ticket"].format(**places))
    for role, name in (
        ("banner", None),
        ("main", None),
        ("navigation", "Site"),
        ("navigation", "Sections"),
        ("navigation", "Neighbouring requests"),
        ("region", "Requests"),
        ("article", "POST /access"),
        ("status", None),
    ):
        options = {"name": name} if name else {}
        expect(page.get_by_role(role, **options).first).to_be_attached()  # type: ignore[arg-type]
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
