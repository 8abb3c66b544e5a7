"""A page of another origin, in a real browser, tries what it likes with the server, and fails.

It stands on another port of the same address (one site, two origins) and under
another name of this machine (two sites).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect

from inspector.domain.answers.answer import Answer, GivenAnswer
from tests.conftest import StartServer
from tests.emitter.receiver import Receiver
from tests.server.conftest import RunningServer, server, start_process
from tests.servers import LiveServer

__all__ = ["server", "start_process"]

MARK = "treasure-4f1c"
TOKEN = "opens-the-chest"

ATTACKS = """
async ([base, bin]) => {
  const found = {};
  const note = (name, value) => { found[name] = value; };
  const reach = async (name, path, options) => {
    try {
      const answer = await fetch(base + path, {credentials: "include", ...options});
      note(name, `${answer.type}: ${await answer.text()}`);
    } catch (error) { note(name, "refused"); }
  };
  const bins = "/api/v1/bins", requests = `${bins}/${bin}/requests`;
  for (const path of [bins, `${bins}/${bin}`, requests, `${requests}/wait?after=0&timeout=1`,
                      `${requests}?format=har`, `${bins}/${bin}/export`, `/bins/${bin}`, "/",
                      "/metrics", "/api/v1/deliveries"]) {
    await reach(`read ${path}`, path);
    await reach(`read blindly ${path}`, path, {mode: "no-cors"});
  }
  const form = new URLSearchParams({name: "planted", url: `${base}/${bin}`, secret: "x"});
  const action = JSON.stringify({action: {url: `${base}/${bin}`, method: "POST"}, name: "planted"});
  const bodies = {form, json: new Blob([action], {type: "application/json"}),
                  "text that is json": new Blob([action], {type: "text/plain"})};
  for (const [kind, body] of Object.entries(bodies))
    for (const mode of ["cors", "no-cors"])
      for (const path of [bins, "/bins", "/api/v1/deliveries", "/emitter", `/bins/${bin}/test`,
                          `/bins/${bin}/clear`, `/bins/${bin}/delete`, `${requests}/1-1/replay`])
        await reach(`post ${kind} ${mode} ${path}`, path, {method: "POST", body, mode});
  for (const method of ["DELETE", "PATCH", "PUT"])
    for (const path of [`${bins}/${bin}`, requests, `${requests}/1-1`])
      await reach(`${method} ${path}`, path, {method, body: method === "DELETE" ? null : action});
  navigator.sendBeacon(`${base}/bins`, form);

  const settle = (name, element, add = true) => new Promise(done => {
    element.onload = () => { note(name, "loaded"); done(); };
    element.onerror = () => { note(name, "refused"); done(); };
    setTimeout(() => { found[name] ??= "silent"; done(); }, 4000);
    if (add) document.body.append(element);
  });
  const make = (tag, fields) => Object.assign(document.createElement(tag), fields);
  await settle("script", make("script", {src: base + requests}));
  await settle("style", make("link", {rel: "stylesheet", href: `${base}/bins/${bin}`}));
  await settle("image", make("img", {src: `${base}/static/logo.svg`}));
  const listen = path => new Promise(done => {
    const source = new EventSource(base + path, {withCredentials: true});
    const name = `listen ${path}`;
    source.onopen = () => { note(name, "opened"); };
    source.onerror = () => { found[name] ??= "refused"; source.close(); done(); };
    setTimeout(() => { found[name] ??= "silent"; source.close(); done(); }, 4000);
  });
  await listen(`${bins}/${bin}/events?after=0`);
  await listen(`/bins/${bin}/stream?after=0`);
  return found;
}
"""

FORMS = """
([base, bin]) => {
  for (const path of ["/bins", "/api/v1/bins", "/api/v1/deliveries", `/bins/${bin}/delete`,
                      `/bins/${bin}/clear`, `/bins/${bin}/test`, "/emitter", "/logout"]) {
    const frame = document.createElement("iframe");
    frame.name = path;
    const form = document.createElement("form");
    Object.assign(form, {method: "post", action: base + path, target: path});
    form.innerHTML = '<input name="name" value="planted">';
    document.body.append(frame, form);
    form.submit();
  }
  for (const path of [`/bins/${bin}`, `/bins/${bin}/requests/1-1`, `/api/v1/bins/${bin}/requests`,
                      `/bins/${bin}/delete`, "/"])
    document.body.append(Object.assign(document.createElement("iframe"), {src: base + path}));
}
"""


EMPTY = b"<!doctype html><title>hostile</title><body>"
STAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (
    len(EMPTY),
    EMPTY,
)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Nobody watches its console: refusals are what it is for."""
    context = browser.new_context()
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture(params=["127.0.0.1", "localhost"])
def hostile_page(request: pytest.FixtureRequest, context: BrowserContext) -> Iterator[Page]:
    with Receiver(otherwise=STAGE) as stage:
        page = context.new_page()
        page.goto(f"http://{request.param}:{stage.port}/")
        yield page
        page.close()


