"""The tree of a request's fields: filtered, folded, walked by keys, copied from."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import requests
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import NewPage
from tests.e2e.senders import FORM, send_ticket
from tests.servers import LiveServer

VISIBLE_FIELDS = """() => [...document.querySelectorAll(".tree-list li > a:first-child")]
  .filter((link) => link.checkVisibility() && !link.classList.contains("about"))
  .map((link) => link.href)"""


IS_COPIED = "async (text) => (await navigator.clipboard.readText()) === text"


def open_request(page: Page, server: LiveServer, name: str, *bodies: bytes) -> None:
    """A new bin with a sample ticket for each of the bodies' ends; the newest is open."""
    url = server.create_bin(name)
    for body in bodies or (b"&custom_data=",):
        send_ticket(url, more=body)
    newest = server.get_json(f"/api/v1/bins/{name}/requests?limit=1")[0]["id"]
    page.goto(f"/bins/{name}/requests/{newest}")


def list_fields(page: Page) -> list[str]:
    """The paths of the fields in sight, from top to bottom."""
    return read_paths(page.evaluate(VISIBLE_FIELDS))


def read_paths(hrefs: list[str]) -> list[str]:
    return [parse_qs(urlsplit(href).query)["path"][0] for href in hrefs]


def find_branch(page: Page, *keys: str) -> Locator:
    branch: Locator = page.locator("#tree")
    for key in keys:
        branch = branch.locator(f"details:has(> summary > b:text-is('{key}'))").first
    return branch


def type_filter(page: Page, text: str) -> None:
    page.get_by_role("searchbox", name="Filter fields").fill(text)


def test_a_filter_leaves_matching_fields_as_one_types(page: Page, live_server: LiveServer) -> None:
    open_request(page, live_server, "tree-filter")
    before = list_fields(page)
    type_filter(page, "EMAIL boss")
    expect(page.locator(".tree-count")).to_have_text("1 of 197 fields")
    assert list_fields(page) == ["ticket.participants.0.person.primary_email.email"]
    expect(find_branch(page, "ticket", "participants", "0").locator("> summary")).to_be_visible()
    expect(find_branch(page, "ticket", "agent").locator("> summary")).to_be_hidden()
    marked = page.evaluate("[...CSS.highlights.get('tree-hit')].map(String)")
    assert sorted(marked) == ["boss", "email", "email"]
    type_filter(page, "")
    expect(page.locator(".tree-count")).to_have_text("197 fields")
    assert list_fields(page) == before
    assert page.evaluate("CSS.highlights.get('tree-hit').size") == 0


def test_with_and_without_javascript_the_same_fields_remain(
    new_page: NewPage, live_server: LiveServer
) -> None:
    scripted, plain = new_page(), new_page(java_script_enabled=False)
    open_request(scripted, live_server, "tree-same")
    plain.goto(scripted.url)
    for text in ("email", "TS", "agent 1", ".id", "2014-05-21 14:18", "nothing"):
        type_filter(scripted, text)
        type_filter(plain, text)
        plain.get_by_role("search", name="Fields").get_by_role("button", name="Filter").click()
        expect(plain.get_by_role("searchbox", name="Filter fields")).to_have_value(text)
        links = plain.locator(".tree-list li > a:first-child:not(.about)")
        fields = read_paths(links.evaluate_all("links => links.map((link) => link.href)"))
        assert sorted(list_fields(scripted)) == sorted(fields)
        count = plain.locator(".tree-count").inner_text()
        assert count == f"{len(fields)} of 197 fields"
        assert scripted.locator(".tree-count").inner_text() == count


def test_a_tree_opens_and_folds(page: Page, live_server: LiveServer) -> None:
    open_request(page, live_server, "tree-folds")
    page.get_by_role("link", name="Expand all").click()
    assert len(list_fields(page)) == 197
    page.get_by_role("link", name="Collapse all").click()
    assert list_fields(page) == ["custom_data"]
    page.get_by_role("link", name="One level").click()
    fields = list_fields(page)
    assert "ticket.subject" in fields
    assert "ticket.agent.timezone" not in fields
    page.keyboard.press("e")
    assert len(list_fields(page)) == 197
    page.keyboard.press("e")
    assert list_fields(page) == ["custom_data"]


