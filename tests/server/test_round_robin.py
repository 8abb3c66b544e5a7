"""Two servers on one PostgreSQL that take turns: what one began is seen and ended at the other."""

from __future__ import annotations

import itertools
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from inspector.settings import Settings
from inspector.storage.database import told_runs
from tests.emitter.receiver import OK, Receiver
from tests.server.conftest import RunningServer, wait_for
from tests.servers import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.process, pytest.mark.postgres]

TOKEN = "a-token-for-tests-0123456789"
NAME = {"Host": "hooks.example.com"}
DEADLINE_S = 30
SERIES = {
    "name": "Mine", "source": "trigger", "method": "POST", "do": "series", "count": "1000",
    "rate": "10",
}  # fmt: skip


def test_a_login_holds_at_both_and_what_it_did_is_in_the_log(
    postgresql_database: str, tmp_path: Path
) -> None:
    """Each has a data directory of its own, as on two machines."""
    flags = ("--database", postgresql_database, "--token", TOKEN, "--host-name",
             "hooks.example.com", "--bin", "b1", "--log-level", "info")  # fmt: skip
    with ExitStack() as stack:
        servers = [
            stack.enter_context(LiveServer(tmp_path / name, flags)) for name in ("here", "there")
        ]

        def ask(server: LiveServer, method: str, path: str, **more: Any) -> requests.Response:
            return requests.request(
                method, f"{server.url}{path}", headers=NAME | more.pop("headers", {}),
                timeout=DEADLINE_S, allow_redirects=False, **more,
            )  # fmt: skip

        here, there = servers
        assert ask(here, "POST", "/login", data={"token": "wrong"}).status_code == 401
        login = ask(here, "POST", "/login", data={"token": TOKEN})
        assert login.status_code == 303
        cookie = {"Cookie": login.headers["Set-Cookie"].partition(";")[0]}
        asked = [
            ask(server, "GET", "/bins/b1", headers=cookie).status_code
            for server in itertools.islice(itertools.cycle((there, here)), 6)
        ]
        assert asked == [200] * 6  # where it was 401 200 401 200
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        assert ask(there, "DELETE", "/api/v1/bins/b1", headers=bearer).status_code == 204
        time = r"(?m)^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d.*"
        wait_for(lambda: re.search(f"{time}wrong token or secret came from", here.output))
        wait_for(lambda: re.search(f"{time}bin_deleted b1 by token", there.output))


@pytest.fixture
def two(postgresql_database: str, tmp_path: Path) -> Iterator[tuple[RunningServer, ...]]:
    servers = tuple(
        RunningServer(
            Settings(port=0, data_dir=tmp_path / name, bins=("b1",), database=postgresql_database)
        )
        for name in ("here", "elsewhere")
    )
    yield servers
    for each in servers:
        each.process.stop()


def begin_series(server: RunningServer, receiver: Receiver) -> str:
    """A series of 1,000 at 10 a second; gives the path of its page."""
    answer = requests.post(
        f"http://127.0.0.1:{server.port}/emitter", data=SERIES | {"url": receiver.url},
        allow_redirects=False, timeout=DEADLINE_S,
    )  # fmt: skip
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def post(server: RunningServer, path: str, json: object = None) -> Any:
    url = f"http://127.0.0.1:{server.port}{path}"
    answer = requests.post(url, json=json, timeout=DEADLINE_S)
    assert answer.ok, answer.text
    return answer


def page_of(server: RunningServer, path: str) -> str:
    status, text = server.get(path)
    assert status == 200, text
    return " ".join(text.split())


def test_a_series_is_shown_and_stopped_at_the_other(two: tuple[RunningServer, ...]) -> None:
    here, elsewhere = two
    with Receiver() as receiver:
        path = begin_series(here, receiver)
        assert "Running: " in page_of(elsewhere, path)
        wait_for(lambda: re.search(r"Running: [1-9]\d* of 1,000", page_of(elsewhere, path)))
        for each in two:
            assert f'href="{path}"' in page_of(each, "/emitter")
        post(elsewhere, f"{path}/stop")
        wait_for(lambda: "Stopped: " in page_of(here, path) or None)
        wait_for(lambda: "Stopped: " in page_of(elsewhere, path) or None)
        sent = len(receiver.requests)
        assert 0 < sent < 1000
        found = re.search(r"Stopped: (\d+) of", page_of(elsewhere, path))
        assert found is not None
        assert int(found[1]) == sent
        draft = page_of(elsewhere, f"/emitter?series={path.rpartition('/')[2]}")
        assert 'name="count" value="1000"' in draft
        assert receiver.url in draft


