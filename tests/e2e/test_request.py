"""One request in the browser: stepping, sections, keys, sharing, printing."""

import re
import time

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.e2e.conftest import NewPage, Watch
from tests.e2e.senders import FORM, send_many, send_ticket
from tests.servers import LiveServer

OPEN_ROW = '.row-link[aria-current="true"]'


def make_series(server: LiveServer, name: str) -> str:
    """A bin with requests 1 to 4: two small ones, two tickets."""
    url = server.create_bin(name)
    send_many(url, 2)
    send_ticket(url)
    send_ticket(url)
    return url


def test_keys_step_through_the_requests(page: Page, live_server: LiveServer) -> None:
    make_series(live_server, "keys")
    page.goto("/bins/keys")
    request = page.locator("#request")
    page.keyboard.press("j")
    expect(request.locator(".request-facts")).to_contain_text("#4")
    page.keyboard.press("j")
    expect(request.locator(".request-facts")).to_contain_text("#3")
    expect(page.locator(OPEN_ROW)).to_contain_text("#3")
    expect(page).to_have_url(re.compile("/bins/keys/requests/"))
    expect(page).to_have_title(re.compile("^POST #3 · keys"))
    page.keyboard.press("k")
    expect(request.locator(".request-facts")).to_contain_text("#4")
    page.keyboard.press("k")  # There is none newer.
    expect(request.locator(".request-facts")).to_contain_text("#4")


def test_the_open_request_is_in_sight_in_the_list(page: Page, live_server: LiveServer) -> None:
    url = live_server.create_bin("insight")
    send_many(url, 40)
    for number in (38, 20, 5):
        page.goto("/bins/insight")
        page.goto(str(page.locator(f"#r{number} .row-link").get_attribute("href")))
        expect(page.locator(OPEN_ROW)).to_contain_text(f"#{number}")
        expect(page.locator(OPEN_ROW)).to_be_in_viewport(ratio=1)


def test_keys_pressed_quickly_step_as_often(
    page: Page, live_server: LiveServer, watch: Watch
) -> None:
    make_series(live_server, "quick")
    page.goto("/bins/quick")
    for key in "jjjjkj":
        page.keyboard.press(key)
    expect(page.locator(".request-facts")).to_contain_text("#1")
    expect(page.locator(OPEN_ROW)).to_contain_text("#1")


def test_back_and_forward_show_what_was_there(page: Page, live_server: LiveServer) -> None:
    make_series(live_server, "history")
    page.goto("/bins/history")
    page.evaluate("window.loadedOnce = true")
    page.locator("#r1 .row-link").click()
    expect(page.locator("#request-title")).to_contain_text("/history/1")
    page.locator("#r2 .row-link").click()
    expect(page.locator("#request-title")).to_contain_text("/history/2")
    page.go_back()
    expect(page.locator("#request-title")).to_contain_text("/history/1")
    expect(page.locator(OPEN_ROW)).to_contain_text("#1")
    page.go_back()
    expect(page.get_by_role("heading", name="Choose a request")).to_be_visible()
    expect(page.locator(OPEN_ROW)).to_have_count(0)
    page.go_forward()
    expect(page.locator("#request-title")).to_contain_text("/history/1")
    expect(page.locator("html")).to_have_count(1)
    assert page.evaluate("window.loadedOnce") is True


def test_a_shared_link_opens_the_same_request(
    page: Page, new_page: NewPage, live_server: LiveServer
) -> None:
    make_series(live_server, "shared")
    page.goto("/bins/shared")
    page.locator("#r3 .row-link").click()
    page.locator(".request-actions summary", has_text="Copy as").click()
    page.get_by_role("button", name="Link to this request").click()
    expect(page.get_by_role("button", name="Link to this request")).to_be_hidden()
    link = page.evaluate("navigator.clipboard.readText()")
    other = new_page()
    other.goto(link)
    expect(other.locator(".request-facts")).to_contain_text("#3")
    expect(other.locator(OPEN_ROW)).to_contain_text("#3")
    expect(other.locator("#r4")).to_be_visible()