def test_a_series_is_stepped_through_watching_one_field(
    page: Page, live_server: LiveServer
) -> None:
    bodies = (b"&ticket[agent][id]=3", b"&ticket[agent][id]=4", b"&ticket[agent][id]=5")
    open_request(page, live_server, "tree-series", *bodies)
    find_branch(page, "ticket", "product").locator("> summary").click()
    type_filter(page, "agent.id")
    for value in "543":
        # The new tree is filtered a moment after it has come.
        expect(page.locator(".tree-count")).to_have_text("1 of 197 fields")
        expect(page.locator(".tree-list div > span:visible")).to_have_text(value)
        assert list_fields(page) == ["ticket.agent.id"]
        expect(page.get_by_role("searchbox", name="Filter fields")).to_have_value("agent.id")
        page.locator("#request-title").click()
        if value != "3":
            shown = page.locator("#request").get_attribute("data-id")
            page.keyboard.press("j")
            expect(page.locator("#request")).not_to_have_attribute("data-id", shown or "")
    type_filter(page, "")
    assert "ticket.product.title" in list_fields(page)
    page.reload()
    expect(page.locator(".tree-count")).to_have_text("197 fields")
    assert "ticket.product.title" in list_fields(page)


def test_a_link_that_says_how_it_is_open_wins_over_what_was_kept(
    page: Page, live_server: LiveServer
) -> None:
    open_request(page, live_server, "tree-link")
    type_filter(page, "email")
    page.goto(f"{page.url}?open=all")
    assert len(list_fields(page)) == 197


def test_a_field_is_copied_as_any_language_writes_it(page: Page, live_server: LiveServer) -> None:
    open_request(page, live_server, "tree-copy")
    type_filter(page, "boss")
    page.locator(".tree-list").get_by_role("link", name="email", exact=True).click()
    menu = page.get_by_role("dialog", name="Field")
    for name, text in {
        "Copy as Inspector": "ticket.participants.0.person.primary_email.email",
        "Copy as Form field": "ticket[participants][0][person][primary_email][email]",
        "Copy as Twig (helpdesk)": "{{ ticket.participants[0].person.primary_email.email }}",
        "Copy as pytest (Inspector)": (
            'request.form["ticket"]["participants"][0]["person"]["primary_email"]["email"]'
        ),
        "Copy as Flask": ('request.form["ticket[participants][0][person][primary_email][email]"]'),
        "Copy as jq on Inspector's JSON": ".form.ticket.participants[0].person.primary_email.email",
        "Copy value": "boss@alllc.example.com",
    }.items():
        menu.get_by_role("button", name=name).click()
        page.wait_for_function(IS_COPIED, arg=text)


def test_one_menu_serves_all_fields_and_gives_the_focus_back(
    page: Page, live_server: LiveServer
) -> None:
    open_request(page, live_server, "tree-menu")
    status = page.locator(".tree-list").get_by_role("link", name="status", exact=True)
    status.press("Enter")
    menu = page.get_by_role("dialog", name="Field")
    expect(menu).to_contain_text("ticket%5Bstatus%5D=awaiting_agent")
    expect(menu).to_contain_text("pair 134 of 197")
    expect(menu.get_by_role("button", name="Copy value")).to_be_focused()
    page.keyboard.press("c")
    expect(page.get_by_role("status")).to_have_text("Copied.")
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(status).to_be_focused()
    page.get_by_role("link", name="More about agent", exact=True).click()
    expect(menu).to_contain_text("map of")
    menu.get_by_role("link", name="ticket", exact=True).click()
    expect(menu).to_contain_text("Hierarchy problem")
    assert page.locator(".field-menu").count() == 1


def test_the_menu_stays_inside_the_window(new_page: NewPage, live_server: LiveServer) -> None:
    page = new_page(viewport={"width": 360, "height": 640})
    open_request(page, live_server, "tree-menu-small")
    page.locator(".tree-list").get_by_role("link", name="creation_system").first.click()
    box = page.get_by_role("dialog", name="Field").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= 360
    assert box["y"] + box["height"] <= 640


