"""A page on one server follows what is done at another that has the same database."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import expect

from tests.e2e.conftest import NewPage, Watch
from tests.e2e.senders import send_many
from tests.e2e.test_live import ROW
from tests.e2e.test_removals import COUNT, delete
from tests.server.test_instances import pooler, straight
from tests.servers import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.process, pytest.mark.postgres]

Way = Callable[[str], AbstractContextManager[str]]


@pytest.fixture(params=[straight, pooler])
def way(request: pytest.FixtureRequest) -> Way:
    chosen: Way = request.param
    return chosen


@pytest.fixture
def two(postgresql_database: str, tmp_path: Path, way: Way) -> Iterator[list[LiveServer]]:
    plain = postgresql_database.replace("postgresql+psycopg:", "postgresql:")
    with ExitStack() as stack:
        url = stack.enter_context(way(plain))
        flags = ("--database", url, "--bin", "b1", "--quiet")
        yield [stack.enter_context(LiveServer(tmp_path / each, flags)) for each in ("a", "b")]


def test_a_page_here_follows_all_that_is_done_elsewhere(
    two: list[LiveServer], new_page: NewPage, watch: Watch, way: Way
) -> None:
    here, elsewhere = two
    watch.origins.add(urlsplit(here.url).netloc)
    api = f"{elsewhere.url}/api/v1/bins/b1"
    send_many(f"{elsewhere.url}/b1", 3)
    page = new_page(base_url=here.url)
    page.goto("/bins/b1")
    expect(page.locator(".live")).to_have_text("live")
    expect(page.locator(ROW)).to_have_count(3)
    took = []
    for number in range(4, 11):
        requests.post(f"{elsewhere.url}/b1", data="a=1", timeout=60)
        began = time.monotonic()
        page.locator(f"{ROW}[data-number='{number}']").wait_for()
        took.append(time.monotonic() - began)
    print(f"{way.__name__}: median {statistics.median(took) * 1000:.0f} ms")
    if way is straight:  # polling would take a second
        assert statistics.median(took) < 0.9
    expect(page.locator(COUNT)).to_have_text("10")

    row = page.locator(f"{ROW}[data-number='9']")
    row.locator(".row-link").click()
    expect(page.locator("#request")).to_have_attribute("data-number", "9")
    marked = requests.patch(
        f"{api}/requests/9", json={"note": "of a colleague", "pinned": True}, timeout=60
    )
    assert marked.status_code == 200
    expect(row).to_contain_text("of a colleague")
    expect(row.locator("svg, .pin").first).to_be_visible()
    expect(page.locator("#request")).to_contain_text("of a colleague")

    delete(elsewhere, "b1/requests/9")
    expect(row).to_have_count(0)
    expect(page.locator(COUNT)).to_have_text("9")
    expect(page.get_by_role("status")).to_contain_text("#9 was deleted")

    # Rules that are changed there answer here, at once.
    rules = {"rules": [{"answers": [{"status": 202}]}]}
    assert requests.put(f"{api}/answers", json=rules, timeout=60).status_code == 200
    assert requests.post(f"{here.url}/b1", data="a=1", timeout=60).status_code == 202

    delete(elsewhere, "b1/requests")
    expect(page.locator(ROW)).to_have_count(0)
    expect(page.locator(COUNT)).to_have_text("0")
    # What is fetched after the news of the one may meet the other.
    watch.forgive(r"404 .*/bins/b1")
    delete(elsewhere, "b1")
    expect(page.get_by_role("status")).to_contain_text("This bin was deleted")