def test_sections_have_keys_and_addresses_and_stay_as_left(
    page: Page, live_server: LiveServer
) -> None:
    make_series(live_server, "sections")
    page.goto("/bins/sections")
    page.locator("#r4 .row-link").click()
    form = page.locator("#form")
    expect(form).not_to_have_attribute("open", "")
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Form as sent").click()
    expect(form).to_have_attribute("open", "")
    expect(form).to_be_in_viewport()
    expect(page).to_have_url(re.compile("#form$"))
    page.keyboard.press("j")
    expect(page.locator(".request-facts")).to_contain_text("#3")
    expect(form).to_have_attribute("open", "")
    page.keyboard.press("1")
    expect(page.locator("#fields")).to_be_focused()
    page.keyboard.press("3")
    expect(page.locator("#headers > summary")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#headers")).not_to_have_attribute("open", "")
    page.keyboard.press("k")
    expect(page.locator(".request-facts")).to_contain_text("#4")
    expect(page.locator("#headers")).not_to_have_attribute("open", "")
    page.goto(page.url.partition("#")[0] + "#body")
    page.reload()
    expect(page.locator("#body")).to_have_attribute("open", "")
    expect(page.locator("#body")).to_be_in_viewport()


def test_help_is_shown_and_left_by_keys(page: Page, live_server: LiveServer) -> None:
    make_series(live_server, "helped")
    page.goto("/bins/helped")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    expect(dialog).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page).to_have_url(re.compile("/bins/helped$"))


def test_keys_are_letters_where_one_writes(page: Page, live_server: LiveServer) -> None:
    make_series(live_server, "writing")
    page.goto("/bins/writing")
    page.keyboard.press("j")
    field = page.get_by_role("searchbox", name="Filter fields")
    expect(page.locator(".request-facts")).to_contain_text("#4")
    page.keyboard.press("f")
    expect(field).to_be_focused()
    page.keyboard.type("jk?")
    expect(field).to_have_value("jk?")
    expect(page.locator(".request-facts")).to_contain_text("#4")
    page.keyboard.press("Escape")
    expect(field).not_to_be_focused()


def test_a_key_compares_with_the_previous_request(page: Page, live_server: LiveServer) -> None:
    make_series(live_server, "compared")
    page.goto("/bins/compared")
    page.keyboard.press("j")
    expect(page.locator(".request-facts")).to_contain_text("#4")
    page.keyboard.press("d")
    expect(page.get_by_role("heading", level=1)).to_have_text("What changed")


