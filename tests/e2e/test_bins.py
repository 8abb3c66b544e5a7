"""The page with all bins, with and without scripts."""

import re

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.conftest import StartServer
from tests.e2e.conftest import NewPage, Watch
from tests.e2e.senders import send_many, send_ticket
from tests.servers import LiveServer


def test_a_newcomer_is_told_what_to_do(
    new_page: NewPage, watch: Watch, start_server: StartServer
) -> None:
    server = start_server()
    watch.origins.add(server.url.removeprefix("http://"))
    page = new_page(base_url=server.url)
    page.goto("/")
    expect(page.get_by_role("heading", name="How it works")).to_be_visible()
    page.get_by_role("button", name="Create bin").click()
    expect(page).to_have_url(re.compile(r"/bins/[a-z0-9]{8}$"))
    page.close()  # Before its server goes.


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_bin_is_created_found_and_deleted(
    new_page: NewPage, live_server: LiveServer, scripts: bool
) -> None:
    page = new_page(java_script_enabled=scripts)
    name = f"made-{scripts}".lower()
    page.goto("/")
    page.get_by_label("Name of the new bin").fill(name.upper())
    page.get_by_role("button", name="Create bin").click()
    expect(page).to_have_url(f"{live_server.url}/bins/{name}")
    send_ticket(f"{live_server.url}/{name}")
    page.get_by_role("link", name="Inspector").click()
    bin_ = page.get_by_role("listitem").filter(has_text=name)
    expect(bin_).to_contain_text("1 request, the newest")
    expect(bin_).to_contain_text(f"{live_server.url}/{name}")
    bin_.get_by_role("link", name=f"Delete {name}").click()
    expect(page.get_by_role("heading", name=f"Delete the bin {name}?")).to_be_visible()
    page.get_by_role("button", name="Delete bin").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Point a webhook")
    expect(page.get_by_role("link", name=name, exact=True)).to_have_count(0)


def test_a_taken_name_is_said_beside_the_field(
    page: Page, live_server: LiveServer, watch: Watch
) -> None:
    watch.forgive("status of 400")
    live_server.create_bin("taken")
    page.goto("/")
    field = page.get_by_label("Name of the new bin")
    field.fill("taken")
    page.get_by_role("button", name="Create bin").click()
    expect(page.locator("#name-problem")).to_have_text("There is a bin named taken already.")
    expect(field).to_have_value("taken")
    expect(field).to_be_focused()


def test_deleting_asks_and_can_be_left(page: Page, live_server: LiveServer) -> None:
    live_server.create_bin("keeper")
    page.goto("/")
    page.get_by_role("link", name="Delete keeper").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_role("link", name="Cancel").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="Delete keeper").click()
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("link", name="keeper", exact=True)).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_bin_is_told_what_to_answer(
    new_page: NewPage, live_server: LiveServer, watch: Watch, scripts: bool
) -> None:
    if not scripts:
        watch.forgive("status of 400")  # what was typed wrong
    page = new_page(java_script_enabled=scripts)
    url = live_server.create_bin(f"told-{scripts}".lower())
    page.goto(url.replace(live_server.url, "/bins"))
    page.get_by_role("link", name="Answers").click()
    expect(page.get_by_role("heading", name=re.compile("^Answer of told-"))).to_be_visible()
    page.get_by_label("Status").fill("503")
    page.get_by_role("textbox", name="Headers").fill("Set-Cookie: a=b\nRetry-After: 7")
    page.get_by_label("Body").fill("come back")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Allow it")
    expect(page.get_by_role("textbox", name="Headers")).to_be_focused()
    expect(page.get_by_role("dialog")).to_be_visible(visible=scripts)  # stays open
    page.get_by_role("textbox", name="Headers").fill("Retry-After: 7")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Answers 503")).to_be_visible()
    given = requests.post(url, data="a=1", timeout=10)
    assert (given.status_code, given.text) == (503, "come back")
    assert given.headers["Retry-After"] == "7"

    page.get_by_role("link", name="Answers 503").click()
    expect(page.get_by_label("Body")).to_have_value("come back")
    page.get_by_role("button", name="Back to 200 ok").click()
    expect(page.get_by_role("link", name="Answers", exact=True)).to_be_visible()
    assert requests.post(url, timeout=10).text == "ok\n"


def test_a_url_is_copied(page: Page, live_server: LiveServer) -> None:
    url = live_server.create_bin("copied")
    page.goto("/")
    page.get_by_role("button", name="Copy the URL of copied", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == url


@pytest.mark.parametrize("scripts", [True, False])
def test_503_503_200_is_two_clicks_and_each_try_shows_its_answer(
    new_page: NewPage, live_server: LiveServer, scripts: bool
) -> None:
    page = new_page(java_script_enabled=scripts)
    url = live_server.create_bin(f"turns-{scripts}".lower())
    at = url.replace(live_server.url, "/bins")
    page.goto(at)
    page.get_by_role("link", name="Answers").click()
    page.get_by_role("button", name="unavailable-then-ok").click()
    expect(page.get_by_role("link", name="Answers 503, 503, 200")).to_be_visible()
    assert [requests.post(url, timeout=10).status_code for _ in range(4)] == [503, 503, 200, 200]
    page.goto(at)
    expect(page.locator(".row-status")).to_have_text(["200", "200", "503", "503"])
    page.locator(".row-link").last.click()
    expect(page.locator(".request-facts")).to_contain_text("answered 503")
    expect(page.locator(".request-more")).to_contain_text("answered by rule 1")


def test_a_phone_exports_and_imports_all_of_a_used_bin(
    new_page: NewPage, live_server: LiveServer
) -> None:
    """From the menu, also with a request of 50 rows above; what was exported is imported again."""
    send_many(live_server.create_bin("phone-export"), 60)
    page = new_page(viewport={"width": 390, "height": 844})
    page.goto("/bins/phone-export")
    menu = page.locator("#bin summary", has_text="More")
    menu.click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export all as JSON lines").click()
    saved = download.value.path()
    assert len(saved.read_bytes().splitlines()) == 60
    menu.click()
    page.get_by_role("link", name="Import from a file").click()
    chosen = page.locator("#import-file")
    expect(chosen).to_be_in_viewport()
    chosen.set_input_files(saved)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator("#list [data-count]")).to_have_text("120")
