"""The cost of reading any webhook: the list of fifty, and the page of one with 300 fields.

Against another checkout of this project, whose folder is given, both run in turns, and
what counts is the ratio of the processor's times: ``bench_webhooks.py FOLDER``. It needs
an environment of its own in ``.venv`` there. Without one, times are printed and nothing is judged.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from subprocess import DEVNULL, Popen
from urllib.parse import urlsplit

from tests.bench.bench_pages import cpu_ms, fetch
from tests.bench.load import Verdict, free_port, wait_until_up

ROUNDS = 15
TURNS = 7
LIST_RATIO, PAGE_RATIO = 1.2, 1.5
HERE = Path(__file__).parents[2]
HEADERS = {
    "Content-Type": "application/json",
    "User-Agent": "GitHub-Hookshot/5a1",
    "X-GitHub-Event": "pull_request",
    "X-GitHub-Hook-ID": "1",
    "X-Hub-Signature-256": "sha256=00",
}
PAGES = {
    "list of 50": ("/bins/bench", LIST_RATIO),
    "page of 300 fields": ("/bins/bench/requests/1-50", PAGE_RATIO),
}


def make_webhook(number: int) -> bytes:
    """A webhook like GitHub's on a pull request: 300 fields, most of them URLs of people."""

    def user(name: str) -> dict[str, object]:
        url = f"https://api.github.com/users/{name}"
        links = {f"{key}_url": f"{url}/{key}" for key in ("followers", "gists", "repos", "events")}
        return {
            "login": name,
            "id": number,
            "type": "User",
            "site_admin": False,
            "url": url,
        } | links

    def repository(name: str) -> dict[str, object]:
        url = f"https://api.github.com/repos/ann/{name}"
        links = {f"{key}_url": f"{url}/{{/{key}}}" for key in map("link{}".format, range(71))}
        return {"id": number, "name": name, "private": False, "owner": user("ann")} | links

    pull = {"title": f"Change {number}", "number": number, "body": None, "draft": False}
    pull |= {key: user(key) for key in ("user", "assignee", "merged_by")}
    pull |= {key: {"sha": "0" * 40, "repo": repository(key)} for key in ("base", "head")}
    body = {"action": "opened", "number": number, "pull_request": pull}
    body |= {"repository": repository("desk"), "sender": user("troy"), "organization": user("org")}
    return json.dumps(body).encode()


@contextmanager
def serve(folder: Path) -> Iterator[tuple[Popen[bytes], HTTPConnection]]:
    """A server of that checkout, with fifty webhooks in it."""
    port = free_port()
    with tempfile.TemporaryDirectory() as data:
        command = [
            str(folder / ".venv/bin/python"),
            "-m",
            "inspector",
            "serve",
            "--port",
            str(port),
        ]
        command += ["--data-dir", data, "--bin", "bench"]
        running = Popen(command, cwd=folder, stdout=DEVNULL, stderr=DEVNULL)
        try:
            wait_until_up(port)
            connection = HTTPConnection(urlsplit(f"http://127.0.0.1:{port}").netloc)
            for number in range(50):
                headers = {**HEADERS, "X-GitHub-Delivery": f"{number // 2}"}
                connection.request("POST", "/bench", make_webhook(number), headers)
                connection.getresponse().read()
            yield running, connection
        finally:
            running.terminate()
            running.wait(20)


def measure(server: Popen[bytes], connection: HTTPConnection, path: str) -> float:
    """What the processor worked for one look, in ms."""
    before = cpu_ms(server.pid)
    for _ in range(ROUNDS):
        fetch(connection, path)
    return (cpu_ms(server.pid) - before) / ROUNDS


def main() -> None:
    verdict = Verdict()
    folders = [HERE, *map(Path, sys.argv[1:2])]
    times: dict[tuple[int, str], list[float]] = {}
    with serve(folders[0]) as ours:
        if len(folders) == 1:
            for name, (path, _) in PAGES.items():
                print(f"  {name:20} {measure(*ours, path):6.1f} ms worked")
            return
        with serve(folders[1]) as others:
            for turn in range(TURNS + 1):
                for name, (path, _) in PAGES.items():
                    for place, server in enumerate((ours, others)):
                        worked_ms = measure(*server, path)
                        if turn:  # The first one warms up.
                            times.setdefault((place, name), []).append(worked_ms)
    for name, (_, wanted) in PAGES.items():
        now, then = (median(times[place, name]) for place in (0, 1))
        print(f"  {name:20} {now:6.1f} ms worked, there {then:6.1f}")
        verdict.check(f"{name}: of the time there", now / then, wanted, at_most=True)
    verdict.leave()


if __name__ == "__main__":
    main()