@pytest.fixture(scope="module")
def chest_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with LiveServer(tmp_path_factory.mktemp("chest"), ("--bin", "chest")) as server:
        answer = requests.post(f"{server.url}/chest", data={"ticket[id]": MARK}, timeout=30)
        assert answer.text == "ok\n"
        yield server


@pytest.fixture
def treasury(chest_server: LiveServer) -> LiveServer:
    """A server with a bin that holds one request with the treasure."""
    found = chest_server.get_json("/api/v1/bins/chest/requests")
    assert found[-1]["id"] == "1-1"
    for each in found[:-1]:  # those that other tests have sent
        requests.delete(f"{chest_server.url}/api/v1/bins/chest/requests/{each['id']}", timeout=30)
    return chest_server


def assert_untouched(server: LiveServer) -> None:
    assert [each["name"] for each in server.get_json("/api/v1/bins")] == ["chest"]
    (kept,) = server.get_json("/api/v1/bins/chest/requests")
    assert kept["ticket"] == {"id": MARK}
    assert server.get_json("/api/v1/deliveries") == []


def test_a_hostile_page_reads_creates_emits_and_hears_nothing(
    hostile_page: Page, treasury: LiveServer
) -> None:
    found: dict[str, str] = hostile_page.evaluate(ATTACKS, [treasury.url, "chest"])
    assert len(found) > 80
    assert {name: what for name, what in found.items() if what != "refused"} == {}
    assert_untouched(treasury)


def test_no_form_and_no_frame_of_a_hostile_page_gets_anywhere(
    hostile_page: Page, treasury: LiveServer
) -> None:
    hostile_page.evaluate(FORMS, [treasury.url, "chest"])
    hostile_page.wait_for_load_state("networkidle")
    assert len(hostile_page.frames) == 14
    for frame in hostile_page.frames:
        assert MARK not in frame.content()
        assert "chest" not in frame.locator("body").inner_text()
    assert_untouched(treasury)


def test_a_window_that_a_hostile_page_opens_is_out_of_its_reach(
    hostile_page: Page, treasury: LiveServer
) -> None:
    """A link may be followed, which shows the user a page, and the other page nothing."""
    with hostile_page.context.expect_page() as opening:
        hostile_page.evaluate(
            "url => { window.prey = window.open(url); }", f"{treasury.url}/bins/chest"
        )
    opened = opening.value
    expect(opened.get_by_role("heading", name="chest")).to_be_visible()
    assert opened.evaluate("window.opener") is None
    assert hostile_page.evaluate("window.prey.closed") is True
    assert_untouched(treasury)


def test_a_hostile_page_may_send_webhooks(hostile_page: Page, treasury: LiveServer) -> None:
    """As anyone may; and so it is not for want of a way that all else fails."""
    ping = "url => fetch(url, {method: 'POST', mode: 'no-cors'}).then(a => a.type)"
    assert hostile_page.evaluate(ping, f"{treasury.url}/chest/ping") == "opaque"
    assert treasury.get_json("/api/v1/bins/chest")["request_count"] == 2
    read = "url => fetch(url, {method: 'POST'}).then(() => 'read', () => 'refused')"
    assert hostile_page.evaluate(read, f"{treasury.url}/chest/ping") == "refused"