def test_arrows_walk_the_tree(page: Page, live_server: LiveServer) -> None:
    open_request(page, live_server, "tree-arrows")
    summary = find_branch(page, "ticket").locator("> summary")
    summary.focus()
    page.keyboard.press("ArrowLeft")
    assert list_fields(page)[0] != "ticket.subject"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    subject = page.locator(".tree-list").get_by_role("link", name="subject", exact=True)
    expect(subject).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(subject).to_be_focused()
    page.keyboard.press("c")
    expect(page.get_by_role("status")).to_have_text("Value copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "Hierarchy problem"
    page.keyboard.press("ArrowLeft")
    expect(summary).to_be_focused()


def test_times_are_the_readers_with_utc_behind_them(
    new_page: NewPage, live_server: LiveServer
) -> None:
    page = new_page(timezone_id="Asia/Tokyo", locale="en-GB")
    open_request(page, live_server, "tree-times")
    type_filter(page, "ticket.date_created_ts")
    expect(page.locator(".tree-count")).to_have_text("1 of 197 fields")
    time = page.locator(".tree-list time:visible")
    expect(time).to_contain_text("21 May 2014, 23:18:57")
    expect(time).to_have_attribute("title", "2014-05-21 14:18:57 UTC")
    expect(page.locator(".tree-list")).to_contain_text("1400681937")


def test_links_are_opened_by_a_click_only(page: Page, live_server: LiveServer) -> None:
    open_request(page, live_server, "tree-links", b"&evil=javascript:alert(1)")
    type_filter(page, "gravatar_url")
    link = page.locator(".tree-list div > a").first
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(link).to_have_attribute("target", "_blank")
    type_filter(page, "evil")
    expect(page.locator(".tree-list").get_by_text("javascript:alert(1)")).to_be_visible()
    assert page.locator(".tree-list a[href^='javascript']").count() == 0


def test_every_name_in_a_fields_menu_finds_the_field_as_one_types(
    page: Page, live_server: LiveServer
) -> None:
    open_request(page, live_server, "tree-names")
    path = "ticket.participants.0.person.primary_email.email"
    tree = page.locator("#tree")
    tree.locator(f'a[href*="path={path}"]').first.evaluate("link => link.click()")
    offered = page.locator(".field-menu .field-names code")
    expect(offered.first).to_be_visible()
    names = offered.all_inner_texts()
    assert "ticket[participants][0][person][primary_email][email]" in names
    page.keyboard.press("Escape")
    odd = ["{{ ticket.person.id }}", "ticket%5Bperson%5D%5Bid%5D", "person[id] ticket[person]"]
    for name in (*names, "participants[].person.primary_email.email"):
        type_filter(page, name)
        assert list_fields(page) == [path], name
    for name in odd:
        type_filter(page, name)
        assert list_fields(page) == ["ticket.person.id"], name
    type_filter(page, "participants[].person.name")
    assert list_fields(page) == ["ticket.participants.0.person.name"]


def test_a_tree_too_large_for_the_page_is_filtered_by_the_server(
    page: Page, live_server: LiveServer
) -> None:
    url = live_server.create_bin("tree-large")
    items = {"items": [{"id": number} for number in range(5_000)]}
    requests.post(url, json=items, timeout=10).raise_for_status()
    page.goto("/bins/tree-large/requests/" + live_server.get_json(
        "/api/v1/bins/tree-large/requests"
    )[0]["id"])  # fmt: skip
    expect(page.locator(".tree-list")).to_contain_text("and 4,500 more entries")
    type_filter(page, "4999")
    page.keyboard.press("Enter")
    expect(page.locator(".tree-count")).to_have_text("1 of 5000 fields")
    assert list_fields(page) == ["items.4999.id"]
    page.get_by_role("link", name="Clear").click()
    expect(page.locator(".tree-list")).to_contain_text("and 4,500 more entries")


def test_hostile_values_stay_text_and_inside_the_page(
    new_page: NewPage, live_server: LiveServer
) -> None:
    page = new_page(viewport={"width": 360, "height": 640})
    url = live_server.create_bin("tree-hostile")
    data = {
        "ticket[subject]": "<img src=x onerror=alert(1)>" + "W" * 3_000,
        "ticket[<b>]": "\u202egnp.exe\x00",
        "ticket[" + "k" * 5_000 + "]": "x" * 100_000,
        "ticket[link]": "https://example.com/" + "a" * 1_900,
    }
    requests.post(url, data=data, headers=FORM, timeout=10).raise_for_status()
    page.goto("/bins/tree-hostile/requests/" + live_server.get_json(
        "/api/v1/bins/tree-hostile/requests"
    )[0]["id"])  # fmt: skip
    expect(page.locator(".tree-subject")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(page.locator(".tree-list")).to_contain_text("98,000 more characters")
    assert page.locator(".tree-list img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    type_filter(page, "gnp")
    assert len(list_fields(page)) == 1


def test_a_value_is_copied_with_what_cannot_be_seen_of_it(
    page: Page, live_server: LiveServer
) -> None:
    url = live_server.create_bin("tree-odd")
    requests.post(url, data={"a": "x\u202ey\u200b%é"}, timeout=10).raise_for_status()
    page.goto("/bins/tree-odd")
    page.locator("#rows .row-link").click()
    page.locator(".tree-list").get_by_role("link", name="a", exact=True).press("c")
    expect(page.get_by_role("status")).to_have_text("Value copied.")
    assert page.evaluate(IS_COPIED, "x\u202ey\u200b%é")


def test_the_switch_shows_the_form_as_its_receiver_sees_it(
    page: Page, live_server: LiveServer
) -> None:
    open_request(page, live_server, "tree-receiver", b"&ticket[a][b][c][d][e][f]=deep")
    switch = page.locator(".tree-receivers")
    switch.locator("summary").click()
    switch.get_by_role("button", name="qs", exact=True).click()
    expect(switch.locator("summary")).to_have_text("As qs")
    expect(page.locator(".tree-differences")).to_contain_text("qs cuts 2 paths")
    assert live_server.get_json("/api/v1/bins/tree-receiver")["receiver"] == "qs"
