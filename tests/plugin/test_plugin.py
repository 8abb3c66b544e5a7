"""The plugin as another project's pytest meets it."""

import re
import tempfile
from pathlib import Path

import pytest
import requests

# Loaded before pytester takes its picture of sys.modules: libraries with C parts load once.
from tests.servers import LiveServer

pytestmark = pytest.mark.process

SENDING = """
import requests

def send(bin, path="", **fields):
    return requests.post(bin.url_for(path), data=fields, timeout=10)
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty project with a module ``sending``; its temporary files are its own."""
    (pytester.path / "tmp").mkdir()
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(pytester.path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    pytester.makepyfile(sending=SENDING)
    return pytester


@pytest.fixture
def lone_plugin(monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Arguments with which a process of its own loads this plugin and no other, which is quick."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return ("-q", "-p", "inspector.pytest_plugin")


def leftovers(project: pytest.Pytester) -> list[str]:
    return [each.name for each in (project.path / "tmp").glob("inspector*")]


def test_a_passing_test_leaves_nothing_behind(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        from sending import send

        def test_arrives(inspector, webhook_bin):
            assert send(webhook_bin, custom_data="").text == "ok\\n"
            assert webhook_bin.url.startswith(inspector.url + "/test-arrives-")
            assert webhook_bin.wait().custom_data == ""
        """
    )
    result = project.runpytest_inprocess("-q", "-W", "error")
    result.assert_outcomes(passed=1)
    assert "inspector serve" not in result.stdout.str()
    assert leftovers(project) == []


def test_a_projects_own_fixture_may_be_called_inspector(project: pytest.Pytester) -> None:
    project.makeconftest(
        """
        import pytest

        @pytest.fixture
        def inspector():
            return "of a database"
        """
    )
    project.makepyfile(
        """
        from sending import send

        def test_both(inspector, webhook_bin):
            assert inspector == "of a database"
            assert send(webhook_bin).ok
            assert webhook_bin.wait().method == "POST"
        """
    )
    project.runpytest_inprocess("-q", "-W", "error").assert_outcomes(passed=1)


def test_a_late_request_is_not_the_next_tests(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import threading
        import requests
        from sending import send

        go, gone = threading.Event(), threading.Event()

        def send_late(url):
            go.wait(10)
            assert requests.post(url, timeout=10).status_code == 200
            gone.set()

        def test_sends_late(webhook_bin):
            threading.Thread(target=send_late, args=[webhook_bin.url]).start()

        def test_is_not_bothered(webhook_bin):
            go.set()
            assert gone.wait(10)
            webhook_bin.assert_none(within=0.2)
            send(webhook_bin)
            assert [request.number for request in webhook_bin.requests] == [1]
        """
    )
    project.runpytest_inprocess("-q").assert_outcomes(passed=2)


def test_a_failed_test_shows_its_requests(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        from sending import send

        def test_other(webhook_bin):
            send(webhook_bin, note="of another test")

        def test_fails(webhook_bin):
            send(webhook_bin, "/orders", **{"ticket[id]": "5", "ticket[subject]": "On fire"})
            webhook_bin.clear()
            webhook_bin.wait(timeout=0.1, method="PUT")
        """
    )
    result = project.runpytest_inprocess("-q")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "E *AssertionError: No matching request came within 0.1 s",
            "E *method  'PUT'",
            "E *Nothing arrived at http://127.0.0.1:*/test-fails-*",
            "*Webhook bin test-fails-????????: 1 request -*",
            "#1 POST /test-fails-????????/orders  application/x-www-form-urlencoded, *"
            "ticket 5 'On fire'",
            "*--inspector-keep, *: inspector serve --database ...",
        ]
    )
    assert "/bins.py" not in result.stdout.str(), "our own frames are of no interest"
    assert result.stdout.str().count("Webhook bin") == 1
    assert leftovers(project) == []


def test_the_requests_of_a_bin_made_by_hand_are_shown_too(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest
        from sending import send

        @pytest.fixture(scope="module")
        def shared(inspector):
            return inspector.create_bin("shared-orders")

        def test_first(shared):
            send(shared, note="first")

        def test_second(shared):
            send(shared, note="second")
            assert shared.last.at("note") == "third"

        def test_third(shared):
            assert shared.requests == []
        """
    )
    result = project.runpytest_inprocess("-q")
    result.assert_outcomes(passed=1, failed=2)
    shown = re.findall(r"(?m)Webhook bin shared-orders: (.*) -|^(#\d)", result.stdout.str())
    assert [a or b for a, b in shown] == ["1 request", "#2"]


def test_a_test_that_fails_when_it_is_torn_down_shows_its_requests_too(
    project: pytest.Pytester,
) -> None:
    project.makepyfile(
        """
        import pytest
        from sending import send

        @pytest.fixture
        def closing(webhook_bin):
            yield
            send(webhook_bin, "/closed")
            raise ValueError

        def test_closes(closing):
            pass

        def test_next(webhook_bin):
            raise ValueError
        """
    )
    result = project.runpytest_inprocess("-q")
    result.assert_outcomes(passed=1, errors=1, failed=1)
    assert re.findall(r"Webhook bin (\S+)-\w{8}: (.*?) -", result.stdout.str()) == [
        ("test-closes", "1 request"),
        ("test-next", "0 requests"),
    ]


def test_of_many_requests_the_newest_are_shown(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        from sending import send

        def test_fails(webhook_bin):
            for _ in range(25):
                send(webhook_bin)
            raise ValueError
        """
    )
    text = project.runpytest_inprocess("-q").stdout.str()
    assert "25 requests" in text
    assert re.findall(r"(?m)^#(\d+) |^\((\d+) earlier", text) == [
        ("", "5"),
        *((str(number), "") for number in range(6, 26)),
    ]


def test_what_an_answering_function_raises_fails_the_test(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        from sending import send

        def answer(request):
            assert request.at("ticket.id") == "6"
            return 202

        def test_asserts_in_its_answer(webhook_bin):
            webhook_bin.respond_with(answer)
            assert send(webhook_bin, **{"ticket[id]": "6"}).status_code == 202
            assert send(webhook_bin, **{"ticket[id]": "5"}).status_code == 500

        def test_is_not_blamed(webhook_bin):
            webhook_bin.assert_none(within=0)

        def test_fails_anyway(webhook_bin):
            webhook_bin.respond_with(lambda request: 1 / 0)
            send(webhook_bin)
            webhook_bin.wait(count=2, timeout=0.1)
        """
    )
    result = project.runpytest_inprocess("-q")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            '>*assert request.at("ticket.id") == "6"',
            "E *AssertionError: assert '5' == '6'",
            "E *Raised while answering request #2 to http://*",
            "E *A function that answers raised ZeroDivisionError: division by zero",
            "*Webhook bin test-fails-anyway-*",
            "*ZeroDivisionError: division by zero",
        ]
    )