def test_replays_are_shown_and_stopped_at_the_other(two: tuple[RunningServer, ...]) -> None:
    here, elsewhere = two
    for number in range(30):
        post(here, "/b1", {"n": number})
    api = "/api/v1/bins/b1/replay"
    with Receiver() as receiver:
        begun = post(here, api, {"url": receiver.url, "rate": 4}).json()
        path = f"{api}/{begun['id']}"

        def look(server: RunningServer) -> dict[str, Any]:
            found: dict[str, Any] = requests.get(
                f"http://127.0.0.1:{server.port}{path}", timeout=DEADLINE_S
            ).json()
            return found

        first = look(elsewhere)
        assert (first["running"], first["total"], first["url"]) == (True, 30, begun["url"])
        wait_for(lambda: look(elsewhere)["sent"] or None)
        assert "Running" in page_of(elsewhere, f"/bins/b1/replay/{begun['id']}")
        assert post(elsewhere, f"{path}/stop").json()["id"] == begun["id"]
        for each in (here, elsewhere):
            wait_for(lambda each=each: not look(each)["running"] or None)  # type: ignore[misc]
            assert look(each)["stopped"]
        assert look(elsewhere)["sent"] == len(receiver.requests) < 30
        assert look(elsewhere)["statuses"] == {"200": len(receiver.requests)}


def test_a_delivery_that_takes_its_time_is_shown_and_stopped_at_the_other(
    two: tuple[RunningServer, ...],
) -> None:
    here, elsewhere = two
    go_on = threading.Event()

    def answer_late(connection: socket.socket) -> None:
        go_on.wait(DEADLINE_S)
        connection.sendall(OK)

    form = {"name": "Mine", "source": "trigger", "method": "POST", "do": "send"}
    with Receiver(answer_late, answer_late) as receiver:
        url = f"http://127.0.0.1:{here.port}/emitter"
        paths = []
        for _ in range(2):
            given = form | {"url": receiver.url}
            sent = requests.post(url, data=given, allow_redirects=False, timeout=DEADLINE_S)
            paths.append(sent.headers["Location"])
        for path in paths:
            assert "/under-way/" in path
            assert receiver.url in page_of(elsewhere, path)
        post(elsewhere, f"{paths[0]}/stop")
        go_on.set()
        for path in paths:
            wait_for(lambda path=path: elsewhere.get(path)[0] == 303 or None)  # type: ignore[misc]
            kept = requests.get(f"http://127.0.0.1:{elsewhere.port}{path}", timeout=DEADLINE_S)
            assert re.search(r"/emitter/deliveries/\d+$", kept.url)
            assert kept.status_code == 200
    assert elsewhere.get("/emitter/under-way/nobody")[0] == 404


def test_a_series_of_a_server_that_was_killed_runs_no_more(
    two: tuple[RunningServer, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = two
    with Receiver() as receiver:
        path = begin_series(here, receiver)
        assert "Running: " in page_of(elsewhere, path)
        monkeypatch.setattr(told_runs, "LOST_AFTER_S", -1.0)  # as if it had told nothing since
        assert "Stopped: " in page_of(elsewhere, path)
        assert "Running: " in page_of(here, path)


def test_only_the_newest_runs_are_remembered_and_none_is_copied(
    two: tuple[RunningServer, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told_runs, "MAX_TOLD", 2)
    here, elsewhere = two
    with Receiver() as receiver:
        paths = []
        for _ in range(4):
            paths.append(begin_series(here, receiver))
            post(here, f"{paths[-1]}/stop")
            wait_for(lambda: "Stopped: " in page_of(elsewhere, paths[-1]) or None)
        assert [elsewhere.get(path)[0] for path in paths] == [404, 404, 200, 200]
        assert [here.get(path)[0] for path in paths] == [200] * 4
