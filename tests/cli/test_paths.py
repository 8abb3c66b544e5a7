"""Every option that takes a path: relative to the current directory, and said in full."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.servers import ADDRESS

INSPECTOR = str(Path(sys.executable).with_name("inspector"))
DEADLINE_S = 60


@contextmanager
def serve(folder: Path, *arguments: str) -> Iterator[str]:
    """The server's greeting, while it serves with ``folder`` as its current directory."""
    process = subprocess.Popen(
        [INSPECTOR, "serve", "--port", "0", "--bin", "desk", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "HOME": str(folder)},
    )
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if "curl" in line:
            break
    try:
        yield "".join(lines)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_S) == 0, "".join(lines)
        process.stdout.close()


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        (("--data-dir", "data"), "data/inspector.sqlite3"),
        (("--data-dir", "./a b/c"), "a b/c/inspector.sqlite3"),
        (("--data-dir", "~/data"), "data/inspector.sqlite3"),
        (("--database", "sqlite:///x.sqlite3"), "x.sqlite3"),
        (("--database", "sqlite:///sub/x.sqlite3", "--data-dir", "data"), "sub/x.sqlite3"),
    ],
    ids=["data", "blank", "home", "file", "file below"],
)
def test_a_server_keeps_its_database_where_it_was_told(
    tmp_path: Path, arguments: tuple[str, ...], file: str
) -> None:
    with serve(tmp_path, *arguments) as said:
        assert str(tmp_path / file) in said
        assert (tmp_path / file).exists()
        found = ADDRESS.search(said)
        assert found is not None
        assert requests.post(f"{found[0]}/desk", data="a=1", timeout=10).status_code == 200
    assert b"a=1" in (tmp_path / file).read_bytes()


def refuse(folder: Path, *arguments: str, **how: object) -> str:
    done = subprocess.run(
        [INSPECTOR, "serve", "--port", "0", *arguments],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        cwd=folder,
        check=False,
        **how,  # type: ignore[call-overload]
    )
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    said: str = done.stderr.strip().splitlines()[-1]
    return said


URLS = {
    "postgres://ann:S3K@RIT@127.0.0.1:9/x": "is written %40",
    "postgresql://ann:S3KRIT@127.0.0.1:9/x?password=S3KRIT": "cannot be used",
    "mysql://ann:S3KRIT@host/x": "is not a database we can open",
    "postgres//ann:S3K/R@IT@host": "is not a database we can open",
    "postgresql://ann:S3KRIT@host:port/x": "is not a database we can open",
}


@pytest.mark.parametrize("url", URLS)
def test_a_wrong_url_is_said_without_its_password(tmp_path: Path, url: str) -> None:
    said = refuse(tmp_path, "--database", url)
    assert URLS[url] in said
    assert "S3K" not in said
    assert "RIT" not in said


def test_a_missing_driver_is_said_with_the_command_that_installs_it(tmp_path: Path) -> None:
    (tmp_path / "psycopg.py").write_text("raise ImportError('no such thing')\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    said = refuse(tmp_path, "--database", "postgresql://host/x", env=environment)
    assert "pip install 'request-inspector[postgres]'" in said


def run_with_files_up_to(limit: int) -> Mapping[str, object]:
    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return {"preexec_fn": bound}


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits")
@pytest.mark.parametrize("limit", [0, 30_000, 70_000])
def test_a_full_disk_is_a_sentence(tmp_path: Path, limit: int) -> None:
    said = refuse(tmp_path, "--data-dir", "data", "--bin", "new", **run_with_files_up_to(limit))
    assert "cannot be used" in said


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_a_home_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "cannot be made" in refuse(tmp_path, "--data-dir", "data")