@pytest.mark.slow
def test_a_kept_database_is_opened_by_the_command_that_is_shown(
    project: pytest.Pytester, tmp_path: Path
) -> None:
    project.makepyfile(
        """
        from sending import send

        def test_fails(webhook_bin):
            send(webhook_bin, custom_data="kept")
            assert not webhook_bin.requests
        """
    )
    result = project.runpytest_inprocess("-q", "--inspector-keep")
    text = result.stdout.str()
    commands = re.findall(r"inspector serve --database (\S+)", text)
    assert len(commands) == 2
    assert len(set(commands)) == 1
    page = re.search(r"open http://127\.0\.0\.1:8787(/bins/\S+)", text)
    assert page
    with LiveServer(tmp_path / "kept", ["--database", commands[0]]) as server:
        assert requests.get(f"{server.url}{page[1]}", timeout=10).status_code == 200
        captured = requests.get(f"{server.url}/api/v1{page[1]}/requests", timeout=10).json()
        assert [each["custom_data"] for each in captured] == ["kept"]


@pytest.mark.slow
def test_workers_of_xdist_have_servers_of_their_own(
    project: pytest.Pytester, lone_plugin: tuple[str, ...]
) -> None:
    project.makepyfile(
        """
        import os
        import pytest
        from sending import send

        @pytest.fixture(scope="session")
        def named(inspector):
            return inspector.create_bin("same-name")

        @pytest.mark.parametrize("number", range(8))
        def test_is_alone(inspector, webhook_bin, named, number, tmp_path_factory):
            folder = tmp_path_factory.getbasetemp().parent
            (folder / f"{os.environ['PYTEST_XDIST_WORKER']}.url").write_text(inspector.url)
            send(webhook_bin, note=number)
            assert webhook_bin.wait().at("note") == str(number)

        def test_fails(webhook_bin):
            send(webhook_bin, note="shown by the worker that ran it")
            raise ValueError
        """
    )
    keep = ("-p", "xdist", "-n", "2", "--inspector-keep", f"--basetemp={project.path / 'base'}")
    result = project.runpytest_subprocess(*lone_plugin, *keep)
    text = result.stdout.str()
    result.assert_outcomes(passed=8, failed=1)
    assert "Webhook bin test-fails-" in text
    urls = [each.read_text() for each in (project.path / "base").rglob("*.url")]
    assert len(set(urls)) == len(urls) == 2
    summary = text.partition("webhook bins kept")[2]
    assert len(re.findall("inspector serve --database", summary)) == 2


