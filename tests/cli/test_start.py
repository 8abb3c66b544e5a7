"""``inspector serve`` answers its first capture before it has loaded what only pages need."""

import gc
import json
import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from inspector.cli.loading import loading
from inspector.cli.serving.processors import keep_to_one_cpu

# Runs the command, captures one request, and names the libraries that were loaded for it.
SCRIPT = """
import json, socket, sys, threading
from inspector.cli import serve
from inspector.cli.main import main
from inspector.server import process

run_loop = process.ServerProcess.run

def run(self):
    thread = threading.Thread(target=run_loop, args=(self,))
    thread.start()
    with socket.create_connection(("127.0.0.1", self.port)) as connection:
        connection.sendall(b"POST /orders/a HTTP/1.0\\r\\nContent-Length: 3\\r\\n\\r\\na=1")
        answer = b"".join(iter(lambda: connection.recv(4096), b"")).decode()
    loaded = {name.partition(".")[0] for name in sys.modules}
    ours = [name for name in sys.modules if name.startswith("inspector.")]
    print(json.dumps({"answer": answer, "loaded": sorted(loaded), "ours": ours}))
    self.stop()
    thread.join()

process.ServerProcess.run = run
# What is loaded behind, on threads of their own.
process.ServerProcess.prepare_pages = lambda self: None
serve.prune_now_and_then = lambda process: None
sys.argv = ["inspector", "serve", "--quiet", "--port", "0", *sys.argv[1:]]
main()
"""
HEAVY = {"sqlalchemy", "alembic", "flask", "werkzeug", "jinja2", "asyncio", "orjson", "ssl"}
OF_PAGES = (
    *("inspector.app", "inspector.web.pages", "inspector.web.api", "inspector.web.services"),
    *("inspector.emitter", "inspector.twig", "inspector.exports", "inspector.reading.tree"),
)
# Needed by an option, a relay or an error alone.
SELDOM = {"difflib", "tomllib", "subprocess"}
OURS_SELDOM = (
    *("inspector.cli.tunnel.programs", "inspector.cli.tunnel.running"),
    *("inspector.domain.deliveries", "inspector.domain.credentials"),
)


@pytest.mark.process
def test_the_first_capture_needs_neither_pages_nor_a_toolkit(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, "--data-dir", str(tmp_path), "--bin", "orders"]
    found = json.loads(subprocess.check_output(command, text=True, timeout=120).splitlines()[-1])
    assert found["answer"].startswith("HTTP/1.0 200 OK")
    assert HEAVY.intersection(found["loaded"]) == set()
    assert [name for name in found["ours"] if name.startswith(OF_PAGES)] == []
    assert SELDOM.intersection(found["loaded"]) == set()
    assert [name for name in found["ours"] if name.startswith(OURS_SELDOM)] == []


def test_a_command_is_loaded_without_the_collector_which_is_back_afterwards() -> None:
    assert gc.isenabled()
    with loading():
        assert not gc.isenabled()
        with loading():
            pass
        assert not gc.isenabled(), "the outer one still loads"
    assert gc.isenabled()
    with pytest.raises(ImportError), loading():
        raise ImportError("a library is missing")
    assert gc.isenabled()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps a thread to processors")
def test_a_server_keeps_to_one_processor_and_its_threads_do() -> None:
    before = os.sched_getaffinity(0)
    found: list[set[int]] = []
    try:
        keep_to_one_cpu()
        thread = threading.Thread(target=lambda: found.append(os.sched_getaffinity(0)))
        thread.start()
        thread.join()
        assert found == [os.sched_getaffinity(0)]
        assert len(found[0]) == 1
        assert found[0] <= before
    finally:
        os.sched_setaffinity(0, before)


KEEP = """
import os, sys
from inspector.cli.serving import processors
processors.PREFIX = chr(0) + sys.argv[1]
processors.keep_to_one_cpu()
print(*os.sched_getaffinity(0), flush=True)
sys.stdin.read()
"""


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps a thread to processors")
def test_servers_take_processors_that_others_have_not() -> None:
    count, prefix = len(os.sched_getaffinity(0)), uuid4().hex  # not those of other tests' servers
    with ExitStack() as stack:

        def start() -> str:
            command = [sys.executable, "-c", KEEP, prefix]
            pipe = subprocess.PIPE
            process = stack.enter_context(
                subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
            )
            assert process.stdout is not None
            return process.stdout.readline()

        assert len({start() for _ in range(count)}) == count
        assert start().split(), "one more shares with another"
