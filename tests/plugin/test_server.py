"""The server of tests without pytest's fixtures."""

import gc
import os
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

import pytest
import requests

from inspector.errors import InspectorError
from inspector.testing import Deskpro, InspectorServer


def test_it_works_in_unittest() -> None:
    class ReceiverTest(unittest.TestCase):
        inspector: InspectorServer

        @classmethod
        def setUpClass(cls) -> None:
            cls.inspector = cls.enterClassContext(InspectorServer())

        def test_a_ticket_arrives(self) -> None:
            bin_ = self.inspector.create_bin()
            Deskpro().send(bin_.url, set={"ticket.id": 5})
            assert bin_.wait().at("ticket.id") == "5"

        def test_one_that_does_not(self) -> None:
            self.inspector.create_bin().wait(timeout=0)

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(ReceiverTest).run(result)
    assert (result.testsRun, result.errors) == (2, [])
    ((test, text),) = result.failures
    assert test.id().endswith("test_one_that_does_not")
    assert "Nothing arrived at http://127.0.0.1:" in text


def test_it_can_be_used_only_while_it_runs() -> None:
    server = InspectorServer()
    with pytest.raises(RuntimeError, match="with statement"):
        server.create_bin()
    with server:
        bin_ = server.create_bin()
        requests.post(bin_.url, data="1", timeout=10)
        assert bin_.last is not None
        with pytest.raises(RuntimeError, match="runs already"):
            server.start()
    assert [each.text for each in bin_.requests] == ["1"], "what was seen can still be looked at"
    with pytest.raises(RuntimeError):
        bin_.wait(timeout=0)
    server.stop()


def test_it_can_be_started_again() -> None:
    server = InspectorServer()
    for _ in range(2):
        with server:
            bin_ = server.create_bin("same-name")
            assert requests.post(bin_.url, timeout=10).status_code == 200
            assert len(bin_.requests) == 1


def test_bins_have_names_that_tell_or_those_that_are_asked_for() -> None:
    with InspectorServer() as server:
        label = "test_Ünïcode[a/b-" + "x" * 100 + "]"
        names = {server.create_bin(label=label).name for _ in range(3)}
        assert len(names) == 3
        assert all(name.startswith("test-n-code-a-b-xxx") for name in names)
        assert server.create_bin("deskpro").name == "deskpro"
        with pytest.raises(InspectorError, match="already"):
            server.create_bin("deskpro")
        with pytest.raises(InspectorError, match="The server uses api itself"):
            server.create_bin("api")
        private = server.create_bin(private=True)
        assert private.secret
        assert requests.post(private.url, timeout=10).status_code == 200
        assert len(private.requests) == 1


def test_urls_below_a_bin() -> None:
    with InspectorServer() as server:
        bin_ = server.create_bin("deskpro")
        assert bin_.url == f"{server.url}/deskpro"
        assert bin_.url_for("") == bin_.url
        assert bin_.url_for("a?b=1") == bin_.url_for("/a?b=1") == f"{bin_.url}/a?b=1"
        assert requests.get(bin_.inspect_url, timeout=60).status_code == 200


def test_what_was_captured_outlives_the_server_in_a_folder_that_was_given(tmp_path: Path) -> None:
    for number in (1, 2):
        with InspectorServer(data_dir=tmp_path) as server:
            bin_ = server.create_bin(f"run-{number}")
            requests.post(bin_.url, data=str(number), timeout=10)
            bins = requests.get(f"{server.url}/api/v1/bins", timeout=60).json()
    assert [(each["name"], each["request_count"]) for each in bins] == [("run-2", 1), ("run-1", 1)]
    assert [each.name for each in tmp_path.iterdir()] == ["inspector.sqlite3"]


def test_a_failed_answer_is_raised_on_leaving() -> None:
    server = InspectorServer()
    server.__enter__()
    bin_ = server.create_bin()
    bin_.respond_with(lambda request: 1 // 0)
    for _ in range(2):
        requests.post(bin_.url, timeout=10)
    with pytest.raises(ZeroDivisionError) as caught:
        server.__exit__(None, None, None)
    assert caught.value.__notes__ == [
        f"Raised while answering request #1 to {bin_.url}",
        "1 more were raised by functions that answer.",
    ]


def test_an_error_of_the_test_itself_is_not_replaced() -> None:
    server = InspectorServer()
    server.__enter__()
    bin_ = server.create_bin()
    bin_.respond_with(lambda request: 1 // 0)
    requests.post(bin_.url, timeout=10)
    server.__exit__(KeyError, KeyError(), None)
    assert not server.is_running


def test_start_that_fails_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(InspectorError, match="Address already in use"):
        InspectorServer().start()
    assert list(tmp_path.iterdir()) == []


def count_descriptors() -> int:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="Linux says what is open")
def test_nothing_is_left_open_after_many_servers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def run_once() -> None:
        with InspectorServer() as server:
            bin_ = server.create_bin()
            bin_.respond_with(lambda request: 202)
            requests.post(bin_.url, timeout=10)
            # A connection that is kept alive, and one that says nothing, must not hold it up.
            session = requests.Session()
            session.get(bin_.url, timeout=10)
            port = int(server.url.rpartition(":")[2])
            silent = socket.create_connection(("127.0.0.1", port))
            bin_.wait(count=2)
        session.close()
        silent.close()

    run_once()
    threads, descriptors = threading.active_count(), count_descriptors()
    for _ in range(5):
        run_once()
    assert threading.active_count() == threads
    assert count_descriptors() <= descriptors
    assert list(tmp_path.iterdir()) == []


def test_two_servers_do_not_meet() -> None:
    with InspectorServer() as one, InspectorServer() as two:
        first, second = one.create_bin("same"), two.create_bin("same")
        requests.post(first.url, data="1", timeout=10)
        second.assert_none(within=0.05)
        assert requests.post(f"{two.url}/same/x", timeout=10).status_code == 200
        assert (len(first.requests), len(second.requests)) == (1, 1)


LAZY = """
import sys
import urllib.request
from inspector.testing import InspectorServer

with InspectorServer() as server:
    bin_ = server.create_bin()
    urllib.request.urlopen(bin_.url, b"ticket[id]=5").close()
    request = bin_.wait(headers={"Content-Type": str})
    assert request.ticket == {"id": "5"} and request.to_json(), request
    heavy = "flask werkzeug jinja2 sqlalchemy flask_sqlalchemy alembic click".split()
    print([name for name in heavy if name in sys.modules])
    with urllib.request.urlopen(bin_.inspect_url) as page:
        print(page.status)
    urllib.request.urlopen(bin_.url, b"ticket[id]=6").close()
    assert bin_.wait(after=request).number == 2
"""


@pytest.mark.slow
def test_captures_need_neither_flask_nor_sqlalchemy_and_pages_are_there_all_the_same() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LAZY], capture_output=True, text=True, check=False
    )
    assert (done.stderr, done.stdout) == ("", "[]\n200\n")


@pytest.mark.slow
def test_a_server_that_nobody_stops_leaves_no_file(tmp_path: Path) -> None:
    code = "from inspector.testing import InspectorServer\nInspectorServer().start()"
    environment = {**os.environ, "TMPDIR": str(tmp_path), "TEMP": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert list(tmp_path.iterdir()) == []