class Fixed:
    """A bin's answer that is always the same."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def note(self, number: int) -> None:
        pass

    def note_given(self, number: int, given: GivenAnswer) -> None:
        pass

    def choose(self, number: int, raw_head: bytes, tell: Callable[[Answer], None]) -> Answer:
        return self.answer


SCRIPT = """<title>harmless</title><script>
    document.title = "ran";
    fetch("/api/v1/bins").then(a => a.text()).then(text => { document.title = text; });
    navigator.serviceWorker?.register("/b1/worker.js");
    </script>"""
REACHING = (
    ("Set-Cookie", "planted=1"),
    ("Service-Worker-Allowed", "/"),
    ("Clear-Site-Data", '"*"'),
    ("Content-Security-Policy", "default-src * 'unsafe-inline'"),
    ("Strict-Transport-Security", "max-age=31536000"),
)


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("text/html", SCRIPT),
        ("image/svg+xml", f'<svg xmlns="http://www.w3.org/2000/svg">{SCRIPT}</svg>'),
        ("text/xml", f'<html xmlns="http://www.w3.org/1999/xhtml"><head>{SCRIPT}</head></html>'),
    ],
)
def test_what_a_bin_answers_cannot_act_on_our_pages(
    context: BrowserContext, server: RunningServer, media_type: str, body: str
) -> None:
    """An answer is of our origin by its URL; its sandbox takes that from it."""
    answer = Answer(headers=(("Content-Type", media_type), *REACHING), body=body.encode())
    server.process.answer_by(1, Fixed(answer))
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{server.port}/b1")
    page.wait_for_timeout(100)
    assert page.title() in ("harmless", "")
    assert context.cookies() == []
    page.goto(f"http://127.0.0.1:{server.port}/")  # no https yet, and nobody in between
    workers = "navigator.serviceWorker.getRegistrations().then(found => found.length)"
    assert page.evaluate(workers) == 0
    page.close()


LOAD_SCRIPT = """url => new Promise(settle => {
  const script = document.createElement("script");
  script.src = url;
  script.onload = () => settle("ran");
  script.onerror = () => settle("refused");
  document.head.append(script);
})"""


def test_what_a_bin_answers_passes_for_no_script_of_ours(
    context: BrowserContext, server: RunningServer
) -> None:
    headers = (("Content-Type", "text/javascript"),)
    server.process.answer_by(1, Fixed(Answer(headers=headers, body=b"document.title = 'ran'")))
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{server.port}/bins/b1")
    assert page.evaluate(LOAD_SCRIPT, "/b1") == "refused"
    assert page.title() != "ran"
    assert page.evaluate("typeof htmx") == "object"  # those of the page itself run
    page.close()


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("text/html", "<script>document.title='ran'</script>"),
        ("image/svg+xml", '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
        ("text/xml", '<a xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></a>'),
        ("application/pdf", "%PDF-1.4 javascript"),
    ],
)
def test_captured_documents_are_downloaded_and_never_shown(
    context: BrowserContext, treasury: LiveServer, media_type: str, body: str
) -> None:
    requests.post(f"{treasury.url}/chest", body, headers={"Content-Type": media_type}, timeout=10)
    newest = treasury.get_json("/api/v1/bins/chest/requests")[0]
    page = context.new_page()
    page.goto(f"{treasury.url}/bins/chest/requests/{newest['id']}")
    with page.expect_download() as downloading:
        page.evaluate(
            "id => { location.href = `/api/v1/bins/chest/requests/${id}/body` }", newest["id"]
        )
    assert downloading.value.suggested_filename == f"chest-{newest['number']}.bin"
    assert page.url.endswith(f"/requests/{newest['id']}")
    assert page.title() != "ran"


def test_the_token_opens_by_a_form_and_a_link_elsewhere_then_works(
    context: BrowserContext, start_server: StartServer
) -> None:
    server = start_server("--bin", "chest", INSPECTOR_TOKEN=TOKEN)
    page = context.new_page()
    page.goto(f"{server.url}/bins/chest")
    page.get_by_label("Token").fill("wrong-token")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_text("This is not the access token.")).to_be_visible()
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Open").click()
    expect(page).to_have_url(f"{server.url}/bins/chest")
    expect(page.get_by_role("heading", name="chest")).to_be_visible()
    assert TOKEN not in page.content()
    # The reader's time zone is the other one.
    (cookie,) = [each for each in context.cookies() if each["name"] != "zone"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    with Receiver(otherwise=STAGE) as stage:
        page.goto(f"http://localhost:{stage.port}/")
        page.evaluate("url => { location.href = url; }", f"{server.url}/bins/chest")
        expect(page.get_by_role("heading", name="chest")).to_be_visible()
        found: dict[str, str] = page.evaluate(
            "url => fetch(url).then(a => a.json())", "/api/v1/bins/chest"
        )
        assert found["name"] == "chest"
        # A page of another port is of this site, and the browser sends it our cookie.
        page.goto(f"http://127.0.0.1:{stage.port}/")
        stolen = page.evaluate(ATTACKS, [server.url, "chest"])
        assert set(stolen.values()) == {"refused"}


def test_a_private_bin_is_made_and_opened_in_the_page(
    browser: Browser, context: BrowserContext, start_server: StartServer
) -> None:
    server = start_server("--bin", "chest")
    page = context.new_page()
    page.goto(server.url)
    page.get_by_label("Name of the new bin").fill("hushed")
    page.get_by_label("Private").check()
    page.get_by_role("button", name="Create bin").click()
    secret = page.locator("#secret").inner_text()
    page.get_by_role("link", name="Open the bin").click()
    expect(page).to_have_url(f"{server.url}/bins/hushed")
    other = browser.new_context()
    stranger = other.new_page()
    stranger.goto(f"{server.url}/bins/hushed")
    stranger.get_by_label("Secret").fill(secret)
    stranger.get_by_role("button", name="Open").click()
    expect(stranger).to_have_url(f"{server.url}/bins/hushed")
    requests.post(f"{server.url}/hushed", data={"ticket[subject]": MARK}, timeout=10)
    expect(stranger.get_by_text(MARK).first).to_be_visible()  # by the stream
    assert secret not in stranger.content()
    other.close()