COUNT_AT_EXIT = """
import atexit, os, threading, warnings

def check():
    names = [thread.name for thread in threading.enumerate()]
    files = []
    if os.path.isdir("/proc/self/fd"):
        for fd in os.listdir("/proc/self/fd"):
            try:
                files.append(os.readlink(f"/proc/self/fd/{fd}"))
            except OSError:
                pass
    with open("left.txt", "w") as out:
        out.write(repr((names, [f for f in files if "socket:" in f or "inspector-" in f])))

atexit.register(check)
"""


@pytest.mark.slow
def test_no_thread_and_no_socket_outlives_the_session(
    project: pytest.Pytester, lone_plugin: tuple[str, ...]
) -> None:
    project.makeconftest(COUNT_AT_EXIT)
    project.makepyfile(
        """
        from sending import send

        def test_answers_late(webhook_bin):
            webhook_bin.respond_with(lambda request: 201)
            assert send(webhook_bin).status_code == 201
            webhook_bin.respond_with(delay=0.05)
            assert send(webhook_bin).status_code == 200
        """
    )
    result = project.runpytest_subprocess(*lone_plugin, "-W", "error")
    result.assert_outcomes(passed=1)
    names, files = eval((project.path / "left.txt").read_text())
    assert names == ["MainThread"]
    assert files == []
    assert leftovers(project) == []


@pytest.mark.slow
def test_a_project_that_uses_no_bin_loads_nothing_for_it(
    project: pytest.Pytester, lone_plugin: tuple[str, ...]
) -> None:
    project.makeconftest(
        """
        import sys

        def pytest_unconfigure():
            heavy = "flask sqlalchemy waitress werkzeug jinja2 click alembic brotli".split()
            ours = [name for name in sys.modules if name.startswith("inspector")]
            print("loaded:", sorted(ours), [name for name in heavy if name in sys.modules])
        """
    )
    project.makepyfile("def test_nothing(): pass")
    for arguments in (["--co"], []):
        result = project.runpytest_subprocess(*lone_plugin, *arguments)
        result.stdout.fnmatch_lines(["loaded: ['inspector', 'inspector.pytest_plugin'] []"])


def test_the_fixtures_are_listed_with_what_they_are_for(project: pytest.Pytester) -> None:
    result = project.runpytest_inprocess("--fixtures", "-q")
    for name in ("inspector", "webhook_bin", "deskpro"):
        result.stdout.fnmatch_lines([f"{name}*-- *pytest_plugin.py:*", "    *.*"])
