"""``make audit`` says what it found, and never that all is well when it could not ask."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / ".ci" / "audit"


@pytest.mark.parametrize(
    ("writes", "exits", "status", "says"),
    [
        ("{}", 0, 0, "no known vulnerabilities"),
        ('{"dependencies": []}', 1, 1, "requirements/run.txt: known vulnerabilities"),
        ("", 1, 0, "cannot be reached"),
        ("", 0, 0, "cannot be reached"),
    ],
    ids=["nothing found", "something found", "no data", "no program"],
)
def test_an_audit_tells_nothing_found_from_nothing_asked(
    tmp_path: Path, writes: str, exits: int, status: int, says: str
) -> None:
    uv = tmp_path / "uv"
    uv.write_text(
        '#!/bin/sh\nwhile [ "$1" != --output ]; do shift; done\n'
        f"printf '%s' '{writes}' >\"$2\"\nexit {exits}\n"
    )
    uv.chmod(0o755)
    done = subprocess.run(
        ["sh", SCRIPT, tmp_path], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == status
    assert says in done.stdout + done.stderr
    assert ("no known" in done.stdout) is (says == "no known vulnerabilities")
