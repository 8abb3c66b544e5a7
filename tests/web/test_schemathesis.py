"""Whatever Schemathesis makes of our description, the server does as described."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from hypothesis import settings

from tests.conftest import StartServer

CONFIG = Path(__file__).with_name("schemathesis.toml")
DEADLINE_S = 900
# An event stream never ends, which is no answer to Schemathesis; tests/server tests it.
EXCLUDED = ("stream_events",)


# Call after call it asks for what earlier ones made, whose ids are others in each run: what it
# finds so is for `make fuzz`.
PHASES = "coverage,fuzzing"
if settings.get_current_profile_name() == "fuzz":
    PHASES += ",stateful"


@pytest.mark.slow
@pytest.mark.hypothesis
def test_schemathesis_finds_nothing(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server("--bin", "orders")
    requests.post(f"{server.url}/orders", data={"ticket[id]": "5"}, timeout=10)
    action = {"url": f"{server.url}/orders"}
    requests.post(f"{server.url}/api/v1/actions", json={"action": action}, timeout=10)
    command = [
        *(str(Path(sys.executable).with_name("st")), "--config-file", str(CONFIG)),
        *("run", f"{server.url}/api/v1/openapi.json"),
        # Every check is on; naming them here would undo what the file says of some.
        *("--max-examples", "10", "--continue-on-failure", "--no-color"),
        # A change is refused for what it breaks: the inputs are the same in each run.
        *("--generation-deterministic", "--phases", PHASES),
        *(f"--exclude-operation-id={name}" for name in EXCLUDED),
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        cwd=tmp_path,  # It leaves things behind where it runs.
        env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.web.schemathesis_hooks"}
        | {"PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in server.output
