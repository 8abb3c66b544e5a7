"""``inspector serve`` answers its first capture before it has loaded what only pages need."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

# Runs the command, captures one request, and names the libraries that were loaded for it.
SCRIPT = """
import json, socket, sys, threading
from inspector.server import process
from inspector.cli.main import main

serve = process.ServerProcess.run

def run(self):
    thread = threading.Thread(target=serve, args=(self,))
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
process.ServerProcess.prepare_pages = lambda self: None
sys.argv = ["inspector", "serve", "--quiet", "--port", "0", *sys.argv[1:]]
main()
"""
HEAVY = {"sqlalchemy", "alembic", "flask", "werkzeug", "jinja2", "asyncio", "orjson", "ssl"}
OF_PAGES = (
    *("inspector.app", "inspector.web.pages", "inspector.web.api", "inspector.web.services"),
    *("inspector.emitter", "inspector.twig", "inspector.exports", "inspector.reading.tree"),
)


@pytest.mark.process
def test_the_first_capture_needs_neither_pages_nor_a_toolkit(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, "--data-dir", str(tmp_path), "--bin", "orders"]
    found = json.loads(subprocess.check_output(command, text=True, timeout=120).splitlines()[-1])
    assert found["answer"].startswith("HTTP/1.0 200 OK")
    assert HEAVY.intersection(found["loaded"]) == set()
    assert [name for name in found["ours"] if name.startswith(OF_PAGES)] == []
