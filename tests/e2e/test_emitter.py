"""The emitter in the browser: each source sent from the page lands as the article says."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.e2e.conftest import NewPage, Watch
from tests.servers import LiveServer


@dataclass(frozen=True)
class Case:
    """An action, and what must be in the request that lands."""

    id: str
    method: str
    event_type: str


# The article: every source may use every method; POST, PUT and DELETE carry the ticket.
CASES = [
    Case("trigger", "POST", "update"),
    Case("sla", "PUT", "sla"),
    Case("macro", "GET", ""),
    Case("escalation", "DELETE", "escalation"),
]


@pytest.fixture(autouse=True)
def an_outdated_preview_is_given_up(watch: Watch) -> None:
    """What is typed while a preview is on its way asks for another one in its place."""


def open_emitter(page: Page, server: LiveServer, name: str) -> None:
    server.create_bin(name)
    page.goto(f"/emitter?to={name}")


def captured(server: LiveServer, name: str) -> list[dict[str, Any]]:
    """What the bin holds, oldest first."""
    answer = requests.get(f"{server.url}/api/v1/bins/{name}/requests", timeout=10)
    found: list[dict[str, Any]] = answer.json()
    return found[::-1]


def fill_header(page: Page, position: int, name: str, value: str) -> None:
    page.locator('[name="header_name"]').nth(position).fill(name)
    page.locator('[name="header_value"]').nth(position).fill(value)


def send(page: Page) -> None:
    page.locator(".compose-buttons").get_by_role("button", name="Send").click()
    expect(page.locator("#delivery .status")).to_have_text(re.compile("200"))


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_each_source_lands_with_what_the_article_says(
    page: Page, live_server: LiveServer, case: Case
) -> None:
    name = f"emit-{case.id}"
    open_emitter(page, live_server, name)
    page.locator("#source").select_option(case.id)
    page.locator("#method").select_option(case.method)
    fill_header(page, 0, "X-Created", "{{ ticket.date_created_ts }}")
    page.get_by_role("button", name="Add a header").click()
    expect(page.locator('[name="header_name"]')).to_have_count(2)
    fill_header(page, 1, "X-Escalated", "{{ ticket.nobody.id }}")
    page.get_by_label("one text").check()
    page.locator('[name="data_text"]').fill("Made {{ ticket.date_created_ts }}")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("X-Escalated: not sent, ticket.nobody.id has no value")
    expect(preview).to_contain_text("X-Created: 1400681937")
    expect(preview).to_contain_text(f"{case.method} /{name} HTTP/1.1")
    send(page)
    (request,) = captured(live_server, name)
    assert request["method"] == case.method
    assert request["headers"]["X-Created"] == "1400681937"
    assert "X-Escalated" not in request["headers"]
    if case.method == "GET":
        assert request["body_size"] == 0
        assert request["ticket"] is None
    else:
        assert request["ticket"]["date_created_ts"] == "1400681937"
        assert request["person_context"]["display_name"]
        assert case.event_type in request["event"]["type"]
        assert request["custom_data"] == "Made 1400681937"


def test_one_is_sent_again_with_a_changed_field(page: Page, live_server: LiveServer) -> None:
    open_emitter(page, live_server, "emit-again")
    send(page)
    page.get_by_role("link", name="Change and send").click()
    page.get_by_text("Edit its fields").click()
    page.get_by_label("ticket.date_created_ts", exact=True).fill("99")
    expect(page.locator("#preview .body")).to_contain_text("date_created_ts%5D=99&")
    send(page)
    first, second = captured(live_server, "emit-again")
    assert first["ticket"]["date_created_ts"] == "1400681937"
    assert second["ticket"] == {**first["ticket"], "date_created_ts": "99"}
    assert second["custom_data"] == first["custom_data"] == ""
    page.get_by_role("link", name="Compare with the one before").click()
    expect(page.locator("main")).to_contain_text("ticket.date_created_ts")
    expect(page.locator("ins").first).to_have_text("99")


def test_ones_own_ticket_is_what_is_sent_and_edited(page: Page, live_server: LiveServer) -> None:
    open_emitter(page, live_server, "emit-own")
    page.get_by_text("Your own ticket").click()
    page.locator("#ticket_text").fill('{"id": 7, "subject": "Mine"}')
    body = page.locator("#preview .body")
    expect(body).to_have_text("ticket%5Bid%5D=7&ticket%5Bsubject%5D=Mine&custom_data=")
    page.get_by_text("Edit its fields").click()
    expect(page.locator("[name=leaf_value]")).to_have_count(2)
    page.get_by_label("ticket.id", exact=True).fill("8")
    expect(body).to_contain_text("ticket%5Bid%5D=8&")
    send(page)
    (request,) = captured(live_server, "emit-own")
    assert request["form"] == {"ticket": {"id": "8", "subject": "Mine"}, "custom_data": ""}


def test_a_press_that_ends_typing_unfolds_what_it_is_on(
    page: Page, live_server: LiveServer
) -> None:
    open_emitter(page, live_server, "emit-unfolded")
    page.get_by_text("Your own ticket").click()
    page.locator("#ticket_text").fill('{"id": 7}')
    page.get_by_text("Edit its fields").hover()
    page.mouse.down()
    page.wait_for_timeout(100)  # as long as a hand takes
    page.mouse.up()
    expect(page.locator("[name=leaf_value]")).to_have_count(1)
    expect(page.get_by_label("ticket.id", exact=True)).to_be_visible()


def test_a_captured_request_is_changed_and_sent_from_its_page(
    page: Page, live_server: LiveServer
) -> None:
    url = live_server.create_bin("emit-from")
    requests.post(url, data={"ticket[id]": "7", "ticket[subject]": "Café"}, timeout=10)
    page.goto("/bins/emit-from")
    page.locator("#r1 .row-link").click()
    page.locator("#request").get_by_title("More").click()
    page.get_by_role("link", name="Change and send").click()
    expect(page.locator("#ticket_text")).to_have_value(re.compile("Café"))
    page.locator('[name="change_path"]').fill("ticket.id")
    page.locator('[name="change_value"]').fill("8")
    expect(page.locator("#preview .body")).to_contain_text("ticket%5Bid%5D=8&")
    send(page)
    second = captured(live_server, "emit-from")[1]
    assert second["ticket"] == {"id": "8", "subject": "Café"}


def test_a_saved_action_is_sent_with_one_click(page: Page, live_server: LiveServer) -> None:
    open_emitter(page, live_server, "emit-saved")
    page.get_by_label("Name", exact=True).fill("My hook")
    page.get_by_role("button", name="Save action").click()
    expect(page.get_by_role("button", name="Save changes")).to_be_visible()
    page.get_by_role("button", name="Send My hook").click()
    expect(page.locator("#delivery .status")).to_have_text("200 OK")
    expect(page.locator("#deliveries .delivery-line").first).to_contain_text("My hook")
    assert len(captured(live_server, "emit-saved")) == 1


def test_a_series_shows_how_far_it_is_and_is_stopped(page: Page, live_server: LiveServer) -> None:
    open_emitter(page, live_server, "emit-series")
    page.get_by_text("Send many").click()
    page.get_by_role("textbox", name="Deliveries").fill("5000")
    page.get_by_label("a second", exact=True).fill("60")
    page.get_by_role("button", name="Start series").click()
    expect(page.locator("#series-title")).to_have_text(re.compile(r"Running: \d\d+ of 5,000"))
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#series-title")).to_have_text(re.compile(r"Stopped: \d+ of 5,000"))
    expect(page.locator(".histogram svg")).to_be_visible()
    expect(page.locator(".counts")).to_contain_text("200")


def test_what_is_wrong_is_said_while_typing(page: Page, live_server: LiveServer) -> None:
    open_emitter(page, live_server, "emit-wrong")
    page.get_by_label("URL", exact=True).fill("http://127.0.0.1/{{ ticket.")
    problem, field = page.locator("#problem-url"), page.get_by_label("URL", exact=True)
    expect(problem).to_contain_text("Line 1")
    expect(field).to_have_attribute("aria-invalid", "true")
    page.locator(".compose-buttons").get_by_role("button", name="Send").click()
    expect(page.locator("#result")).to_be_empty()
    expect(problem).to_contain_text("Line 1")
    field.fill(f"{live_server.url}/emit-wrong")
    expect(problem).to_be_empty()
    expect(field).not_to_have_attribute("aria-invalid", "true")
    fill_header(page, 0, "X-A", "{{ ticket.idd }} {{ ticket.subject|upprcase }}")
    expect(page.locator("#problem-headers")).to_contain_text("Header 1: Line 1")
    expect(page.locator("#problem-headers")).to_contain_text("the nearest is upper")
    fill_header(page, 0, "X A", "1")
    name = page.locator('[name="header_name"]').first
    expect(name).to_have_attribute("aria-describedby", "problem-headers-1")
    field.fill("{{ ticket.")
    for place in ("headers", "url"):  # Both at once, each at its field.
        expect(page.locator(f"#problem-{place} p")).to_have_count(1)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(name).to_have_attribute("aria-invalid", "true")
    field.fill(f"{live_server.url}/emit-wrong")
    expect(problem).to_be_empty()
    expect(name).to_have_attribute("aria-invalid", "true")
    fill_header(page, 0, "X-A", "{{ ticket.subjekt }}")
    expect(page.locator("#preview")).to_contain_text("did you mean ticket.subject?")
    expect(page.locator("#problem-headers")).to_be_empty()
    expect(name).not_to_have_attribute("aria-invalid", "true")
    page.get_by_text("Your own ticket").click()
    page.locator("#ticket_text").fill("{bad")
    expect(page.locator("#ticket_text")).to_have_attribute("aria-invalid", "true")
    page.locator("#ticket_text").fill('{"id": 5}')
    expect(page.locator("#problem-ticket")).to_be_empty()


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("agent primary_email.email", 1),
        ("ticket[participants][0][person][primary_email][email]", 1),
        ("{{ ticket.agent.id }}", 1),
        ("nothing_like_it", 0),
    ],
)
def test_a_field_of_the_ticket_is_found_by_any_of_its_names(
    page: Page, live_server: LiveServer, words: str, count: int
) -> None:
    live_server.create_bin(f"emit-find-{count}-{len(words)}")
    page.goto(f"/emitter?to=emit-find-{count}-{len(words)}")
    page.get_by_text("Edit its fields").click()
    page.get_by_label("Filter the ticket's fields").fill(words)
    expect(page.locator("#ticket-fields .leaf:visible")).to_have_count(count)
    expect(page.locator("#ticket-fields [data-leaf-count]")).to_have_text(
        re.compile(rf"^{count} of \d+ fields$")
    )


def test_a_bins_test_webhook_is_a_delivery_and_the_bin_is_where_one_sends(
    page: Page, live_server: LiveServer
) -> None:
    live_server.create_bin("emit-to-me")
    live_server.create_bin("emit-newer")
    page.goto("/bins/emit-to-me")
    page.locator("#request").get_by_role("button", name="Send a test webhook").click()
    expect(page.locator("#request-title")).to_contain_text("/emit-to-me")
    page.get_by_role("navigation", name="Site").get_by_role("link", name="Emitter").click()
    expect(page.get_by_label("URL", exact=True)).to_have_value(f"{live_server.url}/emit-to-me")
    expect(page.locator("#deliveries")).to_contain_text("Test webhook of emit-to-me")
    page.locator("#ticket-fields > summary").click()
    leaves = page.locator(".ticket-tree .leaf:visible")
    page.get_by_role("searchbox", name="Filter the ticket's fields").fill("participants email boss")
    expect(leaves).to_have_count(1)
    expect(leaves.get_by_role("textbox")).to_have_value("boss@alllc.example.com")


def test_everything_works_without_a_script(new_page: NewPage, live_server: LiveServer) -> None:
    page = new_page(java_script_enabled=False)
    open_emitter(page, live_server, "emit-plain")
    fill_header(page, 0, "X-Mine", "1")
    page.get_by_role("button", name="Add a header").click()
    expect(page.locator('[name="header_name"]')).to_have_count(2)
    page.get_by_text("Edit its fields").click()
    page.get_by_label("ticket.date_created_ts", exact=True).fill("99")
    page.locator(".compose-buttons").get_by_role("button", name="Send").click()
    expect(page).to_have_url(re.compile("/emitter/deliveries/"))
    (request,) = captured(live_server, "emit-plain")
    assert request["headers"]["X-Mine"] == "1"
    assert request["ticket"]["date_created_ts"] == "99"


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_window(
    new_page: NewPage, live_server: LiveServer, width: int
) -> None:
    page = new_page(viewport={"width": width, "height": 740})
    open_emitter(page, live_server, f"emit-width-{width}")
    page.get_by_text("Edit its fields").click()
    send(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_an_edited_field_becomes_a_change_and_nothing_folds(
    page: Page, live_server: LiveServer
) -> None:
    open_emitter(page, live_server, "emit-tree")
    page.get_by_text("Edit its fields").click()
    page.locator('details[data-path="ticket.agent"] > summary').click()
    page.get_by_label("ticket.agent.timezone", exact=True).fill("Zoë")
    page.get_by_role("button", name="Remove ticket.subject", exact=True).click()
    paths = page.locator('[name="change_path"]')
    expect(paths).to_have_count(3)
    assert [paths.nth(index).input_value() for index in range(3)] == [
        "ticket.agent.timezone", "ticket.subject", "",
    ]  # fmt: skip
    expect(page.get_by_label("ticket.agent.timezone", exact=True)).to_be_visible()
    expect(page.get_by_label("ticket.subject", exact=True)).to_have_count(0)
    page.locator("#source").select_option("macro")
    expect(page.locator("#preview .body")).to_contain_text("Zo%C3%AB")
    send(page)
    (request,) = captured(live_server, "emit-tree")
    assert request["ticket"]["agent"]["timezone"] == "Zoë"
    assert "subject" not in request["ticket"]


def test_a_capture_is_edited_and_sent_again(page: Page, live_server: LiveServer) -> None:
    bin_url = live_server.create_bin("again")
    target = live_server.create_bin("again-to")
    body = b'{"a": "\xc3\xa9"}\r\n\tlast'
    requests.post(f"{bin_url}/gh?x=1", data=body, headers={"X-GitHub-Event": "push"}, timeout=10)
    (request,) = captured(live_server, "again")
    page.goto(f"/bins/again/requests/{request['id']}")
    page.get_by_label("This request").locator("summary", has_text="More").click()
    page.get_by_role("link", name="Edit and send again").click()
    page.get_by_label("URL").fill(target)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("sent there for the first time")).to_be_visible()
    page.get_by_role("link", name="Change and send").click()
    expect(page.get_by_label("URL")).to_have_value(target)
    page.get_by_label("Body").fill("changed")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("compared with the last to this URL: same")).to_be_visible()
    expect(page.get_by_text("sent changed, 7 bytes instead of")).to_be_visible()
    page.goto(f"/bins/again/requests/{request['id']}")
    page.keyboard.press("r")
    replayed = page.locator("#replayed")
    expect(replayed).to_contain_text("200 OK")
    expect(replayed).to_contain_text("compared with the last to this URL: same")
    page.goto("/bins/again/replay?q=method:POST")
    page.get_by_role("button", name="Send all that match").click()
    expect(page.locator("#run-title")).to_have_text("Done: 1 sent, 0 failed")
    first, second, *others = captured(live_server, "again-to")
    assert [b64decode(each["body_base64"]) for each in (first, *others)] == [body] * 3
    assert first["path"] == "/again-to/gh"
    assert ["X-GitHub-Event", "push"] in first["raw_headers"]
    assert second["body"] == "changed"
