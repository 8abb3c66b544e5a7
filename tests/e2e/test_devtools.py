"""A browser's own tools import our archive: Chromium's, by the code that its menu calls."""

from __future__ import annotations

from typing import Any

import requests
from playwright.sync_api import Browser, Error

from tests.machine import skip_without
from tests.servers import LiveServer

HERE = "devtools://devtools/bundled"
LOAD = f'async () => {{ await import("{HERE}/models/har/har.js"); }}'
IMPORT = f"""async (archive) => {{
    const har = await import("{HERE}/models/har/har.js");
    const {{log}} = new har.HARFormat.HARRoot(archive);
    const found = har.Importer.Importer.requestsFromHARLog(log);
    return Promise.all(found.map(async (each) => [
        each.requestMethod, each.url(), each.requestHeaderValue("X-Own"),
        await each.requestFormData(),
    ]));
}}"""


def test_chromiums_tools_import_an_archive(
    browser_with_windows: Browser, live_server: LiveServer
) -> None:
    url = live_server.create_bin()
    sent = [("POST", "", b"ticket[id]=5"), ("PUT", "/a%2Fb?x=1&x=%26", b"\x00\xff")]
    for method, below, body in sent:
        requests.request(method, url + below, data=body, headers={"X-Own": below}, timeout=10)
    archive: Any = live_server.get_json(f"/api/v1/bins/{url.rpartition('/')[2]}/export?format=har")
    with browser_with_windows.new_context() as context:
        page = context.new_page()
        try:
            page.goto(f"{HERE}/devtools_app.html")
            page.evaluate(LOAD)
        except Error as error:
            skip_without(f"A Chromium with such tools ({error.message[:100]})", "chromium")
        found = page.evaluate(IMPORT, archive)
    assert found == [
        ["POST", url, "", "ticket[id]=5"],
        ["PUT", f"{url}/a%2Fb?x=1&x=%26", "/a%2Fb?x=1&x=%26", "AP8="],
    ]