def test_a_key_shows_the_body_as_sent_and_all_of_it_is_copied(
    page: Page, live_server: LiveServer
) -> None:
    url = live_server.create_bin("laid-out")
    requests.post(url, json={"a": {"b": 1}}, timeout=5)
    listed = requests.get(f"{live_server.url}/api/v1/bins/laid-out/requests", timeout=5).json()
    page.goto(f"/bins/laid-out/requests/{listed[0]['id']}?body=laid-out#body")
    code = page.locator("#body pre")
    expect(code).to_have_text('{\n  "a": {\n    "b": 1\n  }\n}')
    page.keyboard.press("b")
    expect(code).to_have_text('{"a": {"b": 1}}')
    page.locator("#body [data-copy-at]").click()
    expect(page.get_by_role("status")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == '{"a": {"b": 1}}'


def test_a_key_copies_the_bins_url(page: Page, live_server: LiveServer) -> None:
    url = make_series(live_server, "copied-by-key")
    page.goto("/bins/copied-by-key")
    page.keyboard.press("c")
    expect(page.get_by_role("status")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == url


def test_a_request_that_is_gone_is_said(page: Page, live_server: LiveServer, watch: Watch) -> None:
    watch.forgive("404")
    make_series(live_server, "gone")
    page.goto("/bins/gone")
    path = page.locator("#r1 .row-link").get_attribute("href")
    page.locator("#r2 .row-link").click()
    older = page.get_by_role("link", name="Older request")
    expect(older).to_have_attribute("href", str(path))
    # The list follows the deletion; the arrow still leads there.
    requests.delete(f"{live_server.url}/api/v1{path}", timeout=10).raise_for_status()
    older.click()
    expect(page.get_by_role("status")).to_contain_text("There is no request")


def count_requests(server: LiveServer, name: str) -> int:
    found = requests.get(f"{server.url}/api/v1/bins/{name}", timeout=10).json()
    count: int = found["request_count"]
    return count


def test_a_deletion_can_be_taken_back(page: Page, live_server: LiveServer) -> None:
    make_series(live_server, "delete-one")
    held = count_requests(live_server, "delete-one")
    page.goto("/bins/delete-one")
    page.locator("#r3 .row-link").click()
    expect(page.locator("#request")).to_have_attribute("data-number", "3")
    page.locator(".request-actions summary", has_text="More").click()
    page.locator("#request").get_by_role("button", name="Delete").click()
    expect(page.locator("#undo")).to_contain_text("Request #3 deleted.")
    expect(page.locator("#r3")).to_be_hidden()
    expect(page.locator("#request")).to_have_attribute("data-number", "2")
    page.keyboard.press("k")
    expect(page.locator("#request")).to_have_attribute("data-number", "4")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#r3")).to_be_visible()
    expect(page.locator("#request")).to_have_attribute("data-number", "3")
    expect(page.locator("#undo")).to_be_hidden()
    assert count_requests(live_server, "delete-one") == held

    page.keyboard.press("Delete")
    expect(page.locator("#r3")).to_be_hidden()
    expect(page.locator("#request")).to_have_attribute("data-number", "2")
    assert count_requests(live_server, "delete-one") == held, "not yet"
    page.keyboard.press("Delete")  # The one before is settled by the next.
    expect(page.locator("#list [data-count]")).to_have_text(str(held - 1))
    expect(page.locator("#r3")).to_have_count(0)
    page.keyboard.press("z")
    expect(page.locator("#r2")).to_be_visible()
    assert count_requests(live_server, "delete-one") == held - 1


def test_who_leaves_the_page_deletes_at_once(page: Page, live_server: LiveServer) -> None:
    make_series(live_server, "delete-left")
    held = count_requests(live_server, "delete-left")
    page.goto("/bins/delete-left")
    page.locator("#r3 .row-link").click()
    expect(page.locator("#request")).to_have_attribute("data-number", "3")
    page.keyboard.press("Delete")
    expect(page.locator("#undo")).to_be_visible()
    page.goto("/api")
    deadline = time.monotonic() + 20
    while count_requests(live_server, "delete-left") != held - 1:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_deletion_that_fails_brings_the_request_back(
    page: Page, live_server: LiveServer, watch: Watch
) -> None:
    make_series(live_server, "delete-not")
    watch.forgive("ERR_FAILED")
    page.goto("/bins/delete-not")
    page.route("**/api/v1/**", lambda route: route.abort())
    page.locator("#r3 .row-link").click()
    expect(page.locator("#request")).to_have_attribute("data-number", "3")
    page.keyboard.press("Delete")
    expect(page.locator("#r3")).to_be_hidden()
    page.locator("#r1 .row-link").click()
    expect(page.locator("#request")).to_have_attribute("data-number", "1")
    page.keyboard.press("Delete")
    expect(page.get_by_role("status").filter(has_text="could not be deleted")).to_be_visible()
    expect(page.locator("#r3")).to_be_visible()
    page.keyboard.press("z")


def test_times_are_the_readers_with_utc_at_hand(new_page: NewPage, live_server: LiveServer) -> None:
    make_series(live_server, "times")
    page = new_page(timezone_id="Asia/Kathmandu", locale="en-GB")
    page.goto("/bins/times")
    page.locator("#r4 .row-link").click()
    time = page.locator(".request-more time")
    utc = time.get_attribute("title")
    assert utc is not None
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} UTC", utc)
    expect(time).to_contain_text("GMT+5:45")
    minute = (int(utc[14:16]) + 45) % 60
    expect(time).to_contain_text(f":{minute:02}:{utc[17:19]}")


@pytest.mark.parametrize("system", ["light", "dark"])
def test_the_theme_is_the_systems_until_chosen_and_then_kept(
    new_page: NewPage, system: str
) -> None:
    page = new_page(color_scheme=system)
    ground = "getComputedStyle(document.body).backgroundColor"
    light, dark = "rgb(246, 246, 243)", "rgb(19, 20, 23)"
    its, other = (light, dark) if system == "light" else (dark, light)
    page.goto("/")
    assert page.evaluate(ground) == its
    switch = page.get_by_role("button", name="Switch between light and dark")
    switch.click()
    assert page.evaluate(ground) == other
    page.reload()
    assert page.evaluate(ground) == other
    switch.click()
    assert page.evaluate(ground) == its
    assert page.evaluate("localStorage.getItem('theme')") is None


def test_a_phone_shows_list_or_request_and_never_scrolls_sideways(
    new_page: NewPage, live_server: LiveServer
) -> None:
    make_series(live_server, "phone")
    page = new_page(viewport={"width": 360, "height": 740}, has_touch=True)
    page.goto("/bins/phone")
    page.locator("#r4 .row-link").tap()
    expect(page.locator("#request-title")).to_be_in_viewport()
    expect(page.locator("#list")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.get_by_role("link", name="All requests").tap()
    expect(page.locator("#list")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_hostile_content_runs_nothing_and_asks_nothing(page: Page, live_server: LiveServer) -> None:
    """The watch fails this test when anything ran or another host was asked."""
    url = live_server.create_bin("hostile")
    evil = "<script>document.title='run'</script><img src=http://192.0.2.1/x onerror=alert(1)>"
    requests.post(
        f"{url}/{evil}",
        data={"ticket[subject]": evil, evil: evil, "ticket[url]": "javascript:alert(1)"},
        headers={**FORM, "X-Evil": evil},
        timeout=10,
    )
    requests.post(url, data=evil, headers={"Content-Type": "text/html"}, timeout=10)
    requests.post(url, json={evil: {evil: [evil]}}, timeout=10)
    page.goto("/bins/hostile")
    for _ in range(3):
        page.keyboard.press("j")
        expect(page.locator("#request[data-id]")).to_contain_text("<script>")
        for section in page.locator("details.section").all():
            section.evaluate("details => details.open = true")
    assert page.title() != "run"
    assert page.locator('a[href^="javascript:"]').count() == 0


def test_printing_a_request_gives_the_request_alone(page: Page, live_server: LiveServer) -> None:
    make_series(live_server, "printed")
    page.goto("/bins/printed")
    page.locator("#r4 .row-link").click()
    expect(page.locator(".request-facts")).to_contain_text("#4")
    page.emulate_media(media="print")
    for part in ("#list", ".top", ".neighbours", ".request-actions", ".sections"):
        expect(page.locator(part)).to_be_hidden()
    expect(page.locator("#request-title")).to_be_visible()
    expect(page.locator("#headers")).to_contain_text("Content-Length")
    # In landscape too the request has the whole width.
    for width in (794, 1123):
        page.set_viewport_size({"width": width, "height": 790})
        box = page.locator("#request").bounding_box()
        assert box is not None
        assert box["width"] > 0.9 * width


def test_a_long_branch_does_not_leave_pages_empty_in_print(
    page: Page, live_server: LiveServer
) -> None:
    send_ticket(live_server.create_bin("printed-ticket"))
    page.goto("/bins/printed-ticket")
    page.keyboard.press("j")
    expect(page.locator("#tree")).to_be_visible()
    page.emulate_media(media="print")
    inside = "item => getComputedStyle(item).breakInside"
    branch, leaf = page.locator("#tree li:has(li)").first, page.locator("#tree li:not(:has(li))")
    assert branch.evaluate(inside) == "auto"
    assert leaf.first.evaluate(inside) == "avoid"


def test_a_long_path_leaves_a_phone_room(new_page: NewPage, live_server: LiveServer) -> None:
    url = live_server.create_bin("long-path")
    requests.post(f"{url}/{'long' * 200}", data="a=1", timeout=10).raise_for_status()
    page = new_page(viewport={"width": 390, "height": 844})
    page.goto("/bins/long-path")
    page.locator("#rows .row-link").click()
    box = page.locator(".request-head").bounding_box()
    assert box is not None
    assert box["height"] < 140
    expect(page.locator(".request-line")).to_contain_text("long" * 200)
    requests.post(f"{url}/short", data="a=1", timeout=10).raise_for_status()
    page.goto("/bins/long-path")
    page.locator("#rows .row-link").first.click()
    expect(page.locator(".request-path")).to_contain_text("/short")
    method = page.locator("#request-title .method").bounding_box()
    path = page.locator(".request-path").bounding_box()
    assert method is not None
    assert path is not None
    assert path["y"] < method["y"] + method["height"]
