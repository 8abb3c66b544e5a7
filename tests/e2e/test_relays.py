"""A program behind a bin: set up in the page, watched live, and sent what it missed."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests
from playwright.sync_api import expect

from tests.e2e.conftest import NewPage
from tests.emitter.receiver import OK, Receiver, answer
from tests.servers import LiveServer

DEADLINE_S = 60


def send(url: str) -> requests.Response:
    return requests.post(f"{url}/hook", json={"a": 1}, timeout=DEADLINE_S)


def test_what_the_program_says_is_seen_live(new_page: NewPage, live_server: LiveServer) -> None:
    url = live_server.create_bin("relayed")
    release = threading.Event()

    def wait(sock: socket.socket) -> None:
        release.wait(DEADLINE_S)
        sock.sendall(answer(201, body=b"<b>made</b>"))

    page = new_page()
    with Receiver(OK, wait) as program, ThreadPoolExecutor(1) as pool:
        page.goto("/bins/relayed")
        page.get_by_role("link", name="Relay", exact=True).click()
        page.get_by_label("URL of your program").fill(f"{program.url}/base")
        page.get_by_role("button", name="Start relaying").click()
        expect(page.get_by_role("button", name="Stop relaying")).to_be_visible()
        page.goto("/bins/relayed")
        assert send(url).text == "ok\n"
        expect(page.locator("#r1")).to_contain_text("program 200 in")
        second = pool.submit(send, url)
        expect(page.locator("#r2")).to_contain_text("being passed on")
        page.locator("#r2 .row-link").click()
        expect(page.locator("#relay")).to_contain_text("Being passed on")
        release.set()
        expect(page.locator("#relay")).to_contain_text("Your program said 201 in")
        expect(page.locator("#r2 .row-status")).to_have_text("201")
        expect(page.locator("#answer")).to_contain_text("<b>made</b>")
        assert second.result(DEADLINE_S).status_code == 201
        assert program.requests[0].startswith(b"POST /base/hook HTTP/1.1\r\n")


def test_a_cookie_that_did_not_go_back_is_said_and_allowed_in_the_page(
    new_page: NewPage, live_server: LiveServer
) -> None:
    url = live_server.create_bin("cookies")
    page = new_page(java_script_enabled=False)
    reply = answer(200, "Set-Cookie: a=1", "Content-Security-Policy: default-src 'none'")
    with Receiver(reply, reply) as program:
        page.goto("/bins/cookies/relay")
        page.get_by_label("URL of your program").fill(program.url)
        page.get_by_role("button", name="Start relaying").click()
        assert "Set-Cookie" not in send(url).headers
        page.goto("/bins/cookies")
        page.locator("#r1 .row-link").click()
        expect(page.locator("#withheld")).to_contain_text(
            "Set-Cookie, Content-Security-Policy did not go back to the sender"
        )
        page.get_by_role("link", name="Allow that").click()
        page.get_by_label("Allow headers like Set-Cookie").check()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_label("Allow headers like Set-Cookie")).to_be_checked()
        assert send(url).headers["Set-Cookie"] == "a=1"
        page.goto("/bins/cookies")
        page.locator("#r2 .row-link").click()
        expect(page.locator("#relay")).to_contain_text("Your program said 200")
        expect(page.locator("#withheld")).to_have_count(0)


def test_without_scripts_what_was_missed_is_sent_when_the_program_is_back(
    new_page: NewPage, live_server: LiveServer
) -> None:
    url = live_server.create_bin("missed")
    page = new_page(java_script_enabled=False)
    page.goto("/bins/missed/relay")
    page.get_by_label("URL of your program").fill("http://127.0.0.1:1/")
    page.get_by_role("button", name="Start relaying").click()
    assert send(url).status_code == 502
    page.reload()
    expect(page.locator(".times")).to_contain_text("the connection was refused")
    with Receiver() as program:
        page.get_by_label("URL of your program").fill(program.url)
        page.get_by_role("button", name="Save").click()
        page.get_by_role("button", name="Send it now").click()
        deadline = time.monotonic() + DEADLINE_S
        while not page.get_by_text("1 sent, 1 answered").count():
            assert time.monotonic() < deadline, page.locator("main").inner_text()
            page.reload()
        expect(page.locator(".times")).to_contain_text("200")
        assert len(program.requests) == 1
        page.get_by_role("button", name="Stop relaying").click()
        assert send(url).text == "ok\n"
